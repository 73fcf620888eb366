// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many clients at once, each checked byte for byte:  cache-crowd PORT PATH COUNT FILE [HEADER]
 * Prints "good N busy N cut N wrong N", where good is 200 or 206 with exactly the bytes of FILE, busy is 503, cut is a
 * connection that ended early, wrong is everything else. With CROWD_TIMES set, a second line says when on the monotonic
 * clock, in ms, the first client and the one in the middle had a byte, and the last one its last. Fails when somebody gets no end within 30 seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clock.h"

enum { HEAD_ROOM = 2048, DEADLINE_MS = 30000 };

struct client {
	int fd; /* -1: finished */
	char head[HEAD_ROOM];
	size_t head_len, body; /* of the reply so far */
	int status;
	uint64_t first_ms, last_ms;
	unsigned in_body : 1, differs : 1;
};

static struct crowd {
	struct client *clients;
	struct pollfd *polls;
	size_t count, left;
	const char *want;
	size_t want_len;
	unsigned good, busy, cut, wrong;
} c;

static void body(struct client *k, const char *bytes, size_t len)
{
	k->last_ms = clock_mono_ms();
	if (len && !k->first_ms)
		k->first_ms = k->last_ms;
	if (k->body + len > c.want_len || memcmp(c.want + k->body, bytes, len))
		k->differs = 1;
	k->body += len;
}

static void finish(struct client *k)
{
	if (k->status == 503) {
		c.busy++;
	} else if ((k->status != 200 && k->status != 206) || k->differs) {
		if (!c.wrong++) /* the first one says what was wrong */
			fprintf(stderr, "crowd: after %zu bytes of the body: %s: %.*s\n", k->body,
				k->differs ? "wrong bytes" : "no such answer",
				(int)strcspn(k->head, "\r"), k->head);
	} else if (k->body < c.want_len)
		c.cut++;
	else
		c.good++;
	close(k->fd);
	k->fd = -1;
	c.left--;
}

static void receive(struct client *k)
{
	static char room[65536];
	ssize_t n = recv(k->fd, room, sizeof(room), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(k);
		return;
	}
	if (k->in_body) {
		body(k, room, (size_t)n);
		return;
	}
	size_t take =
		(size_t)n < HEAD_ROOM - 1 - k->head_len ? (size_t)n : HEAD_ROOM - 1 - k->head_len;
	memcpy(k->head + k->head_len, room, take);
	const size_t before = k->head_len;
	k->head_len += take;
	k->head[k->head_len] = '\0';
	const char *end = strstr(k->head, "\r\n\r\n");
	if (!end)
		return;
	k->in_body = 1;
	k->status = atoi(k->head + 9);
	const size_t skip = (size_t)(end + 4 - k->head) - before;
	if (k->status == 200 || k->status == 206)
		body(k, room + skip, (size_t)n - skip);
}

static int begin(struct client *k, int port, const char *request)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (k->fd < 0 || connect(k->fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	return send(k->fd, request, strlen(request), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int sooner(const void *a, const void *b)
{
	const uint64_t x = ((const struct client *)a)->first_ms,
		       y = ((const struct client *)b)->first_ms;
	return x < y ? -1 : x > y;
}

static void print_times(void)
{
	uint64_t last = 0;
	qsort(c.clients, c.count, sizeof(*c.clients), sooner);
	for (size_t i = 0; i < c.count; i++)
		last = c.clients[i].last_ms > last ? c.clients[i].last_ms : last;
	printf("first %" PRIu64 " middle %" PRIu64 " last %" PRIu64 "\n", c.clients[0].first_ms,
	       c.clients[c.count / 2].first_ms, last);
}

static int load(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	c.want_len = (size_t)st.st_size;
	c.want = c.want_len ? mmap(NULL, c.want_len, PROT_READ, MAP_PRIVATE, fd, 0) : "";
	close(fd);
	return c.want == MAP_FAILED ? -1 : 0;
}

int main(int argc, char **argv)
{
	char request[2048];
	struct rlimit files = { 4096, 4096 };
	if (argc < 5 || load(argv[4]))
		return 2;
	setrlimit(RLIMIT_NOFILE, &files);
	c.count = c.left = (size_t)atoi(argv[3]);
	c.clients = calloc(c.count, sizeof(*c.clients));
	c.polls = calloc(c.count, sizeof(*c.polls));
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\n", argv[2],
		 argc > 5 ? argv[5] : "", argc > 5 ? "\r\n" : "");
	for (size_t i = 0; i < c.count; i++)
		if (begin(&c.clients[i], atoi(argv[1]), request)) {
			perror("connect");
			return 1;
		}
	const uint64_t end = clock_mono_ms() + DEADLINE_MS;
	while (c.left && clock_mono_ms() < end) {
		for (size_t i = 0; i < c.count; i++)
			c.polls[i] = (struct pollfd){ .fd = c.clients[i].fd, .events = POLLIN };
		poll(c.polls, c.count, 1000);
		for (size_t i = 0; i < c.count; i++)
			if (c.clients[i].fd >= 0 && c.polls[i].revents)
				receive(&c.clients[i]);
	}
	printf("good %u busy %u cut %u wrong %u\n", c.good, c.busy, c.cut, c.wrong);
	if (getenv("CROWD_TIMES"))
		print_times();
	return c.left ? 1 : 0;
}
