// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Mapped formats are read from files: one file per process, written anew for each input and never seen by anybody
 * else. Returns its path; aborts when it cannot be written, because a target that tries nothing finds nothing.
 */
static inline const char *cache_file(const uint8_t *bytes, size_t len)
{
	static char path[256];
	const char *tmp = getenv("TMPDIR");
	if (!path[0])
		snprintf(path, sizeof(path), "%s/wasl-fuzz-%d", tmp ? tmp : "/dev/shm",
			 (int)getpid());
	unlink(path);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
	return path;
}
