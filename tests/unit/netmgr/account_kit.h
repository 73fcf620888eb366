// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/book/account.h"
#include "netmgr/book/chain.h"
#include "netmgr/book/ledger.h"
#include "netmgr/book/meter.h"

/* A box in virtual time for the tests of its book, and what it finds there again. */
static const int64_t noon = 1795608000; /* 2026-11-25T12:00:00Z */

struct box {
	char folder[64];
	struct account_uplink uplinks[2];
	struct account_spec spec;
	struct account_time now;
	struct account *account;
	struct account_start start;
	struct fault why;
};

static inline void box_init(struct box *b)
{
	memset(b, 0, sizeof(*b));
	snprintf(b->folder, sizeof(b->folder), "%s/wasl-account-XXXXXX", "/tmp");
	assert_non_null(mkdtemp(b->folder));
	b->uplinks[0] = (struct account_uplink){ "adsl", UPLINK_DSL, 1, false };
	b->uplinks[1] = (struct account_uplink){ "lte", UPLINK_MOBILE, 1, true };
	b->spec = (struct account_spec){ .folder = b->folder,
					 .uplinks = b->uplinks,
					 .count = 2,
					 .boot_id = { 1 },
					 .uptime_ms = 100000,
					 .keep_days = 30 };
	b->now = (struct account_time){ .mono_ms = 100000, .wall_s = noon, .synced = true };
}

static inline void box_done(struct box *b)
{
	DIR *dir = opendir(b->folder);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		(void)unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	rmdir(b->folder);
}

static inline void box_start(struct box *b)
{
	if (account_open(&b->spec, &b->now, &b->account, &b->start, &b->why) < 0)
		fail_msg("%s", b->why.text);
}

static inline void box_pass(struct box *b, int64_t seconds)
{
	for (int64_t i = 0; i < seconds; i += 5) {
		b->now.mono_ms += 5000;
		b->now.wall_s += 5;
		b->spec.uptime_ms += 5000;
		if (account_tick(b->account, &b->now, &b->why) < 0)
			fail_msg("%s", b->why.text);
	}
}

/* Time in which nobody looks. */
static inline void box_skip(struct box *b, int64_t seconds)
{
	b->now.mono_ms += (uint64_t)seconds * 1000;
	b->now.wall_s += seconds;
	b->spec.uptime_ms += (uint64_t)seconds * 1000;
}

static inline void new_boot(struct box *b, int64_t dark_s)
{
	box_skip(b, dark_s);
	b->spec.boot_id[0]++;
	b->spec.uptime_ms = 10000;
}

/* --- what is on disk --- */

struct shelf {
	struct ledger_row rows[20000];
	size_t count;
	struct ledger_event events[64];
	size_t event_count;
};

static inline void shelve(void *data, const struct ledger_row *row)
{
	struct shelf *s = data;
	assert_true(s->count < ARRAY_LEN(s->rows));
	s->rows[s->count++] = *row;
}

static inline void shelve_event(void *data, const struct ledger_event *event)
{
	struct shelf *s = data;
	assert_true(s->event_count < ARRAY_LEN(s->events));
	s->events[s->event_count++] = *event;
}

struct walk {
	int64_t first, next;
	uint8_t head[EVIDENCE_HEAD_BYTES];
};

/* Each row has the head before it that its forerunners make. */
static inline void follow(void *data, const struct ledger_row *row)
{
	struct walk *w = data;
	char line[EVIDENCE_LINE_ROOM];
	if (!w->next) {
		w->first = row->cursor;
		memcpy(w->head, row->before, sizeof(w->head));
	} else {
		assert_int_equal(row->cursor, w->next);
		assert_memory_equal(row->before, w->head, sizeof(w->head));
	}
	assert_int_equal(chain_line(row, line), 0);
	evidence_link(w->head, line, strlen(line), w->head);
	w->next = row->cursor + row->row.count;
}

/* The chain reaches from its first row to the head without a gap; answers its first cursor. */
static inline int64_t chain_is_whole(struct box *b)
{
	struct ledger *l = account_ledger(b->account);
	struct ledger_chain chain;
	struct walk w = { 0 };
	while (ledger_links(l, w.next ? w.next - 1 : 0, 61, follow, &w, &b->why) > 0)
		continue;
	assert_int_equal(ledger_chain(l, 0, INT32_MAX, &chain, &b->why), 0);
	assert_int_equal(chain.through, ledger_last_minute(l));
	assert_int_equal(chain.through, w.next - 1);
	assert_memory_equal(chain.head, w.head, sizeof(w.head));
	assert_int_equal(chain.first, w.first);
	assert_int_equal(chain.last, chain.through);
	return w.first;
}

static inline void read_all(struct box *b, struct shelf *s)
{
	chain_is_whole(b);
	s->count = s->event_count = 0;
	int64_t after = 0;
	/* In pages of an odd size, as a client would. */
	while (ledger_minutes(account_ledger(b->account), after, 97, shelve, s, &b->why) > 0)
		after = s->rows[s->count - 1].cursor;
	assert_true(ledger_events(account_ledger(b->account), 0, 64, shelve_event, s, &b->why) >=
		    0);
	assert_int_equal(ledger_last_minute(account_ledger(b->account)), after);
	assert_int_equal(ledger_last_event(account_ledger(b->account)),
			 s->event_count ? s->events[s->event_count - 1].cursor : 0);
}

/* Cursors grow by one without a gap, every minute of a line stands once, and the minutes follow each other. */
static inline void rows_are_whole(const struct shelf *s)
{
	int64_t next[2] = { 0 };
	for (size_t i = 0; i < s->count; i++) {
		const struct ledger_row *r = &s->rows[i];
		assert_int_equal(r->cursor, (int64_t)i + 1);
		assert_int_equal(r->row.count, 1);
		unsigned sum = 0;
		for (int c = 0; c < UPLINK_CLASSES; c++)
			sum += r->row.seconds[c];
		assert_int_equal(sum, 60);
		int line = strcmp(r->uplink, "adsl") == 0 ? 0 : 1;
		if (next[line])
			assert_int_equal(r->row.minute, next[line]);
		else
			assert_int_equal(r->row.minute % 1440, 0);
		next[line] = r->row.minute + 1;
	}
}

static inline int64_t seconds_of(const struct shelf *s, const char *uplink, enum uplink_class class)
{
	int64_t sum = 0;
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->rows[i].uplink, uplink) == 0)
			sum += s->rows[i].row.seconds[class];
	return sum;
}
