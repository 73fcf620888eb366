// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/config_pick.h"

#include "tests/unit/ctl/golden.h"

static const char first[] = "[box]\nlanguage = fr\n[uplink adsl]\nquota = 3T\ncost = 1\n[uplink "
			    "4g.b]\nquota = 5G\ncost = 2\n";
static const char second[] = "[box]\nlanguage = fr\n[origin]\nurl = http://x/?a = b\nempty = \n";

static void picks_what_is_asked(void **state)
{
	(void)state;
	static const struct {
		const char *want, *text;
		size_t written;
	} rows[] = {
		{ "",
		  "[box]\nlanguage = fr\n[uplink adsl]\nquota = 3T\ncost = 1\n[uplink 4g.b]\nquota "
		  "= 5G\ncost = 2\n"
		  "[origin]\nurl = http://x/?a = b\nempty = \n",
		  4 },
		{ "box", "[box]\nlanguage = fr\n", 1 },
		{ "box.language", "fr\n", 1 },
		{ "origin.url", "http://x/?a = b\n", 1 },
		{ "origin.empty", "\n", 1 },
		{ "uplink.adsl", "[uplink adsl]\nquota = 3T\ncost = 1\n", 1 },
		{ "uplink.adsl.quota", "3T\n", 1 },
		{ "uplink.4g.b.quota", "5G\n", 1 },
		{ "uplink",
		  "[uplink adsl]\nquota = 3T\ncost = 1\n[uplink 4g.b]\nquota = 5G\ncost = 2\n", 2 },
		{ "uplin", "", 0 },
		{ "boxes", "", 0 },
		{ "box.lang", "", 0 },
		{ "box.language.x", "", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		struct config_seen seen = { .count = 0 };
		FILE *to = open_memstream(&text, &len);
		size_t written = config_pick(first, rows[i].want, &seen, to);
		written += config_pick(second, rows[i].want, &seen, to);
		fclose(to);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(written, rows[i].written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(picks_what_is_asked) };
	return cmocka_run_group_tests_name("ctl/config_pick", tests, NULL, NULL);
}
