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

/* For whoever checks what this role has signed. */
static int show_public(const char *dir, const char *role_name, struct fault *why)
{
	enum trust_role role;
	char file[48], hex[65];
	uint8_t public_key[32];
	if (trust_role_parse(role_name, &role) || role == TRUST_ROOT)
		return fault_set(why, -EINVAL, "key.role",
				 "there is no key of a role '%s'; 'waslhub key list' names them",
				 role_name);
	snprintf(file, sizeof(file), "keys/%s.key", trust_role_name(role));
	int rc = keyring_public(dir, file, public_key, why);
	if (rc)
		return rc;
	text_hex(public_key, sizeof(public_key), hex);
	printf("%s\n", hex);
	return 0;
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
	struct fault why = { 0 };
	if (optind + 2 == argc && strcmp(argv[optind], "show") == 0)
		return show_public(dir.at, argv[optind + 1], &why) ? cli_failed(&why) : 0;
	if (optind + 1 != argc || strcmp(argv[optind], "list") != 0)
		return cli_misused("key: say 'list' or 'show ROLE'");
	return list(dir.at, &why) ? cli_failed(&why) : 0;
}
