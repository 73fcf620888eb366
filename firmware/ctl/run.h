// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

struct fault;

/* Our own programs as children, without a shell. `program` is looked for beside the running one. */

/* 0 and the path when it is installed, else -ENOENT. `room` of PATH_MAX does. */
int run_find(const char *program, char *path, size_t room);

/* Runs it with one argument; its standard output and error are ours. *status: exit status. */
int run_through(const char *path, const char *argument, int *status, struct fault *why);

/* Same, its standard output collected: *out malloc'ed with a NUL behind, at most 256 KiB. */
int run_capture(const char *path, const char *argument, char **out, size_t *len, int *status,
		struct fault *why);
