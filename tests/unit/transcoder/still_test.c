// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/still.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "content/transcoder/mezz.h"

static AVFrame *picture(void)
{
	AVFrame *f = av_frame_alloc();
	f->format = AV_PIX_FMT_YUV420P;
	f->width = 320;
	f->height = 160; /* 20 x 10 blocks */
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	for (int i = 0; i < 3; i++)
		memset(f->data[i], 100, (size_t)f->linesize[i] * (i ? 80 : 160));
	return f;
}

/* Changes `blocks` of the 200. */
static AVFrame *changed(int blocks)
{
	AVFrame *f = picture();
	for (int b = 0; b < blocks; b++)
		for (int y = 0; y < 16; y++)
			memset(f->data[0] + (b / 20 * 16 + y) * f->linesize[0] + b % 20 * 16, 180,
			       16);
	return f;
}

static void classes_follow_the_share_of_changed_blocks(void **state)
{
	(void)state;
	static const struct {
		int blocks;
		enum still_class want;
	} rows[] = {
		{ 0, STILL_STATIC },  { 1, STILL_STATIC },   { 3, STILL_SCREEN },
		{ 90, STILL_SCREEN }, { 150, STILL_CAMERA },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct still s = { 0 };
		AVFrame *a = picture(), *b = changed(rows[i].blocks);
		assert_int_equal(still_add(&s, a), 0);
		assert_int_equal(still_end(&s), STILL_UNKNOWN);
		assert_int_equal(still_add(&s, b), 0);
		assert_int_equal(still_end(&s), rows[i].want);
		still_done(&s);
		av_frame_free(&a);
		av_frame_free(&b);
	}
}

static void detail_counts_edges(void **state)
{
	(void)state;
	AVFrame *plain = picture(), *busy = changed(37);
	assert_int_equal(still_detail(plain), 0);
	assert_true(still_detail(busy) > 0);
	av_frame_free(&plain);
	av_frame_free(&busy);
}

static void the_grid_covers_every_picture_once(void **state)
{
	(void)state;
	static const struct {
		uint32_t num, den;
		uint64_t frames;
	} rows[] = {
		{ 25, 1, 1 },
		{ 25, 1, 2422 },
		{ 30000, 1001, 107892 },
		{ 5, 1, 36000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wasl_Plan plan = { .timescale =
					   rows[i].num < 1000 ? rows[i].num * 1000 : rows[i].num,
				   .fps_num = rows[i].num,
				   .fps_den = rows[i].den };
		assert_int_equal(mezz_grid(&plan, rows[i].frames), 0);
		uint64_t ticks = plan.timescale * rows[i].den / rows[i].num, at = 0;
		for (pb_size_t s = 0; s < plan.segments_count; s++) {
			assert_int_equal(plan.segments[s].start_ticks, at);
			assert_int_equal(plan.segments[s].duration_ticks % ticks, 0);
			at += plan.segments[s].duration_ticks;
		}
		assert_int_equal(at, rows[i].frames * ticks);
		struct mezz_made made = { .plan = plan };
		mezz_made_done(&made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_follow_the_share_of_changed_blocks),
		cmocka_unit_test(detail_counts_edges),
		cmocka_unit_test(the_grid_covers_every_picture_once),
	};
	return cmocka_run_group_tests_name("transcoder/still", tests, NULL, NULL);
}
