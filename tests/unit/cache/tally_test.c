// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/tally.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
}

static void silent(struct tally *t)
{
	struct want_tally p;
	assert_false(tally_next(t, &p));
}

static void adds_up_by_day_lesson_and_rung(void **state)
{
	(void)state;
	struct tally *t = tally_new();
	struct want_tally p;
	silent(t);
	assert_int_equal(tally_add(t, 20000, "fractions", "240p", &one, 100), 0);
	assert_int_equal(tally_add(t, 20000, "fractions", "audio", &none, 7), 0);
	assert_int_equal(tally_add(t, 20000, "fractions", "240p", &two, 200), 0);
	assert_int_equal(tally_add(t, 20001, "fractions", "240p", &one, 1), 0);
	assert_true(tally_next(t, &p));
	assert_int_equal(p.starts, 1);
	assert_int_equal(p.completions, 1);
	assert_int_equal(p.new_devices, 1);
	assert_int_equal(p.watched_ms, 8000);
	expect(t, 1, 20000, "240p", 300);
	tally_sent(t);
	expect(t, 2, 20000, "audio", 7);
	tally_sent(t);
	expect(t, 3, 20001, "240p", 1);
	tally_sent(t);
	silent(t);
	tally_free(t);
}

/* A packet that was handed out once never changes: its number stands for its counts. */
static void a_closed_packet_does_not_grow(void **state)
{
	(void)state;
	struct tally *t = tally_new();
	assert_int_equal(tally_add(t, 20000, "fractions", "240p", &one, 100), 0);
	expect(t, 1, 20000, "240p", 100);
	assert_int_equal(tally_add(t, 20000, "fractions", "240p", &none, 5), 0);
	expect(t, 1, 20000, "240p", 100);
	tally_sent(t);
	expect(t, 2, 20000, "240p", 5);
	tally_sent(t);
	silent(t);
	tally_free(t);
}

static void is_sent_again_until_it_is_on_disk(void **state)
{
	(void)state;
	struct tally *t = tally_new();
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(tally_add(t, 20000, "fractions", "240p", &one, i), 0);
		expect(t, i, 20000, "240p", i);
		tally_sent(t);
	}
	silent(t);
	tally_heard(t, 1);
	tally_heard(t, 1);
	tally_disconnected(t);
	assert_int_equal(tally_add(t, 20000, "fractions", "240p", &one, 4), 0);
	for (uint64_t i = 2; i <= 4; i++) {
		expect(t, i, 20000, "240p", i);
		tally_sent(t);
	}
	/* What was not sent on this connection cannot have been heard on it. */
	tally_disconnected(t);
	tally_heard(t, 4);
	expect(t, 2, 20000, "240p", 2);
	tally_sent(t);
	tally_sent(t);
	tally_heard(t, 1000);
	expect(t, 4, 20000, "240p", 4);
	tally_sent(t);
	tally_heard(t, 4);
	tally_disconnected(t);
	silent(t);
	tally_free(t);
}

static void is_bounded(void **state)
{
	(void)state;
	struct tally *t = tally_new();
	char lesson[80];
	for (int i = 0; i <= TALLY_MAX_ROWS; i++) {
		snprintf(lesson, sizeof(lesson), "lesson-%d", i);
		assert_int_equal(tally_add(t, 1, lesson, "240p", &none, 1),
				 i < TALLY_MAX_ROWS ? 0 : -ENOBUFS);
	}
	assert_int_equal(tally_add(t, 1, "lesson-0", "240p", &none, 1), 0);
	memset(lesson, 'x', 64);
	lesson[64] = '\0';
	assert_int_equal(tally_add(t, 1, lesson, "240p", &none, 1), -EINVAL);
	assert_int_equal(tally_add(t, 1, "", "240p", &none, 1), -EINVAL);
	assert_int_equal(tally_add(t, 1, "l", "a-rung-of-twenty-four-ch", &none, 1), -EINVAL);
	tally_free(t);
	tally_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_by_day_lesson_and_rung),
		cmocka_unit_test(a_closed_packet_does_not_grow),
		cmocka_unit_test(is_sent_again_until_it_is_on_disk),
		cmocka_unit_test(is_bounded),
	};
	return cmocka_run_group_tests_name("cache/tally", tests, NULL, NULL);
}
