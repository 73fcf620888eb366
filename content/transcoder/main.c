// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "content/transcoder/job.h"
#include "content/transcoder/libraries.h"
#include "content/transcoder/publish.h"
#include "content/transcoder/subtitles.h"
#include "content/transcoder/worker.h"

int main(int argc, char **argv)
{
	int rc = 2;
	if (argc >= 2 && !strcmp(argv[1], "worker") && argc == 2)
		_exit(worker_run(
			JOB_FD)); /* behind walls, exit handlers find nothing that they expect */
	if (argc >= 2 && !strcmp(argv[1], "probe"))
		rc = publish_probe(argc - 1, argv + 1);
	else if (argc >= 2 && !strcmp(argv[1], "mezzanine"))
		rc = publish_mezzanine(argc - 1, argv + 1);
	else if (argc >= 2 && !strcmp(argv[1], "captions"))
		rc = subtitles_run(argc - 1, argv + 1);
	else if (argc == 2 && !strcmp(argv[1], "libraries"))
		rc = libraries_print();
	else if (argc == 2 && (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")))
		rc = puts("wasl-transcoder " WASL_VERSION) < 0;
	else if (argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")))
		rc = puts(publish_usage) < 0;
	if (rc == 2)
		fputs(publish_usage, stderr);
	return rc;
}
