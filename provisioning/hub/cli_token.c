// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/token.h"

CLEAN_FN(store, struct store, store_close)

static int make_token(const char *dir, enum token_role role, struct fault *why)
{
	CLEANUP(clean_store) struct store *s = NULL;
	char text[TOKEN_TEXT];
	uint8_t hash[32];
	token_make(text);
	token_hash(text, hash);
	int rc = cli_store(dir, &s, why);
	if (rc == 0)
		rc = store_begin(s, why);
	if (rc == 0)
		rc = store_token_add(s, hash, role, clock_wall_s(), why);
	if (rc == 0)
		rc = store_commit(s, why);
	if (rc == 0)
		puts(text);
	return rc;
}

int cli_token(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' }, { 0 } };
	struct path dir = paths_at(CLI_DIR);
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o != 'd')
			return cli_misused("token: option not understood");
		dir = paths_at("%s", optarg);
	}
	enum token_role role = TOKEN_VIEWER;
	if (optind + 1 == argc && strcmp(argv[optind], "officer") == 0)
		role = TOKEN_OFFICER;
	else if (optind + 1 != argc || strcmp(argv[optind], "viewer") != 0)
		return cli_misused("token: say 'viewer' or 'officer'");
	struct fault why = { 0 };
	return make_token(dir.at, role, &why) ? cli_failed(&why) : 0;
}
