// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_libraries.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static int start(const char *program, int to, pid_t *out)
{
	static char name[] = "wasl-transcoder", verb[] = "libraries";
	char *const argv[] = { name, verb, NULL };
	char *const envp[] = { NULL };
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc)
		return -rc;
	rc = posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn(out, program, &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/* Up to the end; what is beyond the room is dropped. */
static size_t collect(int fd, char *out, size_t room)
{
	size_t len = 0;
	for (;;) {
		char more[LIBRARIES_MAX];
		ssize_t got = read(fd, more, sizeof(more));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return len;
		size_t take = (size_t)got < room - len ? (size_t)got : room - len;
		memcpy(out + len, more, take);
		len += take;
	}
}

int kitchen_libraries(const char *program, char out[static LIBRARIES_MAX], struct fault *why)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fault_set(why, -errno, "kitchen.start", "no pipe (%s)", strerror(errno));
	AUTO_FD int from = ends[0], to = ends[1];
	pid_t pid;
	int rc = start(program, to, &pid);
	if (rc)
		return fault_set(why, rc, "kitchen.program",
				 "'%s' cannot be started (%s); reinstall Wasl", program,
				 strerror(-rc));
	close(MOVE_FD(to));
	char text[LIBRARIES_MAX] = "";
	size_t len = collect(from, text, sizeof(text) - 1);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!WIFEXITED(status) || WEXITSTATUS(status) || !*text)
		return fault_set(why, -ENOEXEC, "kitchen.program",
				 "'%s' does not say its libraries; reinstall Wasl", program);
	memcpy(out, text, sizeof(text));
	return 0;
}
