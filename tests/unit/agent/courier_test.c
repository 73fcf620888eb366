// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/courier.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void makes_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *hub, *url; /* NULL: refused */
	} rows[] = {
		{ "http://127.0.0.1:8081", "http://127.0.0.1:8081/v1/envelopes" },
		{ "https://hub.example/", "https://hub.example/v1/envelopes" },
		{ "https://hub.example/wasl//", "https://hub.example/wasl/v1/envelopes" },
		{ "", NULL },
		{ "/", NULL },
		{ "http://", NULL },
		{ "https:///", NULL },
		{ "hub.example", NULL },
		{ "file:///etc/passwd", NULL },
		{ "HTTP://hub", NULL },
	};
	char url[64];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault why = { 0 };
		int r = courier_url(rows[i].hub, url, sizeof(url), &why);
		assert_int_equal(r, rows[i].url ? 0 : -EINVAL);
		if (rows[i].url)
			assert_string_equal(url, rows[i].url);
		else
			assert_non_null(strstr(why.text, "[hub]"));
	}
	assert_int_equal(courier_url("https://a-name-that-is-too-long-for-this-small-room.example/",
				     url, 40, NULL),
			 -EINVAL);
}

struct seen {
	char text[200];
};

static void note(void *data, const void *bytes, size_t len)
{
	struct seen *s = data;
	snprintf(s->text + strlen(s->text), sizeof(s->text) - strlen(s->text), "[%.*s]", (int)len,
		 (const char *)bytes);
}

static void takes_answers_apart(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		int want;
		const char *seen;
	} rows[] = {
		{ "", 0, 0, "" },
		{ "\3\0\0\0abc", 7, 0, "[abc]" },
		{ "\3\0\0\0abc\1\0\0\0d", 12, 0, "[abc][d]" },
		{ "\3\0\0\0ab", 6, -EBADMSG, "" },
		{ "\3\0\0\0abc\1\0\0", 10, -EBADMSG, "[abc]" },
		{ "\0\0\0\0", 4, -EBADMSG, "" },
		{ "\xff\xff\xff\xff"
		  "abc",
		  7, -EBADMSG, "" },
		{ "\1\0\1\0"
		  "abc",
		  7, -EBADMSG, "" },
		{ "<html>Please log in</html>", 26, -EBADMSG, "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen s = { "" };
		assert_int_equal(courier_frames(rows[i].bytes, rows[i].len, note, &s, NULL),
				 rows[i].want);
		assert_string_equal(s.text, rows[i].seen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_addresses),
		cmocka_unit_test(takes_answers_apart),
	};
	return cmocka_run_group_tests_name("agent/courier", tests, NULL, NULL);
}
