// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem_book.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { HOUR = 3600000 };

static const struct modem_memory memory = {
	.step_ms = { 100 * HOUR, 101 * HOUR, 110 * HOUR },
	.steps = 3,
	.climbed = 5,
	.pin_tried = true,
	.pin_wrong = true,
	.pin_times = 2,
	.pin_tag = { 1, 2, 3 },
};

/* Written at hour 110 of a boot; read at hour `at`. */
static void comes_back(void **state)
{
	(void)state;
	static const struct {
		const char *boot;
		unsigned at, hour, day;
	} rows[] = {
		{ "one", 110, 1, 3 }, /* at once */
		{ "one", 112, 0, 3 }, /* the daemon was away for two hours */
		{ "one", 125, 0, 1 }, /* and longer */
		{ "one", 150, 0, 0 },
		{ "two", 50, 1, 3 }, /* another boot: nobody knows how long it was off */
		{ "two", 300, 1, 3 },
		{ "one", 109, 1, 3 }, /* a clock that lies */
	};
	AUTO_FREE char *text = modem_book_text(&memory, "one", 110ull * HOUR);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint64_t now = (uint64_t)rows[i].at * HOUR;
		struct modem_memory m;
		assert_int_equal(modem_book_parse(text, strlen(text), rows[i].boot, now, &m), 0);
		assert_int_equal(modem_steps_since(&m, now, HOUR), rows[i].hour);
		assert_int_equal(modem_steps_since(&m, now, 24ull * HOUR), rows[i].day);
		assert_int_equal(m.climbed, 5);
		assert_true(m.pin_tried && m.pin_wrong);
		assert_int_equal(m.pin_times, 2);
		assert_memory_equal(m.pin_tag, memory.pin_tag, MODEM_PIN_TAG);
	}
}

/* What is older than a day is nobody's business any more, and a PIN is not in it. */
static void forgets(void **state)
{
	(void)state;
	const struct modem_memory none = { .steps = 0 };
	AUTO_FREE char *old = modem_book_text(&memory, "one", 150ull * HOUR);
	AUTO_FREE char *empty = modem_book_text(&none, "one", 0);
	assert_non_null(strstr(old, "\"ages\":[]"));
	assert_string_equal(empty, "{\"boot\":\"one\",\"at\":0,\"climbed\":0,\"ages\":[]}");
}

static void refuses(void **state)
{
	(void)state;
#define BOOK(rest) "{\"boot\":\"one\",\"at\":5,\"climbed\":1," rest "}"
	static const char *const rows[] = {
		"",
		"[]",
		"{}",
		BOOK("\"ages\":[1,2]"), /* the oldest is not first */
		BOOK("\"ages\":[-1]"),
		BOOK("\"ages\":[\"x\"]"),
		BOOK("\"ages\":[86400001]"),
		BOOK("\"ages\":[9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9]"),
		BOOK("\"ages\":[],\"pin_tried\":\"0102\""),
		BOOK("\"ages\":[],\"pin_tried\":7"),
		BOOK("\"ages\":[],\"pin_tried\":\"0102030405060708\",\"pin_times\":3"),
		"{\"boot\":\"one\",\"at\":-5,\"climbed\":1,\"ages\":[]}",
		"{\"boot\":\"one\",\"at\":5,\"climbed\":-1,\"ages\":[]}",
		"{\"boot\":\"one\",\"at\":5,\"climbed\":100000,\"ages\":[]}",
		"{\"boot\":7,\"at\":5,\"climbed\":1,\"ages\":[]}",
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct modem_memory m = { .climbed = 77 };
		assert_int_equal(modem_book_parse(rows[i], strlen(rows[i]), "one", HOUR, &m),
				 -EBADMSG);
		assert_int_equal(m.climbed, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(forgets),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
