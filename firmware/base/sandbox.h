// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * Walls around code that reads hostile bytes. Call in the child, before the first foreign byte is read.
 * What the kernel lacks is reported in `missing`, not refused: the caller logs it.
 */
enum sandbox_piece {
	SANDBOX_NO_NEW_PRIVS = 1 << 0,
	SANDBOX_NETNS = 1 << 1,    /* empty network namespace */
	SANDBOX_LANDLOCK = 1 << 2, /* no file system */
	SANDBOX_SECCOMP =
		1 << 3, /* allow-list; anything else kills the process (or EPERM where listed) */
	SANDBOX_RLIMITS = 1 << 4,
};

struct sandbox_spec {
	uint64_t memory_bytes; /* RLIMIT_AS; 0: not set (AddressSanitizer needs that) */
	unsigned cpu_s;        /* RLIMIT_CPU; 0: not set */
	uint64_t file_bytes;   /* RLIMIT_FSIZE, memfds included; 0: no file may grow */
	const int *
		allow_syscalls; /* seccomp allow-list added to the built-in base (read, write, mmap, futex …) */
	size_t allow_count;
};

/*
 * *missing receives the pieces that this kernel (or container) does not have. Fails only where a piece present
 * could not be set. Call before the first thread. A write beyond file_bytes fails with EFBIG; opening files and
 * sockets fails with EACCES; exec, fork and whatever nobody expects end the process with SIGSYS.
 */
int sandbox_enter(const struct sandbox_spec *spec, unsigned *missing, struct fault *why);

/* "netns,landlock" for a log line; `out` has 64 bytes. */
void sandbox_names(unsigned pieces, char out[static 64]);
