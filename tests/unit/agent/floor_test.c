// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define DAY INT64_C(86400)
#define T0 (FLOOR_BUILD_S + 100 * DAY)

static const struct {
	int64_t kept, budget;
	int64_t at, left;
} begins[] = {
	{ INT64_MIN, INT64_MIN, FLOOR_BUILD_S, FLOOR_BUDGET_S }, /* first start */
	{ 0, 0, FLOOR_BUILD_S, 0 },                              /* the file says 1970 */
	{ T0, 5 * DAY, T0, 5 * DAY },
	{ T0, -1, T0, FLOOR_BUDGET_S },
	{ T0, INT64_MAX, T0, FLOOR_BUDGET_S },
};

static void begins_where_it_was_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		struct floor f;
		floor_begin(&f, begins[i].kept, begins[i].budget, 77);
		assert_int_equal(floor_now(&f, 77), begins[i].at);
		assert_int_equal(floor_budget(&f, 77), begins[i].left);
		assert_int_equal(f.quality, CLOCK_FLOOR);
		assert_int_equal(floor_now(&f, 77 + 5999), begins[i].at + 5);
		assert_int_equal(floor_now(&f, 0), begins[i].at); /* never back */
	}
}

/* One box, answer after answer; `after_s` of running lie between a row and the one before. */
static const struct {
	int64_t after_s, hub; /* hub time relative to T0 */
	enum floor_step want;
	int64_t now; /* relative to T0 */
	enum clock_quality quality;
} life[] = {
	{ 10, 11, FLOOR_MOVED, 11, CLOCK_HUB },
	{ 100, 111, FLOOR_BEHIND, 111, CLOCK_HUB },                    /* agrees to the second */
	{ 100, 150, FLOOR_BEHIND, 211, CLOCK_HUB },                    /* a late answer */
	{ 1, 212 + 8 * 3600, FLOOR_MOVED, 212 + 8 * 3600, CLOCK_HUB }, /* suspended for a night */
	{ 0, -900 * DAY, FLOOR_BEHIND, 212 + 8 * 3600, CLOCK_HUB },
	{ 86400, 2000 * DAY, FLOOR_CUT, 212 + 8 * 3600 + DAY + 400 * DAY, CLOCK_FLOOR },
	{ 0, 2000 * DAY, FLOOR_CUT, 212 + 8 * 3600 + DAY + 400 * DAY,
	  CLOCK_FLOOR }, /* and again at once: nothing left */
	{ 864, 2000 * DAY, FLOOR_CUT, 212 + 8 * 3600 + DAY + 404 * DAY + 864,
	  CLOCK_FLOOR }, /* 1 % of a day: 4 days */
	{ 86400, INT64_MAX, FLOOR_CUT, 212 + 8 * 3600 + 2 * DAY + 804 * DAY + 864, CLOCK_FLOOR },
};

static void moves_forward_by_what_it_may_spend(void **state)
{
	(void)state;
	struct floor f;
	uint64_t mono = 5000;
	floor_begin(&f, T0, FLOOR_BUDGET_S, mono);
	for (size_t i = 0; i < ARRAY_LEN(life); i++) {
		mono += (uint64_t)life[i].after_s * 1000;
		int64_t hub = life[i].hub == INT64_MAX ? INT64_MAX : T0 + life[i].hub;
		assert_int_equal(floor_hear(&f, hub, mono), life[i].want);
		assert_int_equal(floor_now(&f, mono) - T0, life[i].now);
		assert_int_equal(f.quality, life[i].quality);
	}
}

static void comes_back_after_three_years_within_three_days(void **state)
{
	(void)state;
	struct floor f;
	uint64_t mono = 0;
	floor_begin(&f, T0, 0, mono);
	int64_t hub = T0 + 3 * 365 * DAY;
	int hours = 0;
	for (; floor_hear(&f, hub + hours * 3600, mono) == FLOOR_CUT;
	     hours += 4, mono += 4 * 3600 * 1000)
		assert_true(hours < 72);
	assert_int_equal(f.quality, CLOCK_HUB);
}

/* However often and however boldly somebody with the hub's key answers within a day. */
static void cannot_be_rushed(void **state)
{
	(void)state;
	for (int64_t step = 60; step < 500 * DAY; step *= 7) {
		struct floor f;
		uint64_t mono = 0;
		floor_begin(&f, T0, FLOOR_BUDGET_S, mono);
		for (int i = 0; i < 8640; i++, mono += 10000)
			floor_hear(&f, floor_now(&f, mono) + step, mono);
		assert_true(floor_now(&f, mono) - T0 <= 2 * FLOOR_BUDGET_S + 2 * DAY);
	}
}

static void keeps_fractions_of_seconds(void **state)
{
	(void)state;
	struct floor f;
	floor_begin(&f, T0, FLOOR_BUDGET_S, 0);
	floor_hear(&f, T0 + 2, 1900); /* now is T0 + 1.9 */
	assert_int_equal(floor_now(&f, 1999), T0 + 2);
	assert_int_equal(floor_now(&f, 2000), T0 + 3);
}

static void lets_ntp_confirm_the_hub_but_not_replace_it(void **state)
{
	(void)state;
	struct floor f;
	floor_begin(&f, T0, FLOOR_BUDGET_S, 0);
	floor_see_ntp(&f, T0, 0);
	assert_int_equal(f.quality, CLOCK_FLOOR);
	floor_hear(&f, T0, 0);
	floor_see_ntp(&f, T0 + 121, 0);
	assert_int_equal(f.quality, CLOCK_HUB);
	floor_see_ntp(&f, T0 - 119, 0);
	assert_int_equal(f.quality, CLOCK_NTP);
	floor_hear(&f, T0 + 9 * DAY, 0); /* the two no longer agree */
	assert_int_equal(f.quality, CLOCK_HUB);
}

static void guesses_the_day(void **state)
{
	(void)state;
	struct floor f;
	floor_begin(&f, T0, FLOOR_BUDGET_S, 0);
	assert_int_equal(floor_guess(&f, 0, 0), T0);            /* 1970 */
	assert_int_equal(floor_guess(&f, T0 + 50, 0), T0 + 50); /* nobody knows better */
	floor_hear(&f, T0 + 10, 0);
	assert_int_equal(floor_guess(&f, T0 + 900 * DAY, 0), T0 + 10); /* the hub does */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_where_it_was_kept),
		cmocka_unit_test(moves_forward_by_what_it_may_spend),
		cmocka_unit_test(comes_back_after_three_years_within_three_days),
		cmocka_unit_test(cannot_be_rushed),
		cmocka_unit_test(keeps_fractions_of_seconds),
		cmocka_unit_test(lets_ntp_confirm_the_hub_but_not_replace_it),
		cmocka_unit_test(guesses_the_day),
	};
	return cmocka_run_group_tests_name("agent/floor", tests, NULL, NULL);
}
