// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-flows ADDRESS PORT: who uses a school's lines, and sees what becomes of it; the other end is bench-hub. Commands come as
 * lines on standard input, each is answered by a line of JSON; it ends with its input. Moments are milliseconds of CLOCK_MONOTONIC.
 *	ask MS [TOS]	from now on a new flow (a datagram from a port of its own) every so often
 *	rest		no more; all flows since `ask`: {"flows":[[sent_ms, "provider's letter, or empty", answered_ms], ...]}
 *	last		letter and moment of the last flow that was answered: {"last":"A","sent_ms":…}
 *	open N		connections, answered once: {"open":N}
 *	try MS		a byte over each connection that is left, answered within this long:
 *			{"tried_ms":…,"flows":[["letter at its opening", state, ms], ...]}; state 1: answered, 0: not, -1: broken
 *	broken		connections that broke since `open`, without having been tried: the same rows
 *	close		all connections
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FLOWS_MAX = 20000, CONNECTIONS_MAX = 2000, FILES = 16384, OPEN_MS = 10000 };
enum { MARK_STDIN = 1 << 30, MARK_CONNECTION = 1 << 29 };

struct flow {
	int fd;
	char letter; /* 0: no answer yet */
	double sent_ms, answered_ms;
};

struct connection {
	int fd; /* -1: broken */
	char letter;
	unsigned wants;    /* answers */
	double changed_ms; /* when it was last answered, or broke */
	bool opening, told;
};

static struct bench {
	struct sockaddr_in hub;
	int epoll;
	struct flow flows[FLOWS_MAX];
	size_t flow_count;
	double every_ms, next_ms;
	int tos;
	char last_letter;
	double last_sent_ms;
	struct connection connections[CONNECTIONS_MAX];
	size_t connection_count;
} b;

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void watch(int fd, uint32_t mark, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = mark };
	(void)epoll_ctl(b.epoll, EPOLL_CTL_ADD, fd, &event);
}

/* --- new flows ----------------------------------------------------------------------------------- */

static void end_flow(struct flow *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static void ask(double now)
{
	if (b.flow_count == FLOWS_MAX)
		return;
	struct flow *f = &b.flows[b.flow_count];
	*f = (struct flow){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
			    .sent_ms = now };
	watch(f->fd, (uint32_t)b.flow_count++, EPOLLIN);
	if (b.tos)
		(void)setsockopt(f->fd, IPPROTO_IP, IP_TOS, &b.tos, sizeof(b.tos));
	/* Refused at once or not: it is a flow without an answer. */
	(void)sendto(f->fd, "?", 1, 0, (const struct sockaddr *)&b.hub, sizeof(b.hub));
}

static void hear_flow(struct flow *f)
{
	char letter;
	if (recv(f->fd, &letter, 1, 0) != 1)
		return;
	f->letter = letter;
	f->answered_ms = now_ms();
	if (f->sent_ms > b.last_sent_ms) {
		b.last_sent_ms = f->sent_ms;
		b.last_letter = letter;
	}
	end_flow(f);
}

static void rest(void)
{
	b.every_ms = 0;
	printf("{\"flows\":[");
	for (size_t i = 0; i < b.flow_count; i++) {
		struct flow *f = &b.flows[i];
		printf("%s[%.3f,\"%.1s\",%.3f]", i ? "," : "", f->sent_ms, &f->letter,
		       f->answered_ms);
		end_flow(f);
	}
	puts("]}");
	b.flow_count = 0;
	b.last_letter = 0;
	b.last_sent_ms = 0;
}

/* --- connections --------------------------------------------------------------------------------- */

static void end_connection(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
	c->changed_ms = now_ms();
}

static void send_byte(struct connection *c);

static void open_connection(struct connection *c)
{
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u32 = (uint32_t)(c - b.connections) | MARK_CONNECTION };
	int error = 0;
	socklen_t len = sizeof(error);
	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		end_connection(c);
		return;
	}
	c->opening = false;
	(void)epoll_ctl(b.epoll, EPOLL_CTL_MOD, c->fd, &event);
	c->wants = 0;
	send_byte(c);
}

static void hear_connection(struct connection *c)
{
	char bytes[64];
	if (c->opening) {
		open_connection(c);
		return;
	}
	const ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		end_connection(c);
		return;
	}
	c->changed_ms = now_ms();
	if (!c->letter)
		c->letter = bytes[0];
	c->wants -= c->wants < (unsigned)n ? c->wants : (unsigned)n;
}

static bool serve(double until_ms);

static bool all_answered(void)
{
	for (size_t i = 0; i < b.connection_count; i++)
		if (b.connections[i].fd >= 0 && b.connections[i].wants)
			return false;
	return true;
}

/* Serves events until every connection has its answer or is broken; false: the input has ended. */
static bool await_answers(double limit_ms)
{
	const double end = now_ms() + limit_ms;
	while (!all_answered() && now_ms() < end)
		if (!serve(end))
			return false;
	return true;
}

static void send_byte(struct connection *c)
{
	c->wants++;
	if (send(c->fd, "?", 1, MSG_NOSIGNAL) < 0)
		hear_connection(c);
}

static bool open_more(size_t more)
{
	for (; more && b.connection_count < CONNECTIONS_MAX; more--) {
		struct connection *c = &b.connections[b.connection_count];
		/* All at once: one after the other takes a round trip each. */
		*c = (struct connection){
			.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
			.wants = 1,
			.opening = true
		};
		if (connect(c->fd, (const struct sockaddr *)&b.hub, sizeof(b.hub)) < 0 &&
		    errno != EINPROGRESS) {
			close(c->fd);
			continue;
		}
		watch(c->fd, (uint32_t)b.connection_count++ | MARK_CONNECTION, EPOLLOUT);
	}
	if (!await_answers(OPEN_MS))
		return false;
	size_t open = 0;
	for (size_t i = 0; i < b.connection_count; i++)
		open += b.connections[i].fd >= 0 && !b.connections[i].wants;
	printf("{\"open\":%zu}\n", open);
	return true;
}

static void say_connections(const char *head, bool only_broken)
{
	const char *comma = "";
	printf("{%s\"flows\":[", head);
	for (size_t i = 0; i < b.connection_count; i++) {
		struct connection *c = &b.connections[i];
		const int state = c->fd < 0 ? -1 : c->wants ? 0 : 1;
		if (c->told || (only_broken && state >= 0))
			continue;
		printf("%s[\"%.1s\",%d,%.3f]", comma, &c->letter, state, c->changed_ms);
		comma = ",";
		c->told = state < 0;
	}
	puts("]}");
}

static bool try_all(double limit_ms)
{
	char head[64];
	snprintf(head, sizeof(head), "\"tried_ms\":%.3f,", now_ms());
	for (size_t i = 0; i < b.connection_count; i++)
		if (b.connections[i].fd >= 0)
			send_byte(&b.connections[i]);
	if (!await_answers(limit_ms))
		return false;
	say_connections(head, false);
	return true;
}

static void close_all(void)
{
	for (size_t i = 0; i < b.connection_count; i++)
		if (b.connections[i].fd >= 0)
			close(b.connections[i].fd);
	b.connection_count = 0;
	puts("{}");
}

/* --- commands and the loop ----------------------------------------------------------------------- */

static bool command(const char *text)
{
	double ms;
	size_t n;
	int tos = 0;
	bool goes_on = true;
	if (sscanf(text, "ask %lf %d", &ms, &tos) >= 1) {
		b.every_ms = ms;
		b.tos = tos;
		b.next_ms = now_ms();
		puts("{}");
	} else if (!strcmp(text, "rest")) {
		rest();
	} else if (!strcmp(text, "last")) {
		printf("{\"last\":\"%.1s\",\"sent_ms\":%.3f}\n", &b.last_letter, b.last_sent_ms);
	} else if (sscanf(text, "open %zu", &n) == 1) {
		goes_on = open_more(n);
	} else if (sscanf(text, "try %lf", &ms) == 1) {
		goes_on = try_all(ms);
	} else if (!strcmp(text, "broken")) {
		say_connections("", true);
	} else if (!strcmp(text, "close")) {
		close_all();
	} else {
		puts("{\"error\":\"no such command\"}");
	}
	fflush(stdout);
	return goes_on;
}

static bool read_commands(void)
{
	static char text[256];
	static size_t have;
	const ssize_t n = read(STDIN_FILENO, text + have, sizeof(text) - 1 - have);
	if (n <= 0)
		return false;
	have += (size_t)n;
	for (char *end; (end = memchr(text, '\n', have));) {
		char one[256];
		const size_t len = (size_t)(end - text) + 1;
		*end = '\0';
		memcpy(one, text, len);
		have -= len;
		memmove(text, text + len, have);
		if (!command(one))
			return false;
	}
	return have < sizeof(text) - 1;
}

/* One wait, until then at the latest; commands wait while a command is under way. */
static bool serve(double until_ms)
{
	enum { AT_ONCE = 64 };
	static unsigned depth;
	struct epoll_event events[AT_ONCE];
	double now = now_ms(), wait = until_ms - now;
	bool goes_on = true;
	if (b.every_ms > 0 && b.next_ms - now < wait)
		wait = b.next_ms - now;
	const int count = epoll_wait(b.epoll, events, AT_ONCE, wait < 0 ? 0 : (int)wait + 1);
	depth++;
	for (int i = 0; i < count && goes_on; i++) {
		const uint32_t mark = events[i].data.u32;
		if (mark == MARK_STDIN)
			goes_on = depth > 1 || read_commands();
		else if (mark & MARK_CONNECTION)
			hear_connection(&b.connections[mark & ~(uint32_t)MARK_CONNECTION]);
		else if (mark < b.flow_count && b.flows[mark].fd >= 0)
			hear_flow(&b.flows[mark]);
	}
	depth--;
	now = now_ms();
	for (; b.every_ms > 0 && b.next_ms <= now; b.next_ms += b.every_ms)
		if (b.next_ms + b.every_ms >
		    now) /* what this program slept through is not made up for */
			ask(now);
	return goes_on;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { FILES, FILES };
	b.hub.sin_family = AF_INET;
	if (argc != 3 || inet_pton(AF_INET, argv[1], &b.hub.sin_addr) != 1) {
		fprintf(stderr, "usage: bench-flows ADDRESS PORT\n");
		return 2;
	}
	b.hub.sin_port = htons((uint16_t)atoi(argv[2]));
	(void)setrlimit(RLIMIT_NOFILE, &files);
	/* What is measured is the box, not how long a stopwatch waits for a processor. */
	const struct sched_param low = { .sched_priority = 1 };
	(void)sched_setscheduler(0, SCHED_RR, &low);
	b.epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(STDIN_FILENO, MARK_STDIN, EPOLLIN);
	puts("{\"ready\":true}");
	fflush(stdout);
	while (serve(now_ms() + 1000))
		continue;
	return 0;
}
