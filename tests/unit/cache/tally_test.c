// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/tally.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void adds_up_by_day_lesson_and_rung(void **state)
{
	(void)state;
	struct tally *t = tally_new();
	struct want_tally p;
	const struct uses_gain one = { 1, 0, 1, 4000 }, two = { 0, 1, 0, 4000 }, none = { 0 };
	assert_false(tally_next(t, &p));
	assert_int_equal(tally_add(t, 20000, "fractions", "240p", &one, 100), 0);
	assert_int_equal(tally_add(t, 20000, "fractions", "audio", &none, 7), 0);
	assert_int_equal(tally_add(t, 20000, "fractions", "240p", &two, 200), 0);
	assert_int_equal(tally_add(t, 20001, "fractions", "240p", &one, 1), 0);
	assert_true(tally_next(t, &p));
	assert_int_equal(want_check(&p, sizeof(p)), 0);
	assert_int_equal(p.sequence, 1);
	assert_int_equal(p.day, 20000);
	assert_string_equal(p.lesson, "fractions");
	assert_string_equal(p.rung, "240p");
	assert_int_equal(p.starts, 1);
	assert_int_equal(p.completions, 1);
	assert_int_equal(p.new_devices, 1);
	assert_int_equal(p.watched_ms, 8000);
	assert_int_equal(p.sent_bytes, 300);
	/* Not sent: it grows on, and has the same number. */
	assert_int_equal(tally_add(t, 20000, "fractions", "240p", &none, 50), 0);
	assert_true(tally_next(t, &p));
	assert_int_equal(p.sent_bytes, 350);
	assert_int_equal(p.sequence, 1);
	tally_sent(t);
	assert_true(tally_next(t, &p));
	assert_string_equal(p.rung, "audio");
	assert_int_equal(p.sequence, 2);
	tally_sent(t);
	assert_true(tally_next(t, &p));
	assert_int_equal(p.day, 20001);
	tally_sent(t);
	assert_false(tally_next(t, &p));
	/* What was sent is gone: the next begins at nothing. */
	assert_int_equal(tally_add(t, 20001, "fractions", "240p", &none, 5), 0);
	assert_true(tally_next(t, &p));
	assert_int_equal(p.sequence, 4);
	assert_int_equal(p.sent_bytes, 5);
	tally_free(t);
}

static void is_bounded(void **state)
{
	(void)state;
	struct tally *t = tally_new();
	const struct uses_gain none = { 0 };
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
		cmocka_unit_test(is_bounded),
	};
	return cmocka_run_group_tests_name("cache/tally", tests, NULL, NULL);
}
