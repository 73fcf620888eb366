// SPDX-License-Identifier: GPL-2.0-or-later
/* What a rung's film encodes, and what it lets stay. */
#include "content/transcoder/film.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* after what it needs */
#include <cmocka.h>

#include "content/transcoder/job.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define PICTURES 50u /* two seconds of 25 */
#define WIDTH 64
#define HEIGHT 48

/* A grey picture with a square of 8x8 that is `step` lighter. */
static AVFrame *make_picture(unsigned step)
{
	AVFrame *f = av_frame_alloc();
	assert_non_null(f);
	f->format = AV_PIX_FMT_YUV420P;
	f->width = WIDTH;
	f->height = HEIGHT;
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	for (int plane = 0; plane < 3; plane++)
		memset(f->data[plane], 100,
		       (size_t)f->linesize[plane] * (plane ? HEIGHT / 2 : HEIGHT));
	for (int y = 16; y < 24; y++)
		memset(f->data[0] + (ptrdiff_t)y * f->linesize[0] + 16, 100 + (int)step, 8);
	return f;
}

/* So many of two seconds' pictures are encoded, of which each is `step` lighter in one place than the one before. */
static uint64_t encoded(unsigned step, enum job_pace pace, uint32_t class)
{
	const struct job_order order = { .segment = 1,
					 .timescale = 25000,
					 .to_ticks = PICTURES * 1000,
					 .content_class = class,
					 .pace = pace };
	const struct job_rung rung = { .width = WIDTH,
				       .height = HEIGHT,
				       .fps_num = 25,
				       .fps_den = 1,
				       .cap_bps = 280000,
				       .profile = 77,
				       .level = 11 };
	struct film f;
	struct fault why;
	assert_int_equal(film_open(&f, &order, &rung, &why), 0);
	for (unsigned i = 0; i < PICTURES; i++) {
		AVFrame *picture = make_picture(i * step);
		/* The source says that each is new. */
		assert_int_equal(film_wants(&f, i + 1), 1);
		assert_int_equal(film_feed(&f, picture, i + 1, &why), 0);
		av_frame_free(&picture);
	}
	struct box_out init = { 0 }, media = { 0 };
	assert_int_equal(film_finish(&f, &init, &media, &why), 0);
	assert_true(init.len > 0 && media.len > 0);
	const uint64_t count = f.coded;
	box_done(&init);
	box_done(&media);
	film_close(&f);
	return count;
}

static void encodes_what_is_new_in_its_own_size(void **state)
{
	(void)state;
	static const struct {
		unsigned step;
		uint64_t want;
	} rows[] = {
		{ 0, 6 },  /* one in half a second, and the last two */
		{ 2, 50 }, /* every one is new */
		{ 1,
		  26 }, /* every second one differs from the one kept by enough: slow changes add up */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(encoded(rows[i].step, JOB_NOW, 3), rows[i].want);
		assert_int_equal(encoded(rows[i].step, JOB_IDLE, 2), rows[i].want);
	}
}

int main(void)
{
	av_log_set_level(AV_LOG_QUIET);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_what_is_new_in_its_own_size),
	};
	return cmocka_run_group_tests_name("transcoder/film", tests, NULL, NULL);
}
