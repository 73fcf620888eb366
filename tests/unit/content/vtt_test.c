// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/vtt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct {
	const char *why, *file, *words; /* NULL: not WebVTT */
} rows[] = {
	{ "a cue", "WEBVTT\n\n00:01.000 --> 00:02.000\nمرحبا\n", "مرحبا\n" },
	{ "byte order mark and a title",
	  "\xef\xbb\xbfWEBVTT lesson\n\n00:01.000 --> 00:02.000\na\n", "a\n" },
	{ "identifier, settings, two lines",
	  "WEBVTT\n\nid 1\n00:01.000 --> 00:02.000 line:0\none\ntwo\n\n", "one\ntwo\n" },
	{ "notes and styles",
	  "WEBVTT\n\nNOTE no\nno\n\nSTYLE\n::cue {}\n\n00:01.000 --> 00:02.000\nyes", "yes\n" },
	{ "tags and entities",
	  "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>1 &lt; 2 &amp; <b>3</b>&nbsp;&x",
	  "1 < 2 & 3 &x\n" },
	{ "an open tag ends the line", "WEBVTT\n\n00:01.000 --> 00:02.000\na <b", "a \n" },
	{ "carriage returns", "WEBVTT\r\r00:01.000 --> 00:02.000\ra\r\nb\r", "a\nb\n" },
	{ "no cue", "WEBVTT", "" },
	{ "nothing", "", NULL },
	{ "something else", "WEBVTTX\n", NULL },
	{ "SubRip", "1\n00:00:01,000 --> 00:00:02,000\na\n", NULL },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE
		char *out = NULL;
		int code = vtt_words(rows[i].file, strlen(rows[i].file), &out);
		if (code != (rows[i].words ? 0 : -EBADMSG) ||
		    (out && strcmp(out, rows[i].words) != 0))
			print_message("row %zu: %s\n", i, rows[i].why);
		assert_int_equal(code, rows[i].words ? 0 : -EBADMSG);
		if (rows[i].words)
			assert_string_equal(out, rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row) };
	return cmocka_run_group_tests_name("content/vtt", tests, NULL, NULL);
}
