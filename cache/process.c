// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"

/* In ticks since the machine began: 0 when it cannot be read, UINT32_MAX when it has ended. 497 days until they come again. */
static uint32_t began(int32_t pid)
{
	char path[32], text[1024];
	uint64_t ticks;
	char state;
	snprintf(path, sizeof(path), "/proc/%" PRId32 "/stat", pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The name may hold anything, parentheses too: what follows the last one is numbers. */
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest,
			    ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %" SCNu64,
			    &state, &ticks) != 2)
		return 0;
	if (state == 'Z' || state == 'X')
		return UINT32_MAX;
	const uint32_t low = (uint32_t)ticks;
	return low == 0 || low == UINT32_MAX ? 1 : low;
}

uint64_t process_who(int32_t pid)
{
	return (uint64_t)began(pid) << 32 | (uint32_t)pid;
}

bool process_alive(uint64_t who)
{
	const int32_t pid = process_pid(who);
	const uint32_t then = (uint32_t)(who >> 32);
	const bool ours = kill(pid, 0) == 0;
	if (!ours && errno != EPERM)
		return false;
	const uint32_t now = began(pid);
	if (now == UINT32_MAX)
		return false;
	return now && then ? now == then : ours;
}
