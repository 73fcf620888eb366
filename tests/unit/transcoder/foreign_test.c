// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/foreign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

/* Frames as containers stamp them, and where their first sample is. */
static void counts_and_believes_only_large_differences(void **state)
{
	(void)state;
	static const struct {
		int64_t pts; /* milliseconds */
		int samples, rate;
		int64_t want;
	} rows[] = {
		{ 100, 1024, 44100, 0 },     /* the lesson begins at 100 ms */
		{ 123, 1024, 44100, 1024 },  /* 23.2 ms later, rounded down */
		{ 146, 1024, 44100, 2048 },  /* and again: the count is right */
		{ 165, 1024, 44100, 3072 },  /* 4 ms of jitter */
		{ 400, 1024, 44100, 13230 }, /* a hole of 0.2 s: the stamp is right */
		{ AV_NOPTS_VALUE, 1024, 44100, 14254 },
		{ 446, 960, 48000, 16629 }, /* the rate changes: the same place, counted anew */
		{ 466, 960, 48000, 17589 },
		{ 300, 960, 48000, 9600 }, /* back by more than 20 ms */
	};
	struct foreign_clock c;
	foreign_clock_init(&c, 100000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AVFrame f = { .pts = rows[i].pts,
			      .nb_samples = rows[i].samples,
			      .sample_rate = rows[i].rate };
		assert_int_equal(foreign_clock_take(&c, &f, (AVRational){ 1, 1000 }), rows[i].want);
	}
}

static void knows_no_place_before_the_first_stamp(void **state)
{
	(void)state;
	struct foreign_clock c;
	AVFrame f = { .pts = AV_NOPTS_VALUE, .nb_samples = 1024, .sample_rate = 48000 };
	foreign_clock_init(&c, 0);
	assert_true(foreign_clock_take(&c, &f, (AVRational){ 1, 1000 }) == INT64_MIN);
	f.pts = 10;
	assert_int_equal(foreign_clock_take(&c, &f, (AVRational){ 1, 1000 }), 480);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_believes_only_large_differences),
		cmocka_unit_test(knows_no_place_before_the_first_stamp),
	};
	return cmocka_run_group_tests_name("transcoder/foreign", tests, NULL, NULL);
}
