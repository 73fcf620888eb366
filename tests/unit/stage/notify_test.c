// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/notify.h"

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

static void reads_what_daemons_say(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		struct notify_message want;
	} rows[] = {
		{ "", { 0 } },
		{ "READY=1", { .ready = true } },
		{ "READY=1\n", { .ready = true } },
		{ "READY=0", { 0 } },
		{ "READY=10", { 0 } },
		{ "X-READY=1", { 0 } },
		{ "STOPPING=1\nWATCHDOG=1", { .stopping = true, .watchdog = true } },
		{ "WATCHDOG=1\nSTATUS=3 lessons\nREADY=1\nMAINPID=7",
		  { .ready = true, .watchdog = true, .status = "3 lessons" } },
		{ "STATUS=\x1b[2Jbad\x7f", { .status = " [2Jbad " } },
		{ "STATUS=\xff\xfe", { .status = "" } },
		{ "STATUS=وصل", { .status = "وصل" } },
		{ "\n\n\nREADY=1\n\n", { .ready = true } },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct notify_message got;
		notify_parse(rows[i].bytes, strlen(rows[i].bytes), &got);
		assert_int_equal(got.ready, rows[i].want.ready);
		assert_int_equal(got.stopping, rows[i].want.stopping);
		assert_int_equal(got.watchdog, rows[i].want.watchdog);
		assert_string_equal(got.status, rows[i].want.status);
	}
}

static void long_words_are_cut_between_letters(void **state)
{
	(void)state;
	char bytes[600] = "STATUS=";
	for (size_t i = 7; i + 2 < sizeof(bytes); i += 2)
		memcpy(bytes + i, "و", 3);
	struct notify_message got;
	notify_parse(bytes, strlen(bytes), &got);
	assert_int_equal(strlen(got.status), sizeof(got.status) - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_daemons_say),
		cmocka_unit_test(long_words_are_cut_between_letters),
	};
	return cmocka_run_group_tests_name("stage/notify", tests, NULL, NULL);
}
