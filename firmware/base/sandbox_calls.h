// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The filter of system calls as a program for seccomp(2), made from fixed tables: what sandbox_enter() loads. Pure, without memory
 * of its own, and small enough to be read. The library that builds such programs from hashes of what it has allocated crashed
 * about once in 100,000 children, each of them a segment that failed.
 *
 * What stays open: newfstatat() with AT_EMPTY_PATH. It is what fstat() is in C libraries before 2.39, and a filter does not see
 * whether the path beside the flag is empty. So whoever breaks in can learn of a file whose path he guesses, and whose folders the
 * user may search, whether it is there, and its size, times and owner. He opens none: that is refused here, and by Landlock.
 */
#define SANDBOX_PROGRAM_MOST 2048u /* instructions; the kernel takes 4,096 */

/*
 * Allows `allow` (SCMP_SYS() numbers; they win) on top of the base list; `self` may be signalled. 0 and *len instructions in `out`,
 * or -E2BIG.
 */
int sandbox_program(const int *allow, size_t allow_count, pid_t self,
		    struct sock_filter out[static SANDBOX_PROGRAM_MOST], size_t *len);
