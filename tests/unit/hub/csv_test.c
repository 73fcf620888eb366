// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/csv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

/* What a text becomes: fields in [], rows ended by |, a broken row as !LINE. */
static void dump(const char *text, size_t len, char *out, size_t room)
{
	char copy[4096];
	memcpy(copy, text, len);
	copy[len] = '\0';
	struct csv c;
	struct csv_row row;
	struct fault why = { 0 };
	csv_init(&c, copy, len);
	size_t n = 0;
	out[0] = '\0';
	for (int got; (got = csv_next(&c, &row, &why)) != 0;) {
		if (got < 0) {
			unsigned line = 0;
			sscanf(why.text, "line %u", &line);
			n += (size_t)snprintf(out + n, room - n, "!%u|", line);
			continue;
		}
		n += (size_t)snprintf(out + n, room - n, "%u", row.line);
		for (size_t i = 0; i < row.count; i++)
			n += (size_t)snprintf(out + n, room - n, "[%s]", row.field[i]);
		n += (size_t)snprintf(out + n, room - n, "|");
	}
}

static const struct {
	const char *text, *want;
} rows[] = {
	{ "", "" },
	{ "\n\n", "" },
	{ "a,b\n", "1[a][b]|" },
	{ "a,b", "1[a][b]|" },
	{ "a,\n", "1[a][]|" },
	{ "a,", "1[a][]|" },
	{ ",\n", "1[][]|" },
	{ "a, b ,c\r\nd\r\n", "1[a][b][c]|2[d]|" },
	{ "\xef\xbb\xbf"
	  "a\n",
	  "1[a]|" },
	{ "# said aside\na\n#b\n\nc\n", "2[a]|5[c]|" },
	{ "a;b\n1,5;2\n", "1[a][b]|2[1,5][2]|" }, /* a French spreadsheet */
	{ "# x;y\na,b\n", "2[a][b]|" },           /* a comment does not choose the separator */
	{ "\"a,b\",c\n", "1[a,b][c]|" },
	{ "\"a \"\"q\"\"\",c\n", "1[a \"q\"][c]|" },
	{ "\"two\nlines\",c\nd\n", "1[two\nlines][c]|3[d]|" },
	{ "\"\"\n", "1[]|" },
	{ "\"a\" ,b\n", "1[a][b]|" },
	{ "\"a\"x,b\nc\n", "!1|2[c]|" },
	{ "\"never closed,b\nc\nd\n", "!1|2[c]|3[d]|" },
	{ "a,\"never closed\nc\n", "!1|2[c]|" },
	{ "a\"b,c\n", "1[a\"b][c]|" },
};

static void takes_tables_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char got[8192];
		dump(rows[i].text, strlen(rows[i].text), got, sizeof(got));
		assert_string_equal(got, rows[i].want);
	}
}

static void refuses_what_is_too_much(void **state)
{
	(void)state;
	char text[4096], got[8192];
	memset(text, ',', 40);
	memcpy(text + 40, "\nb\n", 4);
	dump(text, 43, got, sizeof(got));
	assert_string_equal(got, "!1|2[b]|");
	memset(text, 'x', CSV_FIELD_BYTES + 1);
	memcpy(text + CSV_FIELD_BYTES + 1, "\nb\n", 4);
	dump(text, CSV_FIELD_BYTES + 4, got, sizeof(got));
	assert_string_equal(got, "!1|2[b]|");
	text[CSV_FIELD_BYTES] = '\n'; /* exactly as long as allowed */
	dump(text, CSV_FIELD_BYTES + 1, got, sizeof(got));
	assert_int_equal(strlen(got), CSV_FIELD_BYTES + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_tables_apart),
		cmocka_unit_test(refuses_what_is_too_much),
	};
	return cmocka_run_group_tests_name("hub/csv", tests, NULL, NULL);
}
