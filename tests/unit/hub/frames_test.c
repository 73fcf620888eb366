// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/frames.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static const struct {
	const char *why, *bytes;
	size_t len;
	int want;
	size_t count;
} rows[] = {
	{ "nothing", "", 0, 0, 0 },
	{ "one", "\1\0\0\0a", 5, 0, 1 },
	{ "two", "\1\0\0\0a\2\0\0\0bc", 11, 0, 2 },
	{ "an empty frame", "\0\0\0\0", 4, -EBADMSG, 0 },
	{ "cut in the length", "\1\0\0", 3, -EBADMSG, 0 },
	{ "cut in the second length", "\1\0\0\0a\2", 6, -EBADMSG, 0 },
	{ "cut in the bytes", "\3\0\0\0ab", 6, -EBADMSG, 0 },
	{ "longer than allowed", "\x11\0\0\0aaaaaaaaaaaaaaaaa", 21, -EBADMSG, 0 },
	{ "a length that wraps",
	  "\xff\xff\xff\xff"
	  "a",
	  5, -EBADMSG, 0 },
};

static void takes_a_body_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct frame frames[FRAMES_MAX];
		struct fault why = { 0 };
		size_t count = 99;
		assert_int_equal(frames_read(rows[i].bytes, rows[i].len, 16, frames, &count, &why),
				 rows[i].want);
		assert_int_equal(count, rows[i].want ? 99 : rows[i].count);
	}
}

static void refuses_more_than_the_limit(void **state)
{
	(void)state;
	AUTO_FREE void *body = NULL;
	size_t len = 0, count = 0;
	struct frame frames[FRAMES_MAX];
	for (unsigned i = 0; i < FRAMES_MAX; i++)
		assert_int_equal(frames_append(&body, &len, "xy", 2), 0);
	assert_int_equal(frames_read(body, len, 16, frames, &count, NULL), 0);
	assert_int_equal(count, FRAMES_MAX);
	assert_int_equal(frames[FRAMES_MAX - 1].len, 2);
	assert_memory_equal(frames[FRAMES_MAX - 1].bytes, "xy", 2);
	assert_int_equal(frames_append(&body, &len, "z", 1), 0);
	assert_int_equal(frames_read(body, len, 16, frames, &count, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_body_apart),
		cmocka_unit_test(refuses_more_than_the_limit),
	};
	return cmocka_run_group_tests_name("hub/frames", tests, NULL, NULL);
}
