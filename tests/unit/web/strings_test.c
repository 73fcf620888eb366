// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/web/strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/web/strings_table.h"

static void knows_its_languages(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
		enum strings_lang lang;
	} rows[] = {
		{ "ar", 0, STRINGS_AR },    { "fr_TN.UTF-8", 0, STRINGS_FR },
		{ "en-GB", 0, STRINGS_EN }, { "es", -22, STRINGS_AR },
		{ "arz", -22, STRINGS_AR }, { NULL, -22, STRINGS_AR },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum strings_lang lang = STRINGS_AR;
		assert_int_equal(strings_lang_parse(rows[i].text, &lang), rows[i].code);
		assert_int_equal(lang, rows[i].lang);
	}
	assert_string_equal(strings_lang_dir(STRINGS_AR), "rtl");
	assert_string_equal(strings_lang_dir(STRINGS_FR), "ltr");
}

static void table_is_sorted_and_whole(void **state)
{
	(void)state;
	assert_true(strings_table_count > 20);
	for (size_t i = 0; i < strings_table_count; i++) {
		if (i > 0)
			assert_true(strcmp(strings_table[i - 1].id, strings_table[i].id) < 0);
		for (int lang = 0; lang < STRINGS_LANG_COUNT; lang++)
			assert_true(strings_table[i].text[lang][0] != '\0');
	}
}

static void gives_text_or_the_id(void **state)
{
	(void)state;
	assert_string_equal(strings_get(STRINGS_FR, "status.offline"),
			    "Internet coupé. Les leçons fonctionnent.");
	assert_string_equal(strings_get(STRINGS_AR, "status.offline"),
			    "الإنترنت مقطوع. الدروس تعمل.");
	assert_string_equal(strings_get(STRINGS_EN, "no.such.id"), "no.such.id");
}

static void fills_places(void **state)
{
	(void)state;
	AUTO_FREE char *one = strings_fill(STRINGS_EN, "unit.mb", "n", "14", NULL);
	assert_string_equal(one, "14 MB");
	AUTO_FREE char *other = strings_fill(STRINGS_EN, "unit.mb", "x", "14", NULL);
	assert_string_equal(other, "{n} MB");
}

static void picks_plural_forms(void **state)
{
	(void)state;
	static const struct {
		enum strings_lang lang;
		uint64_t n;
		const char *id;
	} rows[] = {
		{ STRINGS_EN, 1, "count.lessons.one" },
		{ STRINGS_EN, 0, "count.lessons.other" },
		{ STRINGS_FR, 0, "count.lessons.one" },
		{ STRINGS_FR, 2, "count.lessons.other" },
		{ STRINGS_AR, 0, "count.lessons.zero" },
		{ STRINGS_AR, 1, "count.lessons.one" },
		{ STRINGS_AR, 2, "count.lessons.two" },
		{ STRINGS_AR, 3, "count.lessons.few" },
		{ STRINGS_AR, 11, "count.lessons.many" },
		{ STRINGS_AR, 100, "count.lessons.other" },
		{ STRINGS_AR, 103, "count.lessons.few" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(strings_plural(rows[i].lang, "count.lessons", rows[i].n),
				    strings_get(rows[i].lang, rows[i].id));
	assert_string_equal(strings_get(STRINGS_AR, "count.lessons.two"), "درسان");
}

static void says_it_again_in_another_language(void **state)
{
	(void)state;
	static const struct {
		enum strings_lang lang;
		const char *id, *said, *want; /* NULL: it was not said like that */
	} rows[] = {
		{ STRINGS_AR, "probe.small",
		  "The picture is too small: 32x18. Export the lesson as 320x180 at least.",
		  "الصورة صغيرة جدًا: 32×18. صدّروا الدرس بعرض 320 وارتفاع 180 على الأقل." },
		{ STRINGS_FR, "probe.truncated",
		  "The file ends early: 3.5 of 60 s are there. And more.",
		  "Le fichier s’arrête trop tôt : il contient 3.5 s sur 60." },
		{ STRINGS_EN, "probe.empty", "The file is empty. Copy it again.",
		  "The file is empty. Copy it again." },
		{ STRINGS_AR, "probe.small", "The picture is too small", NULL },
		{ STRINGS_AR, "probe.small", "", NULL },
		{ STRINGS_AR, "probe.small",
		  "The picture is too small: "
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaax1. Export the lesson as 320x180 at least.",
		  NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = strings_again(rows[i].lang, rows[i].id, rows[i].said);
		if (!rows[i].want)
			assert_null(text);
		else
			assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_languages),
		cmocka_unit_test(table_is_sorted_and_whole),
		cmocka_unit_test(gives_text_or_the_id),
		cmocka_unit_test(fills_places),
		cmocka_unit_test(picks_plural_forms),
		cmocka_unit_test(says_it_again_in_another_language),
	};
	return cmocka_run_group_tests_name("web/strings", tests, NULL, NULL);
}
