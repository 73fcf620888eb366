// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/reorder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define PERIOD 1000u
#define MOST 24u

/* Numbers of the pictures in the order they are coded; times are 1,000 ticks apart. */
static const struct {
	const char *what;
	size_t count;
	unsigned shown[MOST];
	uint64_t late; /* ticks */
} rows[] = {
	{ "one picture", 1, { 0 }, 0 },
	{ "none waits", 4, { 0, 1, 2, 3 }, 0 },
	{ "three between", 9, { 0, 4, 1, 2, 3, 8, 5, 6, 7 }, 0 },
	{ "three between, the middle one first", 9, { 0, 4, 2, 1, 3, 8, 6, 5, 7 }, 0 },
	{ "eight between", 12, { 0, 9, 4, 1, 2, 3, 5, 6, 7, 8, 11, 10 }, 0 },
	{ "what stays is left out", 7, { 0, 12, 6, 5, 11, 23, 22 }, 0 },
	/* Three before the second picture: as soon as a quarter of a picture allows. */
	{ "three deep", 9, { 0, 8, 4, 2, 1, 3, 6, 5, 7 }, 0 },
	{ "five deep", 7, { 0, 16, 8, 4, 2, 1, 3 }, 250 },
};

static uint64_t times_of(size_t row, uint64_t *shown, uint64_t *times, uint64_t from)
{
	for (size_t i = 0; i < rows[row].count; i++)
		shown[i] = from + (uint64_t)rows[row].shown[i] * PERIOD;
	assert_int_equal(reorder_times(shown, rows[row].count, from, from + MOST * PERIOD, PERIOD,
				       times),
			 0);
	return reorder_late(shown, times, rows[row].count);
}

static void nothing_is_late_for_who_knows_no_negative_offsets(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t shown[MOST], times[MOST];
		uint64_t late = times_of(i, shown, times, 70000);
		if (late != rows[i].late)
			fail_msg("%s: %u ticks late, not %u", rows[i].what, (unsigned)late,
				 (unsigned)rows[i].late);
	}
}

static void times_rise_from_the_edge_and_stay_inside(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t shown[MOST], times[MOST];
		times_of(i, shown, times, 70000);
		assert_int_equal(times[0], 70000);
		for (size_t k = 1; k < rows[i].count; k++)
			assert_true(times[k] >= times[k - 1] + PERIOD / 4);
		assert_true(times[rows[i].count - 1] < 70000 + MOST * PERIOD);
	}
}

/* Halves are enough for what veryfast makes: readers that guess a rate find its double, not four times it. */
static void steps_are_halves_where_these_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint64_t shown[MOST], times[MOST];
		times_of(i, shown, times, 0);
		for (size_t k = 0; k < rows[i].count; k++)
			assert_int_equal(times[k] % (PERIOD / 2), 0);
	}
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	const uint64_t shown[] = { 1000, 4000, 2000, 3000 }, first[] = { 0, 1 };
	uint64_t times[4];
	assert_int_equal(reorder_times(shown, 4, 0, 5000, 1000, times), -EPROTO);
	assert_int_equal(reorder_times(shown, 4, 1000, 2500, 1000, times), -EPROTO);
	assert_int_equal(reorder_times(shown, 0, 1000, 5000, 1000, times), -EPROTO);
	assert_int_equal(reorder_times(first, 2, 0, 4, 0, times), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_late_for_who_knows_no_negative_offsets),
		cmocka_unit_test(times_rise_from_the_edge_and_stay_inside),
		cmocka_unit_test(steps_are_halves_where_these_do),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
