// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/tally.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INSTANCE = 7 };

static const struct uses_gain one = { 1, 0, 1, 4000 }, two = { 0, 1, 0, 4000 }, none;

static void expect(struct tally *t, uint64_t sequence, int32_t day, const char *rung,
		   uint64_t sent_bytes)
{
	struct want_tally p;
	assert_true(tally_next(t, &p));
	assert_int_equal(want_check(&p, sizeof(p)), 0);
	assert_int_equal(p.sequence, sequence);
	assert_int_equal(p.day, day);
	assert_string_equal(p.lesson, "fractions");
	assert_string_equal(p.rung, rung);
	assert_int_equal(p.sent_bytes, sent_bytes);
	assert_int_equal(p.instance, INSTANCE);
}

/* As expect(), and it leaves. */
static void carry(struct tally *t, uint64_t sequence, int32_t day, const char *rung,
		  uint64_t sent_bytes)
{
	struct want_tally p;
	expect(t, sequence, day, rung, sent_bytes);
	assert_true(tally_next(t, &p));
	tally_sent(t, &p);
}

static void silent(struct tally *t)
{
	struct want_tally p;
	assert_false(tally_next(t, &p));
}

static struct tally_sheet *new_sheet(void)
{
	struct tally_sheet *sheet = calloc(1, sizeof(*sheet));
	assert_non_null(sheet);
	return sheet;
}

static void adds_up_by_day_lesson_and_rung(void **state)
{
	(void)state;
	struct tally_sheet *sheet = new_sheet();
	struct tally t = tally_open(sheet, INSTANCE);
	struct want_tally p, seen[3];
	silent(&t);
	assert_int_equal(tally_add(&t, 20000, "fractions", "240p", &one, 100), 0);
	assert_int_equal(tally_add(&t, 20000, "fractions", "audio", &none, 7), 0);
	assert_int_equal(tally_add(&t, 20000, "fractions", "240p", &two, 200), 0);
	assert_int_equal(tally_add(&t, 20001, "fractions", "240p", &one, 1), 0);
	assert_int_equal(tally_rows(sheet), 3);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_true(tally_next(&t, &p));
		assert_int_equal(p.sequence, i);
		seen[p.day == 20001 ? 2 : p.rung[0] == 'a'] = p;
		tally_sent(&t, &p);
	}
	silent(&t);
	assert_int_equal(seen[0].starts, 1);
	assert_int_equal(seen[0].completions, 1);
	assert_int_equal(seen[0].new_devices, 1);
	assert_int_equal(seen[0].watched_ms, 8000);
	assert_int_equal(seen[0].sent_bytes, 300);
	assert_string_equal(seen[1].rung, "audio");
	assert_int_equal(seen[1].sent_bytes, 7);
	assert_int_equal(seen[1].starts, 0);
	assert_int_equal(seen[2].sent_bytes, 1);
	assert_int_equal(tally_rows(sheet), 3);
	tally_heard(&t, 3);
	assert_int_equal(tally_rows(sheet), 0);
	free(sheet);
}

/* A packet that was handed out once never changes: its number stands for its counts. */
static void a_closed_packet_does_not_grow(void **state)
{
	(void)state;
	struct tally_sheet *sheet = new_sheet();
	struct tally t = tally_open(sheet, INSTANCE);
	assert_int_equal(tally_add(&t, 20000, "fractions", "240p", &one, 100), 0);
	expect(&t, 1, 20000, "240p", 100);
	assert_int_equal(tally_add(&t, 20000, "fractions", "240p", &none, 5), 0);
	carry(&t, 1, 20000, "240p", 100);
	carry(&t, 2, 20000, "240p", 5);
	silent(&t);
	free(sheet);
}

static void is_sent_again_until_it_is_on_disk(void **state)
{
	(void)state;
	struct tally_sheet *sheet = new_sheet();
	struct tally t = tally_open(sheet, INSTANCE);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(tally_add(&t, 20000, "fractions", "240p", &one, i), 0);
		carry(&t, i, 20000, "240p", i);
	}
	silent(&t);
	tally_heard(&t, 1);
	tally_heard(&t, 1);
	tally_disconnected(&t);
	assert_int_equal(tally_add(&t, 20000, "fractions", "240p", &one, 4), 0);
	for (uint64_t i = 2; i <= 4; i++)
		carry(&t, i, 20000, "240p", i);
	/* What was not sent on this connection cannot have been heard on it. */
	tally_disconnected(&t);
	tally_heard(&t, 4);
	carry(&t, 2, 20000, "240p", 2);
	carry(&t, 3, 20000, "240p", 3);
	tally_heard(&t, 1000);
	carry(&t, 4, 20000, "240p", 4);
	tally_heard(&t, 4);
	tally_disconnected(&t);
	silent(&t);
	assert_int_equal(tally_rows(sheet), 0);
	free(sheet);
}

/* A worker is killed with one packet on its way, one that nobody carried, and counts that are not closed. */
static void another_goes_on_where_one_was_killed(void **state)
{
	(void)state;
	struct tally_sheet *sheet = new_sheet();
	struct tally dead = tally_open(sheet, INSTANCE);
	assert_int_equal(tally_add(&dead, 20000, "fractions", "240p", &one, 1), 0);
	carry(&dead, 1, 20000, "240p", 1);
	assert_int_equal(tally_add(&dead, 20000, "fractions", "240p", &one, 2), 0);
	expect(&dead, 2, 20000, "240p", 2);
	assert_int_equal(tally_add(&dead, 20000, "fractions", "240p", &one, 3), 0);

	struct tally heir =
		tally_open(sheet, INSTANCE + 1); /* keeps the name under which was counted */
	assert_int_equal(tally_add(&heir, 20000, "fractions", "240p", &one, 40), 0);
	carry(&heir, 1, 20000, "240p", 1);
	carry(&heir, 2, 20000, "240p", 2);
	carry(&heir, 3, 20000, "240p", 43);
	silent(&heir);
	tally_heard(&heir, 3);
	assert_int_equal(tally_rows(sheet), 0);
	free(sheet);
}

static void is_bounded(void **state)
{
	(void)state;
	struct tally_sheet *sheet = new_sheet();
	struct tally t = tally_open(sheet, INSTANCE);
	struct want_tally p;
	char lesson[80];
	for (int i = 0; i <= TALLY_MAX_ROWS; i++) {
		snprintf(lesson, sizeof(lesson), "lesson-%d", i);
		assert_int_equal(tally_add(&t, 1, lesson, "240p", &none, 1),
				 i < TALLY_MAX_ROWS ? 0 : -ENOBUFS);
	}
	assert_int_equal(tally_add(&t, 1, "lesson-0", "240p", &none, 1), 0);
	/* Each comes once, whatever place it found; one that is heard makes room for one. */
	uint64_t bytes = 0;
	for (int i = 0; i < TALLY_MAX_ROWS; i++) {
		assert_true(tally_next(&t, &p));
		bytes += p.sent_bytes;
		tally_sent(&t, &p);
	}
	silent(&t);
	assert_int_equal(bytes, TALLY_MAX_ROWS + 1);
	assert_int_equal(tally_add(&t, 1, "lesson-0", "240p", &none, 1), -ENOBUFS);
	tally_heard(&t, 1);
	assert_int_equal(tally_add(&t, 1, "lesson-0", "240p", &none, 1), 0);
	memset(lesson, 'x', 64);
	lesson[64] = '\0';
	assert_int_equal(tally_add(&t, 1, lesson, "240p", &none, 1), -EINVAL);
	assert_int_equal(tally_add(&t, 1, "", "240p", &none, 1), -EINVAL);
	assert_int_equal(tally_add(&t, 1, "l", "a-rung-of-twenty-four-ch", &none, 1), -EINVAL);
	free(sheet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_by_day_lesson_and_rung),
		cmocka_unit_test(a_closed_packet_does_not_grow),
		cmocka_unit_test(is_sent_again_until_it_is_on_disk),
		cmocka_unit_test(another_goes_on_where_one_was_killed),
		cmocka_unit_test(is_bounded),
	};
	return cmocka_run_group_tests_name("cache/tally", tests, NULL, NULL);
}
