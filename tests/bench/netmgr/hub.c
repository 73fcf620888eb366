// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-hub LETTER ADDRESS PORT: a far machine behind one provider, for measuring which line a flow takes. Every datagram and
 * every byte of a connection is answered by LETTER, the provider's. Says {"ready":true} and ends with its input.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STDIN = 0, AT_ONCE = 64, WAITING = 4096, FILES = 8192 };

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void answer_datagrams(int fd, char letter)
{
	char bytes[64];
	struct sockaddr_in from;
	for (;;) {
		socklen_t len = sizeof(from);
		const ssize_t n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT,
					   (struct sockaddr *)&from, &len);
		if (n < 0)
			return;
		(void)sendto(fd, &letter, 1, 0, (struct sockaddr *)&from, len);
	}
}

static void answer_stream(int fd, char letter)
{
	char bytes[256];
	const ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n <= 0) {
		close(fd);
		return;
	}
	memset(bytes, letter, (size_t)n);
	(void)send(fd, bytes, (size_t)n, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	const struct rlimit files = { FILES, FILES };
	const int on = 1;
	if (argc != 4 || inet_pton(AF_INET, argv[2], &here.sin_addr) != 1) {
		fprintf(stderr, "usage: bench-hub LETTER ADDRESS PORT\n");
		return 2;
	}
	here.sin_port = htons((uint16_t)atoi(argv[3]));
	(void)setrlimit(RLIMIT_NOFILE, &files);
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	const int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(datagrams, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    listen(listener, WAITING) < 0) {
		perror("bench-hub");
		return 1;
	}
	watch(epoll, STDIN);
	watch(epoll, datagrams);
	watch(epoll, listener);
	puts("{\"ready\":true}");
	fflush(stdout);
	for (;;) {
		struct epoll_event events[AT_ONCE];
		const int count = epoll_wait(epoll, events, AT_ONCE, -1);
		for (int i = 0; i < count; i++) {
			const int fd = events[i].data.fd;
			char byte;
			if (fd == STDIN && read(STDIN, &byte, 1) <= 0)
				return 0;
			if (fd == datagrams)
				answer_datagrams(fd, argv[1][0]);
			else if (fd == listener)
				for (int in;
				     (in = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
					watch(epoll, in);
			else if (fd != STDIN)
				answer_stream(fd, argv[1][0]);
		}
	}
}
