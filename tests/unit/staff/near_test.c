// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/near.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void networks_hold_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *words, *address;
		bool near;
	} rows[] = {
		{ "", "10.0.0.7", true },
		{ " , ", NULL, true },
		{ "192.168.3.0/24", "192.168.3.7", true },
		{ "192.168.3.0/24", "192.168.4.7", false },
		{ "192.168.3.0/24", "::ffff:192.168.3.7", true },
		{ "192.168.3.0/24", "127.0.0.1", true },
		{ "192.168.3.0/24", "::1", true },
		{ "192.168.3.0/24", "", false },
		{ "192.168.3.0/24", NULL, false },
		{ "192.168.3.0/24", "192.168.3.7, 10.0.0.1", false },
		{ "10.1.0.0/20 192.168.3.4/30", "192.168.3.6", true },
		{ "10.1.0.0/20 192.168.3.4/30", "192.168.3.8", false },
		{ "10.1.0.0/20,192.168.3.4", "10.1.15.255", true },
		{ "10.1.0.0/20", "10.1.16.0", false },
		{ "192.168.3.4", "192.168.3.4", true },
		{ "fd00::/8", "fd12::1", true },
		{ "fd00::/8", "10.0.0.7", false },
		{ "0.0.0.0/0", "10.0.0.7", true },
		{ "0.0.0.0/0", "fd00::1", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(near_is(rows[i].words, rows[i].address), rows[i].near);
}

static void words_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		int want;
	} rows[] = {
		{ "", 0 },
		{ "192.168.3.0/24 fd00::/8", 0 },
		{ "192.168.3.0/33", -EINVAL },
		{ "192.168.3", -EINVAL },
		{ "staff", -EINVAL },
		{ "10.0.0.0/", -EINVAL },
		{ "10.0.0.0/8x", -EINVAL },
		{ "10.0.0.0/-1", -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(near_check(rows[i].words, NULL), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_hold_addresses),
		cmocka_unit_test(words_are_checked),
	};
	return cmocka_run_group_tests_name("staff/near", tests, NULL, NULL);
}
