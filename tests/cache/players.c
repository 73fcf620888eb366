// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Players that go on, whatever becomes of the server:  cache-players PORT PATH COUNT FILE KBPS
 * Each plays PATH over and over on a connection that is kept, no faster than KBPS kilobytes a second, and compares
 * every byte with FILE. A connection that ends in mid-body is a cut: the player asks for the rest by range, as phones
 * do. One that ends between two bodies is merely opened again. "playing" is printed when all are in mid-body; a line on
 * standard input ends it after the bodies that are under way: "whole N cut N again N busy N wrong N stuck N".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"

enum { HEAD_ROOM = 2048, TICK_MS = 10, STUCK_MS = 10000, WINDOW = 400000, SEGMENT = 1400 };

struct player {
	int fd; /* -1: opens one */
	char head[HEAD_ROOM];
	size_t head_len, at; /* bytes of the file that are right so far */
	uint64_t heard_ms, retry_ms;
	bool in_body, fresh, done; /* fresh: nothing was answered on this connection yet */
};

static struct stage {
	const char *path, *want;
	size_t want_len, pace;
	int port;
	bool ending;
	unsigned whole, cut, again, busy, wrong, stuck;
} s;

static void part(struct player *p)
{
	close(p->fd);
	p->fd = -1;
	p->in_body = false;
	p->head_len = 0;
}

static void ask(struct player *p)
{
	char line[512], range[64] = "";
	if (p->at)
		snprintf(range, sizeof(range), "Range: bytes=%zu-\r\n", p->at);
	snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", s.path, range);
	p->head_len = 0;
	p->in_body = false;
	p->heard_ms = clock_mono_ms();
	if (send(p->fd, line, strlen(line), MSG_NOSIGNAL) < 0) {
		s.again++;
		part(p);
	}
}

static void meet(struct player *p)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)s.port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int window = WINDOW,
		  segment = SEGMENT; /* of Wi-Fi: loopback's are larger than the window */
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
	setsockopt(p->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	if (connect(p->fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		part(p);
		p->retry_ms = clock_mono_ms() + 20;
		return;
	}
	p->fresh = true;
	ask(p);
}

static void hung_up(struct player *p)
{
	if (p->in_body || p->fresh)
		s.cut++; /* with nothing answered on it, too: it was taken, and dropped */
	else
		s.again++;
	part(p);
}

static void body(struct player *p, const char *bytes, size_t len)
{
	if (p->at + len > s.want_len || memcmp(s.want + p->at, bytes, len) != 0) {
		s.wrong++;
		p->at = 0;
		part(p);
		return;
	}
	p->at += len;
	if (p->at < s.want_len)
		return;
	s.whole++;
	p->at = 0;
	p->done = s.ending;
	if (!p->done)
		ask(p);
}

/* The head is there: does it promise what was asked for? */
static void judge(struct player *p, const char *more, size_t len)
{
	char promise[64];
	const int status = atoi(p->head + 9);
	p->fresh = false;
	if (status == 503) {
		s.busy++;
		p->retry_ms = clock_mono_ms() + 100;
		part(p);
		return;
	}
	snprintf(promise, sizeof(promise), "Content-Range: bytes %zu-%zu/%zu\r\n", p->at,
		 s.want_len - 1, s.want_len);
	if (p->at == 0 ? status != 200 : status != 206 || !strstr(p->head, promise)) {
		s.wrong++;
		p->at = 0;
		part(p);
		return;
	}
	p->in_body = true;
	if (len)
		body(p, more, len);
}

static void hear(struct player *p)
{
	static char room[1 << 20];
	const ssize_t n = recv(p->fd, room, p->in_body ? s.pace : 4096, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hung_up(p);
		return;
	}
	p->heard_ms = clock_mono_ms();
	if (p->in_body) {
		body(p, room, (size_t)n);
		return;
	}
	const size_t left = HEAD_ROOM - 1 - p->head_len;
	const size_t take = (size_t)n < left ? (size_t)n : left, before = p->head_len;
	memcpy(p->head + p->head_len, room, take);
	p->head_len += take;
	p->head[p->head_len] = '\0';
	const char *end = strstr(p->head, "\r\n\r\n");
	if (!end)
		return;
	const size_t skip = (size_t)(end + 4 - p->head) - before;
	judge(p, room + skip, (size_t)n - skip);
}

static void tick(struct player *p)
{
	const uint64_t now = clock_mono_ms();
	if (p->done)
		return;
	if (p->fd < 0 && now >= p->retry_ms)
		meet(p);
	if (p->fd >= 0)
		hear(p);
	if (now > p->heard_ms + STUCK_MS) {
		s.stuck++;
		p->done = true;
	}
}

static int load(const char *path)
{
	struct stat st;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
		return -1;
	s.want_len = (size_t)st.st_size;
	s.want = mmap(NULL, s.want_len, PROT_READ, MAP_PRIVATE, fd, 0);
	return s.want == MAP_FAILED ? -1 : 0;
}

int main(int argc, char **argv)
{
	if (argc != 6 || load(argv[4]))
		return 2;
	const size_t count = (size_t)atoi(argv[3]);
	AUTO_FREE struct player *players = calloc(count, sizeof(*players));
	bool said = false;
	if (!players)
		return 2;
	s.port = atoi(argv[1]);
	s.path = argv[2];
	s.pace = (size_t)atoi(argv[5]) * 1000 / (1000 / TICK_MS);
	for (size_t i = 0; i < count; i++)
		players[i] = (struct player){ .fd = -1, .heard_ms = clock_mono_ms() };
	for (size_t playing = 1; playing;) {
		struct pollfd word = { .fd = s.ending ? -1 : STDIN_FILENO, .events = POLLIN };
		size_t under_way = 0;
		if (poll(&word, 1, TICK_MS) > 0)
			s.ending = true;
		playing = 0;
		for (size_t i = 0; i < count; i++) {
			tick(&players[i]);
			playing += !players[i].done;
			under_way += players[i].in_body && players[i].at;
		}
		if (!said && under_way == count) {
			said = true;
			printf("playing\n");
			fflush(stdout);
		}
	}
	printf("whole %u cut %u again %u busy %u wrong %u stuck %u\n", s.whole, s.cut, s.again,
	       s.busy, s.wrong, s.stuck);
	return s.wrong || s.stuck ? 1 : 0;
}
