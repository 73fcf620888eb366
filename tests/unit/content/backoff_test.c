// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void doubles_up_to_the_most(void **state)
{
	(void)state;
	static const struct {
		unsigned tries;
		uint64_t most;
	} rows[] = {
		{ 0, 0 }, { 1, 1000 }, { 2, 2000 }, { 4, 8000 }, { 7, 60000 }, { 4000, 60000 }
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (uint64_t salt = 0; salt < 50; salt++) {
			uint64_t ms = backoff_ms(rows[i].tries, 1000, 60000, salt);
			assert_in_range(ms, rows[i].most - rows[i].most / 4, rows[i].most);
		}
	}
}

static void salts_spread_boxes(void **state)
{
	(void)state;
	unsigned different = 0;
	for (uint64_t salt = 1; salt < 100; salt++)
		different +=
			backoff_ms(5, 1000, 60000, salt) != backoff_ms(5, 1000, 60000, salt - 1);
	assert_true(different > 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_up_to_the_most),
		cmocka_unit_test(salts_spread_boxes),
	};
	return cmocka_run_group_tests_name("content/backoff", tests, NULL, NULL);
}
