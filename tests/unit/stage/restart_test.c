// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/restart.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void waits_longer_and_longer(void **state)
{
	(void)state;
	struct restart r = { .was_ready = true };
	static const int64_t want[] = { 100, 200, 400, 800, 1600, 3200, 5000, 5000 };
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(restart_after(&r, 50), want[i]);
	assert_int_equal(restart_after(&r, RESTART_WELL_MS), 100); /* it was well: all over */
	assert_int_equal(restart_after(&r, 0), 200);
	assert_int_equal(r.total, ARRAY_LEN(want) + 2);
}

static void gives_up_on_what_was_never_ready(void **state)
{
	(void)state;
	struct restart r = { 0 };
	for (int i = 1; i < RESTART_TRIES; i++)
		assert_true(restart_after(&r, 0) > 0);
	assert_int_equal(restart_after(&r, 0), -1);

	struct restart once = { 0 };
	assert_int_equal(restart_after(&once, 1), 100);
	for (int i = 0; i < 20; i++)
		assert_true(restart_after(&once, 0) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_longer_and_longer),
		cmocka_unit_test(gives_up_on_what_was_never_ready),
	};
	return cmocka_run_group_tests_name("stage/restart", tests, NULL, NULL);
}
