// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct {
	const char *why, *from, *to;
} rows[] = {
	{ "nothing", "", "" },
	{ "case and punctuation", "  Fractions, (1)!\n", "fractions 1" },
	{ "French accents and ligatures", "L'élève a vu l’Œuvre à Sète",
	  "l eleve a vu l oeuvre a sete" },
	{ "decomposed accents", "e\xcc\x81\x63ole", "ecole" },
	{ "vowel marks", "مُدَرِّسَةٌ", "مدرسه" },
	{ "tatweel", "كـــسور", "كسور" },
	{ "alef forms", "أحمد إحمد آحمد ٱحمد", "احمد احمد احمد احمد" },
	{ "ya and alef maqsura", "مستشفى على", "مستشفي علي" },
	{ "ta marbuta and ha", "مدرسة فقه", "مدرسه فقه" },
	{ "hamza seats", "سؤال بيئة", "سوال بييه" },
	{ "Arabic-Indic digits", "السنة ٧ ۸", "سنه 7 8" },
	{ "articles and particles", "الكسور والكسور بالكسور للكسور", "كسور كسور كسور كسور" },
	{ "an article that is part of a short word stays", "الى الف", "الي الف" },
	{ "Arabic punctuation", "ما هذا؟ نعم، لا", "ما هذا نعم لا" },
	{ "direction marks inside",
	  "a\xe2\x80\x8f"
	  "b",
	  "ab" },
	{ "invalid bytes are spaces",
	  "a\xff\xc3"
	  "b\xed\xa0\x80"
	  "c\xf5",
	  "a b c" },
	{ "cut in mid-letter", "ab\xd8", "ab" },
	{ "other letters stay", "Ωm 你好", "Ωm 你好" },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE
		char *out = NULL;
		assert_int_equal(fold_text(rows[i].from, strlen(rows[i].from), &out), 0);
		if (strcmp(out, rows[i].to) != 0)
			print_message("row %zu: %s\n", i, rows[i].why);
		assert_string_equal(out, rows[i].to);
	}
}

static void folding_twice_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE
		char *out = NULL;
		assert_int_equal(fold_text(rows[i].to, strlen(rows[i].to), &out), 0);
		assert_string_equal(out, rows[i].to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(folding_twice_changes_nothing),
	};
	return cmocka_run_group_tests_name("content/fold", tests, NULL, NULL);
}
