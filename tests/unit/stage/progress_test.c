// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/progress.h"

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

static void finds_the_percentage(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		int want;
		size_t text;
	} rows[] = {
		{ "", -1, 0 },
		{ "encoding", -1, 0 },
		{ "42%", 42, 0 },
		{ "encoding the mezzanine: 42 %", 42, 22 },
		{ "encoding 7% of 90 s", 7, 8 },
		{ "encoding (100%)", 100, 8 },
		{ "12.5 % done", 12, 0 },
		{ "101 %", -1, 0 },
		{ "1000%", -1, 0 },
		{ "-5%", -1, 0 },
		{ "x5%", -1, 0 },
		{ "100% of 3 files, 40 % of all", 40, 15 },
		{ "%", -1, 0 },
		{ "%%%", -1, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t text = 0;
		int got = progress_percent(rows[i].line, &text);
		if (got != rows[i].want || text != rows[i].text)
			fail_msg("'%s': %d, %zu", rows[i].line, got, text);
	}
}

static void draws_bars(void **state)
{
	(void)state;
	static const struct {
		int percent;
		const char *plain;
	} rows[] = { { 0, "....." },   { 19, "....." },  { 20, "#...." }, { 99, "####." },
		     { 100, "#####" }, { 250, "#####" }, { -1, "....." } };
	char out[64];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		progress_bar(rows[i].percent, 5, PROGRESS_PLAIN, out, sizeof(out));
		assert_string_equal(out, rows[i].plain);
	}
	progress_bar(50, 4, PROGRESS_BLOCKS, out, sizeof(out));
	assert_string_equal(out, "██░░");
	progress_bar(50, 4, PROGRESS_BLOCKS, out, 8); /* never half a letter */
	assert_string_equal(out, "██");
	progress_bar(50, 4, PROGRESS_BLOCKS, out, 1);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_the_percentage),
					    cmocka_unit_test(draws_bars) };
	return cmocka_run_group_tests_name("stage/progress", tests, NULL, NULL);
}
