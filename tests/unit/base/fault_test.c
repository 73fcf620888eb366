// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/fault.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fills_and_returns_the_code(void **state)
{
	(void)state;
	struct fault why = { 0 };
	assert_int_equal(fault_set(&why, -ENOSPC, "store.full", "'%s': disk full", "/x"), -ENOSPC);
	assert_int_equal(why.code, -ENOSPC);
	assert_string_equal(why.id, "store.full");
	assert_string_equal(why.text, "'/x': disk full");
	assert_int_equal(fault_set(NULL, -EIO, "x", "y"), -EIO);
}

static void puts_context_before_the_sentence(void **state)
{
	(void)state;
	struct fault why = { 0 };
	fault_set(&why, -EINVAL, "conf.value", "bad value");
	assert_int_equal(fault_within(&why, "line %d", 3), -EINVAL);
	assert_string_equal(why.text, "line 3: bad value");
}

static void cuts_long_sentences_cleanly(void **state)
{
	(void)state;
	struct fault why;
	char big[2000];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	fault_set(&why, -EIO, "x", "%s", big);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	fault_within(&why, "%s", big);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
}

static void sentences_stay_utf8(void **state)
{
	(void)state;
	struct fault why;
	fault_set(&why, -EIO, "x", "'%.3s' %s", "درس", "\xff!");
	assert_string_equal(why.text, "'د?' ?!");
	char big[600];
	for (size_t i = 0; i < sizeof(big) - 1; i += 2)
		memcpy(big + i, "د", 2);
	big[598] = '\0';
	fault_set(&why, -EIO, "x", "a%s", big);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	fault_set(&why, -EIO, "x", "%s", big);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_and_returns_the_code),
		cmocka_unit_test(puts_context_before_the_sentence),
		cmocka_unit_test(cuts_long_sentences_cleanly),
		cmocka_unit_test(sentences_stay_utf8),
	};
	return cmocka_run_group_tests_name("base/fault", tests, NULL, NULL);
}
