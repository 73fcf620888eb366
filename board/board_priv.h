// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>
#include <stddef.h>

/* Shared by board_sys.c, board_linux.c and board_sim.c. */
struct board {
	char root[PATH_MAX];
};

/* The text of a small file below /sys or /proc without its last newline; 0 or -errno. */
int board_read(const struct board *b, char *out, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
