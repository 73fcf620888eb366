// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/stay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/imgutils.h>

#define WIDTH 100 /* no multiple of a block */
#define HEIGHT 52

static AVFrame *picture(enum AVPixelFormat format)
{
	AVFrame *f = av_frame_alloc();
	f->format = format;
	f->width = WIDTH;
	f->height = HEIGHT;
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	for (int i = 0; i < 3 && f->data[i]; i++)
		memset(f->data[i], 0, (size_t)f->linesize[i] * (i ? (HEIGHT + 1) / 2 : HEIGHT));
	return f;
}

/* A rectangle of one plane, `by` brighter. */
struct mark {
	enum AVPixelFormat format;
	int plane, x, y, width, height, by;
};

static void draw(AVFrame *f, const struct mark *m)
{
	for (int y = m->y; y < m->y + m->height; y++)
		for (int x = m->x; x < m->x + m->width; x++) {
			uint8_t *line = f->data[m->plane] + y * f->linesize[m->plane];
			if (f->format == AV_PIX_FMT_YUV420P10)
				((uint16_t *)(void *)line)[x] = (uint16_t)m->by;
			else
				line[x] = (uint8_t)m->by;
		}
}

static void a_stroke_is_seen_and_noise_is_not(void **state)
{
	(void)state;
	static const struct {
		struct mark mark;
		int alike;
	} rows[] = {
		{ { AV_PIX_FMT_YUV420P, 0, 0, 0, 0, 0, 0 }, 1 },
		{ { AV_PIX_FMT_YUV420P, 0, 0, 0, WIDTH, HEIGHT, 1 }, 1 }, /* a shade everywhere */
		{ { AV_PIX_FMT_YUV420P, 0, 0, 0, WIDTH, HEIGHT, 2 }, 0 },
		{ { AV_PIX_FMT_YUV420P, 0, 43, 17, 1, 7, 60 }, 0 },  /* a thin stroke */
		{ { AV_PIX_FMT_YUV420P, 0, 43, 17, 1, 1, 60 }, 1 },  /* one dot of noise */
		{ { AV_PIX_FMT_YUV420P, 0, 98, 50, 2, 2, 60 }, 0 },  /* in the last, small block */
		{ { AV_PIX_FMT_YUV420P, 1, 10, 10, 8, 8, 20 }, 0 },  /* colour alone */
		{ { AV_PIX_FMT_YUV420P, 2, 48, 25, 2, 1, 120 }, 0 }, /* at the edge */
		{ { AV_PIX_FMT_YUV420P10, 0, 0, 0, WIDTH, HEIGHT, 4 }, 1 },
		{ { AV_PIX_FMT_YUV420P10, 0, 43, 17, 1, 8, 240 }, 0 },
		{ { AV_PIX_FMT_GBRP, 2, 90, 50, 8, 2, 60 }, 0 },
		{ { AV_PIX_FMT_RGB24, 0, 290, 40, 8, 8, 60 }, 0 }, /* packed: bytes */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AVFrame *a = picture(rows[i].mark.format), *b = picture(rows[i].mark.format);
		if (a->format == AV_PIX_FMT_GBRP)
			for (int p = 0; p < 3; p++) {
				memset(a->data[p], 0, (size_t)a->linesize[p] * HEIGHT);
				memset(b->data[p], 0, (size_t)b->linesize[p] * HEIGHT);
			}
		draw(b, &rows[i].mark);
		assert_int_equal(stay_alike(a, b), rows[i].alike);
		assert_int_equal(stay_alike(b, a), rows[i].alike);
		av_frame_free(&a);
		av_frame_free(&b);
	}
}

static void other_forms_are_never_alike(void **state)
{
	(void)state;
	AVFrame *a = picture(AV_PIX_FMT_YUV420P), *b = picture(AV_PIX_FMT_YUV422P);
	assert_int_equal(stay_alike(a, b), 0);
	b->format = AV_PIX_FMT_YUV420P;
	assert_int_equal(stay_alike(a, b), 1);
	b->width--;
	assert_int_equal(stay_alike(a, b), 0);
	av_frame_free(&a);
	av_frame_free(&b);
}

/* One step of noise a picture is nothing; what adds up to more than that is. And nothing is kept for ever. */
static void slow_changes_add_up(void **state)
{
	(void)state;
	static const struct {
		int level;
		uint64_t at_ms;
		int fresh;
	} rows[] = {
		{ 0, 0, 1 },   { 1, 40, 0 },  { 1, 80, 0 },  { 2, 120, 1 },
		{ 2, 160, 0 }, { 3, 500, 0 }, { 3, 520, 1 }, { 3, 900, 0 },
	};
	struct stay s = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AVFrame *f = picture(AV_PIX_FMT_YUV420P);
		draw(f,
		     &(struct mark){ AV_PIX_FMT_YUV420P, 0, 0, 0, WIDTH, HEIGHT, rows[i].level });
		assert_int_equal(stay_look(&s, f, rows[i].at_ms), rows[i].fresh);
		if (rows[i].fresh)
			assert_int_equal(s.kept->data[0][0], rows[i].level);
		av_frame_free(&f);
	}
	stay_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stroke_is_seen_and_noise_is_not),
		cmocka_unit_test(other_forms_are_never_alike),
		cmocka_unit_test(slow_changes_add_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
