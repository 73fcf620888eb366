// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/ingest.h"

static void clean_hub(struct hub *hub)
{
	hub_close(hub);
}

static int accept_box(const char *dir, const char *school, const char *claim, struct fault *why)
{
	CLEANUP(clean_hub) struct hub hub = { 0 };
	uint64_t counted = 0;
	int rc = hub_open(dir, NULL, &hub_default_rules, &hub, why);
	if (rc == 0)
		rc = ingest_accept(&hub, school, claim, clock_wall_s(), &counted, why);
	if (rc == 0)
		printf("the box %s of school %s counts now; %llu reports that waited were "
		       "counted\n",
		       claim, school, (unsigned long long)counted);
	return rc;
}

int cli_accept(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' },
						 { "school", required_argument, NULL, 's' },
						 { "claim", required_argument, NULL, 'c' },
						 { 0 } };
	struct path dir = paths_at(CLI_DIR);
	const char *school = NULL, *claim = NULL;
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'd')
			dir = paths_at("%s", optarg);
		else if (o == 's')
			school = optarg;
		else if (o == 'c')
			claim = optarg;
		else
			return cli_misused("accept: option not understood");
	}
	if (optind != argc || !school || !claim)
		return cli_misused("accept: --school and --claim are needed");
	struct fault why = { 0 };
	return accept_box(dir.at, school, claim, &why) ? cli_failed(&why) : 0;
}
