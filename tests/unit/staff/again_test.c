// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/again.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

/* A film's story on a small box: each row is an attempt that failed. */
static void rows(void **state)
{
	static const struct {
		const char *why;
		int code;
		bool again, alone;
		uint64_t wait_ms;
	} tries[] = {
		{ "no room: in a minute", -ENOSPC, true, false, 60000 },
		{ "still none, and for ever", -ENOSPC, true, false, 60000 },
		{ "memory ended: soon, alone", -ENOMEM, true, true, 10000 },
		{ "again", -ENOMEM, true, true, 300000 },
		{ "room is another matter, and no step to the end", -ENOSPC, true, true, 60000 },
		{ "again", -ENOMEM, true, true, 1800000 },
		{ "again", -ENOMEM, true, true, 7200000 },
		{ "it is too large for this box", -ENOMEM, false, true, 0 },
	};
	struct again a = { 0 };
	uint64_t now = 5000000;
	(void)state;
	assert_true(again_due(&a, 0));
	assert_false(again_alone(&a));
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		assert_int_equal(again_after(&a, tries[i].code, now), tries[i].again);
		assert_int_equal(again_alone(&a), tries[i].alone);
		if (!tries[i].again)
			continue;
		assert_false(again_due(&a, now + tries[i].wait_ms - 1));
		assert_true(again_due(&a, now + tries[i].wait_ms));
		now += tries[i].wait_ms;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rows) };
	return cmocka_run_group_tests_name("staff/again", tests, NULL, NULL);
}
