// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "content/transcoder/job.h"

struct fault;

/* One wasl-transcoder process, started with nothing inherited but its end of a socket pair. */
struct kitchen_child {
	pid_t pid;
	int pidfd;
	int socket; /* nonblocking */
};

enum kitchen_pace { KITCHEN_PACE_NORMAL, KITCHEN_PACE_IDLE }; /* scheduler class */

/* Starts `program` and sends it the order with `source_fd`. At idle pace it joins `group` (kitchen_group_idle(); -1: none). */
int kitchen_child_start(const char *program, enum kitchen_pace pace, int group,
			const struct job_order *order, int source_fd, struct kitchen_child *out,
			struct fault *why);
/* Next message: 1 and *reply (checked) and *passed (-1, or a descriptor that the caller closes), 0 none yet or ended, -errno. */
int kitchen_child_receive(const struct kitchen_child *c, struct job_reply *reply, int *passed);
void kitchen_child_kill(const struct kitchen_child *c);
/* Stops it where it is, or lets it go on. */
enum kitchen_walk { KITCHEN_GOES, KITCHEN_STANDS };
void kitchen_child_pace(const struct kitchen_child *c, enum kitchen_walk walk);
/* Takes a child that runs at idle pace to normal; -EPERM where the system lets nobody do so. */
int kitchen_child_hurry(const struct kitchen_child *c);
/*
 * Waits for a child that has ended (or was killed); *why says how it died unless it left with status 0, which returns 0. -ECHILD: a
 * signal of its own making, as of hostile bytes; -ENOMEM: it was killed; -EPIPE, -ENOEXEC: neither is the file's fault.
 */
int kitchen_child_reap(struct kitchen_child *c, struct fault *why);

/* The sealed memfd of a dish, mapped read-only; -EBADMSG when it is not sealed or not `length` bytes long. */
int kitchen_child_map(int memfd, size_t length, const void **out);
void kitchen_child_unmap(const void *bytes, size_t length);
