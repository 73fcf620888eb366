// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/keyring.h"

CLEAN_FN(store, struct store, store_close)

/* Boxes look for newer roots at the origin. */
static int publish_root(const char *dir, struct fault *why)
{
	AUTO_FREE void *root = NULL;
	size_t len = 0;
	int rc = keyring_file(dir, "root/1", &root, &len, why);
	if (rc == 0)
		rc = paths_mkdir(paths_at("%s/origin/wasl/v1/root", dir).at, 0755, why);
	if (rc == 0)
		rc = fileio_replace(paths_at("%s/origin/wasl/v1/root/1", dir).at, root, len, 0644,
				    why);
	return rc;
}

static int make_all(const char *dir, const char *ministry, const char *country, struct fault *why)
{
	int rc = keyring_make(dir, ministry, country, clock_wall_s(), why);
	if (rc == -EEXIST) {
		printf("%s\n", why->text);
	} else if (rc) {
		return rc;
	} else {
		printf("made the ministry's keys in '%s': %u root keys (any %u sign), one key for "
		       "each of 8 roles\n",
		       dir, KEYRING_ROOT_KEYS, KEYRING_ROOT_THRESHOLD);
		printf("now move '%s' to %u different safe places, off this machine\n",
		       paths_at("%s/offline", dir).at, KEYRING_ROOT_KEYS);
	}
	/* Both are repeated after an interrupted run. */
	CLEANUP(clean_store) struct store *s = NULL;
	rc = cli_store(dir, &s, why);
	return rc ? rc : publish_root(dir, why);
}

int cli_init(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' },
						 { "ministry", required_argument, NULL, 'm' },
						 { "country", required_argument, NULL, 'c' },
						 { 0 } };
	struct path dir = paths_at(CLI_DIR);
	const char *ministry = "", *country = "";
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'd')
			dir = paths_at("%s", optarg);
		else if (o == 'm')
			ministry = optarg;
		else if (o == 'c')
			country = optarg;
		else
			return cli_misused("init: option not understood");
	}
	if (optind != argc)
		return cli_misused("init: '%s' is too much", argv[optind]);
	if (*country && (strlen(country) != 2 || !isupper((unsigned char)country[0]) ||
			 !isupper((unsigned char)country[1])))
		return cli_misused("init: --country '%s' must be two capital letters, as TN",
				   country);
	if (strlen(ministry) > 127 || !text_is_utf8(ministry, strlen(ministry)))
		return cli_misused("init: --ministry must be UTF-8 of at most 127 bytes");
	struct fault why = { 0 };
	return make_all(dir.at, ministry, country, &why) ? cli_failed(&why) : 0;
}
