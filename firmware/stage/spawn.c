// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/spawn.h"

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

static void clear_signals(void)
{
	sigset_t none;
	for (int sig = 1; sig < SIGRTMIN; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_environment(const struct spawn *s)
{
	static const char *const managed[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
					       "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES",
					       "JOURNAL_STREAM" };
	char text[32];

	for (size_t i = 0; i < ARRAY_LEN(managed); i++)
		unsetenv(managed[i]);
	if (s->root)
		setenv("WASL_ROOT", s->root, 1);
	if (!s->notify)
		return;
	setenv("NOTIFY_SOCKET", s->notify, 1);
	if (!s->watchdog_ms)
		return;
	snprintf(text, sizeof(text), "%llu", s->watchdog_ms * 1000ULL);
	setenv("WATCHDOG_USEC", text, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("WATCHDOG_PID", text, 1);
}

/* In the child; what it cannot do goes through `tell` as an errno. */
static void become(const struct spawn *s, pid_t parent, int tell)
{
	setpgid(0, 0);
	clear_signals();
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(127);
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if ((!s->root || chdir(s->root) == 0) && dup2(in, STDIN_FILENO) >= 0 &&
	    dup2(s->out, STDOUT_FILENO) >= 0 && dup2(s->out, STDERR_FILENO) >= 0) {
		set_environment(s);
		execvp(s->argv[0], s->argv);
	}
	int code = errno;
	if (write(tell, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

int spawn_start(const struct spawn *s, pid_t *out, struct fault *why)
{
	int tell[2];
	if (pipe2(tell, O_CLOEXEC) < 0)
		return fault_set(why, -errno, "stage.spawn", "no pipe: %s", strerror(errno));
	AUTO_FD int hear = tell[0];
	AUTO_FD int say = tell[1];
	pid_t self = getpid();
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		return fault_set(why, -errno, "stage.spawn", "'%s' cannot be started: %s",
				 s->argv[0], strerror(errno));
	if (pid == 0)
		become(s, self, say);
	setpgid(pid, pid); /* whoever comes first */
	close(MOVE_FD(say));
	int code;
	if (read(hear, &code, sizeof(code)) != sizeof(code)) {
		*out = pid;
		return 0;
	}
	waitpid(pid, NULL, 0);
	return fault_set(why, -code, "stage.spawn", "'%s' cannot be started: %s%s", s->argv[0],
			 strerror(code), code == ENOENT ? "; build it (make) or install it" : "");
}
