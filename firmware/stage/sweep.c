// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/sweep.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void clean_dir(DIR **held)
{
	if (*held)
		closedir(*held);
}

int sweep_adopt(struct fault *why)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fault_set(
			why, -errno, "stage.adopt",
			"this kernel does not let a program look after what it starts (%s)",
			strerror(errno));
	return 0;
}

/* Parent of `pid`, from "PID (any name) STATE PPID …"; -1 when it is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[40], text[512];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	const char *after = strrchr(text, ')');
	int parent;
	return after && sscanf(after + 1, " %*c %d", &parent) == 1 ? parent : -1;
}

typedef void (*for_child)(pid_t pid, void *data);

static void each_child(for_child call, void *data)
{
	CLEANUP(clean_dir) DIR *all = opendir("/proc");
	pid_t self = getpid();

	for (struct dirent *e; all && (e = readdir(all));) {
		pid_t pid = isdigit((unsigned char)e->d_name[0]) ? atoi(e->d_name) : 0;
		if (pid > 0 && parent_of(pid) == self)
			call(pid, data);
	}
}

struct claim {
	sweep_claims ours;
	void *data;
};

static void collect_one(pid_t pid, void *data)
{
	const struct claim *c = data;
	if (!c->ours || !c->ours(c->data, pid))
		waitpid(pid, NULL, WNOHANG);
}

void sweep_orphans(sweep_claims ours, void *data)
{
	struct claim c = { ours, data };
	each_child(collect_one, &c);
}

static void kill_one(pid_t pid, void *data)
{
	unsigned *count = data;
	/* A child of ours that is not collected yet keeps its number: nobody else can be hit. */
	if (waitpid(pid, NULL, WNOHANG) == 0 && kill(pid, SIGKILL) == 0) {
		(*count)++;
		waitpid(pid, NULL, 0);
	}
}

unsigned sweep_all(void)
{
	unsigned killed = 0, before;
	do {
		before = killed;
		/* Killing one hands its children over to us: look again until there are none. */
		each_child(kill_one, &killed);
	} while (killed != before);
	return killed;
}
