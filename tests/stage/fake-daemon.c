// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small program that behaves as a test wants: fake-daemon WORD…, done in order.
 *	say=TEXT       prints a line			ready, status=TEXT  tells the supervisor
 *	port=ADDR:PORT listens			exit=N, abort	    ends
 *	mark=FILE      appends an x to FILE		wait=FILE	    waits until FILE is there
 *	child, escape  has a child deaf to SIGTERM, in its own group; in another session
 *	bye=FILE:TEXT  appends TEXT to FILE when it gets SIGTERM, and ends
 *	beat	       feeds the watchdog for ever	hold, hang	    stays, deaf to SIGTERM too
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static void listen_at(const char *where)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	char address[32];
	int port = 0, on = 1;
	if (sscanf(where, "%31[^:]:%d", address, &port) != 2 ||
	    inet_pton(AF_INET, address, &at.sin_addr) != 1)
		exit(90);
	at.sin_port = htons((uint16_t)port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
		exit(91);
}

/* A descendant that outlives its parent if nobody looks after it; `escape` leaves group and session too. */
static void have_child(int escape)
{
	if (fork() != 0)
		return;
	if (escape) {
		setsid();
		if (fork() != 0)
			_exit(0);
	}
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static void wait_for_file(const char *path)
{
	while (access(path, F_OK) != 0)
		poll(NULL, 0, 10);
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		exit(92);
	close(fd);
}

static void beat(void)
{
	for (int i = 0;; i++) {
		sd_notify(0, "WATCHDOG=1");
		poll(NULL, 0, 100);
	}
}

static void stay(const char *how)
{
	if (!strcmp(how, "hang"))
		signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static char bye_file[4096];
static const char *bye_text;

static void say_bye(int sig)
{
	(void)sig;
	int fd = open(bye_file, O_WRONLY | O_CREAT | O_APPEND, 0644);
	ssize_t wrote = write(fd, bye_text, strlen(bye_text));
	_exit(wrote < 0);
}

static void set_bye(const char *value)
{
	const char *colon = strrchr(value, ':');
	snprintf(bye_file, sizeof(bye_file), "%.*s", (int)(colon - value), value);
	bye_text = colon + 1;
	signal(SIGTERM, say_bye);
}

static void act(const char *name, const char *value)
{
	if (!strcmp(name, "say"))
		puts(value);
	else if (!strcmp(name, "ready"))
		sd_notify(0, "READY=1");
	else if (!strcmp(name, "status"))
		sd_notifyf(0, "STATUS=%s", value);
	else if (!strcmp(name, "port"))
		listen_at(value);
	else if (!strcmp(name, "exit"))
		exit(atoi(value));
	else if (!strcmp(name, "abort"))
		abort();
	else if (!strcmp(name, "child"))
		have_child(0);
	else if (!strcmp(name, "escape"))
		have_child(1);
	else if (!strcmp(name, "bye"))
		set_bye(value);
	else if (!strcmp(name, "wait"))
		wait_for_file(value);
	else if (!strcmp(name, "mark"))
		append(value, "x");
	else if (!strcmp(name, "beat"))
		beat();
	else if (!strcmp(name, "hold") || !strcmp(name, "hang"))
		stay(name);
	else
		exit(93);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value)
			*value++ = '\0';
		act(argv[i], value ? value : "");
	}
	return 0;
}
