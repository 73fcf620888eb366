// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define WIDTH 64
#define HEIGHT 48

static AVFrame *blank(int format)
{
	AVFrame *f = av_frame_alloc();
	f->format = format;
	f->width = WIDTH;
	f->height = HEIGHT;
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	return f;
}

static void set(AVFrame *f, int plane, int x, int y, int value)
{
	uint8_t *row = f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
	if (f->format == AV_PIX_FMT_YUV420P10LE)
		((uint16_t *)(void *)row)[x] = (uint16_t)(value * 4);
	else
		row[x] = (uint8_t)value;
}

static int get(const AVFrame *f, int plane, int x, int y)
{
	const uint8_t *row = f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
	return f->format == AV_PIX_FMT_YUV420P10LE ? ((const uint16_t *)(const void *)row)[x] / 4
						   : row[x];
}

/* A soft bar that goes right by `speed` a moment, over lines of writing that stand still; moment `t` of the scene. */
static int scene(int x, int y, int t, int speed)
{
	int away = abs(x - 8 - t * speed);
	int bar = away < 6 ? 120 - away * 15 : 0;
	return (y < 12 && y % 3 == 0 ? 200 : 60) + (y >= 16 ? bar : 0);
}

/* Picture `n`: even lines of one moment and odd ones of the next, or the other way round; whole: of one moment. */
static AVFrame *taken(int format, enum fields order, int n, int speed)
{
	AVFrame *f = blank(format);
	for (int y = 0; y < HEIGHT; y++) {
		int second = order == FIELDS_NONE ? 0 : (y & 1) == (order == FIELDS_TOP_FIRST);
		for (int x = 0; x < WIDTH; x++)
			set(f, 0, x, y, scene(x, y, n * 2 + second, speed));
	}
	for (int p = 1; p < 3; p++)
		for (int y = 0; y < HEIGHT / 2; y++)
			for (int x = 0; x < WIDTH / 2; x++)
				set(f, p, x, y, 128);
	f->interlaced_frame = order != FIELDS_NONE;
	f->top_field_first = order == FIELDS_TOP_FIRST;
	return f;
}

/* Worst difference from the scene as it was at the first moment of picture `n`, in lines [from, to). */
static int worst(const AVFrame *f, int n, int speed, int from, int to)
{
	int most = 0;
	for (int y = from; y < to; y++)
		for (int x = 0; x < WIDTH; x++) {
			int d = abs(get(f, 0, x, y) - scene(x, y, n * 2, speed));
			most = d > most ? d : most;
		}
	return most;
}

static void pictures_are_of_one_moment_again(void **state)
{
	(void)state;
	static const struct {
		int format;
		enum fields order;
	} rows[] = {
		{ AV_PIX_FMT_YUV420P, FIELDS_TOP_FIRST },
		{ AV_PIX_FMT_YUV420P, FIELDS_BOTTOM_FIRST },
		{ AV_PIX_FMT_YUV420P10LE, FIELDS_TOP_FIRST },
		{ AV_PIX_FMT_YUV420P10LE, FIELDS_BOTTOM_FIRST },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AVFrame *at[3], *out = blank(rows[i].format);
		for (int n = 0; n < 3; n++)
			at[n] = taken(rows[i].format, rows[i].order, n, 4);
		assert_true(worst(at[1], 1, 4, 16, HEIGHT) > 40); /* combs, before */
		fields_fill(rows[i].order, at[0], at[1], at[2], out);
		assert_true(worst(out, 1, 4, 18, HEIGHT) <= 2);
		assert_int_equal(worst(out, 1, 4, 0, 14),
				 0); /* what stands still keeps every line */
		/* At the ends of a film there is no neighbour on one side. */
		fields_fill(rows[i].order, NULL, at[1], at[2], out);
		assert_true(worst(out, 1, 4, 18, HEIGHT) <= 40);
		assert_int_equal(worst(out, 1, 4, 0, 14), 0);
		for (int n = 0; n < 3; n++)
			av_frame_free(&at[n]);
		av_frame_free(&out);
	}
}

static void pictures_say_what_they_are_whatever_the_flags(void **state)
{
	(void)state;
	static const struct {
		enum fields order, flagged;
		int speed;
		enum fields want;
	} rows[] = {
		{ FIELDS_TOP_FIRST, FIELDS_NONE, 4, FIELDS_TOP_FIRST },
		{ FIELDS_BOTTOM_FIRST, FIELDS_NONE, 4, FIELDS_BOTTOM_FIRST },
		{ FIELDS_TOP_FIRST, FIELDS_BOTTOM_FIRST, 3, FIELDS_TOP_FIRST },
		{ FIELDS_NONE, FIELDS_NONE, 4, FIELDS_NONE },
		{ FIELDS_NONE, FIELDS_TOP_FIRST, 4,
		  FIELDS_NONE }, /* whole pictures, flagged by an editor */
		{ FIELDS_NONE, FIELDS_TOP_FIRST, 0,
		  FIELDS_AS_SAID }, /* nothing moves: nothing is known */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fields_vote v = { 0 };
		AVFrame *before = NULL;
		for (int n = 0; n < 6; n++) {
			AVFrame *now = taken(AV_PIX_FMT_YUV420P, rows[i].order, n, rows[i].speed);
			now->interlaced_frame = rows[i].flagged != FIELDS_NONE;
			fields_look(&v, before, now);
			av_frame_free(&before);
			before = now;
		}
		av_frame_free(&before);
		assert_int_equal(v.seen, 6);
		assert_int_equal(v.said, rows[i].flagged == FIELDS_NONE ? 0 : 6);
		assert_int_equal(fields_elect(&v), rows[i].want);
	}
}

static void flags_hold_where_nothing_else_is_known(void **state)
{
	(void)state;
	AVFrame *f = taken(AV_PIX_FMT_YUV420P, FIELDS_BOTTOM_FIRST, 0, 0);
	assert_int_equal(fields_of(FIELDS_AS_SAID, f), FIELDS_BOTTOM_FIRST);
	assert_int_equal(fields_of(FIELDS_NONE, f), FIELDS_NONE);
	assert_int_equal(fields_of(FIELDS_TOP_FIRST, f), FIELDS_TOP_FIRST);
	f->interlaced_frame = 0;
	assert_int_equal(fields_of(FIELDS_AS_SAID, f), FIELDS_NONE);
	av_frame_free(&f);
	f = blank(AV_PIX_FMT_RGB24);
	f->interlaced_frame = 1;
	assert_int_equal(fields_of(FIELDS_AS_SAID, f), FIELDS_NONE);
	av_frame_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_are_of_one_moment_again),
		cmocka_unit_test(pictures_say_what_they_are_whatever_the_flags),
		cmocka_unit_test(flags_hold_where_nothing_else_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
