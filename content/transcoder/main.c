// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "content/transcoder/job.h"
#include "content/transcoder/libraries.h"
#include "content/transcoder/publish.h"
#include "content/transcoder/subtitles.h"
#include "content/transcoder/worker.h"
#include "firmware/base/clean.h"

/* Where memory ends, the kernel takes what a film needs, and neither what serves nor what keeps the store. */
static void go_first(void)
{
	AUTO_FD int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "600", 3) < 0)
		return; /* then whatever the kernel likes */
}

int main(int argc, char **argv)
{
	int rc = 2;
	go_first();
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
