// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/colour.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SIDE 8

static AVFrame *picture(int format)
{
	AVFrame *f = av_frame_alloc();
	f->format = format;
	f->width = f->height = SIDE;
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	return f;
}

struct yuv {
	double y, u, v; /* 0 to 1; -0.5 to 0.5 */
};

/* One colour through a table: 8-bit codes. */
static void run(const struct colour_light *l, struct yuv c, int out[3])
{
	AVFrame *in = picture(AV_PIX_FMT_YUV444P16LE), *to = picture(AV_PIX_FMT_YUV420P);
	const double codes[] = { 16 + 219 * c.y, 128 + 224 * c.u, 128 + 224 * c.v };
	for (int p = 0; p < 3; p++)
		for (int y = 0; y < SIDE; y++)
			for (int x = 0; x < SIDE; x++)
				((uint16_t *)(void *)(in->data[p] +
						      (ptrdiff_t)y * in->linesize[p]))[x] =
					(uint16_t)lrint(codes[p] * 256);
	struct colour_map *m = colour_map_new(l);
	assert_non_null(m);
	colour_map_run(m, in, to);
	for (int p = 0; p < 3; p++) {
		out[p] = to->data[p][0];
		int size = p ? SIDE / 2 : SIDE;
		for (int y = 0; y < size; y++)
			for (int x = 0; x < size; x++)
				assert_int_equal(to->data[p][y * to->linesize[p] + x], out[p]);
	}
	colour_map_free(m);
	av_frame_free(&in);
	av_frame_free(&to);
}

static const struct colour_light pq = { AVCOL_SPC_BT2020_NCL, AVCOL_PRI_BT2020, AVCOL_TRC_SMPTE2084,
					0 },
				 hlg = { AVCOL_SPC_BT2020_NCL, AVCOL_PRI_BT2020,
					 AVCOL_TRC_ARIB_STD_B67, 0 },
				 wide = { AVCOL_SPC_BT2020_NCL, AVCOL_PRI_BT2020,
					  AVCOL_TRC_BT2020_10, 0 };

/* Codes of greys in films, and what they are on a screen whose full white is a white page's 203 nits (gamma 2.4). */
static void greys_keep_their_light_and_highlights_bend(void **state)
{
	(void)state;
	const struct {
		const struct colour_light *light;
		double code;
		int low, high;
	} rows[] = {
		{ &pq, 0, 16, 16 },
		{ &pq, 0.3, 77, 80 },      /* 10.0 nits: (10/203)^(1/2.4) is 0.285 */
		{ &pq, 0.44, 137, 141 },   /* 51.6 nits: 0.565, and the knee is not reached */
		{ &pq, 0.5807, 195, 222 }, /* 203 nits, a white page: near white, room is left */
		{ &pq, 0.7518, 234, 235 }, /* 1,000 nits: white */
		{ &pq, 1, 235, 235 },
		{ &hlg, 0, 16, 16 },
		{ &hlg, 0.75, 195, 222 }, /* a white page in HLG */
		{ &hlg, 1, 234, 235 },
		{ &wide, 0, 16, 16 },
		{ &wide, 0.5, 125, 126 }, /* ordinary light stays as it is */
		{ &wide, 1, 235, 235 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int out[3];
		run(rows[i].light, (struct yuv){ rows[i].code, 0, 0 }, out);
		if (out[0] < rows[i].low || out[0] > rows[i].high)
			fail_msg("row %zu: %d is not within %d to %d", i, out[0], rows[i].low,
				 rows[i].high);
		assert_in_range(out[1], 127, 129); /* grey stays grey */
		assert_in_range(out[2], 127, 129);
	}
}

static void a_peak_that_is_said_decides_how_much_bends(void **state)
{
	(void)state;
	struct colour_light bright = pq, dim = pq;
	bright.peak_nits = 4000;
	dim.peak_nits = 203;
	int at_bright[3], at_dim[3], at_usual[3];
	const struct yuv page = { 0.5807, 0, 0 };
	run(&bright, page, at_bright);
	run(&dim, page, at_dim);
	run(&pq, page, at_usual);
	assert_true(at_bright[0] < at_usual[0] && at_usual[0] < at_dim[0]);
	assert_in_range(at_dim[0], 234, 235);
}

/* Red of BT.709, written as BT.2020 writes it, is red again; a red beyond our screens is red, too, and not pink or orange. */
static void colours_come_back(void **state)
{
	(void)state;
	const double light[3] = { 0.6274, 0.0691, 0.0164 };
	double code[3], y = 0;
	static const double weights[3] = { 0.2627, 0.6780, 0.0593 };
	for (int i = 0; i < 3; i++) {
		code[i] = pow(light[i], 1 / 2.4);
		y += weights[i] * code[i];
	}
	int out[3];
	run(&wide, (struct yuv){ y, (code[2] - y) / 1.8814, (code[0] - y) / 1.4746 }, out);
	assert_in_range(out[0], 61, 65); /* 63, 102, 240: red */
	assert_in_range(out[1], 100, 104);
	assert_in_range(out[2], 238, 240);
	run(&wide, (struct yuv){ 0.2627, -0.2627 / 1.8814, 0.5 }, out);
	assert_true(out[2] > 200 && out[1] > 85 && out[1] < 145);
}

static void only_foreign_light_needs_a_table(void **state)
{
	(void)state;
	const struct colour_light ours = { AVCOL_SPC_BT709, AVCOL_PRI_BT709, AVCOL_TRC_BT709, 0 },
				  unsaid = { AVCOL_SPC_UNSPECIFIED, AVCOL_PRI_UNSPECIFIED,
					     AVCOL_TRC_UNSPECIFIED, 0 };
	assert_false(colour_is_foreign(&ours));
	assert_false(colour_is_foreign(&unsaid));
	assert_true(colour_is_foreign(&pq));
	assert_true(colour_is_foreign(&hlg));
	assert_true(colour_is_foreign(&wide));
	struct colour_light other = pq;
	other.peak_nits = 4000;
	assert_true(colour_is_same(&pq, &other)); /* a picture that does not say changes nothing */
	assert_false(colour_is_same(&pq, &hlg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greys_keep_their_light_and_highlights_bend),
		cmocka_unit_test(a_peak_that_is_said_decides_how_much_bends),
		cmocka_unit_test(colours_come_back),
		cmocka_unit_test(only_foreign_light_needs_a_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
