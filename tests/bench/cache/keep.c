// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "tests/bench/cache/client.h"

static int keep(const char *path)
{
	struct stat st;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	const size_t len = (size_t)st.st_size;
	void *at = len ? mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0) : NULL;
	return at == MAP_FAILED || (at && mlock(at, len)) ? -1 : 0;
}

int keep_run(int argc, char **argv)
{
	char end[64];
	for (int i = 1; i < argc; i++)
		if (keep(argv[i])) {
			perror(argv[i]);
			return 1;
		}
	printf("{\"kept\":%d}\n", argc - 1);
	fflush(stdout);
	while (read(STDIN_FILENO, end, sizeof(end)) > 0)
		;
	return 0;
}
