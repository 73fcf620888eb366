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

/* One who reads a long file piece by piece, as a player does with segments. */
struct player {
	struct talk talk;
	char path[512];
	const char *want;
	size_t want_len;
	uint64_t from, pieces;
};

static struct stage {
	struct player *players;
	size_t count;
	int epoll, port;
	uint64_t piece, bytes, wrong, errors;
} s;

static void ask(struct player *p)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };
	uint64_t to = p->from + s.piece;
	if (to > p->want_len)
		to = p->want_len;
	if (p->talk.fd < 0 &&
	    (talk_open(&p->talk, s.port) || epoll_ctl(s.epoll, EPOLL_CTL_ADD, p->talk.fd, &e))) {
		s.errors++;
		return;
	}
	if (talk_ask(&p->talk, p->path, p->from, to, NULL))
		s.errors++;
}

static void receive(struct player *p)
{
	const char *body;
	size_t len;
	uint64_t at;
	const enum talk_what what = talk_read(&p->talk, &body, &len, &at);
	if (len && (p->talk.status != 206 || p->from + at + len > p->want_len ||
		    memcmp(p->want + p->from + at, body, len)))
		s.wrong++;
	s.bytes += len;
	if (what == TALK_CUT) {
		s.errors++;
		talk_close(&p->talk);
	}
	if (what == TALK_DONE) {
		p->pieces++;
		p->from += p->talk.got;
		if (p->talk.closes)
			talk_close(&p->talk);
	}
	if (p->from == p->want_len)
		talk_close(&p->talk); /* a film seen to its end */
	else if (what == TALK_DONE || what == TALK_CUT)
		ask(p);
}

static int read_list(const char *path)
{
	enum { MOST = 1000 };
	char line[1600], file[1024];
	FILE *in = fopen(path, "re");
	s.players = calloc(MOST, sizeof(*s.players));
	while (in && s.players && s.count < MOST && fgets(line, sizeof(line), in)) {
		struct player *p = &s.players[s.count];
		p->talk.fd = -1;
		if (sscanf(line, "%511s %1023s", p->path, file) != 2 ||
		    talk_load(file, &p->want, &p->want_len))
			break;
		s.count++;
	}
	if (in)
		fclose(in);
	return s.count ? 0 : -1;
}

int players_run(int argc, char **argv)
{
	enum { EVENTS = 64 };
	(void)argc;
	s.port = atoi(argv[1]);
	s.piece = strtoull(argv[4], NULL, 10);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s.epoll < 0 || read_list(argv[2])) {
		perror(argv[2]);
		return 1;
	}
	const double began = http_head_now_ms(), end = began + strtod(argv[3], NULL) * 1000;
	for (size_t i = 0; i < s.count; i++)
		ask(&s.players[i]);
	while (http_head_now_ms() < end) {
		struct epoll_event events[EVENTS];
		const int n = epoll_wait(s.epoll, events, EVENTS, 100);
		for (int i = 0; i < n; i++)
			receive(events[i].data.ptr);
	}
	uint64_t served = 0, pieces = 0;
	for (size_t i = 0; i < s.count; i++) {
		served += s.players[i].pieces > 0;
		pieces += s.players[i].pieces;
	}
	printf("{\"players\":%zu,\"served\":%llu,\"pieces\":%llu,\"bytes\":%llu,\"wrong\":%llu,"
	       "\"errors\":%llu,\"ms\":%.0f}\n",
	       s.count, (unsigned long long)served, (unsigned long long)pieces,
	       (unsigned long long)s.bytes, (unsigned long long)s.wrong,
	       (unsigned long long)s.errors, http_head_now_ms() - began);
	free(s.players);
	return 0;
}
