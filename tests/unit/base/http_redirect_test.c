// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/http_redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void stays_at_home(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
		bool allowed;
	} rows[] = {
		{ "http://hub.example/a", "http://hub.example/b", true },
		{ "http://hub.example/a", "http://HUB.example:80/b", true },
		{ "http://hub.example/a", "https://hub.example/b", true },
		{ "http://hub.example:8081/a", "https://hub.example/b", true },
		{ "https://hub.example/a", "http://hub.example/b", false },     /* never down */
		{ "http://hub.example/a", "http://hub.example:8080/b", false }, /* another server */
		{ "http://hub.example/a", "http://other.example/b", false },
		{ "http://hub.example/a", "http://hub.example@other.example/b", false },
		{ "http://hub.example/a", "http://hub.example.other.example/b", false },
		{ "http://hub.example/a", "http://127.0.0.1/b", false },
		{ "http://hub.example/a", "file:///etc/passwd", false },
		{ "http://hub.example/a", "", false },
		{ "http://hub.example/a", "http://", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (http_redirect_allowed(rows[i].from, rows[i].to) != rows[i].allowed)
			fail_msg("%s -> %s", rows[i].from, rows[i].to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(stays_at_home) };
	return cmocka_run_group_tests_name("base/http_redirect", tests, NULL, NULL);
}
