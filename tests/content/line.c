// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ministry's static server at the end of a school's line, as slow, cut or dishonest as told:
 *	content-line PORT ROOT [BYTES_PER_SECOND]
 * The rate is of all bodies together. GET /ctl?WORD=VALUE changes it and answers with what was counted, as JSON:
 *	rate=N		bytes a second; 0: as fast as it goes
 *	mode=M		ok; wrong: a byte of each chunk is another; short: half the body, then the end; whole: 200 to a range;
 *			other: another range than asked; elsewhere: redirects to another host; endless: a body without end;
 *			drip: a byte each half second; silent: no answer; none: 404
 *	only=TEXT	modes apply to paths that hold it; empty: to bodies of objects
 *	cut=1		every connection is reset, and new ones too until cut=0
 *	hold=1		bodies of objects are kept back until hold=0
 *	stop=N		after N more bytes of objects it is as after hold=1; 0: no more
 *	die=N		after N more bytes of objects the connection is reset, once
 *	delay=MS	before each answer
 *	reset=1		counts begin again
 * "marks" counts bytes of objects by what the asker's packets said of themselves: its DSCP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/clock.h"

enum { MOST = 64, HEAD_ROOM = 4096, CHUNK = 65536, BURST_MS = 20, TICK_MS = 4, MARKS = 64 };

enum mode { OK, WRONG, SHORT, WHOLE, OTHER, ELSEWHERE, ENDLESS, DRIP, SILENT, NONE, MODES };
static const char *const mode_names[MODES] = { "ok",        "wrong",   "short", "whole",  "other",
					       "elsewhere", "endless", "drip",  "silent", "none" };

struct peer {
	int fd, file; /* -1: none */
	unsigned mark;
	char head[HEAD_ROOM];
	size_t head_len;
	bool busy, object, close_after, doomed;
	enum mode mode;
	char out[512]; /* the answer's head */
	size_t out_len, out_at;
	uint64_t at, end; /* of the body still to be sent */
	uint64_t next_ms; /* drip; delay */
};

static struct line {
	struct peer peers[MOST];
	const char *root;
	enum mode mode;
	char only[128];
	bool cut, hold, backwards;
	uint64_t die, stop, delay_ms;
	uint64_t rate, tokens, filled_us;
	uint64_t marked[MARKS];
	uint64_t requests, ranges, bytes, connections, first_chunk_ms, first_byte_ms, last_byte_ms;
	unsigned most_streams;
} l;

static void hang_up(struct peer *p, bool rudely)
{
	const struct linger now = { 1, 0 };
	if (rudely)
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p->fd);
	if (p->file >= 0)
		close(p->file);
	*p = (struct peer){ .fd = -1, .file = -1 };
}

static void forget_counts(void)
{
	l.requests = l.ranges = l.bytes = l.connections = l.most_streams = 0;
	l.first_chunk_ms = l.first_byte_ms = l.last_byte_ms = 0;
	memset(l.marked, 0, sizeof(l.marked));
}

static void obey(const struct peer *asker, char *query)
{
	for (char *word; (word = strsep(&query, "&"));) {
		char *value = strchr(word, '=');
		if (!value)
			continue;
		*value++ = '\0';
		const bool on = strcmp(value, "0") != 0;
		if (!strcmp(word, "rate"))
			l.rate = strtoull(value, NULL, 10);
		else if (!strcmp(word, "only"))
			snprintf(l.only, sizeof(l.only), "%s", value);
		else if (!strcmp(word, "hold"))
			l.hold = on;
		else if (!strcmp(word, "cut"))
			l.cut = on;
		else if (!strcmp(word, "stop"))
			l.stop = strtoull(value, NULL, 10);
		else if (!strcmp(word, "die"))
			l.die = strtoull(value, NULL, 10);
		else if (!strcmp(word, "delay"))
			l.delay_ms = strtoull(value, NULL, 10);
		else if (!strcmp(word, "reset"))
			forget_counts();
		for (int i = 0; !strcmp(word, "mode") && i < MODES; i++)
			if (!strcmp(value, mode_names[i]))
				l.mode = (enum mode)i;
	}
	l.tokens = 0;
	for (size_t i = 0; l.cut && i < MOST; i++)
		l.peers[i].doomed |= l.peers[i].busy && &l.peers[i] != asker;
}

static void answer(struct peer *p, const char *status, const char *extra, uint64_t len)
{
	p->out_len = (size_t)snprintf(p->out, sizeof(p->out),
				      "HTTP/1.1 %s\r\n%sContent-Length: %" PRIu64 "\r\n\r\n",
				      status, extra, len);
	p->out_at = 0;
}

static void control(struct peer *p, char *query)
{
	char body[1000], marks[500] = "";
	obey(p, query);
	for (size_t i = 0, at = 0; i < MARKS; i++)
		if (l.marked[i] && at < sizeof(marks))
			at += (size_t)snprintf(marks + at, sizeof(marks) - at, "%s\"%zu\":%" PRIu64,
					       at ? "," : "", i, l.marked[i]);
	int n = snprintf(body, sizeof(body),
			 "{\"requests\":%" PRIu64 ",\"ranges\":%" PRIu64 ",\"bytes\":%" PRIu64
			 ",\"connections\":%" PRIu64
			 ",\"most_streams\":%u,\"first_byte_ms\":%" PRIu64
			 ",\"first_chunk_ms\":%" PRIu64 ",\"last_byte_ms\":%" PRIu64
			 ",\"marks\":{%s}}\n",
			 l.requests, l.ranges, l.bytes, l.connections, l.most_streams,
			 l.first_byte_ms, l.first_chunk_ms, l.last_byte_ms, marks);
	answer(p, "200 OK", "", (uint64_t)n);
	memcpy(p->out + p->out_len, body, (size_t)n);
	p->out_len += (size_t)n;
}

static void serve(struct peer *p, const char *path)
{
	char at[1024], extra[200] = "";
	struct stat st;
	l.requests++;
	p->next_ms = clock_mono_ms() + l.delay_ms;
	p->doomed = l.cut;
	p->mode = strstr(path, *l.only ? l.only : "/object/") ? l.mode : OK;
	p->object = strstr(path, "/object/") != NULL;
	snprintf(at, sizeof(at), "%s%s", l.root, path);
	p->file = strstr(path, "..") || p->mode == NONE ? -1 : open(at, O_RDONLY | O_CLOEXEC);
	if (p->file < 0 || fstat(p->file, &st) < 0 || !S_ISREG(st.st_mode)) {
		answer(p, "404 Not Found", "", 0);
		return;
	}
	const uint64_t size = (uint64_t)st.st_size;
	uint64_t from = 0, to = size ? size - 1 : 0;
	const char *range = strcasestr(p->head, "\r\nRange: bytes=");
	bool part =
		range && sscanf(range + 15, "%" SCNu64 "-%" SCNu64, &from, &to) >= 1 && from < size;
	if (to >= size)
		to = size - 1;
	l.ranges += part;
	if (p->mode == WHOLE) {
		part = false;
		from = 0;
		to = size - 1;
	}
	if (p->mode == OTHER && from)
		from--;
	p->at = from;
	p->end = to + 1;
	if (p->mode == ELSEWHERE) {
		p->at = p->end = 0;
		answer(p, "302 Found", "Location: http://localhost.invalid/x\r\n", 0);
		return;
	}
	if (p->mode == ENDLESS) {
		p->end = UINT64_MAX;
		p->close_after = true;
		p->out_len =
			(size_t)snprintf(p->out, sizeof(p->out),
					 "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes "
					 "%" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
					 from, to, size);
		return;
	}
	if (part)
		snprintf(extra, sizeof(extra),
			 "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", from, to,
			 size);
	answer(p, part ? "206 Partial Content" : "200 OK", extra, size ? to + 1 - from : 0);
	if (p->mode == SHORT) {
		p->end = from + (to + 1 - from) / 2;
		p->close_after = true;
	}
}

static void take_request(struct peer *p)
{
	char *end = memmem(p->head, p->head_len, "\r\n\r\n", 4), path[600];
	if (!end || p->busy)
		return;
	*end = '\0';
	p->busy = true;
	p->close_after = false;
	p->mode = OK;
	p->object = false;
	p->at = p->end = 0;
	if (sscanf(p->head, "GET %599s", path) != 1)
		answer(p, "400 Bad Request", "", 0);
	else if (!strncmp(path, "/ctl?", 5))
		control(p, path + 5);
	else
		serve(p, path);
	const size_t used = (size_t)(end + 4 - p->head);
	memmove(p->head, p->head + used, p->head_len - used);
	p->head_len -= used;
}

static void hear(struct peer *p)
{
	ssize_t n = recv(p->fd, p->head + p->head_len, HEAD_ROOM - 1 - p->head_len, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || p->head_len + (size_t)n >= HEAD_ROOM - 1) {
		hang_up(p, false);
		return;
	}
	p->head_len += (size_t)n;
	p->head[p->head_len] = '\0';
}

static void count_sent(const struct peer *p, uint64_t at, size_t n)
{
	l.bytes += n;
	l.last_byte_ms = clock_mono_ms();
	if (!p->object)
		return;
	l.marked[p->mark] += n;
	if (l.stop && (l.stop -= n) == 0)
		l.hold = true;
	if (!l.first_byte_ms)
		l.first_byte_ms = l.last_byte_ms;
	if (!l.first_chunk_ms && at + n >= CHUNK)
		l.first_chunk_ms = l.last_byte_ms;
}

/* How much of the body may leave now. */
static size_t allowance(struct peer *p)
{
	uint64_t left = p->end - p->at;
	if (p->object && l.hold)
		return 0;
	if (p->mode == DRIP) {
		if (clock_mono_ms() < p->next_ms)
			return 0;
		p->next_ms = clock_mono_ms() + 500;
		return left ? 1 : 0;
	}
	if (l.rate && left > l.tokens)
		left = l.tokens;
	if (p->object && l.stop && left > l.stop)
		left = l.stop;
	return left < CHUNK / 4 ? (size_t)left : CHUNK / 4;
}

/* False: the peer is gone. */
static bool send_body(struct peer *p)
{
	static char room[CHUNK / 4];
	for (size_t len; (len = allowance(p));) {
		ssize_t n =
			p->mode == ENDLESS ? (ssize_t)len : pread(p->file, room, len, (off_t)p->at);
		if (n <= 0) {
			hang_up(p, true);
			return false;
		}
		for (uint64_t i = p->at; p->mode == WRONG && i < p->at + (uint64_t)n; i++)
			if (i % CHUNK == 7)
				room[i - p->at] ^= 1;
		n = send(p->fd, room, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0) {
			hang_up(p, false);
			return false;
		}
		count_sent(p, p->at, (size_t)n);
		if (p->object && l.die && (l.die -= (uint64_t)n < l.die ? (uint64_t)n : l.die) == 0)
			p->doomed = true;
		p->at += (uint64_t)n;
		if (l.rate)
			l.tokens -= (uint64_t)n < l.tokens ? (uint64_t)n : l.tokens;
	}
	return true;
}

static void speak(struct peer *p)
{
	if (!p->busy || p->mode == SILENT || (!p->out_at && clock_mono_ms() < p->next_ms))
		return;
	while (p->out_at < p->out_len) {
		ssize_t n = send(p->fd, p->out + p->out_at, p->out_len - p->out_at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			hang_up(p, false);
			return;
		}
		p->out_at += (size_t)n;
	}
	if (!send_body(p) || p->at < p->end)
		return;
	if (p->file >= 0)
		close(p->file);
	p->file = -1;
	p->busy = false;
	if (p->close_after)
		hang_up(p, false);
}

/* What the packet that opened the connection said of itself. */
static unsigned mark_of(int fd)
{
	const int yes = 1;
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr first;
	} said = { 0 };
	socklen_t len = sizeof(said);
	if (setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &yes, sizeof(yes)) < 0 ||
	    getsockopt(fd, IPPROTO_IP, IP_PKTOPTIONS, &said, &len) < 0 || len < CMSG_LEN(1))
		return 0;
	return *CMSG_DATA(&said.first) >> 2;
}

static void welcome(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	for (size_t i = 0; fd >= 0 && i < MOST; i++) {
		if (l.peers[i].fd >= 0)
			continue;
		l.peers[i] = (struct peer){ .fd = fd, .file = -1, .mark = mark_of(fd) };
		l.connections++;
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void refill(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	const uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	const uint64_t most = l.rate * BURST_MS / 1000;
	if (l.filled_us)
		l.tokens += l.rate * (us - l.filled_us) / 1000000;
	if (l.tokens > most)
		l.tokens = most;
	l.filled_us = us;
}

static void turn(int listener)
{
	struct pollfd polls[MOST + 1] = { { .fd = listener, .events = POLLIN } };
	unsigned streams = 0;
	bool waiting = false;
	for (size_t i = 0; i < MOST; i++) {
		const struct peer *p = &l.peers[i];
		const bool body = p->busy && p->at < p->end;
		const bool held = p->mode == SILENT ||
				  (body && (l.rate || p->mode == DRIP || (l.hold && p->object)));
		streams += body && p->object;
		waiting |= held;
		polls[i + 1] = (struct pollfd){
			.fd = p->fd,
			.events = (short)(POLLIN | (p->busy && !held ? POLLOUT : 0)),
		};
	}
	if (streams > l.most_streams)
		l.most_streams = streams;
	poll(polls, MOST + 1, waiting ? TICK_MS : 1000);
	refill();
	for (size_t i = 0; i < MOST; i++) {
		struct peer *p = &l.peers[i];
		if (p->fd >= 0 && polls[i + 1].revents)
			hear(p);
		if (p->fd >= 0)
			take_request(p);
	}
	/* Now from the front, now from the back, so that two bodies share the rate. */
	l.backwards = !l.backwards;
	for (size_t i = 0; i < MOST; i++) {
		struct peer *p = &l.peers[l.backwards ? MOST - 1 - i : i];
		if (p->fd >= 0)
			speak(p);
	}
	for (size_t i = 0; i < MOST; i++)
		if (l.peers[i].fd >= 0 && l.peers[i].doomed)
			hang_up(&l.peers[i], true);
	if (polls[0].revents)
		welcome(listener);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	const int one = 1;
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)atoi(argv[1])),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, 64) < 0) {
		perror("content-line");
		return 1;
	}
	for (size_t i = 0; i < MOST; i++)
		l.peers[i] = (struct peer){ .fd = -1, .file = -1 };
	l.root = argv[2];
	l.rate = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	for (;;)
		turn(fd);
}
