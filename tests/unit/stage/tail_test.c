// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/tail.h"

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

static long ftell_of(const char *path)
{
	FILE *f = fopen(path, "r");
	fseek(f, 0, SEEK_END);
	long at = ftell(f);
	fclose(f);
	return at;
}

static void gives_the_last_lines(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t count;
		const char *want;
	} rows[] = {
		{ "", 3, "" },
		{ "one\n", 3, "one" },
		{ "one\ntwo\nthree\n", 2, "two\nthree" },
		{ "one\ntwo\nthree", 2, "two\nthree" },
		{ "\n\n\n", 2, "" },
		{ "a\tb\033[2Jc\n", 1, "a b [2Jc" },
	};
	char path[] = "/tmp/wasl-tail-XXXXXX";
	close(mkstemp(path));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		FILE *to = fopen(path, "w");
		fputs(rows[i].text, to);
		fclose(to);
		AUTO_FREE char *got = tail_lines(path, 0, rows[i].count);
		assert_string_equal(got, rows[i].want);
	}
	FILE *to = fopen(path, "w");
	for (int i = 0; i < 10000; i++)
		fprintf(to, "line %d\n", i);
	fclose(to);
	AUTO_FREE char *got = tail_lines(path, 0, 2);
	assert_string_equal(got, "line 9998\nline 9999");
	/* What an earlier run left is not shown. */
	AUTO_FREE char *ours = tail_lines(path, (uint64_t)ftell_of(path) - 10, 5);
	assert_string_equal(ours, "line 9999");
	unlink(path);
	assert_null(tail_lines(path, 0, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(gives_the_last_lines) };
	return cmocka_run_group_tests_name("stage/tail", tests, NULL, NULL);
}
