// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/verdict.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void the_worst_reason_stays_and_losses_add_up(void **state)
{
	(void)state;
	static const struct {
		const char *added[4];
		uint32_t kind;
		const char *reasons, *lost;
	} rows[] = {
		{ { NULL }, VERDICT_ACCEPT, "", "" },
		{ { "probe.truncated" }, VERDICT_SALVAGE, "probe.truncated ", "end " },
		{ { "probe.sound-codec", "probe.truncated" },
		  VERDICT_SALVAGE,
		  "probe.sound-codec probe.truncated ",
		  "sound end " },
		{ { "probe.truncated", "probe.truncated" },
		  VERDICT_SALVAGE,
		  "probe.truncated ",
		  "end " },
		{ { "probe.sound-codec", "probe.damaged" }, VERDICT_REFUSE, "probe.damaged ", " " },
		{ { "probe.damaged", "probe.truncated" }, VERDICT_REFUSE, "probe.damaged ", " " },
		{ { "probe.damaged", "probe.codec" }, VERDICT_REFUSE, "probe.damaged ", " " },
		{ { "no.such-reason" }, VERDICT_ACCEPT, "", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v = { 0 };
		char reasons[128] = "", lost[64] = "";
		for (size_t k = 0; k < 4 && rows[i].added[k]; k++)
			verdict_add(&v, rows[i].added[k], "1", "2");
		for (size_t k = 0; k < v.count; k++) {
			size_t at = strlen(reasons), lost_at = strlen(lost);
			snprintf(reasons + at, sizeof(reasons) - at, "%s ", v.notes[k].reason);
			snprintf(lost + lost_at, sizeof(lost) - lost_at, "%s ",
				 verdict_lost(&v, k));
		}
		assert_int_equal(v.kind, rows[i].kind);
		assert_string_equal(reasons, rows[i].reasons);
		assert_string_equal(lost, rows[i].lost);
		assert_int_equal(verdict_check(&v), 0);
	}
}

static void sentences_name_the_thing_in_three_languages(void **state)
{
	(void)state;
	static const struct {
		enum strings_lang lang;
		const char *want;
	} rows[] = {
		{ STRINGS_AR, "الصوت بصيغة ac4 غير مفهوم: سيكون الدرس بلا صوت. ينتهي الملف قبل "
			      "أوانه: فيه 8.5 من 10.2 ثانية." },
		{ STRINGS_FR, "Le son au format ac4 n’est pas compris : la leçon sera muette. Le "
			      "fichier s’arrête trop tôt : il contient 8.5 s sur 10.2." },
		{ STRINGS_EN, "Sound in the form ac4 is not understood: the lesson will be silent. "
			      "The file ends early: 8.5 of 10.2 s are there." },
	};
	struct verdict v = { 0 };
	verdict_add(&v, "probe.sound-codec", "ac4", NULL);
	verdict_add(&v, "probe.truncated", "8.5", "10.2");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = verdict_text(&v, rows[i].lang);
		assert_string_equal(text, rows[i].want);
	}
	assert_string_equal(verdict_reason(&v), "probe.sound-codec");
}

static void values_of_a_file_cannot_write_sentences(void **state)
{
	(void)state;
	struct verdict v = { 0 };
	verdict_add(&v, "probe.codec",
		    "a\nb\x1b[31m\xd8\xa7 and much longer than there is room for", NULL);
	assert_string_equal(v.notes[0].values[0], "ab[31m and much longer than the");
	assert_int_equal(verdict_check(&v), 0);
}

static void what_was_made_is_compared_with_what_was_planned(void **state)
{
	(void)state;
	static const struct {
		uint64_t planned, made;
		const char *reason;
	} rows[] = {
		{ 10000, 10000, "" },
		{ 10000, 10040, "" },
		{ 10000, 9960, "" }, /* a picture less */
		{ 40, 40, "" },
		{ 300, 100, "" }, /* a very short one: rounding */
		{ 10000, 9000, "made.short" },
		{ 3600000, 3590000, "" },
		{ 3600000, 3500000, "made.short" },
		{ 10000, 4000, "made.nothing" },
		{ 10000, 0, "made.nothing" },
		{ 300, 0, "made.nothing" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v = { 0 };
		verdict_produced(&v, rows[i].planned, rows[i].made);
		assert_string_equal(verdict_reason(&v), rows[i].reason);
	}
	struct verdict v = { 0 };
	verdict_produced(&v, 10240, 8520);
	AUTO_FREE char *text = verdict_text(&v, STRINGS_EN);
	assert_string_equal(text, "The lesson is not whole: 8.5 of 10.2 s were made.");
}

static void another_process_is_not_believed(void **state)
{
	(void)state;
	struct verdict good = { 0 };
	verdict_add(&good, "probe.sound-codec", "ac4", NULL);
	assert_int_equal(verdict_check(&good), 0);
	struct verdict v = good;
	v.kind = 7;
	assert_int_equal(verdict_check(&v), -EBADMSG);
	v = good;
	v.count = 5;
	assert_int_equal(verdict_check(&v), -EBADMSG);
	v = good;
	v.kind = VERDICT_ACCEPT;
	assert_int_equal(verdict_check(&v), -EBADMSG);
	v = good;
	v.kind = VERDICT_REFUSE; /* a loss does not refuse */
	assert_int_equal(verdict_check(&v), -EBADMSG);
	v = good;
	memset(v.notes[0].reason, 'x', sizeof(v.notes[0].reason));
	assert_int_equal(verdict_check(&v), -EBADMSG);
	v = good;
	v.notes[0].values[0][0] = '\n';
	assert_int_equal(verdict_check(&v), -EBADMSG);
	v = good;
	memcpy(v.notes[0].reason, "probe.x", 8);
	assert_int_equal(verdict_check(&v), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_reason_stays_and_losses_add_up),
		cmocka_unit_test(sentences_name_the_thing_in_three_languages),
		cmocka_unit_test(values_of_a_file_cannot_write_sentences),
		cmocka_unit_test(what_was_made_is_compared_with_what_was_planned),
		cmocka_unit_test(another_process_is_not_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
