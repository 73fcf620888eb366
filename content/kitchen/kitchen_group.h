// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct fault;

/*
 * Where the unit's part of the tree of control groups is ours (systemd: Delegate=), children that work for nobody have a group of
 * their own beside contentd's: of processor and disk it gets what nobody else wants, whoever that is. Everywhere else SCHED_IDLE
 * alone has to do. NULL is a group that nobody is moved to.
 */
struct kitchen_group;

/* The folder of our own group below `tree` ("/sys/fs/cgroup"), from the text of /proc/self/cgroup. Pure. -ENOENT: there is none. */
int kitchen_group_path(const char *tree, const char *text, char *out, size_t room);
/*
 * Makes FOLDER/now, moves this process there, makes FOLDER/idle with the least weights. -errno: it is not ours, or the kernel has no
 * weights there; this process is where it was, or in `now`, which is as good.
 */
int kitchen_group_open(const char *folder, struct kitchen_group **out, struct fault *why);
void kitchen_group_close(struct kitchen_group *g); /* NULL is fine; groups stay */
/* What a child writes "0" to, between fork and exec; borrowed; -1: nothing. */
int kitchen_group_idle(const struct kitchen_group *g);
/* Somebody waits for it by now. */
void kitchen_group_hurry(const struct kitchen_group *g, pid_t pid);
