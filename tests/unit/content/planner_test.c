// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/planner.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define MB UINT64_C(1000000)
#define DAY INT64_C(86400)
#define HOUR 3600
/* Wednesday 25 November 2026, 00:00 of the school's clock. */
#define WEDNESDAY 20782

static const struct planner_rules evening = { 20 * 60, 6 * 60, PLANNER_DAY_UNMETERED, 0, 50 };

static void windows(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code, from, to;
	} rows[] = {
		{ "20:00-06:00", 0, 1200, 360 },  { "", 0, 0, 0 },
		{ "00:00-24:00", 0, 0, 0 },       { "1:30-2:05", 0, 90, 125 },
		{ "20:00", -EINVAL, 7, 7 },       { "24:00-06:00", -EINVAL, 7, 7 },
		{ "20:60-06:00", -EINVAL, 7, 7 }, { "20:00-06:00 ", -EINVAL, 7, 7 },
		{ "night", -EINVAL, 7, 7 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct planner_rules r = { .window_from = 7, .window_to = 7 };
		assert_int_equal(planner_window(rows[i].text, &r), rows[i].code);
		assert_int_equal(r.window_from, rows[i].from);
		assert_int_equal(r.window_to, rows[i].to);
	}
}

static void nights_and_periods(void **state)
{
	(void)state;
	const struct planner_clock before = { .trusted = true,
					      .local_s = WEDNESDAY * DAY + 19 * HOUR },
				   after = { .trusted = true,
					     .local_s = WEDNESDAY * DAY + 20 * HOUR },
				   blind = { .blind_night = 7 };
	assert_int_equal(planner_night(&evening, &before), WEDNESDAY - 1);
	assert_int_equal(planner_night(&evening, &after), WEDNESDAY);
	assert_int_equal(planner_night(&evening, &blind), 7);
	static const struct {
		int32_t night;
		int quota_day;
		int32_t first;
	} rows[] = {
		{ WEDNESDAY, 1, WEDNESDAY - 24 },
		{ WEDNESDAY, 0, WEDNESDAY - 24 },
		{ WEDNESDAY, 25, WEDNESDAY },
		{ WEDNESDAY, 26, WEDNESDAY - 30 },
		{ 20820, 28, 20815 },
		{ 0, 1, 0 },
		{ 0, 15, -17 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (planner_period(rows[i].night, rows[i].quota_day) != rows[i].first)
			print_message("row %zu: %d\n", i,
				      (int)planner_period(rows[i].night, rows[i].quota_day));
		assert_int_equal(planner_period(rows[i].night, rows[i].quota_day), rows[i].first);
	}
}

#define LTE .known = true, .up = true, .metered = true, .quota_day = 1
#define AT(day, hour) .trusted = true, .local_s = (day)*DAY + (hour)*HOUR

static const struct {
	const char *why;
	struct planner_now now;
	enum planner_wait wait;
	uint64_t left, night;
	int64_t until_s;
} gates[] = {
	{ "nobody knows of lines: as ever",
	  { .rules = evening, .clock = { AT(WEDNESDAY, 12) } },
	  PLANNER_GO,
	  PLANNER_NO_LIMIT,
	  PLANNER_NO_LIMIT,
	  0 },
	{ "a line that costs nothing, by day",
	  { .rules = evening,
	    .line = { .known = true, .up = true },
	    .clock = { AT(WEDNESDAY, 12) } },
	  PLANNER_GO,
	  PLANNER_NO_LIMIT,
	  PLANNER_NO_LIMIT,
	  0 },
	{ "the same, where lessons never come by day",
	  { .rules = { 1200, 360, PLANNER_DAY_NONE, 0, 50 },
	    .line = { .known = true, .up = true },
	    .clock = { AT(WEDNESDAY, 12) } },
	  PLANNER_NIGHT,
	  0,
	  PLANNER_NO_LIMIT,
	  8 * HOUR },
	{ "a line that costs money, by day",
	  { .rules = evening, .line = { LTE }, .clock = { AT(WEDNESDAY, 12) } },
	  PLANNER_NIGHT,
	  0,
	  PLANNER_DEFAULT_NIGHT,
	  8 * HOUR },
	{ "at night, no quota known: a little",
	  { .rules = evening, .line = { LTE }, .clock = { AT(WEDNESDAY, 21) } },
	  PLANNER_GO,
	  PLANNER_DEFAULT_NIGHT,
	  PLANNER_DEFAULT_NIGHT,
	  9 * HOUR },
	{ "in the small hours it is still the same night",
	  { .rules = evening,
	    .line = { LTE },
	    .clock = { AT(WEDNESDAY + 1, 5) },
	    .ledger = { .night = PLANNER_DEFAULT_NIGHT - 100000 } },
	  PLANNER_GO,
	  100000,
	  PLANNER_DEFAULT_NIGHT,
	  HOUR },
	{ "less than a chunk is nothing",
	  { .rules = evening,
	    .line = { LTE },
	    .clock = { AT(WEDNESDAY + 1, 5) },
	    .ledger = { .night = PLANNER_DEFAULT_NIGHT - 65536 } },
	  PLANNER_SPENT,
	  0,
	  PLANNER_DEFAULT_NIGHT,
	  15 * HOUR },
	{ "all of the night is spent",
	  { .rules = evening,
	    .line = { LTE },
	    .clock = { AT(WEDNESDAY, 23) },
	    .ledger = { .night = PLANNER_DEFAULT_NIGHT } },
	  PLANNER_SPENT,
	  0,
	  PLANNER_DEFAULT_NIGHT,
	  21 * HOUR },
	{ "half of the quota, over the six nights that are left of November",
	  { .rules = evening,
	    .line = { LTE, .quota_bytes = 1200 * MB },
	    .clock = { AT(WEDNESDAY, 21) } },
	  PLANNER_GO,
	  100 * MB,
	  100 * MB,
	  9 * HOUR },
	{ "what was spent of the period is gone, and tonight's allowance stays the same while it "
	  "is spent",
	  { .rules = evening,
	    .line = { LTE, .quota_bytes = 1200 * MB, .used_bytes = 340 * MB },
	    .clock = { AT(WEDNESDAY, 21) },
	    .ledger = { .night = 40 * MB, .period = 340 * MB } },
	  PLANNER_GO,
	  10 * MB,
	  50 * MB,
	  9 * HOUR },
	{ "pupils used most of it: lessons have their share of the rest",
	  { .rules = evening,
	    .line = { LTE, .quota_bytes = 1200 * MB, .used_bytes = 1080 * MB },
	    .clock = { AT(WEDNESDAY, 21) } },
	  PLANNER_GO,
	  10 * MB,
	  10 * MB,
	  9 * HOUR },
	{ "a limit of a night's is below what the quota allows",
	  { .rules = { 1200, 360, PLANNER_DAY_UNMETERED, 45 * MB, 50 },
	    .line = { LTE, .quota_bytes = 1200 * MB },
	    .clock = { AT(WEDNESDAY, 21) } },
	  PLANNER_GO,
	  45 * MB,
	  45 * MB,
	  9 * HOUR },
	{ "never more than is left of the quota",
	  { .rules = { 1200, 360, PLANNER_DAY_ANY, 45 * MB, 100 },
	    .line = { LTE, .quota_bytes = 1200 * MB, .used_bytes = 1199 * MB },
	    .clock = { AT(WEDNESDAY + 5, 21) },
	    .ledger = { .night = 30 * MB, .period = 30 * MB } },
	  PLANNER_GO,
	  1 * MB,
	  31 * MB,
	  0 },
	{ "the quota is used up",
	  { .rules = evening,
	    .line = { LTE, .capped = true, .quota_bytes = 1200 * MB, .used_bytes = 1200 * MB },
	    .clock = { AT(WEDNESDAY, 21) } },
	  PLANNER_QUOTA,
	  0,
	  0,
	  23 * HOUR },
	{ "a line that does not carry lessons at this hour, though the window is open",
	  { .rules = evening,
	    .line = { LTE, .barred = true, .quota_bytes = 1200 * MB },
	    .clock = { AT(WEDNESDAY, 21) } },
	  PLANNER_NIGHT,
	  0,
	  100 * MB,
	  0 },
	{ "no line is up: a neighbour may answer, within the same limits",
	  { .rules = evening,
	    .line = { .known = true, .metered = true },
	    .clock = { AT(WEDNESDAY, 21) } },
	  PLANNER_OFF,
	  PLANNER_DEFAULT_NIGHT,
	  PLANNER_DEFAULT_NIGHT,
	  9 * HOUR },
	{ "the clock is dead and a class is on: later",
	  { .rules = evening,
	    .line = { LTE },
	    .clock = { .blind_night = 9, .blind_s = HOUR, .quiet_s = 600 } },
	  PLANNER_QUIET,
	  0,
	  PLANNER_DEFAULT_NIGHT,
	  PLANNER_QUIET_S - 600 },
	{ "the clock is dead and it is quiet: so much in a day of running",
	  { .rules = evening,
	    .line = { LTE, .quota_bytes = 6200 * MB },
	    .clock = { .blind_night = 9, .blind_s = HOUR, .quiet_s = PLANNER_QUIET_S },
	    .ledger = { .night = 60 * MB, .period = 60 * MB } },
	  PLANNER_GO,
	  40 * MB,
	  100 * MB,
	  0 },
};

static void may_the_line_be_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(gates); i++) {
		const struct planner_gate g = planner_gate(&gates[i].now);
		if (g.wait != gates[i].wait || g.left_bytes != gates[i].left ||
		    g.night_bytes != gates[i].night || g.until_s != gates[i].until_s)
			print_message("row %zu: %s: wait %d left %llu night %llu until %lld\n", i,
				      gates[i].why, (int)g.wait, (unsigned long long)g.left_bytes,
				      (unsigned long long)g.night_bytes, (long long)g.until_s);
		assert_int_equal(g.wait, gates[i].wait);
		assert_true(g.left_bytes == gates[i].left);
		assert_true(g.night_bytes == gates[i].night);
		assert_int_equal(g.until_s, gates[i].until_s);
	}
}

static void what_comes_first(void **state)
{
	(void)state;
	static const struct planner_need needs[] = {
		[0] = { .rank = 0 },
		[1] = { .rank = 1, .programme = true },
		[2] = { .rank = 2, .due_day = WEDNESDAY + 7 },
		[3] = { .rank = 3, .due_day = WEDNESDAY + 1 },
		[4] = { .rank = 4, .due_day = WEDNESDAY - 40 }, /* late for weeks */
		[5] = { .rank = 5, .due_day = WEDNESDAY - 1 },  /* late since yesterday */
		[6] = { .rank = 6, .pinned = true },
		[7] = { .rank = 7, .due_day = WEDNESDAY + 1 },
	};
	static const size_t trusted[] = { 5, 3, 7, 2, 1, 4, 6, 0 },
			    blind[] = { 4, 5, 3, 7, 2, 1, 6, 0 };
	size_t order[ARRAY_LEN(needs)];
	assert_int_equal(planner_order(needs, ARRAY_LEN(needs), WEDNESDAY, order), 4);
	assert_memory_equal(order, trusted, sizeof(order));
	assert_int_equal(planner_order(needs, ARRAY_LEN(needs), 0, order), 5);
	assert_memory_equal(order, blind, sizeof(order));
}

/* 4G with 45 MB a night, at 2 Mbit/s. */
#define NIGHTLY(hour)                                                              \
	{                                                                          \
		.rules = { 1200, 360, PLANNER_DAY_UNMETERED, 45 * MB, 50 },        \
		.line = { LTE, .bps = 2000000 }, .clock = { AT(WEDNESDAY, hour) }, \
	}

static const struct {
	const char *why;
	struct planner_now now;
	struct planner_work work[3];
	size_t last; /* the one that is looked at */
	struct planner_promise want;
} promises[] = {
	{ .why = "it is here",
	  .now = NIGHTLY(12),
	  .work = { { .here = true } },
	  .want = { .when = PLANNER_HERE, .wait = PLANNER_NIGHT, .night_bytes = 45 * MB } },
	{ .why = "one night",
	  .now = NIGHTLY(12),
	  .work = { { .bytes = 40 * MB, .cook_s = 1200 } },
	  .want = { .when = PLANNER_DAY,
		    .wait = PLANNER_NIGHT,
		    .count = 1,
		    .day = WEDNESDAY,
		    .bytes = 40 * MB,
		    .night_bytes = 45 * MB } },
	{ .why = "380 MB at 45 MB a night: nine nights, and a stick would be sooner",
	  .now = NIGHTLY(12),
	  .work = { { .bytes = 380 * MB, .cook_s = 1200 } },
	  .want = { .when = PLANNER_DAY,
		    .wait = PLANNER_NIGHT,
		    .count = 9,
		    .day = WEDNESDAY + 9,
		    .bytes = 380 * MB,
		    .night_bytes = 45 * MB,
		    .stick = true } },
	{ .why = "cooking through the morning: for the classes of the day after",
	  .now = NIGHTLY(12),
	  .work = { { .bytes = 40 * MB, .cook_s = 16 * HOUR } },
	  .want = { .when = PLANNER_DAY,
		    .wait = PLANNER_NIGHT,
		    .count = 1,
		    .day = WEDNESDAY + 2,
		    .bytes = 40 * MB,
		    .night_bytes = 45 * MB } },
	{ .why = "what comes before it, comes before it",
	  .now = NIGHTLY(12),
	  .work = { { .bytes = 80 * MB }, { .here = true }, { .bytes = 40 * MB } },
	  .last = 2,
	  .want = { .when = PLANNER_DAY,
		    .wait = PLANNER_NIGHT,
		    .count = 3,
		    .day = WEDNESDAY + 3,
		    .bytes = 40 * MB,
		    .night_bytes = 45 * MB,
		    .stick = true } },
	{ .why = "too late for the day it is needed: a stick, and it is said",
	  .now = NIGHTLY(12),
	  .work = { { .bytes = 100 * MB, .due_day = WEDNESDAY + 1 } },
	  .want = { .when = PLANNER_DAY,
		    .wait = PLANNER_NIGHT,
		    .count = 3,
		    .day = WEDNESDAY + 3,
		    .due_day = WEDNESDAY + 1,
		    .bytes = 100 * MB,
		    .night_bytes = 45 * MB,
		    .late = true,
		    .stick = true } },
	{ .why = "half of the nights fail: twice as long",
	  .now = { .rules = { 1200, 360, PLANNER_DAY_UNMETERED, 45 * MB, 50 },
		   .line = { LTE, .bps = 2000000 },
		   .clock = { AT(WEDNESDAY, 12) },
		   .ledger = { .reliable_percent = 50 } },
	  .work = { { .bytes = 90 * MB } },
	  .want = { .when = PLANNER_DAY,
		    .wait = PLANNER_NIGHT,
		    .count = 4,
		    .day = WEDNESDAY + 4,
		    .bytes = 90 * MB,
		    .night_bytes = 45 * MB,
		    .stick = true } },
	{ .why = "a line that costs nothing: minutes",
	  .now = { .rules = evening,
		   .line = { .known = true, .up = true, .bps = 8000000 },
		   .clock = { AT(WEDNESDAY, 12) } },
	  .work = { { .bytes = 600 * MB, .cook_s = 60 } },
	  .want = { .when = PLANNER_MINUTES,
		    .count = 15,
		    .day = WEDNESDAY,
		    .bytes = 600 * MB,
		    .night_bytes = PLANNER_NO_LIMIT } },
	{ .why = "the same at a tenth of the rate: hours",
	  .now = { .rules = evening,
		   .line = { .known = true, .up = true, .bps = 800000 },
		   .clock = { AT(WEDNESDAY, 12) } },
	  .work = { { .bytes = 600 * MB, .cook_s = 60 } },
	  .want = { .when = PLANNER_HOURS,
		    .count = 2,
		    .day = WEDNESDAY,
		    .bytes = 600 * MB,
		    .night_bytes = PLANNER_NO_LIMIT } },
	{ .why = "and nobody can say at a rate that is not known",
	  .now = { .rules = evening,
		   .line = { .known = true, .up = true },
		   .clock = { AT(WEDNESDAY, 12) } },
	  .work = { { .bytes = 600 * MB } },
	  .want = { .when = PLANNER_UNKNOWN,
		    .bytes = 600 * MB,
		    .night_bytes = PLANNER_NO_LIMIT,
		    .stick = true } },
	{ .why = "what needs cooking alone needs no line",
	  .now = { .rules = evening, .line = { .known = true }, .clock = { AT(WEDNESDAY, 12) } },
	  .work = { { .cook_s = 600 } },
	  .want = { .when = PLANNER_MINUTES,
		    .wait = PLANNER_OFF,
		    .count = 10,
		    .day = WEDNESDAY,
		    .night_bytes = PLANNER_NO_LIMIT } },
	{ .why = "every line is down",
	  .now = { .rules = evening,
		   .line = { .known = true, .bps = 8000000 },
		   .clock = { AT(WEDNESDAY, 12) } },
	  .work = { { .bytes = 6 * MB } },
	  .want = { .when = PLANNER_UNKNOWN,
		    .wait = PLANNER_OFF,
		    .bytes = 6 * MB,
		    .night_bytes = PLANNER_NO_LIMIT,
		    .stick = true } },
	{ .why = "no room: it comes when somebody asks",
	  .now = NIGHTLY(12),
	  .work = { { .bytes = 6 * MB, .no_room = true } },
	  .want = { .when = PLANNER_UNKNOWN,
		    .wait = PLANNER_NIGHT,
		    .bytes = 6 * MB,
		    .night_bytes = 45 * MB,
		    .no_room = true } },
	{ .why = "the plan is used up until December",
	  .now = { .rules = evening,
		   .line = { LTE, .capped = true, .quota_bytes = 1240 * MB, .used_bytes = 1240 * MB,
			     .bps = 2000000 },
		   .clock = { AT(WEDNESDAY, 21) } },
	  .work = { { .bytes = 30 * MB } },
	  .want = { .when = PLANNER_DAY,
		    .wait = PLANNER_QUOTA,
		    .count = 7,
		    .day = WEDNESDAY + 8,
		    .bytes = 30 * MB,
		    .stick = true } },
	{ .why = "the clock is dead: nights, not days",
	  .now = { .rules = { 1200, 360, PLANNER_DAY_UNMETERED, 45 * MB, 50 },
		   .line = { LTE, .bps = 2000000 },
		   .clock = { .blind_night = 9, .blind_s = 0, .quiet_s = 0 } },
	  .work = { { .bytes = 90 * MB } },
	  .want = { .when = PLANNER_NIGHTS,
		    .wait = PLANNER_QUIET,
		    .count = 3,
		    .bytes = 90 * MB,
		    .night_bytes = 45 * MB,
		    .stick = true } },
};

static void when_will_it_be_here(void **state)
{
	(void)state;
	int failed = 0;
	for (size_t i = 0; i < ARRAY_LEN(promises); i++) {
		struct planner_promise got[3];
		const struct planner_promise *p = &got[promises[i].last], *w = &promises[i].want;
		planner_promise(&promises[i].now, promises[i].work, 3, got);
		const bool counted = w->when != PLANNER_UNKNOWN && w->when != PLANNER_HERE;
		const bool same = p->when == w->when && p->wait == w->wait &&
				  (!counted || p->count == w->count) &&
				  (w->when != PLANNER_DAY || p->day == w->day) &&
				  p->bytes == w->bytes && p->night_bytes == w->night_bytes &&
				  p->late == w->late && p->stick == w->stick &&
				  p->no_room == w->no_room && p->due_day == w->due_day;
		if (!same)
			print_message("row %zu: %s: when %d wait %d count %u day %d (+%d) late %d "
				      "stick %d night %llu\n",
				      i, promises[i].why, (int)p->when, (int)p->wait, p->count,
				      (int)p->day, (int)p->day - WEDNESDAY, p->late, p->stick,
				      (unsigned long long)p->night_bytes);
		failed += !same;
	}
	assert_int_equal(failed, 0);
}

static void what_nights_are_worth(void **state)
{
	(void)state;
	static const struct {
		const char *why;
		struct planner_past past[4];
		size_t count;
		unsigned percent;
	} rows[] = {
		{ "nothing is known", { { 0 } }, 0, 100 },
		{ "nights without the box count", { { 95, 45, 45 }, { 96, 45, 45 } }, 2, 40 },
		{ "one of three failed", { { 97, 45, 45 }, { 98, 45, 45 }, { 99, 0, 45 } }, 3, 66 },
		{ "more than was meant counts as meant", { { 99, 90, 45 } }, 1, 100 },
		{ "nothing was missing in them", { { 98, 0, 0 }, { 99, 0, 0 } }, 2, 100 },
		{ "tonight does not count yet", { { 99, 45, 45 }, { 100, 0, 45 } }, 2, 100 },
		{ "long ago", { { 90, 0, 45 }, { 99, 45, 45 } }, 2, 100 },
		{ "never less than a tenth", { { 98, 0, 45 }, { 99, 0, 45 } }, 2, 10 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const unsigned got = planner_reliable(rows[i].past, rows[i].count, 100);
		if (got != rows[i].percent)
			print_message("row %zu: %s: %u\n", i, rows[i].why, got);
		assert_int_equal(got, rows[i].percent);
	}
}

static void what_a_night_could_bring(void **state)
{
	(void)state;
	const struct planner_now night = NIGHTLY(21), noon = NIGHTLY(12);
	struct planner_now slow = night, after = night;
	slow.line.bps = 8000;
	after.ledger.night = 20 * MB;
	assert_int_equal(planner_meant(&night, 500 * MB, PLANNER_WAS_HERE), 45 * MB);
	assert_int_equal(planner_meant(&night, 5 * MB, PLANNER_WAS_HERE), 5 * MB);
	assert_int_equal(planner_meant(&slow, 500 * MB, PLANNER_WAS_HERE), 1000 * 9 * HOUR);
	assert_int_equal(planner_meant(&after, 500 * MB, PLANNER_WAS_HERE), 45 * MB);
	/* Switched on at noon: the night was missed by who was there the evening before. */
	assert_int_equal(planner_meant(&noon, 500 * MB, PLANNER_WAS_HERE), 45 * MB);
	assert_int_equal(planner_meant(&noon, 500 * MB, PLANNER_WAS_AWAY), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows),
		cmocka_unit_test(nights_and_periods),
		cmocka_unit_test(may_the_line_be_used),
		cmocka_unit_test(what_comes_first),
		cmocka_unit_test(when_will_it_be_here),
		cmocka_unit_test(what_nights_are_worth),
		cmocka_unit_test(what_a_night_could_bring),
	};
	return cmocka_run_group_tests_name("content/planner", tests, NULL, NULL);
}
