// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/form.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void fields_are_decoded(void **state)
{
	(void)state;
	static const struct {
		const char *body, *name, *value;
		int want;
	} rows[] = {
		{ "", "a", "", 0 },
		{ "a=1", "a", "1", 0 },
		{ "a=1&b=2", "b", "2", 0 },
		{ "&&a=1&", "a", "1", 0 },
		{ "a", "a", "", 0 },
		{ "a=", "a", "", 0 },
		{ "a=b=c", "a", "b=c", 0 },
		{ "a=x+y%2Bz", "a", "x y+z", 0 },
		{ "a=1&a=2", "a", "1", 0 },
		{ "title=%D8%A7%D9%84%D9%83%D8%B3%D9%88%D8%B1", "title", "الكسور", 0 },
		{ "a=%0D%0A", "a", "\r\n", 0 },
		{ "a=%", "a", "", -EINVAL },
		{ "a=%4", "a", "", -EINVAL },
		{ "a=%zz", "a", "", -EINVAL },
		{ "a=%00", "a", "", -EINVAL },
		{ "a=%1b", "a", "", -EINVAL },
		{ "a=%ff", "a", "", -EINVAL },
		{ "%ff=a", "a", "", -EINVAL },
		{ "1&2&3&4&5&6&7&8&9&a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s&t&u&v&w&x", "a", "",
		  -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct form f = { 0 };
		assert_int_equal(form_parse(rows[i].body, strlen(rows[i].body), &f), rows[i].want);
		assert_string_equal(form_get(&f, rows[i].name), rows[i].value);
		form_done(&f);
	}
}

static void cookies_are_found(void **state)
{
	(void)state;
	static const struct {
		const char *header, *value; /* NULL: none */
	} rows[] = {
		{ NULL, NULL },
		{ "", NULL },
		{ "staff=abc", "abc" },
		{ "lang=ar; staff=abc", "abc" },
		{ "lang=ar;staff=abc;x=y", "abc" },
		{ "xstaff=no; staff=yes", "yes" },
		{ "staffx=no", NULL },
		{ "staff", NULL },
		{ "staff=", "" },
		{ "staff=123456789", NULL },
		{ "; ;;staff=a", "a" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[9] = "";
		const bool found = form_cookie(rows[i].header, "staff", out, sizeof(out));
		assert_int_equal(found, rows[i].value != NULL);
		if (found)
			assert_string_equal(out, rows[i].value);
	}
}

static void lines_are_trimmed(void **state)
{
	(void)state;
	static const struct {
		const char *text, *line; /* NULL: too long */
	} rows[] = {
		{ "", "" },
		{ "  a b \n", "a b" },
		{ "a\r\nb", "a  b" },
		{ "\t ", "" },
		{ "1234567", "1234567" },
		{ "12345678", NULL },
		{ " 1234567 ", "1234567" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[8];
		const bool fits = form_line(rows[i].text, out, sizeof(out));
		assert_int_equal(fits, rows[i].line != NULL);
		if (fits)
			assert_string_equal(out, rows[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_decoded),
		cmocka_unit_test(cookies_are_found),
		cmocka_unit_test(lines_are_trimmed),
	};
	return cmocka_run_group_tests_name("staff/form", tests, NULL, NULL);
}
