// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/keyring.h"

CLEAN_FN(trust, struct trust, trust_free)

/* A root key that has been moved away is as it should be; a role key that is missing is a fault. */
static int show(const char *dir, const char *file, const char *role, const char *absent,
		struct fault *why)
{
	uint8_t public_key[32], id[8];
	char id_hex[17];
	int rc = keyring_public(dir, file, public_key, why);
	if (rc == -ENOENT && absent) {
		printf("%-8s  %-16s  %s\n", role, "-", absent);
		return 0;
	}
	if (rc)
		return rc;
	signed_key_id(public_key, id);
	text_hex(id, sizeof(id), id_hex);
	printf("%-8s  %s  %s\n", role, id_hex, paths_at("%s/%s", dir, file).at);
	return 0;
}

static int list(const char *dir, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *t = NULL;
	int rc = keyring_trust(dir, &t, why);
	if (rc)
		return rc;
	printf("root record %u%s%s, country %s\n", trust_version(t),
	       *trust_ministry(t) ? " of " : "", trust_ministry(t),
	       *trust_country(t) ? trust_country(t) : "not named");
	for (unsigned i = 1; rc == 0 && i <= KEYRING_ROOT_KEYS; i++) {
		char file[32];
		snprintf(file, sizeof(file), "offline/root-%u.key", i);
		rc = show(dir, file, "root", "moved away", why);
	}
	for (int role = TRUST_ROOT + 1; rc == 0 && role < TRUST_ROLE_COUNT; role++) {
		char file[48];
		snprintf(file, sizeof(file), "keys/%s.key", trust_role_name((enum trust_role)role));
		rc = show(dir, file, trust_role_name((enum trust_role)role), NULL, why);
	}
	return rc;
}

int cli_key(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' }, { 0 } };
	struct path dir = paths_at(CLI_DIR);
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o != 'd')
			return cli_misused("key: option not understood");
		dir = paths_at("%s", optarg);
	}
	if (optind + 1 != argc || strcmp(argv[optind], "list") != 0)
		return cli_misused("key: say 'list'");
	struct fault why = { 0 };
	return list(dir.at, &why) ? cli_failed(&why) : 0;
}
