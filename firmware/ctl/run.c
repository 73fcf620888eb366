// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define OUTPUT_LIMIT_BYTES (256u << 10)

int run_find(const char *program, char *path, size_t room)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return -errno;
	self[len] = '\0';
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if ((size_t)snprintf(path, room, "%s/%s", self, program) >= room)
		return -ENAMETOOLONG;
	return access(path, X_OK) == 0 ? 0 : -ENOENT;
}

static int cannot(const char *path, int code, struct fault *why)
{
	return fault_set(why, code, "wasl.run", "'%s' cannot be run: %s", path, strerror(-code));
}

/* `output`: what becomes the child's standard output, -1 for ours. */
static int spawn(const char *path, const char *argument, int output, pid_t *out, struct fault *why)
{
	char *const argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)argument, NULL };
	posix_spawn_file_actions_t actions;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = 0;
	if (output >= 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(out, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r ? cannot(path, -r, why) : 0;
}

static int wait_for(const char *path, pid_t child, int *status, struct fault *why)
{
	int raw = 0;
	while (waitpid(child, &raw, 0) < 0)
		if (errno != EINTR)
			return cannot(path, -errno, why);
	if (!WIFEXITED(raw))
		return fault_set(why, -ECHILD, "wasl.run", "'%s' was ended by signal %d", path,
				 WTERMSIG(raw));
	*status = WEXITSTATUS(raw);
	return 0;
}

int run_through(const char *path, const char *argument, int *status, struct fault *why)
{
	pid_t child;
	fflush(stdout);
	int r = spawn(path, argument, -1, &child, why);
	return r < 0 ? r : wait_for(path, child, status, why);
}

/* Everything up to the end of the stream; what is beyond the limit is read and dropped. */
static int collect(int fd, char **out, size_t *len)
{
	AUTO_FREE char *text = malloc(OUTPUT_LIMIT_BYTES + 1);
	size_t have = 0;
	char spill[4096];
	if (!text)
		return -ENOMEM;
	for (;;) {
		size_t room = OUTPUT_LIMIT_BYTES - have;
		ssize_t n = room ? read(fd, text + have, room) : read(fd, spill, sizeof(spill));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += room ? (size_t)n : 0;
	}
	text[have] = '\0';
	*out = MOVE_PTR(text);
	*len = have;
	return 0;
}

int run_capture(const char *path, const char *argument, char **out, size_t *len, int *status,
		struct fault *why)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return cannot(path, -errno, why);
	AUTO_FD int from = ends[0], to = ends[1];
	pid_t child;
	int r = spawn(path, argument, to, &child, why);
	close(MOVE_FD(to));
	if (r < 0)
		return r;
	AUTO_FREE char *text = NULL;
	size_t text_len = 0;
	int got = collect(from, &text, &text_len);
	r = wait_for(path, child, status, why);
	if (r < 0)
		return r;
	if (got < 0)
		return cannot(path, got, why);
	*out = MOVE_PTR(text);
	*len = text_len;
	return 0;
}
