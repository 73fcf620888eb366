// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void sound_edges_lie_on_frames_nearest_to_the_picture(void **state)
{
	(void)state;
	static const struct {
		uint64_t ticks;
		uint32_t timescale;
		uint64_t edge, end;
	} rows[] = {
		{ 0, 25000, 0, 0 },
		{ 100000, 25000, 188 * 1024, 188 * 1024 }, /* 4 s = 187.5 frames: halves go up */
		{ 200000, 25000, 375 * 1024, 375 * 1024 }, /* 8 s fall on a frame */
		{ 120120, 30000, 188 * 1024, 188 * 1024 }, /* 4.004 s = 187.69 */
		{ 100001, 25000, 188 * 1024, 188 * 1024 },
		{ 8001, 1000, 375 * 1024, 376 * 1024 }, /* the end keeps what sticks out */
		{ UINT64_C(4) * 3600 * 10000000, 10000000, 675000 * UINT64_C(1024),
		  675000 * UINT64_C(1024) },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(grid_sound_edge(rows[i].ticks, rows[i].timescale), rows[i].edge);
		assert_int_equal(grid_sound_end(rows[i].ticks, rows[i].timescale), rows[i].end);
	}
}

static void cuts_short_segments_then_as_few_as_may_be(void **state)
{
	(void)state;
	static const struct {
		uint64_t frames;
		uint32_t num, den;
		uint64_t want[8];
	} rows[] = {
		{ 2425, 25, 1, { 100, 150, 242, 242, 242, 242, 242, 242 } }, /* nine of 9.68 s */
		{ 2502,
		  25,
		  1,
		  { 100, 150, 226, 226, 226, 226, 226, 226 } }, /* nine would be 10 s and more */
		{ 500, 25, 1, { 100, 150, 250 } },              /* 10 s are allowed */
		{ 501, 25, 1, { 100, 150, 126, 125 } },         /* no more than that */
		{ 300, 25, 1, { 100, 200 } }, /* a tail under 2 s joins the one before */
		{ 301, 25, 1, { 100, 150, 51 } },
		{ 150, 25, 1, { 150 } },
		{ 151, 25, 1, { 100, 51 } },
		{ 1, 25, 1, { 1 } },
		{ 1000, 30000, 1001, { 120, 180, 234, 234, 232 } },
		{ 40, 1, 1, { 4, 6, 10, 10, 10 } },
		{ 7, 1, 10, { 2, 2, 2, 1 } }, /* slides, one in ten seconds */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t left = rows[i].frames;
		for (uint32_t s = 1; s <= ARRAY_LEN(rows[i].want) && left; s++) {
			uint64_t got = grid_cut(s, left, rows[i].num, rows[i].den);
			assert_int_equal(got, rows[i].want[s - 1]);
			left -= got;
		}
	}
}

static void cuts_at_key_frames_where_they_are(void **state)
{
	(void)state;
	static const struct {
		uint32_t segment;
		uint64_t at, left, keys[6];
		size_t count;
		uint64_t want;
	} rows[] = {
		{ 1, 0, 2500, { 0, 90, 180 }, 3, 90 },            /* 3.6 s: near enough to 4 */
		{ 1, 0, 2500, { 0, 76, 104, 124 }, 4, 104 },      /* the one nearest to 4 s */
		{ 1, 0, 2500, { 0, 74, 128 }, 3, 100 },           /* none between 3 and 5 s */
		{ 2, 90, 2410, { 0, 90, 220, 270 }, 4, 130 },     /* counted from where it begins */
		{ 2, 90, 2410, { 0, 90, 180 }, 3, 150 },          /* none between 5 and 7 s */
		{ 3, 180, 2320, { 180, 370, 390, 400 }, 4, 220 }, /* 8 s at least, later */
		{ 3, 180, 2320, { 180, 431 }, 2, 232 },           /* 10 s at most */
		{ 3, 180, 2320, { 180, 391 }, 2, 232 },           /* an odd place is none */
		{ 3, 180, 258, { 180, 420 }, 2, 130 },            /* too little would be left */
		{ 3, 180, 240, { 180, 400 }, 2, 240 },            /* the last is the rest */
		{ 3, 180, 2320, { 0 }, 0, 232 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(grid_cut_at_key(rows[i].segment, rows[i].at, rows[i].left, 25, 1,
						 rows[i].keys, rows[i].count),
				 rows[i].want);
}

static void scales_without_overflow(void **state)
{
	(void)state;
	assert_int_equal(grid_scale(UINT64_MAX / 2, 2, 4), UINT64_MAX / 4);
	assert_int_equal(grid_us(90001, 90000), 1000011);
	assert_int_equal(grid_us(UINT64_C(1) << 40, 48000), UINT64_C(22906492245333));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_edges_lie_on_frames_nearest_to_the_picture),
		cmocka_unit_test(cuts_short_segments_then_as_few_as_may_be),
		cmocka_unit_test(cuts_at_key_frames_where_they_are),
		cmocka_unit_test(scales_without_overflow),
	};
	return cmocka_run_group_tests_name("transcoder/grid", tests, NULL, NULL);
}
