// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/survey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void pictures_are_told_apart_by_what_was_measured(void **state)
{
	(void)state;
	/* As seen in lectures, screencasts and phone films. */
	static const struct {
		uint8_t changed, few, sharp;
		enum still_class want;
	} rows[] = {
		{ 0, 100, 0, STILL_STATIC },  /* a slide */
		{ 0, 21, 3, STILL_STATIC },   /* a photograph that stands */
		{ 5, 99, 25, STILL_SCREEN },  /* a plot that is drawn */
		{ 55, 83, 22, STILL_SCREEN }, /* windows that move */
		{ 47, 13, 20, STILL_SCREEN }, /* windows over a photograph */
		{ 51, 56, 13, STILL_SCREEN }, /* a coloured wave in a frame */
		{ 7, 24, 3, STILL_CAMERA },   /* a head before a wall */
		{ 100, 21, 3, STILL_CAMERA }, /* an animated film */
		{ 82, 18, 11, STILL_CAMERA },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct survey_spot s = { .changed = rows[i].changed,
					       .few = rows[i].few,
					       .sharp = rows[i].sharp };
		assert_int_equal(survey_kind(&s), rows[i].want);
	}
}

static void a_segment_is_what_most_of_it_is(void **state)
{
	(void)state;
	struct survey_spot spots[] = {
		{ .at_us = 0, .kind = STILL_STATIC },
		{ .at_us = 4000000, .kind = STILL_CAMERA },
		{ .at_us = 8000000, .kind = STILL_CAMERA },
		{ .at_us = 20000000, .kind = STILL_SCREEN },
	};
	const struct survey s = { .spots = spots, .count = ARRAY_LEN(spots) };
	static const struct {
		int64_t from_s, to_s;
		enum still_class want;
	} rows[] = {
		{ 0, 4, STILL_STATIC },   { 3, 9, STILL_CAMERA },   { 0, 5, STILL_STATIC },
		{ 10, 12, STILL_CAMERA }, { 18, 24, STILL_SCREEN }, { 100, 108, STILL_SCREEN },
		{ -5, 1, STILL_STATIC },  { 16, 22, STILL_CAMERA },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(survey_class(&s, rows[i].from_s * 1000000, rows[i].to_s * 1000000),
				 rows[i].want);
	const struct survey none = { 0 };
	assert_int_equal(survey_class(&none, 0, 8000000), STILL_UNKNOWN);
}

static void damage_is_told_from_two_in_a_hundred_on(void **state)
{
	(void)state;
	static const struct {
		unsigned pictures, bad;
		const char *reason, *share;
	} rows[] = {
		{ 0, 0, "", "" },
		{ 1000, 0, "", "" },
		{ 1000, 19, "", "" },
		{ 40, 3, "", "" }, /* the end of a stream that was cut */
		{ 1000, 20, "probe.patchy", "2" },
		{ 10, 30, "probe.patchy", "100" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct survey s = { .pictures = rows[i].pictures, .bad = rows[i].bad };
		struct verdict v = { 0 };
		survey_judge(&s, &v);
		assert_string_equal(verdict_reason(&v), rows[i].reason);
		if (v.count)
			assert_string_equal(v.notes[0].values[0], rows[i].share);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_are_told_apart_by_what_was_measured),
		cmocka_unit_test(a_segment_is_what_most_of_it_is),
		cmocka_unit_test(damage_is_told_from_two_in_a_hundred_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
