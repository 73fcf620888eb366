// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/likeness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 64, STRIDE = 80 };

static void draw(uint8_t *plane, unsigned seed)
{
	uint32_t s = seed;
	for (size_t i = 0; i < SIDE * STRIDE; i++) {
		s = s * 1664525 + 1013904223;
		plane[i] = (uint8_t)(s >> 24);
	}
}

static double of(const uint8_t *a, const uint8_t *b)
{
	return likeness_plane(a, STRIDE, b, STRIDE, SIDE, SIDE);
}

static void the_same_is_one_and_worse_is_less(void **state)
{
	(void)state;
	static uint8_t a[SIDE * STRIDE], b[SIDE * STRIDE];
	double before = 1;
	draw(a, 1);
	memcpy(b, a, sizeof(a));
	assert_true(fabs(of(a, b) - 1) < 1e-9);
	for (unsigned noise = 4; noise <= 64; noise *= 2) {
		for (size_t i = 0; i < sizeof(b); i++) {
			const int v = a[i] + (i % 2 ? (int)noise : -(int)noise);
			b[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
		const double now = of(a, b);
		assert_true(now < before && now > 0);
		before = now;
	}
	draw(b, 2);
	assert_true(fabs(of(a, b)) < 0.1); /* nothing in common */
}

/* Two flat planes: the formula is the one of the means alone. */
static void flat_planes_are_as_the_paper_says(void **state)
{
	(void)state;
	static uint8_t a[SIDE * STRIDE], b[SIDE * STRIDE];
	memset(a, 100, sizeof(a));
	memset(b, 120, sizeof(b));
	const double c1 = 6.5025;
	const double want = (2 * 100.0 * 120 + c1) / (100.0 * 100 + 120 * 120 + c1);
	assert_true(fabs(of(a, b) - want) < 1e-9);
}

/* What lies beyond the width is not looked at. */
static void only_the_picture_counts(void **state)
{
	(void)state;
	static uint8_t a[SIDE * STRIDE], b[SIDE * STRIDE];
	draw(a, 1);
	memcpy(b, a, sizeof(a));
	for (size_t y = 0; y < SIDE; y++)
		memset(b + y * STRIDE + SIDE, 0, STRIDE - SIDE);
	assert_true(fabs(of(a, b) - 1) < 1e-9);
}

static void long_lessons_are_compared_in_part(void **state)
{
	(void)state;
	assert_int_equal(likeness_step(0), 1);
	assert_int_equal(likeness_step(1), 1);
	assert_int_equal(likeness_step(LIKENESS_MOST_MS), 1);
	assert_int_equal(likeness_step(LIKENESS_MOST_MS + 1), 2);
	assert_int_equal(likeness_step(3600000), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_one_and_worse_is_less),
		cmocka_unit_test(flat_planes_are_as_the_paper_says),
		cmocka_unit_test(only_the_picture_counts),
		cmocka_unit_test(long_lessons_are_compared_in_part),
	};
	return cmocka_run_group_tests_name("transcoder/likeness", tests, NULL, NULL);
}
