// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/vars.h"

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

static void fills_in(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
		int code;
	} rows[] = {
		{ "", "", 0 },
		{ "plain", "plain", 0 },
		{ "@PORT@", "8080", 0 },
		{ "http://127.0.0.1:@PORT@/@EMPTY@x@PORT@", "http://127.0.0.1:8080/x8080", 0 },
		{ "location @fallback { }", "location @fallback { }", 0 }, /* nginx's own word */
		{ "a@b@c", "a@b@c", 0 },
		{ "@@PORT@@", "@8080@", 0 },
		{ "@PORT", "@PORT", 0 },
		{ "@NOBODY@", NULL, -ENOENT },
	};
	struct vars v = { 0 };
	assert_int_equal(vars_set_int(&v, "PORT", 8080, NULL), 0);
	assert_int_equal(vars_set(&v, "EMPTY", "", NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *got = NULL;
		struct fault why = { 0 };
		assert_int_equal(vars_expand(&v, rows[i].text, &got, &why), rows[i].code);
		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
		else
			assert_non_null(strstr(why.text, "NOBODY"));
	}
	vars_done(&v);
}

static void the_last_value_counts(void **state)
{
	(void)state;
	struct vars v = { 0 };
	assert_string_equal(vars_get(&v, "A"), "");
	assert_int_equal(vars_set(&v, "A", "1", NULL), 0);
	assert_int_equal(vars_set(&v, "AB", "2", NULL), 0);
	assert_int_equal(vars_set(&v, "A", "3", NULL), 0);
	assert_string_equal(vars_get(&v, "A"), "3");
	assert_string_equal(vars_get(&v, "AB"), "2");
	assert_int_equal(v.count, 2);
	vars_done(&v);
}

static void there_is_an_end_to_it(void **state)
{
	(void)state;
	struct vars v = { 0 };
	struct fault why = { 0 };
	char name[16];
	for (int i = 0; i < VARS_MAX; i++) {
		snprintf(name, sizeof(name), "N%d", i);
		assert_int_equal(vars_set(&v, name, "x", &why), 0);
	}
	assert_int_equal(vars_set(&v, "MORE", "x", &why), -E2BIG);
	assert_int_equal(vars_set(&v, "N0", "y", &why), 0);
	vars_done(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_in),
		cmocka_unit_test(the_last_value_counts),
		cmocka_unit_test(there_is_an_end_to_it),
	};
	return cmocka_run_group_tests_name("base/vars", tests, NULL, NULL);
}
