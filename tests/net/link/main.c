// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines that are slow, lossy and fail in every way that lines fail, between network namespaces:
 *	net-link LINE SCHOOL PROVIDER [LINE SCHOOL PROVIDER]...
 * SCHOOL and PROVIDER are NAMESPACE:DEVICE (as of `ip netns`; "-": our own): a TAP device is made at each end, what goes in
 * at one comes out at the other. Commands come as lines on standard input, each is answered by a line of JSON with the
 * moment (CLOCK_MONOTONIC) at which it took effect; it ends with its input.
 *	LINE rate UP DOWN	kbit/s of whole frames; 0: no limit
 *	LINE queue BYTES	that wait for the wire in each direction (100000)
 *	LINE delay MS		on the way, in each direction
 *	LINE jitter MS		added, 0 up to this; nothing overtakes
 *	LINE loss PERCENT [RUN]	in each direction; RUN: how many in a row on average
 *	LINE router ADDRESS	who stays reachable while everything beyond fails
 *	LINE cable in|out	at the school's end: its carrier
 *	LINE flap DOWN_MS UP_MS TIMES
 *	LINE silent beyond|all|no	frames vanish; beyond: but those of the router
 *	LINE oneway up|down|no	the same beyond the router, in one direction
 *	LINE resolver dead|well	port 53 is not answered
 *	LINE portal ADDRESS|no	port 80 leads to ADDRESS whoever is asked, names are resolved, all else is lost
 *	LINE block ADDRESS|no	a far machine that is gone
 *	LINE whole		no fault any more
 *	state			counts, and how late frames came out (us)
 *	reset			counts from zero
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/net/link/line.h"
#include "tests/net/link/order.h"

enum { LINES_MAX = 8, MARK_COMMAND = 100, MARK_TIMER };

static struct link {
	struct line lines[LINES_MAX];
	size_t count;
	int epoll, timer;
	bool first; /* before all others on this machine */
	char text[4096];
	size_t have;
} e;

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- commands ------------------------------------------------------------------------------------ */

static void say_way(const char *name, const struct line_way *w)
{
	printf("\"%s\":{\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"lost\":%" PRIu64
	       ",\"no_room\":%" PRIu64 ",\"stopped\":%" PRIu64 ",\"late_us_p50\":%" PRIu64
	       ",\"late_us_p99\":%" PRIu64 ",\"late_us_max\":%" PRIu64 "}",
	       name, w->frames, w->bytes, w->lost, w->no_room, w->stopped, line_late_us(w, 0.5),
	       line_late_us(w, 0.99), line_late_us(w, 1));
}

static void say_state(uint64_t now)
{
	printf("{\"now_ms\":%.3f,\"first\":%s,\"lines\":{", (double)now / 1e6,
	       e.first ? "true" : "false");
	for (size_t i = 0; i < e.count; i++) {
		printf("%s\"%s\":{\"cable\":%s,", i ? "," : "", e.lines[i].name,
		       e.lines[i].faults.unplugged ? "false" : "true");
		say_way("up", &e.lines[i].way[UP]);
		putchar(',');
		say_way("down", &e.lines[i].way[DOWN]);
		putchar('}');
	}
	puts("}}");
}

static void forget_counts(struct line_way *w)
{
	w->frames = w->bytes = w->lost = w->no_room = w->stopped = 0;
	memset(w->late, 0, sizeof(w->late));
}

static bool obey(const char *text)
{
	for (size_t i = 0; i < e.count; i++) {
		const size_t len = strlen(e.lines[i].name);
		if (!strncmp(text, e.lines[i].name, len) && text[len] == ' ')
			return order_obey(&e.lines[i], text + len + 1, now_ns());
	}
	if (strcmp(text, "reset"))
		return false;
	for (size_t i = 0; i < e.count; i++)
		for (enum direction way = UP; way < DIRECTIONS; way++)
			forget_counts(&e.lines[i].way[way]);
	return true;
}

static void command(const char *text)
{
	if (!strcmp(text, "state"))
		say_state(now_ns());
	else if (obey(text))
		printf("{\"now_ms\":%.3f}\n", (double)now_ns() / 1e6);
	else
		puts("{\"error\":\"no such line, setting or value\"}");
	fflush(stdout);
}

static bool read_commands(void)
{
	const ssize_t n = read(STDIN_FILENO, e.text + e.have, sizeof(e.text) - 1 - e.have);
	if (n <= 0)
		return false;
	e.have += (size_t)n;
	for (char *end; (end = memchr(e.text, '\n', e.have));) {
		const size_t len = (size_t)(end - e.text) + 1;
		*end = '\0';
		command(e.text);
		e.have -= len;
		memmove(e.text, e.text + len, e.have);
	}
	return e.have < sizeof(e.text) - 1;
}

/* --- the loop ------------------------------------------------------------------------------------ */

static int watch(int fd, uint32_t mark)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = mark };
	return epoll_ctl(e.epoll, EPOLL_CTL_ADD, fd, &event);
}

static int begin(int argc, char **argv)
{
	const struct sched_param low = { .sched_priority = 1 };
	e.epoll = epoll_create1(EPOLL_CLOEXEC);
	e.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (e.epoll < 0 || e.timer < 0 || watch(STDIN_FILENO, MARK_COMMAND) < 0 ||
	    watch(e.timer, MARK_TIMER) < 0) {
		perror("net-link: standard input must be a pipe");
		return -1;
	}
	for (int i = 1; i + 2 < argc; i += 3) {
		const char *what = "";
		struct line *l = &e.lines[e.count];
		int r = line_open(l, argv[i], argv[i + 1], argv[i + 2], &what);
		for (enum direction way = UP; r == 0 && way < DIRECTIONS; way++)
			r = watch(l->fd[way], (uint32_t)(e.count * DIRECTIONS + way));
		if (r < 0) {
			fprintf(stderr, "net-link: line %s: %s: %s\n", argv[i], what, strerror(-r));
			return r;
		}
		e.count++;
	}
	/* A line does not wait for the machine that plays it. */
	e.first = sched_setscheduler(0, SCHED_RR, &low) == 0;
	(void)prctl(PR_SET_TIMERSLACK, 1000);
	return 0;
}

static void wake_at(uint64_t at_ns)
{
	struct itimerspec when = { 0 };
	if (at_ns != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(at_ns / 1000000000u);
		when.it_value.tv_nsec = (long)(at_ns % 1000000000u);
	}
	(void)timerfd_settime(e.timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static bool serve(const struct epoll_event *event)
{
	const uint32_t mark = event->data.u32;
	uint64_t times;
	if (mark == MARK_COMMAND)
		return read_commands();
	if (mark == MARK_TIMER)
		(void)!read(e.timer, &times, sizeof(times));
	else
		line_take(&e.lines[mark / DIRECTIONS], (enum direction)(mark % DIRECTIONS),
			  now_ns());
	return true;
}

static void loop(void)
{
	for (;;) {
		struct epoll_event events[2 * LINES_MAX + 2];
		const int count = epoll_wait(e.epoll, events, 2 * LINES_MAX + 2, -1);
		if (count < 0 && errno != EINTR)
			return;
		for (int i = 0; i < count; i++)
			if (!serve(&events[i]))
				return;
		uint64_t next = UINT64_MAX;
		for (size_t i = 0; i < e.count; i++) {
			const uint64_t due = line_run(&e.lines[i], now_ns());
			next = due < next ? due : next;
		}
		wake_at(next);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4 || (argc - 1) % 3 || argc > 1 + 3 * LINES_MAX) {
		fprintf(stderr, "usage: net-link LINE NAMESPACE:DEVICE NAMESPACE:DEVICE ...\n");
		return 2;
	}
	if (begin(argc, argv) < 0)
		return 1;
	puts("{\"ready\":true}");
	fflush(stdout);
	loop();
	for (size_t i = 0; i < e.count; i++)
		line_done(&e.lines[i]);
	return 0;
}
