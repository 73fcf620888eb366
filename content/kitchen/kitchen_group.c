// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_group.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

struct kitchen_group {
	int now, idle; /* cgroup.procs of both */
};

CLEAN_FN(group, struct kitchen_group, kitchen_group_close)

/* Lines are "ID:CONTROLLERS:PATH"; that of the unified tree begins with "0::". */
int kitchen_group_path(const char *tree, const char *text, char *out, size_t room)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const size_t len = strcspn(line, "\n");
		if (len < 4 || strncmp(line, "0::/", 4) != 0)
			continue;
		/* Of another part of the tree than what we see of it. */
		if (memmem(line, len, "/..", 3))
			return -ENOENT;
		const int n = snprintf(out, room, "%s%.*s", tree, (int)(len - 3), line + 3);
		return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
	}
	return -ENOENT;
}

static int put(int dir, const char *name, const char *text)
{
	AUTO_FD int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int make(int dir, const char *name, int *procs)
{
	char path[64];
	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), "%s/cgroup.procs", name);
	*procs = openat(dir, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	return *procs < 0 ? -errno : 0;
}

static int refused(const char *folder, const char *what, int code, struct fault *why)
{
	return fault_set(why, code, "kitchen.group", "'%s': %s: %s", folder, what, strerror(-code));
}

int kitchen_group_open(const char *folder, struct kitchen_group **out, struct fault *why)
{
	CLEANUP(clean_group) struct kitchen_group *g = malloc(sizeof(*g));
	if (!g)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*g = (struct kitchen_group){ -1, -1 };
	AUTO_FD int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : make(dir, "now", &g->now);
	if (r == 0)
		r = make(dir, "idle", &g->idle);
	if (r)
		return refused(folder, "no group of our own", r, why);
	/* A group that shares out to others has no processes itself. */
	if (write(g->now, "0", 1) < 0)
		return refused(folder, "cgroup.procs", -errno, why);
	r = put(dir, "cgroup.subtree_control", "+cpu");
	if (r == 0)
		r = put(dir, "idle/cpu.weight", "1");
	if (r)
		return refused(folder, "no weight of the processor", r, why);
	/* Few disks' schedulers know weights; the processor's is what counts. */
	if (put(dir, "cgroup.subtree_control", "+io") == 0)
		(void)put(dir, "idle/io.weight", "1");
	*out = MOVE_PTR(g);
	return 0;
}

void kitchen_group_close(struct kitchen_group *g)
{
	if (!g)
		return;
	if (g->now >= 0)
		close(g->now);
	if (g->idle >= 0)
		close(g->idle);
	free(g);
}

int kitchen_group_idle(const struct kitchen_group *g)
{
	return g ? g->idle : -1;
}

void kitchen_group_hurry(const struct kitchen_group *g, pid_t pid)
{
	char text[16];
	const int len = snprintf(text, sizeof(text), "%d", (int)pid);
	/* One that has ended is in no group. */
	if (g && write(g->now, text, (size_t)len) < 0)
		return;
}
