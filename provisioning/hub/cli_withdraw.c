// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>

#include "firmware/base/clean.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/cli.h"

static void clean_edition(struct cli_edition *e)
{
	cli_edition_done(e);
}

/* All of them or none. */
static int take_out(struct edition *e, char **ids, size_t count, struct fault *why)
{
	for (size_t i = 0; i < count; i++)
		if (!edition_has(e, ids[i]))
			return edition_remove(e, ids[i], why);
	for (size_t i = 0; i < count; i++) {
		int rc = edition_has(e, ids[i]) ? edition_remove(e, ids[i], why) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

static int withdraw(const char *dir, char **ids, size_t count, struct fault *why)
{
	CLEANUP(clean_edition) struct cli_edition at = { .lock = -1 };
	int rc = cli_edition_open(dir, &at, why);
	if (rc)
		return rc;
	rc = take_out(&at.edition, ids, count, why);
	if (rc == 0)
		return cli_edition_finish(dir, &at, UNNAMED_ENCODED, why);
	/* They may have gone in a run that was interrupted before their files had. */
	struct fault untidy = { 0 };
	if (!at.edition.changed && cli_edition_tidy(dir, &at, UNNAMED_ENCODED, &untidy))
		(void)cli_failed(&untidy);
	return rc;
}

int cli_withdraw(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' }, { 0 } };
	struct path dir = paths_at(CLI_DIR);
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o != 'd')
			return cli_misused("withdraw: option not understood");
		dir = paths_at("%s", optarg);
	}
	if (optind == argc)
		return cli_misused("withdraw: name the lessons by their ids");
	struct fault why = { 0 };
	int rc = withdraw(dir.at, argv + optind, (size_t)(argc - optind), &why);
	return rc ? cli_failed(&why) : 0;
}
