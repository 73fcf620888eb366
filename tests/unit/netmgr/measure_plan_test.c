// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/measure_plan.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "netmgr/measure/measure_book.h"
#include "netmgr/measure/ndt_said.h"

static const struct measure_rules rules = { .a_day = 4,
					    .month_bytes = 60000000,
					    .most_bytes = 4000000 };

static void who_may_be_measured(void **state)
{
	static const struct measure_line good = {
		.works = true, .hub = true, .quiet = true, .left_bytes = UINT64_MAX
	};
	struct {
		const char *what;
		struct measure_line line;
		enum measure_no by_itself, by_hand;
	} rows[] = {
		{ "all is well", good, MEASURE_GO, MEASURE_GO },
		{ "down", good, MEASURE_DOWN, MEASURE_DOWN },
		{ "suspect", good, MEASURE_SUSPECT, MEASURE_SUSPECT },
		{ "no hub", good, MEASURE_NO_HUB, MEASURE_NO_HUB },
		{ "pupils use it", good, MEASURE_USED, MEASURE_GO },
		{ "80 %", good, MEASURE_GO, MEASURE_GO },
		{ "95 %", good, MEASURE_QUOTA, MEASURE_QUOTA },
		{ "used up", good, MEASURE_QUOTA, MEASURE_QUOTA },
		{ "nothing left until 95 %", good, MEASURE_QUOTA, MEASURE_QUOTA },
		{ "metered", good, MEASURE_GO, MEASURE_GO },
		{ "metered, nearly spent", good, MEASURE_GO, MEASURE_GO },
		{ "metered, spent", good, MEASURE_BUDGET, MEASURE_GO },
		{ "not metered, costs nothing", good, MEASURE_GO, MEASURE_GO },
	};
	(void)state;
	rows[1].line.works = false;
	rows[2].line.suspect = true;
	rows[3].line.hub = false;
	rows[4].line.quiet = false;
	rows[5].line.level = QUOTA_LOW;
	rows[6].line.level = QUOTA_HOLD;
	rows[7].line.level = QUOTA_USED_UP;
	rows[8].line.left_bytes = 0;
	for (size_t i = 9; i < 12; i++)
		rows[i].line.metered = true;
	rows[10].line.spent_bytes = 52000000;
	rows[11].line.spent_bytes = 52000001;
	rows[12].line.spent_bytes = UINT32_MAX;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (measure_may(&rules, &rows[i].line, MEASURE_BY_ITSELF) != rows[i].by_itself ||
		    measure_may(&rules, &rows[i].line, MEASURE_BY_HAND) != rows[i].by_hand)
			fail_msg("%s", rows[i].what);
}

static void what_it_may_cost(void **state)
{
	struct measure_line line = { .metered = true, .left_bytes = UINT64_MAX };
	(void)state;
	assert_int_equal(measure_cap(&rules, &line, MEASURE_EARLY), 4000000);
	assert_true(measure_cap(&rules, &line, MEASURE_FULL) > 1000000000);
	/* Never into what is for people and reports, both directions together */
	line.left_bytes = 3000000;
	assert_int_equal(measure_cap(&rules, &line, MEASURE_FULL), 1000000);
	line.left_bytes = 1;
	assert_int_equal(measure_cap(&rules, &line, MEASURE_EARLY), 1);
	line = (struct measure_line){ .left_bytes = UINT64_MAX };
	assert_true(measure_cap(&rules, &line, MEASURE_EARLY) > 50000000);
}

/* The mean, and no two at the same distance. */
static void at_times_that_nobody_knows(void **state)
{
	enum { LOTS = 4096 };
	static const uint64_t hour_ms = 3600000;
	double sum = 0;
	uint64_t least = UINT64_MAX, most = 0;
	(void)state;
	for (uint32_t i = 0; i < LOTS; i++) {
		const uint64_t ms = measure_wait_ms(&rules, false, i * (UINT32_MAX / LOTS));
		sum += (double)ms;
		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	assert_int_equal(least, 6 * hour_ms / 10);
	assert_int_equal(most, 15 * hour_ms);
	/* The bounds take a little off it. */
	assert_true(sum / LOTS > 0.85 * 6 * hour_ms && sum / LOTS < 1.05 * 6 * hour_ms);
	/* 60 MB a month, 8 MB each: seven times */
	assert_int_equal(measure_wait_ms(&rules, true, 0), 30 * 24 * hour_ms / 7 * 5 / 2);
	const struct measure_rules never = { .most_bytes = 4000000 };
	assert_true(measure_wait_ms(&never, false, 7) == UINT64_MAX);
	assert_true(measure_wait_ms(&never, true, 7) == UINT64_MAX);
}

static void a_minute_in_which_nobody_uses_it(void **state)
{
	struct measure_quiet q = { 0 };
	uint64_t bytes = 1 << 30;
	bool quiet = false;
	(void)state;
	for (int s = 0; s < MEASURE_QUIET_S; s++)
		quiet = measure_is_quiet(&q, bytes += 8000, 0);
	assert_false(quiet); /* the first look tells nothing */
	assert_true(measure_is_quiet(&q, bytes += 8000, 0));
	assert_false(measure_is_quiet(&q, bytes += 8001, 0));
	for (int s = 0; s < MEASURE_QUIET_S; s++)
		quiet = measure_is_quiet(&q, bytes += 100000, 20000);
	assert_true(quiet);
	/* A period began: the counter did, too. */
	assert_false(measure_is_quiet(&q, 0, 20000));
}

static void what_the_child_says(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"end\":\"stable\"}",
		"{\"end\":\"great\",\"bps\":1,\"bytes\":1,\"ms\":1,\"rtt_us\":1,\"proof\":\"\"}",
		"{\"end\":\"stable\",\"bps\":-1,\"bytes\":1,\"ms\":1,\"rtt_us\":1,\"proof\":\"\"}",
		"{\"end\":\"stable\",\"bps\":1,\"bytes\":1,\"ms\":9e9,\"rtt_us\":1,\"proof\":\"\"}",
		"{\"end\":\"stable\",\"bps\":1,\"bytes\":99999999999999999,\"ms\":1,\"rtt_us\":1,"
		"\"proof\":\"\"}",
		"{\"end\":\"stable\",\"bps\":1,\"bytes\":1,\"ms\":1,\"rtt_us\":1,\"proof\":\"<"
		"script>\"}",
	};
	const struct ndt_result said = { .end = NDT_END_CAP,
					 .bps = 9600000,
					 .bytes = 4000000,
					 .ms = 3333,
					 .rtt_us = 50000,
					 .proof = "0011223344556677889900112233445566778899" };
	struct ndt_result back;
	char text[NDT_SAID_MAX];
	(void)state;
	FILE *to = fmemopen(text, sizeof(text), "w");
	assert_non_null(to);
	ndt_said_write(&said, to);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(ndt_said_read(text, strlen(text), &back), 0);
	assert_true(back.end == said.end && back.bps == said.bps && back.bytes == said.bytes &&
		    back.ms == said.ms && back.rtt_us == said.rtt_us);
	assert_string_equal(back.proof, said.proof);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ndt_said_read(bad[i], strlen(bad[i]), &back), -EBADMSG);
}

static void count_rows(void *data, const struct measure_row *row)
{
	*(int64_t *)data = *(int64_t *)data * 10 + row->cursor;
}

static void the_book(void **state)
{
	char folder[] = "/tmp/measure.XXXXXX", path[PATH_MAX];
	struct measure_row row = {
		.at_s = 1000, .uplink = "adsl", .by = MEASURE_BY_HAND, .proved = true
	};
	struct measure_row last;
	struct measure_book *b = NULL;
	int64_t seen = 0, last_s;
	uint64_t bytes;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/measured.db", folder);
	assert_int_equal(measure_book_open(path, &b, NULL), 0);
	assert_int_equal(measure_book_last(b, "adsl", &last, NULL), 0);
	row.way[NDT_DOWN] =
		(struct ndt_result){ .end = NDT_END_FULL, .bps = 8000000, .bytes = 100 };
	row.way[NDT_UP] = (struct ndt_result){ .end = NDT_END_STABLE, .bps = 1000000, .bytes = 11 };
	assert_int_equal(measure_book_add(b, &row, 0, NULL), 0);
	row.at_s = 2000;
	row.way[NDT_UP].end = NDT_END_BROKEN;
	assert_int_equal(measure_book_add(b, &row, 0, NULL), 0);
	measure_book_close(b);
	assert_int_equal(measure_book_open(path, &b, NULL), 0);
	assert_int_equal(measure_book_last(b, "adsl", &last, NULL), 1);
	assert_true(last.cursor == 1 && last.proved && last.by == MEASURE_BY_HAND);
	assert_true(measure_row_good(&last) && measure_row_truncated(&last));
	assert_int_equal(last.way[NDT_DOWN].bps, 8000000);
	assert_int_equal(measure_book_last(b, "lte", &last, NULL), 0);
	assert_int_equal(measure_book_spent(b, "adsl", 1001, &bytes, &last_s, NULL), 0);
	assert_true(bytes == 111 && last_s == 2000);
	assert_int_equal(measure_book_spent(b, "lte", 0, &bytes, &last_s, NULL), 0);
	assert_true(bytes == 0 && last_s == 0);
	/* The old one goes with the next; cursors are never given again. */
	assert_int_equal(measure_book_add(b, &row, 1500, NULL), 0);
	assert_int_equal(measure_book_read(b, 0, 9, count_rows, &seen, NULL), 2);
	assert_int_equal(seen, 23);
	measure_book_close(b);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_be_measured),
		cmocka_unit_test(what_it_may_cost),
		cmocka_unit_test(at_times_that_nobody_knows),
		cmocka_unit_test(a_minute_in_which_nobody_uses_it),
		cmocka_unit_test(what_the_child_says),
		cmocka_unit_test(the_book),
	};
	return cmocka_run_group_tests_name("netmgr/measure_plan", tests, NULL, NULL);
}
