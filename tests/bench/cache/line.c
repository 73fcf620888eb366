// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A static web server behind a line that all its connections share, for measuring what caches ask of it:
 *	bench-line PORT FOLDER
 * GET and HEAD, one byte range, keep-alive. Commands come as lines on standard input, each is answered by a line of JSON;
 * it ends with its input.
 *	rate BYTES	a second, for all connections together; 0: as fast as they read
 *	delay MS	what passes between a request and the first byte of its answer
 *	gate shut|open	requests for files that are measured (not catalogues and roots) are held until it opens
 *	cuts N BYTES MS	N times, each after BYTES more of bodies: all connections are reset, none is taken for MS
 *	reset		counts from zero
 *	state		counts, and moments in milliseconds of CLOCK_MONOTONIC
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
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "tests/bench/cache/http_head.h"

enum {
	MOST = 4096,         /* connections */
	HEAD_ROOM = 8192,    /* a request's head */
	PIECE = 65536,       /* read and sent at once without a rate */
	PACKET = 1460,       /* what a slow line carries at once */
	FIRST_CHUNK = 65536, /* what can be verified first */
	CATCH_UP_MS = 50     /* a line does not rest while this program was not running */
};

struct link {
	int fd;   /* -1: free */
	int file; /* of the body under way; -1: none */
	off_t at, end;
	double not_before; /* ms: the answer's first byte */
	char in[HEAD_ROOM], out[512];
	size_t in_len, out_len, out_sent;
	bool answering, measured, map, close_after;
};

struct counts {
	uint64_t bytes, map_bytes, requests, bodies, connections, cuts;
	unsigned most_streams;
	double first_byte_ms, first_chunk_ms, last_byte_ms;
};

static struct line {
	int epoll, listener, root;
	struct link links[MOST];
	double rate, tokens, last_ms, delay_ms, away_until_ms;
	bool shut;
	unsigned cuts_left, next; /* next: whose turn it is */
	uint64_t cut_every, cut_in;
	double cut_ms;
	struct counts n;
} l;

static void hang_up(struct link *k, bool hard)
{
	const struct linger now = { 1, 0 };
	if (hard)
		setsockopt(k->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(k->fd);
	if (k->file >= 0)
		close(k->file);
	k->fd = k->file = -1;
}

static void cut(double now)
{
	for (struct link *k = l.links; k < l.links + MOST; k++)
		if (k->fd >= 0)
			hang_up(k, true);
	l.away_until_ms = now + l.cut_ms;
	l.n.cuts++;
	l.cuts_left--;
	l.cut_in = l.cut_every;
}

/* --- requests ------------------------------------------------------------------------------------ */

static void refuse(struct link *k, const char *status)
{
	k->out_len = (size_t)snprintf(k->out, sizeof(k->out),
				      "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
}

static void answer(struct link *k, const struct http_head_request *q)
{
	struct stat st;
	char range[80] = "";
	const char *path = q->path + 1;
	k->file =
		strstr(path, "..") ? -1 : openat(l.root, *path ? path : ".", O_RDONLY | O_CLOEXEC);
	if (k->file < 0 || fstat(k->file, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (k->file >= 0)
			close(k->file);
		k->file = -1;
		refuse(k, "404 Not Found");
		return;
	}
	const uint64_t size = (uint64_t)st.st_size;
	uint64_t from = 0, to = size;
	if (q->has_range) {
		from = q->from;
		to = q->to < size ? q->to : size;
		if (from >= size) {
			close(k->file);
			k->file = -1;
			refuse(k, "416 Range Not Satisfiable");
			return;
		}
		snprintf(range, sizeof(range),
			 "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", from,
			 to - 1, size);
	}
	k->out_len = (size_t)snprintf(k->out, sizeof(k->out),
				      "HTTP/1.1 %s\r\nContent-Length: %" PRIu64
				      "\r\n%sAccept-Ranges: bytes\r\n"
				      "ETag: \"%" PRIu64 "-%" PRId64
				      "\"\r\nLast-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
				      "Cache-Control: public, max-age=31536000\r\nContent-Type: "
				      "application/octet-stream\r\n\r\n",
				      q->has_range ? "206 Partial Content" : "200 OK", to - from,
				      range, size, (int64_t)st.st_mtime);
	k->at = (off_t)from;
	k->end = q->head_only ? (off_t)from : (off_t)to;
}

/* The next request that is here in full, unless one is being answered. */
static void take_request(struct link *k, double now)
{
	if (k->answering || !k->in_len)
		return;
	struct http_head_request q;
	const int used = http_head_parse(k->in, k->in_len, &q);
	if (used == 0 && k->in_len < sizeof(k->in))
		return;
	k->answering = true;
	k->out_sent = 0;
	k->at = k->end = 0;
	k->close_after = used <= 0 || q.close;
	k->not_before = now + l.delay_ms;
	k->measured = false;
	if (used <= 0) {
		refuse(k, "400 Bad Request");
		return;
	}
	k->in_len -= (size_t)used;
	k->measured =
		strncmp(q.path, "/wasl/v1/catalogue", 18) && strncmp(q.path, "/wasl/v1/root", 13);
	k->map = !strncmp(q.path, "/wasl/v1/map/", 13);
	answer(k, &q);
	memmove(k->in, k->in + used, k->in_len);
	l.n.requests += k->measured;
}

static void receive(struct link *k, double now)
{
	ssize_t n = recv(k->fd, k->in + k->in_len, sizeof(k->in) - k->in_len, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		hang_up(k, false);
		return;
	}
	if (n > 0)
		k->in_len += (size_t)n;
	take_request(k, now);
}

static void admit(double now)
{
	for (int fd; (fd = accept4(l.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
		struct link *k = l.links;
		const int on = 1, small = 32768;
		while (k < l.links + MOST && k->fd >= 0)
			k++;
		if (k == l.links + MOST || now < l.away_until_ms) {
			struct link none = { .fd = fd, .file = -1 };
			hang_up(&none, true);
			continue;
		}
		*k = (struct link){ .fd = fd, .file = -1 };
		l.n.connections++;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (l.rate > 0) /* what counts as sent is on its way */
			setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		struct epoll_event e = { .events = EPOLLIN,
					 .data.u32 = (uint32_t)(k - l.links) + 1 };
		epoll_ctl(l.epoll, EPOLL_CTL_ADD, fd, &e);
	}
}

/* --- bytes on the line --------------------------------------------------------------------------- */

static bool in_body(const struct link *k)
{
	return k->answering && k->out_sent == k->out_len && k->at < k->end;
}

static bool held(const struct link *k, double now)
{
	return (l.shut && k->measured) || now < k->not_before;
}

static void count_body(struct link *k, size_t len, double now)
{
	if (!k->measured)
		return;
	if (!l.n.bytes)
		l.n.first_byte_ms = now;
	l.n.bytes += len;
	l.n.map_bytes += k->map ? len : 0;
	l.n.last_byte_ms = now;
	if (!l.n.first_chunk_ms && l.n.bytes - l.n.map_bytes >= FIRST_CHUNK)
		l.n.first_chunk_ms = now;
}

/* Sends at most `most` bytes of this answer. How many went, or -1: nothing goes now. */
static ssize_t send_some(struct link *k, size_t most, double now)
{
	static char room[PIECE];
	ssize_t n;
	if (k->out_sent < k->out_len) {
		n = send(k->fd, k->out + k->out_sent, k->out_len - k->out_sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			k->out_sent += (size_t)n;
		if (n > 0 && in_body(k))
			l.n.bodies += k->measured;
	} else {
		const size_t left = (size_t)(k->end - k->at);
		n = pread(k->file, room, left < most ? left : most, k->at);
		if (n > 0)
			n = send(k->fd, room, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			k->at += n;
			count_body(k, (size_t)n, now);
		}
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		hang_up(k, false);
		return -1;
	}
	if (k->out_sent == k->out_len && k->at >= k->end) {
		if (k->file >= 0)
			close(k->file);
		k->file = -1;
		k->answering = false;
		if (k->close_after)
			hang_up(k, false);
		else
			take_request(k, now);
	}
	return n > 0 ? n : -1;
}

/* One turn of all answers that may go. True when there is something that could go later. */
static bool turn(double now)
{
	unsigned streams = 0, ready = 0;
	bool pending = false;
	for (struct link *k = l.links; k < l.links + MOST; k++) {
		pending |= k->fd >= 0 && k->answering;
		if (k->fd < 0 || !k->answering || held(k, now))
			continue;
		ready++;
		streams += k->measured && in_body(k);
	}
	if (streams > l.n.most_streams)
		l.n.most_streams = streams;
	const double cap = l.rate * CATCH_UP_MS / 1000;
	l.tokens = ready ? l.tokens + l.rate * (now - l.last_ms) / 1000 : 0;
	if (l.tokens > cap)
		l.tokens = cap;
	l.last_ms = now;
	for (unsigned blocked = 0;
	     ready && blocked < MOST && (l.rate == 0 || l.tokens >= PACKET);) {
		struct link *k = &l.links[l.next++ % MOST];
		if (k->fd < 0 || !k->answering || held(k, now)) {
			blocked++;
			continue;
		}
		const ssize_t n = send_some(k, l.rate > 0 ? PACKET : PIECE, now);
		blocked = n < 0 ? blocked + 1 : 0;
		if (n > 0 && l.rate > 0)
			l.tokens -= (double)n;
		if (n > 0 && l.cuts_left && k->measured) {
			l.cut_in -= (uint64_t)n < l.cut_in ? (uint64_t)n : l.cut_in;
			if (!l.cut_in) {
				cut(now);
				return false;
			}
		}
	}
	return pending;
}

/* --- commands ------------------------------------------------------------------------------------ */

static void say_state(double now)
{
	printf("{\"bytes\":%" PRIu64 ",\"requests\":%" PRIu64 ",\"bodies\":%" PRIu64
	       ",\"connections\":%" PRIu64 ",\"cuts\":%" PRIu64 ",\"map_bytes\":%" PRIu64
	       ",\"most_streams\":%u,"
	       "\"first_byte_ms\":%.3f,\"first_chunk_ms\":%.3f,\"last_byte_ms\":%.3f,\"now_ms\":%."
	       "3f}\n",
	       l.n.bytes, l.n.requests, l.n.bodies, l.n.connections, l.n.cuts, l.n.map_bytes,
	       l.n.most_streams, l.n.first_byte_ms, l.n.first_chunk_ms, l.n.last_byte_ms, now);
}

static void command(char *text, double now)
{
	unsigned n = 0;
	uint64_t bytes = 0;
	double ms = 0;
	if (sscanf(text, "rate %lf", &l.rate) == 1)
		l.tokens = 0;
	else if (sscanf(text, "delay %lf", &ms) == 1)
		l.delay_ms = ms;
	else if (sscanf(text, "cuts %u %" SCNu64 " %lf", &n, &bytes, &ms) == 3) {
		l.cuts_left = n;
		l.cut_every = l.cut_in = bytes;
		l.cut_ms = ms;
	} else if (!strcmp(text, "gate shut"))
		l.shut = true;
	else if (!strcmp(text, "gate open"))
		l.shut = false;
	else if (!strcmp(text, "reset"))
		l.n = (struct counts){ 0 };
	else if (strcmp(text, "state")) {
		printf("{\"error\":\"no such command\"}\n");
		fflush(stdout);
		return;
	}
	say_state(now);
	fflush(stdout);
}

static bool read_commands(double now)
{
	static char text[4096];
	static size_t have;
	ssize_t n = read(STDIN_FILENO, text + have, sizeof(text) - 1 - have);
	if (n <= 0)
		return false;
	have += (size_t)n;
	for (char *end; (end = memchr(text, '\n', have));) {
		*end = '\0';
		const size_t len = (size_t)(end - text) + 1;
		command(text, now);
		have -= len;
		memmove(text, text + len, have);
	}
	return true;
}

static int begin(int port, const char *folder)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	struct rlimit files = { MOST + 64, MOST + 64 };
	setrlimit(RLIMIT_NOFILE, &files);
	for (struct link *k = l.links; k < l.links + MOST; k++)
		k->fd = k->file = -1;
	l.root = open(folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	l.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l.root < 0 || l.epoll < 0 || l.listener < 0)
		return -1;
	setsockopt(l.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	struct epoll_event hear = { .events = EPOLLIN, .data.u32 = 0 };
	return bind(l.listener, (const struct sockaddr *)&at, sizeof(at)) ||
	       listen(l.listener, MOST) || epoll_ctl(l.epoll, EPOLL_CTL_ADD, l.listener, &hear);
}

int main(int argc, char **argv)
{
	enum { EVENTS = 256, STDIN_MARK = MOST + 1 };
	struct epoll_event told = { .events = EPOLLIN, .data.u32 = STDIN_MARK };
	if (argc != 3 || begin(atoi(argv[1]), argv[2]) ||
	    epoll_ctl(l.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &told)) {
		perror("bench-line");
		return 2;
	}
	for (bool busy = false;;) {
		struct epoll_event events[EVENTS];
		const int count = epoll_wait(l.epoll, events, EVENTS, busy ? 1 : 1000);
		const double now = http_head_now_ms();
		for (int i = 0; i < count; i++) {
			const uint32_t who = events[i].data.u32;
			if (who == STDIN_MARK && !read_commands(now))
				return 0;
			if (who == 0)
				admit(now);
			else if (who <= MOST && l.links[who - 1].fd >= 0)
				receive(&l.links[who - 1], now);
		}
		busy = turn(http_head_now_ms());
	}
}
