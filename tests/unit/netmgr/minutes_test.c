// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/minutes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { LINES = 2, DAYS = 40 };

static const int64_t noon = 1795608000; /* 2026-11-25T12:00:00Z */

/* Adds up what comes out, and checks that no minute is missing or named twice. */
struct book {
	struct minutes m;
	uint64_t mono_ms;
	int64_t next_minute[MINUTES_LINES];
	int64_t total[MINUTES_LINES][UPLINK_CLASSES];
	struct {
		int64_t day, seconds;
	} days[MINUTES_LINES][DAYS];
	size_t day_count[MINUTES_LINES];
	size_t rows, jumps;
	struct minute_row last;
};

static void take(void *data, const struct minute_row *row)
{
	struct book *b = data;
	unsigned sum = 0;
	for (int c = 0; c < UPLINK_CLASSES; c++) {
		sum += row->seconds[c];
		b->total[row->line][c] += (int64_t)row->seconds[c] * row->count;
	}
	assert_int_equal(sum, 60);
	assert_true(row->count >= 1);
	int64_t *next = &b->next_minute[row->line];
	if (*next)
		assert_true(row->minute >= *next);
	if (*next && row->minute > *next)
		b->jumps++;
	*next = row->minute + row->count;
	for (int64_t at = row->minute; at < *next; at++) {
		size_t n = b->day_count[row->line];
		if (!n || b->days[row->line][n - 1].day != at / 1440) {
			assert_true(n < DAYS);
			b->days[row->line][n].day = at / 1440;
			b->days[row->line][n].seconds = 0;
			b->day_count[row->line] = ++n;
		}
		b->days[row->line][n - 1].seconds += 60;
	}
	b->rows++;
	b->last = *row;
}

static void open_book(struct book *b, int64_t wall_s)
{
	memset(b, 0, sizeof(*b));
	b->mono_ms = 5000;
	minutes_init(&b->m, wall_s, b->mono_ms, take, b);
	for (unsigned i = 0; i < LINES; i++)
		minutes_begin_line(&b->m, i);
}

static void run(struct book *b, int64_t seconds, int64_t *wall_s, bool synced)
{
	for (int64_t i = 0; i < seconds; i++) {
		b->mono_ms += 1000;
		(*wall_s)++;
		minutes_advance(&b->m, b->mono_ms, *wall_s, synced);
	}
}

/* Every day but the one under way is whole. */
static void days_are_whole(const struct book *b)
{
	for (unsigned line = 0; line < LINES; line++)
		for (size_t d = 0; d + 1 < b->day_count[line]; d++)
			assert_int_equal(b->days[line][d].seconds, 86400);
	for (unsigned line = 0; line < LINES; line++) {
		unsigned open = 0;
		for (int c = 0; c < UPLINK_CLASSES; c++)
			open += b->m.lines[line].seconds[c];
		assert_int_equal(open, b->m.named_s % 60);
	}
}

static void counts_a_day(void **state)
{
	(void)state;
	static struct book b;
	int64_t wall = noon;
	open_book(&b, wall);
	assert_int_equal(b.total[0][UPLINK_CLASS_UNKNOWN], 43200);
	minutes_see(&b.m, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.mono_ms);
	minutes_see(&b.m, 1, UPLINK_CLASS_DOWN, UPLINK_LAYER_ISP, b.mono_ms);
	run(&b, 43200, &wall, true);
	days_are_whole(&b);
	assert_int_equal(b.total[0][UPLINK_CLASS_UP], 43200);
	assert_int_equal(b.total[1][UPLINK_CLASS_DOWN], 43200);
	assert_int_equal(b.last.layer, UPLINK_LAYER_ISP);
	assert_int_equal(b.days[0][0].seconds, 86400);
	assert_int_equal(b.day_count[0], 1);
	assert_int_equal(b.jumps, 0);
}

/* Flapping within seconds neither loses nor invents time: half a second up, half down. */
static void shares_seconds_fairly(void **state)
{
	(void)state;
	static struct book b;
	int64_t wall = noon;
	open_book(&b, wall);
	int64_t unknown = b.total[0][UPLINK_CLASS_UNKNOWN];
	for (int i = 0; i < 7200; i++) {
		minutes_see(&b.m, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.mono_ms);
		minutes_see(&b.m, 0, UPLINK_CLASS_DOWN, UPLINK_LAYER_CABLE, b.mono_ms + 750);
		run(&b, 1, &wall, true);
	}
	assert_in_range(b.total[0][UPLINK_CLASS_UP], 5399, 5401);
	assert_in_range(b.total[0][UPLINK_CLASS_DOWN], 1799, 1801);
	assert_int_equal(b.total[0][UPLINK_CLASS_UNKNOWN], unknown);
	days_are_whole(&b);
}

static void measures_bytes_round_trips_and_speed(void **state)
{
	(void)state;
	static struct book b;
	int64_t wall = noon;
	open_book(&b, wall);
	minutes_see(&b.m, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.mono_ms);
	for (int i = 0; i < 60; i++) {
		minutes_bytes(&b.m, 0, i < 20 ? 250000 : 100, 50);
		if (i % 10 == 0)
			minutes_rtt(&b.m, 0, (uint32_t)(20000 + i * 100));
		run(&b, 1, &wall, true);
		if (i == 58) {
			minutes_see(&b.m, 1, UPLINK_CLASS_UNKNOWN, UPLINK_LAYER_NONE, b.mono_ms);
		}
	}
	/* Lines come out in order: the last row is line 1's, so look at line 0 by its numbers. */
	assert_int_equal(b.last.line, 1);
	assert_int_equal(b.last.rx_bytes, 0);
	minutes_bytes(&b.m, 1, 7, 9);
	minutes_rtt(&b.m, 1, 1234);
	run(&b, 60, &wall, true);
	assert_int_equal(b.last.rx_bytes, 7);
	assert_int_equal(b.last.tx_bytes, 9);
	assert_int_equal(b.last.rtt_us, 1234);
	assert_int_equal(b.last.down_kbps, 0);
	for (int i = 0; i < 60; i++) {
		minutes_bytes(&b.m, 1, i < 20 ? 250000 : 100, 50);
		run(&b, 1, &wall, true);
	}
	assert_int_equal(b.last.down_kbps, 2000);
	assert_int_equal(b.last.rx_bytes, 20 * 250000 + 40 * 100);
}

static void survives_a_lying_clock(void **state)
{
	(void)state;
	static const struct {
		const char *story;
		int64_t step_s;
		bool synced_before, synced_after;
		bool proved_cut;
		enum uplink_class class;
		int64_t class_s; /* seconds of that class beyond the first half day */
		int64_t lag_s; /* of named time behind the clock (or ahead, negative) after an hour */
	} rows[] = {
		{ "a second by hand", 1, true, true, false, UPLINK_CLASS_UNKNOWN, 0, 0 },
		{ "a small correction", 4, true, true, false, UPLINK_CLASS_UNKNOWN, 0, 0 },
		{ "an hour ahead", 3600, true, true, false, UPLINK_CLASS_UNKNOWN, 3600, 0 },
		{ "ten days, clock set after a proved cut", 864000, false, true, true,
		  UPLINK_CLASS_UNPOWERED, 864000, 0 },
		{ "ten days, no proof", 864000, true, true, false, UPLINK_CLASS_UNKNOWN, 864000,
		  0 },
		{ "first setting of a new box: no rows for the years of storage", 200 * 86400,
		  false, true, false, UPLINK_CLASS_UNKNOWN, 86400, 0 },
		{ "two years by a broken battery", 730 * 86400, true, false, false,
		  UPLINK_CLASS_UNKNOWN, 0, 730 * 86400 },
		{ "two years by a synchronised clock", 730 * 86400, true, true, false,
		  UPLINK_CLASS_UNKNOWN, 86400, 0 },
		{ "half an hour back", -1800, true, true, false, UPLINK_CLASS_UNKNOWN, 0, 0 },
		{ "two hours back", -7200, true, true, false, UPLINK_CLASS_UNKNOWN, 0, -5400 },
		{ "two years back", -730 * 86400, true, true, false, UPLINK_CLASS_UNKNOWN, 0,
		  -730 * 86400 + 1800 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct book b;
		int64_t wall = noon;
		open_book(&b, wall);
		minutes_see(&b.m, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.mono_ms);
		minutes_see(&b.m, 1, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.mono_ms);
		b.m.proved_cut = rows[i].proved_cut;
		run(&b, 100, &wall, rows[i].synced_before);
		int64_t before = b.total[0][rows[i].class];
		wall += rows[i].step_s;
		run(&b, 3600, &wall, rows[i].synced_after);
		int64_t lag = wall - b.m.named_s;
		/* The open minute's seconds are not in rows yet. */
		int64_t class_s =
			b.total[0][rows[i].class] + b.m.lines[0].seconds[rows[i].class] - before;
		bool right = lag - rows[i].lag_s <= 2 && rows[i].lag_s - lag <= 2 &&
			     class_s - rows[i].class_s <= 2 && rows[i].class_s - class_s <= 2;
		if (!right)
			fail_msg("%s: lag %lld, class %lld", rows[i].story, (long long)lag,
				 (long long)class_s);
		days_are_whole(&b);
	}
}

static void calls_time_not_looked_at_unknown(void **state)
{
	(void)state;
	static struct book b;
	int64_t wall = noon;
	open_book(&b, wall);
	minutes_see(&b.m, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.mono_ms);
	run(&b, 60, &wall, true);
	int64_t before = b.total[0][UPLINK_CLASS_UNKNOWN];
	b.mono_ms += 600000; /* suspended, or stopped by a debugger */
	wall += 600;
	minutes_advance(&b.m, b.mono_ms, wall, true);
	run(&b, 60, &wall, true);
	assert_int_equal(b.total[0][UPLINK_CLASS_UNKNOWN] - before, 600);
	assert_int_equal(b.total[0][UPLINK_CLASS_UP], 120);
	days_are_whole(&b);
}

static void ends_a_line_with_its_day(void **state)
{
	(void)state;
	static struct book b;
	int64_t wall = noon;
	open_book(&b, wall);
	minutes_see(&b.m, 1, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.mono_ms);
	run(&b, 90, &wall, true);
	minutes_retire_line(&b.m, 1);
	minutes_fill(&b.m, UPLINK_CLASS_UNPOWERED, wall + 3 * 86400);
	wall += 3 * 86400;
	assert_false(b.m.lines[1].used);
	assert_true(b.m.lines[0].used);
	assert_int_equal(b.day_count[1], 1);
	assert_int_equal(b.days[1][0].seconds, 86400);
	assert_int_equal(b.total[1][UPLINK_CLASS_UNPOWERED], 0);
	assert_int_equal(b.total[1][UPLINK_CLASS_UP], 90);
	assert_int_equal(b.day_count[0], 4);
	run(&b, 100, &wall, true);
	assert_int_equal(b.day_count[1], 1);
}

static void goes_on_within_a_minute(void **state)
{
	(void)state;
	static struct book b;
	memset(&b, 0, sizeof(b));
	static const uint8_t good[UPLINK_CLASSES] = { 10, 5, 0, 2 };
	static const uint8_t bad[UPLINK_CLASSES] = { 10, 5, 0, 3 };
	minutes_init(&b.m, noon + 17, 0, take, &b);
	assert_int_equal(minutes_resume_line(&b.m, 0, bad), -EINVAL);
	assert_int_equal(minutes_resume_line(&b.m, MINUTES_LINES, good), -EINVAL);
	assert_int_equal(minutes_resume_line(&b.m, 0, good), 0);
	minutes_fill(&b.m, UPLINK_CLASS_UNPOWERED, noon + 60);
	assert_int_equal(b.rows, 1);
	assert_int_equal(b.last.seconds[UPLINK_CLASS_UP], 10);
	assert_int_equal(b.last.seconds[UPLINK_CLASS_UNPOWERED], 43);
}

static unsigned roll(unsigned *seed, unsigned sides)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % sides;
}

/* Whatever clock, ticks and faults do: days stay whole. */
static void never_loses_a_second(void **state)
{
	(void)state;
	unsigned seed = 7;
	for (int round = 0; round < 30; round++) {
		static struct book b;
		int64_t wall = noon + roll(&seed, 86400);
		open_book(&b, wall);
		for (int i = 0; i < 20000; i++) {
			unsigned pass = roll(&seed, 50) ? 1000 : roll(&seed, 9000);
			b.mono_ms += pass;
			wall += pass / 1000;
			if (roll(&seed, 3000) == 0)
				wall += (int64_t)roll(&seed, 9000) - 4500;
			minutes_see(&b.m, roll(&seed, LINES),
				    (enum uplink_class)roll(&seed, UPLINK_CLASSES),
				    UPLINK_LAYER_ISP, b.mono_ms - roll(&seed, pass + 1));
			minutes_advance(&b.m, b.mono_ms, wall, roll(&seed, 2));
		}
		days_are_whole(&b);
		assert_int_equal(b.jumps, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_a_day),
		cmocka_unit_test(shares_seconds_fairly),
		cmocka_unit_test(measures_bytes_round_trips_and_speed),
		cmocka_unit_test(survives_a_lying_clock),
		cmocka_unit_test(calls_time_not_looked_at_unknown),
		cmocka_unit_test(ends_a_line_with_its_day),
		cmocka_unit_test(goes_on_within_a_minute),
		cmocka_unit_test(never_loses_a_second),
	};
	return cmocka_run_group_tests_name("netmgr/minutes", tests, NULL, NULL);
}
