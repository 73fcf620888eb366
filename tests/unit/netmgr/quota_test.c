// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const uint64_t g20 = UINT64_C(20) << 30;

static void warns_before_it_holds(void **state)
{
	(void)state;
	const struct {
		uint64_t used, quota;
		enum quota_level level;
	} rows[] = {
		{ 0, 0, QUOTA_NONE },
		{ g20, 0, QUOTA_NONE },
		{ 0, g20, QUOTA_FREE },
		{ g20 / 10 * 8 - 1, g20, QUOTA_FREE },
		{ g20 / 10 * 8, g20, QUOTA_LOW },
		{ g20 / 100 * 95 - 1, g20, QUOTA_LOW },
		{ g20 / 100 * 95 + 95, g20, QUOTA_HOLD },
		{ g20 - 1, g20, QUOTA_HOLD },
		{ g20, g20, QUOTA_USED_UP },
		{ 7 * g20, g20, QUOTA_USED_UP },
		{ 0, 1, QUOTA_HOLD }, /* nothing may be carried: not a single packet */
		{ UINT64_C(1) << 43, UINT64_C(1) << 44, QUOTA_FREE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (quota_level(rows[i].used, rows[i].quota) != rows[i].level)
			fail_msg("row %zu: %s", i,
				 quota_level_name(quota_level(rows[i].used, rows[i].quota)));
	assert_string_equal(quota_level_name(QUOTA_USED_UP), "used_up");
}

static void says_what_it_cost(void **state)
{
	(void)state;
	assert_int_equal(quota_cost(0, 150), 0);
	assert_int_equal(quota_cost(1, 150), 1);
	assert_int_equal(quota_cost(1000000000, 150), 150);
	assert_int_equal(quota_cost(20500000000, 150), 3075);
	assert_int_equal(quota_cost(UINT64_C(1) << 44, 1000000), 17592186045);
	assert_int_equal(quota_cost(1 << 30, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warns_before_it_holds),
		cmocka_unit_test(says_what_it_cost),
	};
	return cmocka_run_group_tests_name("netmgr/quota", tests, NULL, NULL);
}
