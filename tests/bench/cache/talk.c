// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/cache/talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "tests/bench/cache/http_head.h"

static char room[TALK_ROOM];

int talk_open(struct talk *t, int port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	*t = (struct talk){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	if (t->fd < 0)
		return -1;
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(t->fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return 0;
	talk_close(t);
	return -1;
}

void talk_close(struct talk *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

int talk_ask(struct talk *t, const char *path, uint64_t from, uint64_t to, const char *last)
{
	char text[1024], range[80] = "";
	if (to)
		snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-%" PRIu64 "\r\n", from,
			 to - 1);
	const int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: bench\r\n%s%s\r\n",
				 path, range, last ? "Connection: close\r\n" : "");
	t->head_len = 0;
	t->status = 0;
	t->got = t->length = 0;
	return send(t->fd, text, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -1;
}

/* What recv(2) said: a part of the head, whose rest behind it is body. Returns the bytes of the body that came along. */
static ssize_t take_head(struct talk *t, size_t n)
{
	struct http_head_reply reply;
	t->head_len += n;
	const int used = http_head_reply(t->head, t->head_len, &reply);
	if (used == 0 && t->head_len < sizeof(t->head))
		return 0;
	if (used <= 0)
		return -1;
	t->status = reply.status;
	t->closes = reply.closes;
	t->length = reply.has_length ? reply.length : UINT64_MAX;
	const size_t rest = t->head_len - (size_t)used;
	memmove(t->head, t->head + used, rest);
	return (ssize_t)rest;
}

static enum talk_what state_of(const struct talk *t)
{
	if (!t->status)
		return TALK_WAIT;
	return t->got >= t->length ? TALK_DONE : TALK_BODY;
}

static enum talk_what ended(const struct talk *t, ssize_t n)
{
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return TALK_WAIT;
	/* without a length the end of the connection is the end of the body */
	return n == 0 && t->status && t->length == UINT64_MAX ? TALK_DONE : TALK_CUT;
}

enum talk_what talk_read(struct talk *t, const char **body, size_t *len, uint64_t *at)
{
	*len = 0;
	*at = t->got;
	*body = room;
	if (!t->status) {
		ssize_t n = recv(t->fd, t->head + t->head_len, sizeof(t->head) - t->head_len,
				 MSG_DONTWAIT);
		if (n <= 0)
			return ended(t, n);
		n = take_head(t, (size_t)n);
		if (n < 0)
			return TALK_CUT;
		*body = t->head;
		*len = (size_t)n;
		t->got += (uint64_t)n;
		return state_of(t);
	}
	const uint64_t left = t->length - t->got;
	ssize_t n =
		recv(t->fd, room, left < sizeof(room) ? (size_t)left : sizeof(room), MSG_DONTWAIT);
	if (n <= 0)
		return ended(t, n);
	*len = (size_t)n;
	t->got += (uint64_t)n;
	return state_of(t);
}

enum talk_what talk_skip(struct talk *t)
{
	const char *body;
	size_t len;
	uint64_t at;
	if (!t->status)
		return talk_read(t, &body, &len, &at);
	const uint64_t left = t->length - t->got, most = 64u << 20;
	const ssize_t n =
		recv(t->fd, NULL, (size_t)(left < most ? left : most), MSG_DONTWAIT | MSG_TRUNC);
	if (n <= 0)
		return ended(t, n);
	t->got += (uint64_t)n;
	return state_of(t);
}

int talk_load(const char *path, const char **bytes, size_t *len)
{
	struct stat st;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	*len = (size_t)st.st_size;
	void *map = *len ? mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	*bytes = map;
	return map == MAP_FAILED ? -1 : 0;
}

void talk_room_for(size_t connections)
{
	const struct rlimit files = { connections + 64, connections + 64 };
	setrlimit(RLIMIT_NOFILE, &files);
}
