// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/courier_policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define MAX_MS 900000u

static const struct {
	struct courier_outcome o;
	enum courier_meaning want;
} meanings[] = {
	{ { 0, 200, true, 0 }, COURIER_DELIVERED },
	{ { 0, 200, false, 0 }, COURIER_REFUSED }, /* an answer that receipts nothing */
	{ { -ECONNREFUSED, 0, false, 0 }, COURIER_NO_ANSWER },
	{ { -ETIMEDOUT, 200, false, 0 }, COURIER_NO_ANSWER },
	{ { 0, 503, false, 60 }, COURIER_BUSY },
	{ { 0, 500, false, 0 }, COURIER_BUSY },
	{ { 0, 429, false, 0 }, COURIER_BUSY },
	{ { 0, 403, false, 0 }, COURIER_REFUSED },
	{ { 0, 404, false, 0 }, COURIER_REFUSED },
	{ { 0, 302, false, 0 }, COURIER_REFUSED }, /* a portal's login page */
};

static void reads_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		assert_int_equal(courier_policy_meaning(&meanings[i].o), meanings[i].want);
}

/*
 * Each wait lies between half and the whole of its window; windows double up to the longest wait.
 */
static void waits_longer_and_longer_up_to_a_limit(void **state)
{
	(void)state;
	static const struct {
		struct courier_outcome o;
		uint64_t first;
	} rows[] = {
		{ { -ECONNREFUSED, 0, false, 0 }, COURIER_FIRST_MS },
		{ { 0, 503, false, 0 }, COURIER_FIRST_MS },
		{ { 0, 403, false, 0 }, COURIER_REFUSED_MS },
	};
	static const uint32_t draws[] = { 0, 1, 0x7fffffff, UINT32_MAX };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct courier_policy p = { 0 };
		uint64_t window = rows[i].first, now = 1000;
		for (int n = 0; n < 40; n++) {
			courier_policy_after(&p, &rows[i].o, now, MAX_MS, draws[n % 4]);
			assert_in_range(p.not_before_ms - now, window / 2, window);
			now = p.not_before_ms;
			window = window * 2 < MAX_MS ? window * 2 : MAX_MS;
		}
		assert_int_equal(p.failures, 40);
	}
}

static void spreads_ten_thousand_boxes(void **state)
{
	(void)state;
	static const struct courier_outcome down = { -ECONNREFUSED, 0, false, 0 };
	unsigned tenth[10] = { 0 };
	uint32_t random = 1;
	for (int box = 0; box < 10000; box++) {
		struct courier_policy p = { .failures = 12 };
		random = random * 1664525u + 1013904223u;
		courier_policy_after(&p, &down, 0, MAX_MS, random);
		uint64_t at = (p.not_before_ms - MAX_MS / 2) * 10 / (MAX_MS / 2 + 1);
		tenth[at < 10 ? at : 9]++;
	}
	for (size_t i = 0; i < ARRAY_LEN(tenth); i++)
		assert_in_range(tenth[i], 800, 1200);
}

static void obeys_the_hub(void **state)
{
	(void)state;
	static const struct {
		uint32_t asked;
		uint64_t low, high;
	} rows[] = {
		{ 60, 60000, 75000 },
		{ 1, 2000, 4000 }, /* our own wait is longer */
		{ 7200, 7200000, 9000000 },
		{ 4000000000u, 86400000, 108000000 }, /* a day at most */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct courier_policy p = { 0 };
		struct courier_outcome busy = { 0, 503, false, rows[i].asked };
		courier_policy_after(&p, &busy, 0, MAX_MS, 0x12345678);
		assert_in_range(p.not_before_ms, rows[i].low, rows[i].high);
	}
}

static void forgets_failures_after_a_success(void **state)
{
	(void)state;
	static const struct courier_outcome down = { -EHOSTUNREACH, 0, false, 0 },
					    good = { 0, 200, true, 0 };
	struct courier_policy p = { 0 };
	for (int i = 0; i < 5; i++)
		courier_policy_after(&p, &down, 1000, MAX_MS, 0);
	assert_int_equal(courier_policy_after(&p, &good, 1000, MAX_MS, 0), COURIER_DELIVERED);
	assert_int_equal(p.failures, 0);
	assert_int_equal(p.not_before_ms, 0);
}

static void keeps_to_a_short_limit_too(void **state)
{
	(void)state;
	static const struct courier_outcome refused = { 0, 403, false, 0 };
	struct courier_policy p = { .failures = UINT32_MAX };
	courier_policy_after(&p, &refused, 0, 1000, UINT32_MAX);
	assert_in_range(p.not_before_ms, 500, 1000);
	assert_true(p.failures == UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_outcomes),
		cmocka_unit_test(waits_longer_and_longer_up_to_a_limit),
		cmocka_unit_test(spreads_ten_thousand_boxes),
		cmocka_unit_test(obeys_the_hub),
		cmocka_unit_test(forgets_failures_after_a_success),
		cmocka_unit_test(keeps_to_a_short_limit_too),
	};
	return cmocka_run_group_tests_name("agent/courier_policy", tests, NULL, NULL);
}
