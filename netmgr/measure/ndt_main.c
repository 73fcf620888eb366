// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/measure/ndt_run.h"

enum { LINE_FD = 3 };

static void tell(const struct ndt_result *r)
{
	ndt_said_write(r, stdout);
	(void)fflush(stdout);
}

static int number(const char *text, uint64_t *out)
{
	char *end_of;
	errno = 0;
	*out = strtoull(text, &end_of, 10);
	return *text < '0' || *text > '9' || *end_of || errno ? -EINVAL : 0;
}

/* wasl-ndt download|upload HOST early|full BYTES: over descriptor 3; started by wasl-netmgrd. */
int main(int argc, char **argv)
{
	const char *token = getenv("WASL_NDT_TOKEN");
	struct ndt_run_spec spec = { .fd = LINE_FD, .token = token ? token : "" };
	struct ndt_result result;
	struct fault why = { 0 };
	uint64_t most = 0;
	if (argc != 5 || number(argv[4], &most) || strlen(spec.token) >= NDT_TOKEN_ROOM) {
		fputs("usage: wasl-ndt download|upload HOST early|full BYTES, with the line's "
		      "socket "
		      "as descriptor 3; started by wasl-netmgrd\n",
		      stderr);
		return 2;
	}
	spec.way = strcmp(argv[1], "upload") == 0 ? NDT_UP : NDT_DOWN;
	spec.host = argv[2];
	if (strcmp(argv[3], "early") == 0)
		spec.rules = ndt_stop_early;
	spec.rules.most_bytes = most;
	/* A whole download is ended by the hub; whole or not, an upload by us. */
	if (spec.way == NDT_UP || spec.rules.window_ms)
		spec.rules.most_ms = NDT_RUN_MS;
	if (sodium_init() < 0 || ndt_run(&spec, tell, &result, &why) < 0) {
		fprintf(stderr, "wasl-ndt: %s\n", why.text);
		return 1;
	}
	tell(&result);
	/* Nothing is tidied up behind walls: the socket ends with the process, as it was told to. */
	_exit(0);
}
