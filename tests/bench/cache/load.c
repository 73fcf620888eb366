// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "firmware/base/clean.h"
#include "tests/bench/cache/client.h"
#include "tests/bench/cache/http_head.h"
#include "tests/bench/cache/talk.h"

/*
 * Connections that ask again and again. Without a rate each asks as soon as it was answered. With a rate, requests fall due at
 * fixed moments whoever is free then, and a request's time runs from the moment when it was due: a server that
 * stalls is not spared the requests that it kept from being asked.
 */
struct asker {
	struct talk talk;
	double due_ms; /* of the request under way */
	bool idle;
};

static struct load {
	struct asker *askers;
	size_t count;
	int epoll, port;
	const char *path;
	double rate, began, end;
	uint64_t given; /* requests that fell due and were asked */
	double *times;
	size_t done, room;
	uint64_t bytes, errors;
} l;

static void note(double ms)
{
	if (l.done == l.room) {
		const size_t more = l.room ? l.room * 2 : 65536;
		double *times = reallocarray(l.times, more, sizeof(*times));
		if (!times)
			return;
		l.times = times;
		l.room = more;
	}
	l.times[l.done++] = ms;
}

static bool ask(struct asker *a, double due_ms)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = a };
	a->due_ms = due_ms;
	a->idle = false;
	if (a->talk.fd < 0 &&
	    (talk_open(&a->talk, l.port) || epoll_ctl(l.epoll, EPOLL_CTL_ADD, a->talk.fd, &e)))
		return false;
	return talk_ask(&a->talk, l.path, 0, 0, NULL) == 0;
}

static double due_of(uint64_t request)
{
	return l.began + (double)request * 1000 / l.rate;
}

/* The next request for a connection that is free: now, or the oldest that is due. */
static void go_on(struct asker *a, double now)
{
	a->idle = true;
	if (now >= l.end || (l.rate > 0 && due_of(l.given) > now))
		return;
	const double due = l.rate > 0 ? due_of(l.given) : now;
	l.given++;
	if (!ask(a, due)) {
		l.errors++;
		talk_close(&a->talk);
	}
}

static void receive(struct asker *a)
{
	const enum talk_what what = talk_skip(&a->talk);
	if (what == TALK_WAIT || what == TALK_BODY)
		return;
	const double now = http_head_now_ms();
	l.bytes += a->talk.got;
	if (what == TALK_CUT) {
		talk_close(&a->talk);
		if (a->idle)
			return; /* the server ends a connection between two requests: its right */
		l.errors++;
	} else if (a->talk.status != 200) {
		l.errors++;
	} else {
		note(now - a->due_ms);
	}
	if (a->talk.closes)
		talk_close(&a->talk);
	go_on(a, now);
}

static struct timespec until_due(double now)
{
	double wait = l.rate > 0 ? due_of(l.given) - now : 100;
	if (wait < 0)
		wait = 0;
	if (wait > l.end - now)
		wait = l.end > now ? l.end - now : 0;
	const time_t seconds = (time_t)(wait / 1000);
	return (struct timespec){ seconds, (long)((wait - (double)seconds * 1000) * 1e6) };
}

static bool all_idle(void)
{
	for (size_t i = 0; i < l.count; i++)
		if (!l.askers[i].idle)
			return false;
	return true;
}

static void run(void)
{
	enum { EVENTS = 256, LATE_MS = 20000 };
	for (double now = http_head_now_ms();
	     now < l.end || (now < l.end + LATE_MS && !all_idle());) {
		struct epoll_event events[EVENTS];
		struct timespec wait = until_due(now);
		if (now >= l.end)
			wait = (struct timespec){ .tv_nsec = 100000000 };
		const int n = epoll_pwait2(l.epoll, events, EVENTS, &wait, NULL);
		for (int i = 0; i < n; i++)
			receive(events[i].data.ptr);
		now = http_head_now_ms();
		for (size_t i = 0;
		     l.rate > 0 && i < l.count && now < l.end && due_of(l.given) <= now; i++)
			if (l.askers[i].idle)
				go_on(&l.askers[i], now);
	}
}

int load_run(int argc, char **argv)
{
	l.port = atoi(argv[1]);
	l.path = argv[2];
	l.count = strtoul(argv[3], NULL, 10);
	l.rate = argc > 5 ? strtod(argv[5], NULL) : 0;
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	l.askers = calloc(l.count, sizeof(*l.askers));
	talk_room_for(l.count);
	if (l.epoll < 0 || !l.askers)
		return 1;
	for (size_t i = 0; i < l.count; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &l.askers[i] };
		if (talk_open(&l.askers[i].talk, l.port) ||
		    epoll_ctl(l.epoll, EPOLL_CTL_ADD, l.askers[i].talk.fd, &e)) {
			perror("connect");
			return 1;
		}
	}
	l.began = http_head_now_ms();
	l.end = l.began + strtod(argv[4], NULL) * 1000;
	for (size_t i = 0; i < l.count; i++)
		go_on(&l.askers[i], http_head_now_ms());
	run();
	const double took = http_head_now_ms() - l.began;
	printf("{\"requests\":%zu,\"errors\":%llu,\"bytes\":%llu,\"us\":%.0f,", l.done,
	       (unsigned long long)l.errors, (unsigned long long)l.bytes, took * 1000);
	client_print_quantiles("ms", l.times, l.done);
	printf("}\n");
	free(l.times);
	free(l.askers);
	return 0;
}
