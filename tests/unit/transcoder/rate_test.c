// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "content/transcoder/orient.h"

static void rates_become_usual_ones_of_at_most_thirty(void **state)
{
	(void)state;
	static const struct {
		AVRational base, average, want;
	} rows[] = {
		{ { 25, 1 }, { 25, 1 }, { 25, 1 } },
		{ { 50, 1 }, { 50, 1 }, { 25, 1 } }, /* every second picture */
		{ { 60000, 1001 }, { 60000, 1001 }, { 30000, 1001 } },
		{ { 30000, 1001 },
		  { 45000, 1501 },
		  { 30000, 1001 } }, /* an average rounded by a short file */
		{ { 120, 1 }, { 120, 1 }, { 30, 1 } },
		{ { 120, 1 }, { 5249, 2633 }, { 5, 1 } }, /* uneven: the next usual rate above */
		{ { 1000, 1 }, { 2143, 100 }, { 24000, 1001 } },
		{ { 1000, 1 }, { 29, 1 }, { 30000, 1001 } },
		{ { 90000, 1 }, { 0, 0 }, { 25, 1 } }, /* a clock, not a rate */
		{ { 0, 0 }, { 0, 0 }, { 25, 1 } },
		{ { 15, 1 }, { 15, 1 }, { 15, 1 } },
		{ { 24, 1 }, { 24, 1 }, { 24, 1 } },
		{ { 15, 2 },
		  { 15, 2 },
		  { 15, 1 } }, /* slow ones: each picture twice, and on time */
		{ { 6, 1 }, { 6, 1 }, { 12, 1 } },
		{ { 3, 1 }, { 3, 1 }, { 12, 1 } },
		{ { 7, 1 }, { 7, 1 }, { 8, 1 } }, /* no usual rate has a place for each */
		{ { 1, 1 }, { 1, 1 }, { 5, 1 } },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AVRational got = rate_pick(rows[i].base, rows[i].average);
		assert_int_equal(got.num, rows[i].want.num);
		assert_int_equal(got.den, rows[i].want.den);
		uint64_t ticks = (uint64_t)rate_timescale(got) * (uint64_t)got.den;
		assert_int_equal(ticks % (uint64_t)got.num, 0);
	}
}

static void sizes_are_square_upright_and_bounded(void **state)
{
	(void)state;
	static const struct {
		int width, height;
		AVRational sar;
		unsigned turn;
		uint32_t want_width, want_height;
	} rows[] = {
		{ 1280, 720, { 1, 1 }, 0, 1280, 720 },
		{ 1920, 1080, { 0, 1 }, 0, 1280, 720 },
		{ 1920, 1080, { 1, 1 }, ORIENT_SWAP | ORIENT_FLIP_X, 720, 1280 }, /* held upright */
		{ 2160, 3840, { 1, 1 }, 0, 720, 1280 },
		{ 720, 576, { 64, 45 }, 0, 1024, 576 }, /* widescreen DV keeps its lines */
		{ 1440, 1080, { 4, 3 }, 0, 1280, 720 },
		{ 642, 642, { 1, 1 }, 0, 642, 642 },
		{ 321, 241, { 1, 1 }, 0, 322, 242 }, /* odd: to the nearest even */
		{ 16, 16, { 1, 1 }, 0, 64, 64 },     /* no encoder of mezzanines takes less */
		{ 32, 18, { 1, 1 }, 0, 114, 64 },
		{ 18, 32, { 1, 1 }, 0, 64, 114 },
		{ 256, 64, { 1, 4 }, 0, 64, 64 },
		{ 2000, 16, { 1, 1 }, 0, 2000, 16 },    /* a thread: nothing helps */
		{ 8000, 200, { 1, 1 }, 0, 2880, 72 },   /* a ribbon */
		{ 640, 480, { 1, 1000 }, 0, 640, 480 }, /* nonsense is passed over */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t w, h;
		rate_size(rows[i].width, rows[i].height, rows[i].sar, rows[i].turn, 720, &w, &h);
		assert_int_equal(w, rows[i].want_width);
		assert_int_equal(h, rows[i].want_height);
	}
}

/* A picture of 4x2 luma with different bytes, turned eight ways. */
static void pictures_turn_as_their_matrix_says(void **state)
{
	(void)state;
	enum { ONE = 1 << 16 };
	static const struct {
		int32_t a, b, c, d;
		uint8_t first,
			last; /* luma of the corners, top left and bottom right, after turning */
		int width, height;
	} rows[] = {
		{ ONE, 0, 0, ONE, 1, 8, 4, 2 },
		{ 0, ONE, -ONE, 0, 5, 4, 2,
		  4 }, /* 90 degrees clockwise: what was bottom left is top left */
		{ -ONE, 0, 0, -ONE, 8, 1, 4, 2 }, /* 180 */
		{ 0, -ONE, ONE, 0, 4, 5, 2, 4 },  /* 270 */
		{ -ONE, 0, 0, ONE, 4, 5, 4, 2 },  /* mirror */
		{ ONE, 0, 0, -ONE, 5, 4, 4, 2 },
		{ 0, ONE, ONE, 0, 1, 8, 2, 4 }, /* along the diagonal */
		{ 0, -ONE, -ONE, 0, 8, 1, 2, 4 },
		{ 0, 0, 0, 0, 1, 8, 4, 2 }, /* no matrix at all */
		{ INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, 1, 8, 4, 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const int32_t matrix[9] = { rows[i].a, rows[i].b, 0, rows[i].c, rows[i].d,
					    0,         0,         0, 1 << 30 };
		uint8_t luma[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, chroma[2][2] = { { 1, 2 }, { 3, 4 } };
		uint8_t to_luma[8] = { 0 }, to_chroma[2][2] = { { 0 } };
		AVFrame from = { .data = { luma, chroma[0], chroma[1] },
				 .linesize = { 4, 2, 2 },
				 .width = 4,
				 .height = 2 };
		int w = rows[i].width;
		AVFrame to = { .data = { to_luma, to_chroma[0], to_chroma[1] },
			       .linesize = { w, w / 2, w / 2 },
			       .width = w,
			       .height = rows[i].height };
		unsigned how = orient_of(matrix);
		assert_int_equal(!!(how & ORIENT_SWAP), w == 2);
		orient_apply(how, &from, &to);
		assert_int_equal(to_luma[0], rows[i].first);
		assert_int_equal(to_luma[7], rows[i].last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_become_usual_ones_of_at_most_thirty),
		cmocka_unit_test(sizes_are_square_upright_and_bounded),
		cmocka_unit_test(pictures_turn_as_their_matrix_says),
	};
	return cmocka_run_group_tests_name("transcoder/rate", tests, NULL, NULL);
}
