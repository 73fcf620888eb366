// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/front.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/stage/sweep.h"

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static int go_inside(int (*inside)(void *data), void *data, pid_t outer, const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
	setpgid(0, 0); /* Ctrl-C reaches the outer process alone */
	signal(SIGTTOU, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != outer)
		return 1;
	return inside(data);
}

/* Waits for the end of `pid`; signals go through to it. */
static int pass_signals(pid_t pid, const sigset_t *watched)
{
	unsigned asked = 0;

	for (int status;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);
		if (got == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		if (got < 0)
			return 1;
		int sig = sigwaitinfo(watched, NULL);
		if (sig > 0 && sig != SIGCHLD)
			kill(pid, asked++ ? SIGKILL : SIGTERM);
	}
}

int front_run(int (*inside)(void *data), void *data)
{
	struct fault why;
	if (sweep_adopt(&why)) {
		fprintf(stderr, "wasl-stage: %s\n", why.text);
		return 1;
	}
	sigset_t watched, before;
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		sigaddset(&watched, ends[i]);
	sigprocmask(SIG_BLOCK, &watched, &before);

	pid_t outer = getpid();
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		fprintf(stderr, "wasl-stage: no second process: %s\n", strerror(errno));
		return 1;
	}
	if (pid == 0)
		_exit(go_inside(inside, data, outer, &before));
	int status = pass_signals(pid, &watched);
	sweep_all();
	return status;
}
