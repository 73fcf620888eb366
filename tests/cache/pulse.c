// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One client that asks again and again, on one connection:  cache-pulse PORT PATH FILE GAP_MS [COUNT]
 * Every body is compared with FILE. Ends after COUNT replies, or with the first SIGTERM, and prints how long they took, in
 * microseconds:  "count N p50 N p99 N max N".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 100000, ROOM = 65536, DEADLINE_S = 30 };

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "pulse: %s\n", what);
	exit(1);
}

static int dial(uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval deadline = { .tv_sec = DEADLINE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		die("nobody answers");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	return fd;
}

static size_t take(int fd, char *room, size_t len)
{
	ssize_t n;
	do
		n = recv(fd, room, len, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		die(n ? strerror(errno) : "the connection ended");
	return (size_t)n;
}

static void ask(int fd, const char *path, const char *want, size_t want_len)
{
	static char room[ROOM];
	char request[1024];
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		die("cannot send");
	size_t have = 0;
	char *body = NULL;
	while (!body) {
		have += take(fd, room + have, sizeof(room) - 1 - have);
		room[have] = '\0';
		body = strstr(room, "\r\n\r\n");
	}
	if (strncmp(room, "HTTP/1.1 200 ", 13))
		die("not a 200");
	body += 4;
	size_t got = have - (size_t)(body - room);
	if (got > want_len || memcmp(body, want, got))
		die("wrong bytes");
	while (got < want_len) {
		const size_t n = take(fd, room, sizeof(room));
		if (n > want_len - got || memcmp(room, want + got, n))
			die("wrong bytes");
		got += n;
	}
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	static uint64_t took[MAX];
	size_t n = 0;
	struct stat st;
	if (argc < 5)
		return 2;
	const struct sigaction on_stop = { .sa_handler = stop };
	sigaction(SIGTERM, &on_stop, NULL);
	int file = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &st) < 0)
		die("cannot read the file");
	const size_t len = (size_t)st.st_size, count = argc > 5 ? strtoul(argv[5], NULL, 10) : MAX;
	const char *want = mmap(NULL, len, PROT_READ, MAP_PRIVATE, file, 0);
	if (want == MAP_FAILED)
		die("cannot map the file");
	int fd = dial((uint16_t)strtoul(argv[1], NULL, 10));
	const struct timespec gap = { .tv_nsec = strtol(argv[4], NULL, 10) * 1000000 };
	while (!stopped && n < count && n < MAX) {
		const uint64_t began = now_us();
		ask(fd, argv[2], want, len);
		took[n++] = now_us() - began;
		nanosleep(&gap, NULL);
	}
	if (!n)
		die("no reply");
	qsort(took, n, sizeof(took[0]), compare);
	printf("count %zu p50 %llu p99 %llu max %llu\n", n, (unsigned long long)took[n / 2],
	       (unsigned long long)took[n * 99 / 100], (unsigned long long)took[n - 1]);
	return 0;
}
