// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "tests/cache/hostile.h"

enum { ROOM = 8 << 20 };

int peer_connect(int port, int from)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + (unsigned)from) };
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)port);
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 && errno != EINPROGRESS)
		return -1;
	const int out = fd;
	fd = -1;
	return out;
}

/* What has come of the replies so far; replies that are complete are taken off its front. */
struct inbox {
	char *bytes;
	size_t len;
};

static const char *field(const char *head, const char *end, const char *name)
{
	const size_t n = strlen(name);
	for (const char *line = head; line < end;) {
		const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
		if (!stop)
			return NULL;
		if ((size_t)(stop - line) > n && line[n] == ':' && strncasecmp(line, name, n) == 0)
			return line + n + 1;
		line = stop + 2;
	}
	return NULL;
}

/* Length of a chunked body that is all there, with its frame; 0 when it is not. */
static size_t chunked(const char *at, size_t len)
{
	for (size_t pos = 0; pos < len;) {
		const char *line = memmem(at + pos, len - pos, "\r\n", 2);
		if (!line)
			return 0;
		const size_t size = strtoul(at + pos, NULL, 16);
		pos = (size_t)(line - at) + 2 + size + 2;
		if (size == 0)
			return pos <= len ? pos : 0;
	}
	return 0;
}

static void judge_head(const char *head, const char *end, struct answer *out)
{
	if (!field(head, end, "X-Content-Type-Options"))
		out->naked = true;
	if (memmem(head, (size_t)(end - head), "nginx/", 6))
		out->chatty = true;
}

static void judge_body(const char *at, size_t len, struct answer *out)
{
	out->body += len;
	if (memmem(at, len, "OUTSIDE-THE-PORTAL", 18) || memmem(at, len, "root:x:0", 8))
		out->leaky = true;
	if (memmem(at, len, "nginx/", 6))
		out->chatty = true;
}

/* Takes one reply off; false when it is not complete yet. */
static bool take(struct inbox *in, struct answer *out)
{
	const char *end = in->len ? memmem(in->bytes, in->len, "\r\n\r\n", 4) : NULL;
	if (in->len >= 5 && memcmp(in->bytes, "HTTP/", 5) != 0)
		out->garbled = true;
	if (!end || out->garbled || out->replies == PEER_STATUSES)
		return false;
	end += 2;
	const int status = atoi(in->bytes + 9);
	const char *length = field(in->bytes, end, "Content-Length");
	const char *coding = field(in->bytes, end, "Transfer-Encoding");
	const size_t head = (size_t)(end - in->bytes) + 2;
	size_t body = 0;
	if (status == 204 || status == 304 || out->bodiless)
		body = 0;
	else if (length)
		body = strtoul(length, NULL, 10);
	else if (coding && (body = chunked(in->bytes + head, in->len - head)) == 0)
		return false;
	if (in->len < head + body)
		return false;
	judge_head(in->bytes, end, out);
	judge_body(in->bytes + head, body, out);
	out->status[out->replies++] = status;
	memmove(in->bytes, in->bytes + head + body, in->len - head - body);
	in->len -= head + body;
	return true;
}

static void keep_excerpt(const char *bytes, size_t len, struct answer *out)
{
	const size_t room = PEER_EXCERPT - 1 - out->excerpt_len;
	const size_t n = len < room ? len : room;
	memcpy(out->excerpt + out->excerpt_len, bytes, n);
	out->excerpt_len += n;
	out->excerpt[out->excerpt_len] = '\0';
}

static void hear(int fd, struct inbox *in, struct answer *out)
{
	const ssize_t n = recv(fd, in->bytes + in->len, ROOM - in->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		out->shut = true;
		return;
	}
	keep_excerpt(in->bytes + in->len, (size_t)n, out);
	in->len += (size_t)n;
	while (take(in, out))
		;
	if (in->len == ROOM)
		out->garbled = true;
}

static void converse(int fd, const char *bytes, size_t len, unsigned replies, int ms,
		     struct answer *out)
{
	AUTO_FREE char *room = malloc(ROOM);
	struct inbox in = { room, 0 };
	const uint64_t end = clock_mono_ms() + (uint64_t)ms;
	while (room && !out->shut && !out->garbled && out->replies < replies) {
		const uint64_t now = clock_mono_ms();
		struct pollfd p = { .fd = fd, .events = (short)(len ? POLLIN | POLLOUT : POLLIN) };
		if (now >= end || poll(&p, 1, (int)(end - now)) == 0)
			break;
		if (p.revents & POLLOUT && len) {
			const ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				len = 0; /* it hung up; what it said before that may still be read */
			else if (n > 0) {
				bytes += n;
				len -= (size_t)n;
			}
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR))
			hear(fd, &in, out);
	}
	/* bytes that belong to no reply */
	if (in.len && (out->shut || out->replies >= replies))
		out->garbled = true;
}

void peer_talk(int fd, const char *bytes, size_t len, unsigned replies, int ms, struct answer *out)
{
	converse(fd, bytes, len, replies, ms, out);
}

bool peer_drain(int fd, int ms)
{
	char room[65536];
	const uint64_t end = clock_mono_ms() + (uint64_t)ms;
	for (uint64_t now; (now = clock_mono_ms()) < end;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (poll(&p, 1, (int)(end - now)) > 0 && recv(fd, room, sizeof(room), 0) <= 0 &&
		    errno != EAGAIN)
			return true;
	}
	return false;
}

void peer_listen(int fd, int ms, struct answer *out)
{
	converse(fd, NULL, 0, PEER_STATUSES, ms, out);
}
