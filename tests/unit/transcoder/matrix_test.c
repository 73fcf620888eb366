// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 35
#define HEIGHT 19

static AVFrame *plain(const uint8_t colour[static 3])
{
	AVFrame *f = av_frame_alloc();
	f->format = AV_PIX_FMT_YUV420P;
	f->width = WIDTH;
	f->height = HEIGHT;
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	for (int i = 0; i < 3; i++)
		memset(f->data[i], colour[i],
		       (size_t)f->linesize[i] * (i ? (HEIGHT + 1) / 2 : HEIGHT));
	return f;
}

/* The six corners and a grey, by the recommendations' own equations. */
static void colours_stay_what_they_look_like(void **state)
{
	(void)state;
	static const struct {
		uint8_t from[3], want[3];
	} rows[] = {
		{ { 126, 128, 128 }, { 126, 128, 128 } }, /* grey */
		{ { 16, 128, 128 }, { 16, 128, 128 } },   { { 235, 128, 128 }, { 235, 128, 128 } },
		{ { 81, 90, 240 }, { 63, 102, 240 } },   /* red */
		{ { 145, 54, 34 }, { 173, 42, 26 } },    /* green */
		{ { 41, 240, 110 }, { 32, 240, 118 } },  /* blue */
		{ { 210, 16, 146 }, { 219, 16, 138 } },  /* yellow */
		{ { 170, 166, 16 }, { 188, 154, 16 } },  /* cyan */
		{ { 106, 202, 222 }, { 78, 214, 230 } }, /* magenta */
	};
	struct matrix m;
	assert_int_equal(matrix_make(SWS_CS_ITU601, &m), 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AVFrame *f = plain(rows[i].from);
		matrix_run(&m, f);
		for (int p = 0; p < 3; p++)
			for (int y = 0; y < (p ? (HEIGHT + 1) / 2 : HEIGHT); y++)
				for (int x = 0; x < (p ? (WIDTH + 1) / 2 : WIDTH); x++)
					assert_in_range(abs(f->data[p][y * f->linesize[p] + x] -
							    rows[i].want[p]),
							0, 1);
		av_frame_free(&f);
	}
}

static void ours_needs_nothing(void **state)
{
	(void)state;
	struct matrix m;
	assert_int_equal(matrix_make(SWS_CS_ITU709, &m), 0);
	assert_int_equal(matrix_make(SWS_CS_SMPTE240M, &m), 1);
	assert_int_equal(matrix_make(SWS_CS_BT2020, &m), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(colours_stay_what_they_look_like),
		cmocka_unit_test(ours_needs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
