// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "firmware/base/clean.h"
#include "tests/bench/cache/client.h"
#include "tests/bench/cache/http_head.h"
#include "tests/bench/cache/talk.h"

/* One of many who want the same. */
struct guest {
	struct talk talk;
	double first_ms, last_ms; /* of the body's bytes */
	bool over, differs;
};

static struct crowd {
	struct guest *guests;
	size_t count, left;
	const char *want;
	size_t want_len;
	unsigned good, busy, cut, wrong, open;
	uint64_t bytes;
} c;

static void finish(struct guest *g, enum talk_what what)
{
	const struct talk *t = &g->talk;
	if (t->status && t->status != 200 && t->status != 206)
		c.busy++; /* a clean refusal */
	else if (g->differs)
		c.wrong++;
	else if (what == TALK_DONE && t->got == c.want_len)
		c.good++;
	else if (what == TALK_DONE)
		c.wrong++; /* a short body that looks complete */
	else
		c.cut++;
	talk_close(&g->talk);
	g->over = true;
	c.left--;
}

static void receive(struct guest *g, double now)
{
	const char *body;
	size_t len;
	uint64_t at;
	const enum talk_what what = talk_read(&g->talk, &body, &len, &at);
	if (len && (g->talk.status == 200 || g->talk.status == 206)) {
		if (!g->first_ms)
			g->first_ms = now;
		g->last_ms = now;
		c.bytes += len;
		if (at + len > c.want_len || memcmp(c.want + at, body, len))
			g->differs = true;
	}
	if (what == TALK_DONE || what == TALK_CUT)
		finish(g, what);
}

static void print_result(double began)
{
	AUTO_FREE double *first = calloc(c.count, sizeof(*first));
	AUTO_FREE double *last = calloc(c.count, sizeof(*last));
	unsigned long firsts = 0, lasts = 0;
	for (size_t i = 0; first && last && i < c.count; i++) {
		const struct guest *g = &c.guests[i];
		c.open += !g->over;
		if (g->first_ms)
			first[firsts++] = g->first_ms;
		if (g->over && g->talk.got == c.want_len)
			last[lasts++] = g->last_ms;
	}
	printf("{\"count\":%zu,\"good\":%u,\"busy\":%u,\"cut\":%u,\"wrong\":%u,\"open\":%u,"
	       "\"bytes\":%llu,"
	       "\"begin_ms\":%.3f,\"end_ms\":%.3f,",
	       c.count, c.good, c.busy, c.cut, c.wrong, c.open, (unsigned long long)c.bytes, began,
	       http_head_now_ms());
	client_print_quantiles("first_ms", first, firsts);
	printf(",");
	client_print_quantiles("last_ms", last, lasts);
	printf("}\n");
}

static int come(int epoll, struct guest *g, int port, const char *path)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = g };
	return talk_open(&g->talk, port) || talk_ask(&g->talk, path, 0, 0, "close") ||
	       epoll_ctl(epoll, EPOLL_CTL_ADD, g->talk.fd, &e);
}

int crowd_run(int argc, char **argv)
{
	enum { EVENTS = 256 };
	AUTO_FD int epoll = epoll_create1(EPOLL_CLOEXEC);
	(void)argc;
	c.count = c.left = strtoul(argv[3], NULL, 10);
	talk_room_for(c.count);
	c.guests = calloc(c.count, sizeof(*c.guests));
	if (epoll < 0 || !c.guests || talk_load(argv[4], &c.want, &c.want_len)) {
		perror(argv[4]);
		return 1;
	}
	const double began = http_head_now_ms(), end = began + strtod(argv[5], NULL) * 1000;
	for (size_t i = 0; i < c.count; i++)
		if (come(epoll, &c.guests[i], atoi(argv[1]), argv[2])) {
			perror("connect");
			return 1;
		}
	printf("{\"asked_ms\":%.3f}\n", http_head_now_ms());
	fflush(stdout);
	while (c.left && http_head_now_ms() < end) {
		struct epoll_event events[EVENTS];
		const int n = epoll_wait(epoll, events, EVENTS, 100);
		for (int i = 0; i < n; i++)
			receive(events[i].data.ptr, http_head_now_ms());
	}
	print_result(began);
	free(c.guests);
	return 0;
}
