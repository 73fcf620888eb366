// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "tests/bench/cache/client.h"
#include "tests/bench/cache/http_head.h"
#include "tests/bench/cache/talk.h"

/* One of many who want the same. */
struct guest {
	struct talk talk;
	double first_ms, last_ms; /* of the body's bytes */
	enum { WAITING, GOOD, BUSY, CUT, WRONG, OUTCOMES } outcome;
	bool differs;
};

static struct crowd {
	struct guest *guests; /* in memory that all processes share */
	size_t count;
	const char *want;
	size_t want_len;
} c;

static void finish(struct guest *g, enum talk_what what)
{
	const struct talk *t = &g->talk;
	if (t->status && t->status != 200 && t->status != 206)
		g->outcome = BUSY; /* a clean refusal */
	else if (g->differs)
		g->outcome = WRONG;
	else if (what == TALK_DONE) /* a short body that looks complete is wrong */
		g->outcome = t->got == c.want_len ? GOOD : WRONG;
	else
		g->outcome = CUT;
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
	unsigned long firsts = 0, lasts = 0, outcomes[OUTCOMES] = { 0 };
	uint64_t bytes = 0;
	for (size_t i = 0; first && last && i < c.count; i++) {
		const struct guest *g = &c.guests[i];
		outcomes[g->outcome]++;
		if (g->first_ms) {
			first[firsts++] = g->first_ms;
			bytes += g->talk.got;
		}
		if (g->outcome == GOOD)
			last[lasts++] = g->last_ms;
	}
	printf("{\"count\":%zu,\"good\":%lu,\"busy\":%lu,\"cut\":%lu,\"wrong\":%lu,\"open\":%lu,"
	       "\"bytes\":%llu,\"begin_ms\":%.3f,\"end_ms\":%.3f,",
	       c.count, outcomes[GOOD], outcomes[BUSY], outcomes[CUT], outcomes[WRONG],
	       outcomes[WAITING], (unsigned long long)bytes, began, http_head_now_ms());
	client_print_quantiles("first_ms", first, firsts);
	printf(",");
	client_print_quantiles("last_ms", last, lasts);
	printf("}\n");
}

/*
 * Looks after guests [from, to) of the connections in `fds`; the others are another process's, and closed here. A connection
 * leaves epoll before it is closed: as long as the other process has not closed its copy, closing ours would leave it in.
 */
static int attend(const int *fds, size_t from, size_t to, double end)
{
	enum { EVENTS = 256 };
	AUTO_FD int epoll = epoll_create1(EPOLL_CLOEXEC);
	size_t left = to - from;
	for (size_t i = 0; i < c.count; i++) {
		struct guest *g = &c.guests[i];
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = g };
		if (i < from || i >= to)
			close(fds[i]);
		else if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &e))
			return -1;
	}
	while (left && http_head_now_ms() < end) {
		struct epoll_event events[EVENTS];
		const int n = epoll_wait(epoll, events, EVENTS, 100);
		for (int i = 0; i < n; i++) {
			struct guest *g = events[i].data.ptr;
			receive(g, http_head_now_ms());
			if (g->outcome == WAITING)
				continue;
			epoll_ctl(epoll, EPOLL_CTL_DEL, g->talk.fd, NULL);
			talk_close(&g->talk);
			left--;
		}
	}
	return 0;
}

/* Everybody asks; their connections' numbers go to `fds`, for processes that do not share what they close. */
static int come(const char *port, const char *path, int *fds)
{
	talk_room_for(c.count);
	for (size_t i = 0; i < c.count; i++) {
		if (talk_open(&c.guests[i].talk, atoi(port)) ||
		    talk_ask(&c.guests[i].talk, path, 0, 0, "close")) {
			perror("connect");
			return -1;
		}
		fds[i] = c.guests[i].talk.fd;
	}
	printf("{\"asked_ms\":%.3f}\n", http_head_now_ms());
	fflush(stdout);
	return 0;
}

int crowd_run(int argc, char **argv)
{
	c.count = strtoul(argv[3], NULL, 10);
	c.guests = mmap(NULL, (c.count + 1) * sizeof(*c.guests), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	AUTO_FREE int *fds = calloc(c.count + 1, sizeof(*fds));
	if (!fds || c.guests == MAP_FAILED || talk_load(argv[4], &c.want, &c.want_len)) {
		perror(argv[4]);
		return 1;
	}
	const double began = http_head_now_ms(), end = began + strtod(argv[5], NULL) * 1000;
	const size_t half = argc > 6 && atoi(argv[6]) > 1 ? c.count / 2 : 0;
	int status = 0;
	if (come(argv[1], argv[2], fds))
		return 1;
	const pid_t helper = half ? fork() : 0;
	if (half && helper == 0)
		_exit(attend(fds, 0, half, end) ? 1 : 0);
	if (helper < 0 || attend(fds, half, c.count, end) ||
	    (helper && (waitpid(helper, &status, 0) != helper || status))) {
		perror("crowd");
		return 1;
	}
	print_result(began);
	return 0;
}
