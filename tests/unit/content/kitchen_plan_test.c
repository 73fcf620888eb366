// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define BIT(r) (1u << (r))
#define ALL_RUNGS (BIT(RUNG_COUNT) - 1)

static wasl_Segment three[] = {
	{ .start_ticks = 0, .duration_ticks = 100000, .byte_from = 4096, .byte_len = 1000 },
	{ .start_ticks = 100000, .duration_ticks = 100000, .byte_from = 5096, .byte_len = 1000 },
	{ .start_ticks = 200000, .duration_ticks = 25040, .byte_from = 6096, .byte_len = 300 },
};

static wasl_Plan plan_of(uint32_t width, uint32_t height)
{
	return (wasl_Plan){ .version = 1,
			    .timescale = 25000,
			    .segments_count = 3,
			    .segments = three,
			    .width = width,
			    .height = height,
			    .fps_num = 25,
			    .fps_den = 1,
			    .sample_rate = 48000,
			    .head_bytes = 4096 };
}

static void ladder_follows_the_short_side(void **state)
{
	(void)state;
	const uint32_t usual = BIT(RUNG_240P) | BIT(RUNG_360P) | BIT(RUNG_480P) | BIT(RUNG_AUDIO);
	static const struct {
		uint32_t width, height, sample_rate;
		uint32_t allowed, want;
	} rows[] = {
		{ 1280, 720, 48000, ALL_RUNGS, ALL_RUNGS },
		{ 720, 1280, 48000, ALL_RUNGS, ALL_RUNGS }, /* held upright: the same rungs */
		{ 854, 480, 48000, ALL_RUNGS, ALL_RUNGS & ~BIT(RUNG_720P) },
		{ 852, 478, 0, ALL_RUNGS, BIT(RUNG_144P) | BIT(RUNG_240P) | BIT(RUNG_360P) },
		{ 160, 120, 48000, ALL_RUNGS, BIT(RUNG_144P) | BIT(RUNG_AUDIO) },
		{ 160, 120, 48000, 0, BIT(RUNG_240P) | BIT(RUNG_AUDIO) },
		{ 0, 0, 48000, ALL_RUNGS, BIT(RUNG_AUDIO) },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wasl_Plan plan = plan_of(rows[i].width, rows[i].height);
		plan.sample_rate = rows[i].sample_rate;
		assert_int_equal(kitchen_ladder(&plan, rows[i].allowed ? rows[i].allowed : usual),
				 rows[i].want);
	}
}

static void shapes_are_even_and_never_larger(void **state)
{
	(void)state;
	static const struct {
		uint32_t width, height, fps_num, fps_den;
		enum kitchen_rung rung;
		struct kitchen_shape want;
	} rows[] = {
		{ 1280, 720, 25, 1, RUNG_480P, { 854, 480, 25, 1, 1000000, "avc1.4d401e" } },
		{ 1280, 720, 30, 1, RUNG_480P, { 854, 480, 30, 1, 1000000, "avc1.4d401f" } },
		{ 1280, 720, 25, 1, RUNG_360P, { 640, 360, 25, 1, 560000, "avc1.4d401e" } },
		{ 1280, 720, 25, 1, RUNG_240P, { 426, 240, 25, 1, 280000, "avc1.4d4015" } },
		{ 1280, 720, 25, 1, RUNG_144P, { 256, 144, 25, 2, 120000, "avc1.42c00b" } },
		{ 1280, 720, 15, 1, RUNG_144P, { 256, 144, 15, 1, 120000, "avc1.42c00b" } },
		{ 1280,
		  720,
		  30000,
		  1001,
		  RUNG_720P,
		  { 1280, 720, 30000, 1001, 2000000, "avc1.4d401f" } },
		{ 720, 1280, 25, 1, RUNG_240P, { 240, 426, 25, 1, 280000, "avc1.4d4015" } },
		{ 160, 120, 25, 1, RUNG_240P, { 160, 120, 25, 1, 280000, "avc1.4d400b" } },
		{ 482, 362, 25, 1, RUNG_360P, { 480, 360, 25, 1, 560000, "avc1.4d4015" } },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wasl_Plan plan = plan_of(rows[i].width, rows[i].height);
		plan.fps_num = rows[i].fps_num;
		plan.fps_den = rows[i].fps_den;
		struct kitchen_shape got;
		assert_int_equal(kitchen_shape(&plan, rows[i].rung, &got), 0);
		assert_string_equal(got.codecs, rows[i].want.codecs);
		assert_int_equal(got.width, rows[i].want.width);
		assert_int_equal(got.height, rows[i].want.height);
		assert_int_equal(got.fps_num, rows[i].want.fps_num);
		assert_int_equal(got.fps_den, rows[i].want.fps_den);
		assert_int_equal(got.cap_bps, rows[i].want.cap_bps);
	}
	wasl_Plan plan = plan_of(1280, 720);
	struct kitchen_shape sound;
	assert_int_equal(kitchen_shape(&plan, RUNG_AUDIO, &sound), 0);
	assert_string_equal(sound.codecs, "mp4a.40.2");
	assert_int_equal(sound.width, 0);
	plan.sample_rate = 0;
	assert_int_equal(kitchen_shape(&plan, RUNG_AUDIO, &sound), -ENOENT);
	assert_int_equal(kitchen_shape(&plan, RUNG_COUNT, &sound), -EINVAL);
}

static void durations_add_up_to_the_whole(void **state)
{
	(void)state;
	wasl_Plan plan = plan_of(1280, 720);
	assert_int_equal(kitchen_segment_us(&plan, RUNG_240P, 1), 4000000);
	assert_int_equal(kitchen_segment_us(&plan, RUNG_240P, 3), 1001600);
	assert_int_equal(kitchen_segment_us(&plan, RUNG_AUDIO, 1), 4010667);
	assert_int_equal(kitchen_segment_us(&plan, RUNG_AUDIO, 2), 3989333);
	uint64_t sum = 0;
	for (uint32_t s = 1; s <= 3; s++)
		sum += kitchen_segment_us(&plan, RUNG_AUDIO, s);
	assert_int_equal(sum, UINT64_C(422) * 1024 * 1000000 / 48000 +
				      1); /* 9.0016 s in whole frames, rounded */
	assert_int_equal(kitchen_segment_us(&plan, RUNG_240P, 0), 0);
	assert_int_equal(kitchen_segment_us(&plan, RUNG_240P, 4), 0);
}

static void generations_differ_by_plan_and_point(void **state)
{
	(void)state;
	wasl_Plan plan = plan_of(1280, 720);
	char now[24], idle[24], again[24], other[24];
	kitchen_generation(&plan, POINT_NOW, now);
	kitchen_generation(&plan, POINT_IDLE, idle);
	kitchen_generation(&plan, POINT_NOW, again);
	plan.head_bytes++;
	kitchen_generation(&plan, POINT_NOW, other);
	assert_string_equal(now, again);
	assert_string_not_equal(now, idle);
	assert_string_not_equal(now, other);
	assert_int_equal(strlen(now), 14);
	assert_memory_equal(now, "g-", 2);
}

static void refuses_plans_that_cannot_be(void **state)
{
	(void)state;
	wasl_Segment segments[2];
	static const struct {
		const char *id; /* NULL: a good plan */
		int32_t width;
		uint32_t timescale, fps_num, count, second_start, second_ticks;
	} rows[] = {
		{ NULL, 1280, 25000, 25, 2, 100, 100 },
		{ "plan.size", 100000, 25000, 25, 2, 100, 100 },
		{ "plan.size", 1, 25000, 25, 2, 100, 100 },
		{ "plan.timescale", 1280, 0, 25, 2, 100, 100 },
		{ "plan.rate", 1280, 25000, 0, 2, 100, 100 },
		{ "plan.rate", 1280, 25000, 61, 2, 100, 100 },
		{ "plan.segments", 1280, 25000, 25, 0, 100, 100 },
		{ "plan.grid", 1280, 25000, 25, 2, 101, 100 },
		{ "plan.grid", 1280, 25000, 25, 2, 99, 100 },
		{ "plan.grid", 1280, 25000, 25, 2, 100, 0 },
		{ "plan.grid", 1280, 25000, 25, 2, 100, 25000 * 61 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wasl_Plan plan = plan_of((uint32_t)rows[i].width, 720);
		segments[0] = (wasl_Segment){ .duration_ticks = 100 };
		segments[1] = (wasl_Segment){ .start_ticks = rows[i].second_start,
					      .duration_ticks = rows[i].second_ticks };
		plan.timescale = rows[i].timescale;
		plan.fps_num = rows[i].fps_num;
		plan.segments = segments;
		plan.segments_count = (pb_size_t)rows[i].count;
		struct fault why = { 0 };
		assert_int_equal(kitchen_plan_check(&plan, &why), rows[i].id ? -EINVAL : 0);
		assert_string_equal(why.id, rows[i].id ? rows[i].id : "");
	}
}

static void rung_names_go_both_ways(void **state)
{
	(void)state;
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++) {
		enum kitchen_rung got;
		assert_int_equal(kitchen_rung_parse(kitchen_rung_name(r), &got), 0);
		assert_int_equal(got, r);
	}
	enum kitchen_rung none = RUNG_240P;
	assert_int_equal(kitchen_rung_parse("1080p", &none), -EINVAL);
	assert_int_equal(none, RUNG_240P);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ladder_follows_the_short_side),
		cmocka_unit_test(shapes_are_even_and_never_larger),
		cmocka_unit_test(durations_add_up_to_the_whole),
		cmocka_unit_test(generations_differ_by_plan_and_point),
		cmocka_unit_test(refuses_plans_that_cannot_be),
		cmocka_unit_test(rung_names_go_both_ways),
	};
	return cmocka_run_group_tests_name("content/kitchen_plan", tests, NULL, NULL);
}
