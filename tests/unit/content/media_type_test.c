// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void a_name_says_what_a_file_is(void **state)
{
	(void)state;
	static const struct {
		const char *path, *type;
	} rows[] = {
		{ "/p/a.pdf", "application/pdf" },
		{ "/p/A.PDF", "application/pdf" },
		{ "/p/a.tar.zip", "application/zip" },
		{ "/p/pdf", "application/octet-stream" },
		{ "/p.pdf/a", "application/octet-stream" }, /* a folder's ending says nothing */
		{ "/p/a.", "application/octet-stream" },
		{ "", "application/octet-stream" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(media_type_of(rows[i].path), rows[i].type);
}

static void only_what_fits_a_header_line_is_a_type(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "text/html", true },
		{ "text/html; charset=utf-8", true },
		{ "image/svg+xml", true },
		{ "application/vnd.x-y.z", true },
		{ "", false },
		{ "text", false },
		{ "text/", false },
		{ "/html", false },
		{ "text/html\r\nSet-Cookie: a", false },
		{ "text/ht\tml", false },
		{ "text/html; a=\x80", false },
		{ "a b/c", false },
		{ "text/html,text/plain", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(media_type_is(rows[i].text), rows[i].good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_says_what_a_file_is),
		cmocka_unit_test(only_what_fits_a_header_line_is_a_type),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
