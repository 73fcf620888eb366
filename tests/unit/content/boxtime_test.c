// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/boxtime.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct {
	const char *why, *json;
	int code;
	bool trusted;
	int64_t unix_s;
} rows[] = {
	{ "nobody has vouched", "{\"time_floor\":1793491200,\"time_quality\":0}", 0, false,
	  1793491200 },
	{ "the hub has", "{\"time_floor\":1795564800,\"time_quality\":1}", 0, true, 1795564800 },
	{ "so has NTP", "{\"time_floor\":1795564800,\"time_quality\":2}", 0, true, 1795564800 },
	{ "a time that is none", "{\"time_floor\":-5,\"time_quality\":2}", 0, false, -5 },
	{ "beyond every calendar", "{\"time_floor\":9000000000000000000,\"time_quality\":2}", 0,
	  false, 9000000000000000000 },
	{ "other types", "{\"time_floor\":\"now\",\"time_quality\":1}", -EBADMSG, false, 0 },
	{ "no answer of agentd's", "{\"name\":\"agentd\"}", -EBADMSG, false, 0 },
	{ "no JSON", "<html>", -EBADMSG, false, 0 },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool trusted = false;
		int64_t at = 0;
		assert_int_equal(boxtime_parse(rows[i].json, strlen(rows[i].json), &trusted, &at),
				 rows[i].code);
		assert_int_equal(trusted, rows[i].trusted);
		assert_int_equal(at, rows[i].unix_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row) };
	return cmocka_run_group_tests_name("content/boxtime", tests, NULL, NULL);
}
