// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/captions.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static const struct {
	const char *what;
	enum captions_form form;
	const char *from, *to; /* `to` after "WEBVTT\n" */
	size_t cues, dropped;
} rows[] = {
	{ "SubRip as it should be", CAPTIONS_SRT,
	  "1\n00:00:01,500 --> 00:00:03,250\nBonjour\ntout le monde\n\n"
	  "2\n00:01:00,000 --> 01:00:01,007\nSuite\n",
	  "\n00:00:01.500 --> 00:00:03.250\nBonjour\ntout le monde\n"
	  "\n00:01:00.000 --> 01:00:01.007\nSuite\n",
	  2, 0 },
	{ "SubRip from an editor of long ago: CR LF, no hours, points, no last line end",
	  CAPTIONS_SRT,
	  "\xef\xbb\xbf"
	  "1\r\n00:01.5 --> 00:03.25\r\nA\r\n\r\n2\r\n0:0:4,5-->0:0:6,25\r\nB",
	  "\n00:00:01.500 --> 00:00:03.250\nA\n\n00:00:04.500 --> 00:00:06.250\nB\n", 2, 0 },
	{ "an empty line and a number are part of what is said", CAPTIONS_SRT,
	  "1\n00:00:01,000 --> 00:00:02,000\nhow many?\n\n42\n\n2\n00:00:02,000 --> "
	  "00:00:03,000\nx\n",
	  "\n00:00:01.000 --> 00:00:02.000\nhow many?\n42\n\n00:00:02.000 --> 00:00:03.000\nx\n", 2,
	  0 },
	{ "Arabic with its vowels and marks of direction", CAPTIONS_SRT,
	  "1\n00:00:01,000 --> 00:00:02,000\n\u200fالكُسُورُ المُتَكافِئَةُ ½ = 2/4 \u202bهَلْ؟\u202c\n",
	  "\n00:00:01.000 --> 00:00:02.000\n\u200fالكُسُورُ المُتَكافِئَةُ ½ = 2/4 \u202bهَلْ؟\u202c\n", 1,
	  0 },
	{ "tags that both know stay, others and colours go", CAPTIONS_SRT,
	  "1\n00:00:01,000 --> 00:00:02,000 X1:10 Y1:20\n{\\an8}<I>a</I> <font "
	  "color=\"red\">b</font> "
	  "<b>c & d &amp; e</b> 1 < 2 > 0 --> x\n",
	  "\n00:00:01.000 --> 00:00:02.000 line:0\n<i>a</i> b <b>c &amp; d &amp; e</b> 1 &lt; 2 "
	  "&gt; 0 "
	  "--&gt; x\n",
	  1, 0 },
	{ "line ends of three kinds in one file, and one that a transfer has doubled", CAPTIONS_SRT,
	  "1\r00:00:01,000 --> 00:00:02,000\rA\n\n2\r\n00:00:02,000 --> "
	  "00:00:03,000\r\r\nB\r\r\nC\n",
	  "\n00:00:01.000 --> 00:00:02.000\nA\n\n00:00:02.000 --> 00:00:03.000\nB\nC\n", 2, 0 },
	{ "doubled in WebVTT, where an empty line would end the words", CAPTIONS_VTT,
	  "WEBVTT\r\r\n\r\r\n00:01.000 --> 00:02.000\r\r\nA\r\r\nB\r\r\n",
	  "\n00:00:01.000 --> 00:00:02.000\nA\nB\n", 1, 0 },
	{ "times before the film: what is seen of it is kept, what is not said is not said by "
	  "others",
	  CAPTIONS_SRT,
	  "1\n-00:00:01,000 --> 00:00:01,500\nfirst\n\n2\n00:00:02,000 --> 00:00:03,000\nsecond\n\n"
	  "3\n-00:00:03,000 --> -00:00:02,000\nnever\n\n4\n00:00:-4,-500 --> 00:00:05,000\nbroken\n"
	  "of two lines\n\n5\n00:00:06,000 --> 00:00:07,000\nlast --> x\n",
	  "\n00:00:00.000 --> 00:00:01.500\nfirst\n\n00:00:02.000 --> 00:00:03.000\nsecond\n"
	  "\n00:00:06.000 --> 00:00:07.000\nlast --&gt; x\n",
	  3, 2 },
	{ "WebVTT with a time that is none", CAPTIONS_VTT,
	  "WEBVTT\n\n00:01.000 --> 00:02.000\nA\n00:99.000 --> 01:02.000\nnever\n\n00:03.000 --> "
	  "00:04.000\nB\n",
	  "\n00:00:01.000 --> 00:00:02.000\nA\n\n00:00:03.000 --> 00:00:04.000\nB\n", 2, 1 },
	{ "out of order, backwards, without words", CAPTIONS_SRT,
	  "1\n00:00:09,000 --> 00:00:10,000\nlate\n\n2\n00:00:05,000 --> 00:00:04,000\nback\n\n"
	  "3\n00:00:05,000 --> 00:00:06,000\n<i> </i>\n\n4\n00:00:01,000 --> 00:00:09,500\nearly\n",
	  "\n00:00:01.000 --> 00:00:09.500\nearly\n\n00:00:09.000 --> 00:00:10.000\nlate\n", 2, 2 },
	{ "WebVTT without its styles, notes and regions", CAPTIONS_VTT,
	  "WEBVTT - a title\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\nSTYLE\n::cue { color: "
	  "red }\n\nREGION\nid:r\n\nNOTE a word\n\nid-1\n00:01.000 --> 00:02.000 region:r "
	  "align:start "
	  "line:10% bad:1 size:url(x)\n<v Amal>Hello</v> <c.x>you</c> <script>\n\n2\n00:03.000 --> "
	  "00:04.000\nB\n",
	  "\n00:00:01.000 --> 00:00:02.000 align:start line:10%\n<v Amal>Hello</v> <c.x>you</c>\n"
	  "\n00:00:03.000 --> 00:00:04.000\nB\n",
	  2, 0 },
	{ "ASS: styles nest, drawings and comments go", CAPTIONS_ASS,
	  "[Script Info]\nTitle: x\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: "
	  "Default,Arial\n\n"
	  "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, "
	  "Text\n"
	  "Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not said\n"
	  "Dialogue: 0,0:00:01.50,0:00:02.75,Default,,0,0,0,,{\\an8\\fs20}a, "
	  "{\\i1}b{\\b1}c{\\i0}d\\Ne\\hf "
	  "< {note}\n"
	  "Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}\n",
	  "\n00:00:01.500 --> 00:00:02.750 line:0\na, <i>b</i><i><b>c</b></i><b>d\ne&nbsp;f &lt; "
	  "</b>\n",
	  1, 1 },
	{ "ASS with fields in an order of its own", CAPTIONS_ASS,
	  "[Events]\r\nFormat: Start, End, Text\r\nDialogue: 0:00:01.00,0:00:02.00,x, y\r\n",
	  "\n00:00:01.000 --> 00:00:02.000\nx, y\n", 1, 0 },
};

static void each_form_becomes_webvtt(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *out = NULL;
		size_t len = 0;
		struct captions_found found;
		struct fault why = { 0 };
		if (captions_to_vtt(rows[i].from, strlen(rows[i].from), &out, &len, &found, &why))
			fail_msg("%s: %s", rows[i].what, why.text);
		assert_int_equal(len, strlen(out));
		assert_memory_equal(out, "WEBVTT\n", 7);
		if (strcmp(out + 7, rows[i].to) != 0)
			fail_msg("%s:\n%s\ninstead of\n%s", rows[i].what, out + 7, rows[i].to);
		assert_int_equal(found.form, rows[i].form);
		assert_int_equal(found.coding, CAPTIONS_UTF8);
		assert_int_equal(found.cues, rows[i].cues);
		assert_int_equal(found.dropped, rows[i].dropped);
		/* What was written is read as the same. */
		AUTO_FREE char *again = NULL;
		size_t again_len = 0;
		assert_int_equal(captions_to_vtt(out, len, &again, &again_len, &found, NULL), 0);
		assert_string_equal(again, out);
	}
}

#define HEAD "1\n00:00:01,000 --> 00:00:02,000\n"
#define SEEN "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"

static const struct {
	const char *what, *bytes;
	size_t len; /* 0: strlen */
	enum captions_coding coding;
	const char *to;
} codings[] = {
	{ "Windows-1256",
	  HEAD "\xc7\xe1\xdf\xf5\xd3\xf5\xe6\xd1 \xc7\xe1\xe3\xca\xdf\xc7\xdd\xc6\xc9\xa1 "
	       "\xe5\xe1\xbf \xdd\xed "
	       "\xc7\xe1\xcf\xd1\xd3 Fractions \xe9"
	       "gales\n",
	  0, CAPTIONS_WINDOWS_1256, SEEN "الكُسُور المتكافئة، هل؟ في الدرس Fractions égales\n" },
	{ "ISO-8859-6",
	  HEAD "\xc7\xe4\xe3\xd3\xe8\xd1 \xc7\xe4\xe5\xca\xe3\xc7\xe1\xc6\xc9\xac \xe7\xe4\xbf\n",
	  0, CAPTIONS_ISO_8859_6, SEEN "الكسور المتكافئة، هل؟\n" },
	{ "Windows-1252",
	  HEAD "L'\xe9l\xe8ve \xe0 l'\xe9"
	       "cole\x85 \xab \xc7"
	       "a va \xbb, c\x9c"
	       "ur\n",
	  0, CAPTIONS_WINDOWS_1252, SEEN "L'élève à l'école… « Ça va », cœur\n" },
	{ "UTF-16, low byte first",
	  "\xff\xfe"
	  "0\0"
	  "0\0"
	  ":\0"
	  "0\0"
	  "1\0 \0-\0-\0>\0 \0"
	  "0\0"
	  "0\0"
	  ":\0"
	  "0\0"
	  "2\0\n\0"
	  "'\x06"
	  "=\xd8\x00\xde\n\0",
	  42, CAPTIONS_UTF16, SEEN "ا😀\n" },
	{ "UTF-16, high byte first",
	  "\xfe\xff\0"
	  "0\0"
	  "0\0"
	  ":\0"
	  "0\0"
	  "1\0 \0-\0-\0>\0 \0"
	  "0\0"
	  "0\0"
	  ":\0"
	  "0\0"
	  "2\0\n\x06"
	  "'\0\n",
	  38, CAPTIONS_UTF16, SEEN "ا\n" },
	{ "UTF-16 that does not say so, low byte first",
	  "0\0"
	  "0\0"
	  ":\0"
	  "0\0"
	  "1\0 \0-\0-\0>\0 \0"
	  "0\0"
	  "0\0"
	  ":\0"
	  "0\0"
	  "2\0\n\0"
	  "'\x06P\x06\n\0",
	  38, CAPTIONS_UTF16, SEEN "اِ\n" },
	{ "and high byte first",
	  "\0"
	  "0\0"
	  "0\0"
	  ":\0"
	  "0\0"
	  "1\0 \0-\0-\0>\0 \0"
	  "0\0"
	  "0\0"
	  ":\0"
	  "0\0"
	  "2\0\n\x06"
	  "'\x06P\0\n",
	  38, CAPTIONS_UTF16, SEEN "اِ\n" },
	{ "Windows-1256 without the article: a letter that ISO-8859-6 has not",
	  HEAD "\xe3\xf3\xd1\xcd\xc8\xf0\xc7 \xdd\xd1\xdf\xd3\n", 0, CAPTIONS_WINDOWS_1256,
	  SEEN "مَرحبًا فركس\n" },
	{ "Windows-1252 with one letter alone", HEAD "Il va \xe0 Tunis\n", 0, CAPTIONS_WINDOWS_1252,
	  SEEN "Il va à Tunis\n" },
	{ "Windows-1252 with quotes and dashes alone",
	  HEAD "\xab Bonjour \xbb \x96 l\x92"
	       "ami\x85\n",
	  0, CAPTIONS_WINDOWS_1252, SEEN "« Bonjour » – l’ami…\n" },
};

static void old_codings_are_recognized(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		AUTO_FREE char *out = NULL;
		size_t len = codings[i].len ? codings[i].len : strlen(codings[i].bytes),
		       out_len = 0;
		struct captions_found found;
		struct fault why = { 0 };
		if (captions_to_vtt(codings[i].bytes, len, &out, &out_len, &found, &why))
			fail_msg("%s: %s", codings[i].what, why.text);
		assert_string_equal(captions_coding_name(found.coding),
				    captions_coding_name(codings[i].coding));
		assert_string_equal(out, codings[i].to);
	}
}

static const struct {
	const char *what, *bytes;
	size_t len;
	int code;
	const char *id, *says;
} refused[] = {
	{ "nothing", "", 0, -EBADMSG, "captions.form", "SRT" },
	{ "a page of text", "Once upon a time\n--> there\n", 0, -EBADMSG, "captions.form", "SRT" },
	{ "WebVTT without a cue", "WEBVTT\n\nNOTE x\n", 0, -EBADMSG, "captions.empty",
	  "no caption" },
	{ "UTF-8 with a byte lost",
	  HEAD "\xd8\xa7\xd9\x84\xd9\xd8\xb3\xd9\x88\xd8\xb1 \xd9\x87\xd9\x84\n", 0, -EILSEQ,
	  "captions.utf8", "byte 36" },
	{ "zeros", "WEBVTT\0\n", 8, -EILSEQ, "captions.utf8", "byte 6" },
	{ "Windows-1251, which is not ours",
	  HEAD "\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0\n", 0, -EILSEQ,
	  "captions.coding", "save them as UTF-8" },
	{ "letters of which any page might have some", HEAD "\xe3\xd1\xcd\xc8\xc7\n", 0, -EILSEQ,
	  "captions.coding", "save them as UTF-8" },
	{ "half a surrogate", "\xff\xfe=\xd8\n\0", 6, -EILSEQ, "captions.utf16", "UTF-16" },
};

static void what_is_in_doubt_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		char *out = NULL;
		size_t len = refused[i].len ? refused[i].len : strlen(refused[i].bytes),
		       out_len = 0;
		struct fault why = { 0 };
		int r = captions_to_vtt(refused[i].bytes, len, &out, &out_len, NULL, &why);
		if (r != refused[i].code)
			print_message("%s: %d %s\n", refused[i].what, r, why.text);
		assert_int_equal(r, refused[i].code);
		assert_null(out);
		assert_string_equal(why.id, refused[i].id);
		if (!strstr(why.text, refused[i].says))
			fail_msg("%s: '%s'", refused[i].what, why.text);
	}
}

static void there_is_a_limit(void **state)
{
	(void)state;
	AUTO_FREE char *much = malloc(CAPTIONS_LIMIT_BYTES + 1);
	struct fault why = { 0 };
	char *out = NULL;
	size_t len = 0, at = 0;
	assert_non_null(much);
	memset(much, 'x', CAPTIONS_LIMIT_BYTES + 1);
	assert_int_equal(captions_to_vtt(much, CAPTIONS_LIMIT_BYTES + 1, &out, &len, NULL, &why),
			 -E2BIG);
	assert_string_equal(why.id, "captions.size");
	for (size_t i = 0; i <= CAPTIONS_CUES_MAX; i++) {
		memcpy(much + at, "00:01 --> 00:02\nx\n\n", 19);
		at += 19;
	}
	assert_int_equal(captions_to_vtt(much, at, &out, &len, NULL, &why), -E2BIG);
	assert_string_equal(why.id, "captions.many");
}

static void cues_of_a_film_are_taken_one_by_one(void **state)
{
	(void)state;
	struct captions *c = captions_new();
	AUTO_FREE char *out = NULL;
	size_t len = 0;
	assert_non_null(c);
	assert_int_equal(captions_add_ass(c, 2000, 3000, "second", 6), 0);
	assert_int_equal(captions_add_ass(c, -40, 3000, "before", 6), 0);
	assert_int_equal(captions_add_ass(c, 0, 1000, "{\\i1}first", 10), 0);
	assert_int_equal(captions_add_ass(c, -40, 0, "gone", 4), 0);
	assert_int_equal(captions_count(c), 3);
	assert_int_equal(captions_write(c, &out, &len), 0);
	assert_string_equal(out, "WEBVTT\n\n00:00:00.000 --> 00:00:03.000\nbefore\n"
				 "\n00:00:00.000 --> 00:00:01.000\n<i>first</i>\n"
				 "\n00:00:02.000 --> 00:00:03.000\nsecond\n");
	captions_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_becomes_webvtt),
		cmocka_unit_test(old_codings_are_recognized),
		cmocka_unit_test(what_is_in_doubt_is_refused),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(cues_of_a_film_are_taken_one_by_one),
	};
	return cmocka_run_group_tests_name("content/captions", tests, NULL, NULL);
}
