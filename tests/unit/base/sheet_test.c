// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/sheet.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void grows_and_ends(void **state)
{
	char out[16];
	struct sheet s = { .at = out, .room = sizeof(out) };
	(void)state;
	sheet_add(&s, "port=%u\n", 80u);
	sheet_add(&s, "%s", "abcdefg");
	assert_string_equal(out, "port=80\nabcdefg"); /* 15 and the NUL: to the last byte */
	assert_int_equal(sheet_end(&s), 15);
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	char out[8];
	struct sheet s = { .at = out, .room = sizeof(out) };
	(void)state;
	sheet_add(&s, "abc");
	sheet_add(&s, "%s", "defgh");
	assert_string_equal(out, "abc");
	sheet_add(&s, "d"); /* would fit, but comes after what was left out */
	assert_string_equal(out, "abc");
	assert_int_equal(sheet_end(&s), -ENOSPC);
}

static void no_room_at_all(void **state)
{
	char out[1] = "x";
	struct sheet s = { .at = out, .room = 0 };
	(void)state;
	sheet_add(&s, "a");
	assert_int_equal(out[0], 'x');
	assert_int_equal(sheet_end(&s), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_ends),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(no_room_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
