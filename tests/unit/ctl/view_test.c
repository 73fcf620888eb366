// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/view.h"

#include "firmware/base/text.h"
#include "tests/unit/ctl/golden.h"

static void sizes_follow_the_language(void **state)
{
	(void)state;
	static const struct {
		uint64_t bytes;
		enum strings_lang lang;
		const char *text;
	} rows[] = {
		{ 0, STRINGS_EN, "0 B" },
		{ 999, STRINGS_EN, "999 B" },
		{ 1000, STRINGS_EN, "1 KB" },
		{ 1400, STRINGS_EN, "1.4 KB" },
		{ 1400, STRINGS_FR, "1,4 Ko" },
		{ 1400, STRINGS_AR, "1,4 ك.ب" },
		{ 12345678, STRINGS_EN, "12 MB" },
		{ 2000000000, STRINGS_EN, "2 GB" },
		{ UINT64_MAX, STRINGS_EN, "18446744073 GB" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[64];
		const struct view v = { .lang = rows[i].lang };
		view_size(&v, rows[i].bytes, out, sizeof(out));
		assert_string_equal(out, rows[i].text);
	}
}

static void times_are_local(void **state)
{
	(void)state;
	char out[20];
	view_time(&(struct view){ .zone_s = 3600 }, 1795335300, out);
	assert_string_equal(out, "2026-11-22 09:15");
	view_time(&(struct view){ .zone_s = -86400 }, 1795335300, out);
	assert_string_equal(out, "2026-11-21 08:15");
}

static void strangers_do_not_steer_the_terminal(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "مدرسة", "مدرسة" },
		{ "a\x1b[2Jb\nc\x7f", "a [2Jb c " },
		{ "\xc2\x9b"
		  "1m",
		  "  1m" }, /* C1 */
		{ "é\xc2\xa0", "é\xc2\xa0" },
		{ "01234567890123456789", "012345678901234" },
		{ "01234567890123د", "01234567890123" },
		{ "\xff\xfe", "?" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[16];
		view_foreign(rows[i].text, out, sizeof(out));
		assert_string_equal(out, rows[i].want);
		assert_true(text_is_utf8(out, strlen(out)));
	}
}

static void places_are_filled(void **state)
{
	(void)state;
	const struct view v = { .lang = STRINGS_EN };
	AUTO_FREE char *text = view_fill(&v, "wasl.receipt.row", "n", "1", "date", "d", "epoch",
					 "2", "hash", "ff", NULL);
	assert_string_equal(text, "Receipt 1 · d · epoch 2 · ff");
	AUTO_FREE char *bare = view_fill(&v, "wasl.receipt.none", NULL);
	assert_string_equal(bare, "No receipt yet");
}

static void fields_of_answers(void **state)
{
	(void)state;
	CLEANUP(clean_json)
	json_t *o = json_loads("{\"a\":5,\"b\":2.9,\"c\":\"x\",\"d\":null}", 0, NULL);
	assert_int_equal(view_int(o, "a", 9), 5);
	assert_int_equal(view_int(o, "b", 9), 2);
	assert_int_equal(view_int(o, "c", 9), 9);
	assert_int_equal(view_int(o, "e", 9), 9);
	assert_string_equal(view_text(o, "c"), "x");
	assert_string_equal(view_text(o, "a"), "");
	assert_string_equal(view_text(NULL, "a"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_follow_the_language),
		cmocka_unit_test(times_are_local),
		cmocka_unit_test(strangers_do_not_steer_the_terminal),
		cmocka_unit_test(places_are_filled),
		cmocka_unit_test(fields_of_answers),
	};
	return cmocka_run_group_tests_name("ctl/view", tests, NULL, NULL);
}
