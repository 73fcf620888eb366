// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <signal.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { OUTPUT_BYTES = 64 << 10 };

/* All that comes until the end, at most `room` bytes of it kept. */
static int collect(int fd, char *text, size_t room)
{
	size_t at = 0;
	for (;;) {
		char more[4096];
		ssize_t n = read(fd, more, sizeof(more));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		size_t take = (size_t)n < room - 1 - at ? (size_t)n : room - 1 - at;
		memcpy(text + at, more, take);
		at += take;
	}
	text[at] = '\0';
	return 0;
}

static void become(char *const *argv, const char *root, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (root)
		setenv("WASL_ROOT", root, 1);
	if (out < 0 || dup2(out, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	_exit(127);
}

int run_program(char *const *argv, const char *root, char **out, struct fault *why)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fault_set(why, -errno, "stage.run", "no pipe: %s", strerror(errno));
	AUTO_FD int hear = ends[0];
	AUTO_FD int say = ends[1];
	AUTO_FREE char *text = malloc(OUTPUT_BYTES);
	if (!text)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	pid_t pid = fork();
	if (pid < 0)
		return fault_set(why, -errno, "stage.run", "'%s' cannot be started: %s", argv[0],
				 strerror(errno));
	if (pid == 0)
		become(argv, root, out ? say : -1);
	close(MOVE_FD(say));
	collect(hear, text, OUTPUT_BYTES);
	int status;
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		return fault_set(why, -ECHILD, "stage.run", "'%s %s' did not end well", argv[0],
				 argv[1] ? argv[1] : "");
	if (out)
		*out = MOVE_PTR(text);
	return 0;
}
