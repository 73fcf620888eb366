// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/coverage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static uint32_t total(const struct coverage_s *s)
{
	return s->up + s->down + s->unpowered + s->unknown;
}

static const struct {
	const char *why;
	struct coverage_s have, more, want;
	bool over;
} merges[] = {
	{ "first piece", { 0 }, { 600, 0, 0, 0 }, { 600, 0, 0, 0 }, false },
	{ "second piece", { 600, 0, 0, 0 }, { 1200, 1800, 0, 0 }, { 1800, 1800, 0, 0 }, false },
	{ "full to the second", { 3000, 0, 0, 0 }, { 600, 0, 0, 0 }, { 3600, 0, 0, 0 }, false },
	{ "unknown gives way first",
	  { 1800, 0, 0, 1800 },
	  { 600, 0, 0, 0 },
	  { 2400, 0, 0, 1200 },
	  true },
	{ "then unpowered", { 1800, 0, 1800, 0 }, { 600, 0, 0, 0 }, { 2400, 0, 1200, 0 }, true },
	{ "a lying box",
	  { 0 },
	  { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX },
	  { 3600, 0, 0, 0 },
	  true },
};

static void adds_pieces_of_an_hour(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(merges); i++) {
		struct coverage_hour have = { .s = merges[i].have }, more = { .s = merges[i].more };
		assert_int_equal(coverage_hour_add(&have, &more), merges[i].over);
		assert_memory_equal(&have.s, &merges[i].want, sizeof(have.s));
		assert_true(total(&have.s) <= COVERAGE_HOUR_S);
	}
}

static void weighs_speeds_by_samples(void **state)
{
	(void)state;
	struct coverage_hour have = { 0 };
	struct coverage_hour a = { .down_kbps = 1000, .samples = 1, .rx_bytes = 5 },
			     b = { .down_kbps = 4000, .samples = 2, .rtt_us = 50 };
	coverage_hour_add(&have, &a);
	assert_int_equal(have.down_kbps, 1000);
	coverage_hour_add(&have, &b);
	assert_int_equal(have.down_kbps, 3000);
	assert_int_equal(have.rtt_us, 50);
	assert_int_equal(have.samples, 3);
	struct coverage_hour huge = { .samples = UINT32_MAX, .rx_bytes = UINT64_MAX };
	coverage_hour_add(&have, &huge);
	assert_int_equal(have.samples, UINT32_MAX);
	assert_true(have.rx_bytes == UINT64_C(1) << 60);
	coverage_hour_add(&have, &huge);
	assert_true(have.rx_bytes == UINT64_C(1) << 60);
}

static const struct {
	const char *why;
	struct coverage_hour hours[4];
	size_t count;
	struct coverage_s want;
} days[] = {
	{ "nothing reported", { { 0 } }, 0, { 0, 0, 0, 86400 } },
	{ "one hour of one uplink",
	  { { .hour = 8, .s = { 3600, 0, 0, 0 } } },
	  1,
	  { 3600, 0, 0, 82800 } },
	{ "two uplinks, one works: the school is connected",
	  { { .hour = 8, .s = { 3600, 0, 0, 0 } }, { .hour = 8, .s = { 0, 3600, 0, 0 } } },
	  2,
	  { 3600, 0, 0, 82800 } },
	{ "two uplinks, half an hour each: at least half an hour is sure",
	  { { .hour = 8, .s = { 1800, 1800, 0, 0 } }, { .hour = 8, .s = { 1800, 1800, 0, 0 } } },
	  2,
	  { 1800, 1800, 0, 82800 } },
	{ "power cut for the whole box",
	  { { .hour = 8, .s = { 1200, 0, 2400, 0 } }, { .hour = 8, .s = { 0, 1200, 2400, 0 } } },
	  2,
	  { 1200, 0, 2400, 82800 } },
	{ "silence is not downtime",
	  { { .hour = 8, .s = { 600, 0, 0, 3000 } } },
	  1,
	  { 600, 0, 0, 85800 } },
	{ "an hour that says too much counts once",
	  { { .hour = 23, .s = { 3600, 3600, 3600, 0 } } },
	  1,
	  { 3600, 0, 0, 82800 } },
	{ "an hour that does not exist",
	  { { .hour = 24, .s = { 3600, 0, 0, 0 } } },
	  1,
	  { 0, 0, 0, 86400 } },
};

static void sums_a_day_to_86400(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(days); i++) {
		struct coverage_s got = coverage_day(days[i].hours, days[i].count);
		assert_int_equal(total(&got), COVERAGE_DAY_S);
		if (memcmp(&got, &days[i].want, sizeof(got)) != 0)
			fail_msg("%s: %u %u %u %u", days[i].why, got.up, got.down, got.unpowered,
				 got.unknown);
	}
}

/* Whatever boxes send, a day is a day. */
static void any_hours_make_86400(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int round = 0; round < 2000; round++) {
		struct coverage_hour hours[48] = { { 0 } };
		for (size_t i = 0; i < ARRAY_LEN(hours); i++) {
			uint32_t v[5];
			for (size_t k = 0; k < ARRAY_LEN(v); k++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				v[k] = (uint32_t)(seed >> 33) % 4000;
			}
			hours[i] = (struct coverage_hour){ .hour = (uint8_t)(v[4] % 26),
							   .s = { v[0], v[1], v[2], v[3] } };
		}
		struct coverage_s got = coverage_day(hours, ARRAY_LEN(hours));
		assert_int_equal(total(&got), COVERAGE_DAY_S);
	}
}

static void tells_uptime_and_median(void **state)
{
	(void)state;
	const struct coverage_s none = { .unknown = 86400 }, half = { 10, 10, 100, 0 };
	assert_int_equal(coverage_uptime_ppm(&none), -1);
	assert_int_equal(coverage_uptime_ppm(&half), 500000);
	uint32_t odd[] = { 5, 1, 9 }, even[] = { 4, 3, 2, 1 };
	assert_int_equal(coverage_median(odd, 3), 5);
	assert_int_equal(coverage_median(even, 4), 2);
	assert_int_equal(coverage_median(even, 0), 0);
}

static void moves_the_week(void **state)
{
	(void)state;
	struct coverage_week w = { .last_day = 100 };
	for (int i = 0; i < COVERAGE_WEEK; i++)
		w.day[i] = (struct coverage_week_day){ .s = { 1000 * (uint32_t)(i + 1), 0, 0,
							      86400 - 1000 * (uint32_t)(i + 1) },
						       .starts = 1 };
	struct coverage_week_sum sum = coverage_week_total(&w);
	assert_int_equal(sum.days, 7);
	assert_int_equal(sum.s.up, 28000);
	assert_int_equal(total(&sum.s), 7 * COVERAGE_DAY_S);
	coverage_week_shift(&w, 102);
	sum = coverage_week_total(&w);
	assert_int_equal(sum.days, 5);
	assert_int_equal(sum.s.up, 25000);
	assert_int_equal(sum.starts, 5);
	assert_int_equal(total(&sum.s), 7 * COVERAGE_DAY_S);
	coverage_week_shift(&w, 99); /* a clock that went back forgets the days after */
	assert_int_equal(coverage_week_total(&w).days, 4);
	coverage_week_shift(&w, INT32_MAX);
	assert_int_equal(coverage_week_total(&w).days, 0);
	coverage_week_shift(&w, INT32_MIN);
	assert_int_equal(coverage_week_total(&w).s.unknown, 7 * COVERAGE_DAY_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_pieces_of_an_hour),
		cmocka_unit_test(weighs_speeds_by_samples),
		cmocka_unit_test(sums_a_day_to_86400),
		cmocka_unit_test(any_hours_make_86400),
		cmocka_unit_test(tells_uptime_and_median),
		cmocka_unit_test(moves_the_week),
	};
	return cmocka_run_group_tests_name("hub/coverage", tests, NULL, NULL);
}
