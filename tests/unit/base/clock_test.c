// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void days_and_their_names(void **state)
{
	(void)state;
	static const struct {
		int64_t unix_s;
		int32_t day;
		const char *text, *iso;
	} rows[] = {
		{ 0, 0, "1970-01-01", "1970-01-01T00:00:00Z" },
		{ 86399, 0, "1970-01-01", "1970-01-01T23:59:59Z" },
		{ 86400, 1, "1970-01-02", "1970-01-02T00:00:00Z" },
		{ -1, -1, "1969-12-31", "1969-12-31T23:59:59Z" },
		{ 1795335300, 20779, "2026-11-22", "2026-11-22T08:15:00Z" },
		{ 951782400, 11016, "2000-02-29", "2000-02-29T00:00:00Z" },
		{ INT64_MAX, INT32_MAX, "9999-12-31", "9999-12-31T23:59:59Z" },
		{ INT64_MIN, INT32_MIN, "0000-01-01", "0000-01-01T00:00:00Z" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[11], iso[21];
		assert_int_equal(clock_day(rows[i].unix_s), rows[i].day);
		clock_day_text(rows[i].day, text);
		clock_iso(rows[i].unix_s, iso);
		assert_string_equal(text, rows[i].text);
		assert_string_equal(iso, rows[i].iso);
	}
}

static void tests_can_shift_the_wall_clock(void **state)
{
	(void)state;
	unsetenv("WASL_CLOCK_OFFSET_S");
	int64_t before = clock_wall_s();
	setenv("WASL_CLOCK_OFFSET_S", "-100000000", 1);
	int64_t shifted = clock_wall_s();
	unsetenv("WASL_CLOCK_OFFSET_S");
	int64_t after = clock_wall_s();
	assert_in_range(shifted + 100000000, before, after);
}

static void the_deadline_clock_does_not_go_back(void **state)
{
	(void)state;
	uint64_t a = clock_mono_ms(), b = clock_mono_ms();
	assert_true(b >= a && a > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_their_names),
		cmocka_unit_test(tests_can_shift_the_wall_clock),
		cmocka_unit_test(the_deadline_clock_does_not_go_back),
	};
	return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
