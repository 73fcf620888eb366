// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "content/transcoder/job.h"
#include "content/transcoder/worker.h"

static const char usage[] = "usage: wasl-transcoder worker\n";

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "worker"))
		return worker_run(JOB_FD);
	if (argc == 2 && (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))) {
		puts("wasl-transcoder " WASL_VERSION);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
