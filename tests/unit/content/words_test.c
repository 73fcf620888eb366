// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/words.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "content/kitchen/words_format.h"
#include "firmware/base/clean.h"

#define VTT "WEBVTT\n\n00:01.000 --> 00:02.000\nنعم\n"

static size_t put(char *to, const char *language, size_t language_len, const char *vtt)
{
	struct words_head h = { .magic = WORDS_MAGIC, .len = (uint32_t)strlen(vtt) };
	memcpy(h.language, language, language_len);
	memcpy(to, &h, sizeof(h));
	memcpy(to + sizeof(h), vtt, h.len);
	return sizeof(h) + h.len;
}

static void track_after_track(void **state)
{
	(void)state;
	char bytes[512];
	size_t len = put(bytes, "ar", 3, VTT);
	len += put(bytes + len, "", 1, VTT);
	const char *at = bytes;
	static const char *const languages[] = { "ar", "" };
	for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
		struct words_track t;
		assert_int_equal(words_next(&at, bytes + len, &t, NULL), 1);
		assert_string_equal(t.language, languages[i]);
		assert_non_null(strstr(t.vtt, "نعم"));
		assert_int_equal(strlen(t.vtt), t.len);
		free(t.vtt);
	}
	struct words_track t;
	assert_int_equal(words_next(&at, bytes + len, &t, NULL), 0);
}

/* What a child that read a hostile film may hand over. */
static void what_is_none(void **state)
{
	(void)state;
	static const struct {
		const char *why, *language;
		size_t language_len, cut;
		const char *vtt;
		uint32_t len; /* 0: as it is */
	} rows[] = {
		{ "cut short", "ar", 3, 1, VTT, 0 },
		{ "half a head", "ar", 3, sizeof(VTT) + 4, VTT, 0 },
		{ "longer than what is there", "ar", 3, 0, VTT, 4000 },
		{ "longer than anything", "ar", 3, 0, VTT, UINT32_MAX },
		{ "a path for a language", "../../ar", 9, 0, VTT, 0 },
		{ "a language without an end", "abcdefghijkl", 12, 0, VTT, 0 },
		{ "no captions in it", "ar", 3, 0, "nothing", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char bytes[512];
		size_t len = put(bytes, rows[i].language, rows[i].language_len, rows[i].vtt);
		if (rows[i].len)
			memcpy(bytes + offsetof(struct words_head, len), &rows[i].len,
			       sizeof(rows[i].len));
		const char *at = bytes;
		struct words_track t;
		if (words_next(&at, bytes + len - rows[i].cut, &t, NULL) != -EBADMSG)
			fail_msg("%s", rows[i].why);
		assert_ptr_equal(at, bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(track_after_track),
					    cmocka_unit_test(what_is_none) };
	return cmocka_run_group_tests_name("content/words", tests, NULL, NULL);
}
