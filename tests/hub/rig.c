// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hub/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "tests/hub/hubcall.h"

struct rig rig;

void rig_ok(int good, const char *fmt, ...)
{
	va_list args;
	printf("%sok %u - ", good ? "" : "not ", ++rig.number);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	rig.failed += !good;
}

void rig_give_up(const char *what)
{
	printf("Bail out! %s\n", what);
	if (rig.hubd > 0)
		kill(rig.hubd, SIGKILL);
	exit(1);
}

void rig_path(char *out, size_t room, const char *name)
{
	snprintf(out, room, "%s/%s", rig.folder, name);
}

/* Runs a program to its end and keeps what it says; answers its exit status. */
int rig_run(char *const argv[], char *said, size_t room)
{
	int pipe_fd[2];
	if (pipe2(pipe_fd, O_CLOEXEC))
		rig_give_up("no pipe");
	pid_t pid = fork();
	if (pid == 0) {
		dup2(pipe_fd[1], STDOUT_FILENO);
		dup2(pipe_fd[1], STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(pipe_fd[1]);
	size_t n = 0;
	for (ssize_t got; (got = read(pipe_fd[0], said + n, room - 1 - n)) > 0;)
		n += (size_t)got;
	said[n] = '\0';
	close(pipe_fd[0]);
	int status = 0;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int rig_waslhub(char *said, size_t room, ...)
{
	char program[512];
	char *argv[24] = { program };
	size_t n = 1;
	va_list args;
	snprintf(program, sizeof(program), "%s/bin/waslhub", rig.build);
	va_start(args, room);
	for (char *word; n < ARRAY_LEN(argv) - 1 && (word = va_arg(args, char *));)
		argv[n++] = word;
	va_end(args);
	return rig_run(argv, said, room);
}

/* Starts the daemon, under strace when `inject` names where to kill it, and waits until it answers. */
int rig_start(const char *inject)
{
	char program[512], lock[128];
	snprintf(program, sizeof(program), "%s/bin/wasl-hubd", rig.build);
	rig_path(lock, sizeof(lock), "hubd.log");
	rig.hubd = fork();
	if (rig.hubd == 0) {
		int log = open(lock, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(log, STDERR_FILENO);
		if (inject)
			execlp("strace", "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e",
			       "trace=pwrite64,fdatasync", "-e", inject, program, (char *)NULL);
		else
			execl(program, program, (char *)NULL);
		_exit(127);
	}
	uint64_t end = clock_mono_ms() + 1000u * DEADLINE_S;
	while (clock_mono_ms() < end) {
		CLEANUP(hubcall_done) struct hubcall_reply r = { 0 };
		hubcall(rig.socket, "/v1/status", NULL, NULL, 0, &r);
		if (r.status == 200)
			return 0;
		if (waitpid(rig.hubd, NULL, WNOHANG) == rig.hubd) {
			rig.hubd = 0;
			return -ECHILD; /* killed while it started */
		}
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	rig_give_up("wasl-hubd does not answer; see hubd.log");
	return -ETIMEDOUT;
}

void rig_stop(int with)
{
	if (rig.hubd <= 0)
		return;
	kill(rig.hubd, with);
	waitpid(rig.hubd, NULL, 0);
	rig.hubd = 0;
	while (waitpid(-1, NULL, WNOHANG) > 0) /* the strace that watched it */
		;
}
