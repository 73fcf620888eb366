// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_list.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define HEAD "#EXTM3U\n#EXT-X-TARGETDURATION:4\n"

static const struct {
	const char *why, *text;
	int code;
	size_t variants, segments;
} rows[] = {
	{ "nothing", "", -EBADMSG, 0, 0 },
	{ "a web page", "<html>", -EBADMSG, 0, 0 },
	{ "nothing but a beginning", "#EXTM3U\n", -EBADMSG, 0, 0 },
	{ "a class that has not begun", HEAD, 0, 0, 0 },
	{ "one segment", HEAD "#EXTINF:4,\na.ts\n", 0, 0, 1 },
	{ "a byte order mark, other line ends",
	  "\xef\xbb\xbf#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n", 0, 0, 0 },
	{ "tags and comments that nobody knows", HEAD "# note\n#EXT-X-NEW:1\n#EXTINF:4,t\na.ts", 0,
	  0, 1 },
	{ "an address that nothing announces", HEAD "a.ts\n", -EBADMSG, 0, 0 },
	{ "a segment without end", HEAD "#EXTINF:61,\na.ts\n", -EBADMSG, 0, 0 },
	{ "segments that last for nothing", HEAD "#EXTINF:0,\na.ts\n#EXTINF:0.0004,\nb.ts\n", 0, 0,
	  2 },
	{ "a negative one", HEAD "#EXTINF:-4,\na.ts\n", -EBADMSG, 0, 0 },
	{ "no number", HEAD "#EXTINF:nan,\na.ts\n", -EBADMSG, 0, 0 },
	{ "no target", "#EXTM3U\n#EXTINF:4,\na.ts\n", -EBADMSG, 0, 0 },
	{ "a target of an hour", "#EXTM3U\n#EXT-X-TARGETDURATION:3600\n", -EBADMSG, 0, 0 },
	{ "a sequence that overflows", HEAD "#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n",
	  -EBADMSG, 0, 0 },
	{ "a sequence in the middle", HEAD "#EXTINF:4,\na.ts\n#EXT-X-MEDIA-SEQUENCE:7\n", -EBADMSG,
	  0, 0 },
	{ "encrypted", HEAD "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:4,\na.ts\n", -EOPNOTSUPP,
	  0, 0 },
	{ "openly not encrypted", HEAD "#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\na.ts\n", 0, 0, 1 },
	{ "a control character", HEAD "#EXTINF:4,\na\x01.ts\n", -EBADMSG, 0, 0 },
	{ "a range without a beginning", HEAD "#EXTINF:4,\n#EXT-X-BYTERANGE:9\na.ts\n", -EBADMSG, 0,
	  0 },
	{ "a range of nothing", HEAD "#EXTINF:4,\n#EXT-X-BYTERANGE:0@0\na.ts\n", -EBADMSG, 0, 0 },
	{ "a range beyond any file", HEAD "#EXTINF:4,\n#EXT-X-BYTERANGE:9@9007199254740992\na.ts\n",
	  -EBADMSG, 0, 0 },
	{ "a map without an address", HEAD "#EXT-X-MAP:BYTERANGE=\"9@0\"\n", -EBADMSG, 0, 0 },
	{ "two versions",
	  "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2000\nb\n#EXT-X-STREAM-INF:BANDWIDTH=1000\na\n", 0,
	  2, 0 },
	{ "a version without its rate", "#EXTM3U\n#EXT-X-STREAM-INF:RESOLUTION=1x1\nb\n", -EBADMSG,
	  0, 0 },
	{ "versions and segments", HEAD "#EXT-X-STREAM-INF:BANDWIDTH=2000\nb\n#EXTINF:4,\na.ts\n",
	  -EBADMSG, 0, 0 },
};

static void strangers_write_what_they_like(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct live_list l = { 0 };
		struct fault why = { 0 };
		int r = live_list_parse(rows[i].text, strlen(rows[i].text), &l, &why);
		if (r != rows[i].code)
			fail_msg("%s: %d %s", rows[i].why, r, why.text);
		if (r == 0 &&
		    (l.variant_count != rows[i].variants || l.segment_count != rows[i].segments))
			fail_msg("%s: %zu versions, %zu segments", rows[i].why, l.variant_count,
				 l.segment_count);
		assert_true(r == 0 || why.text[0]);
		live_list_done(&l);
	}
}

static void everything_that_is_needed_is_read(void **state)
{
	(void)state;
	static const char text[] =
		HEAD "#EXT-X-MEDIA-SEQUENCE:100\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
		     "#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"700@20\"\n"
		     "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T10:00:00.000Z\n"
		     "#EXT-X-BYTERANGE:1000@5\n#EXTINF:3.96,title\nb.m4s\n"
		     "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:\"<script>\"\n"
		     "#EXT-X-BYTERANGE:900\n#EXTINF:4\nb.m4s\n#EXT-X-GAP\n#EXTINF:4,\nc.m4s\n#EXT-"
		     "X-ENDLIST\n";
	struct live_list l = { 0 };
	assert_int_equal(live_list_parse(text, strlen(text), &l, NULL), 0);
	assert_int_equal(l.segment_count, 3);
	const struct live_segment *s = l.segments;
	assert_int_equal(s[0].number, 100);
	assert_int_equal(s[0].stretch, 3);
	assert_int_equal(s[0].duration_ms, 3960);
	assert_int_equal(s[0].body.from, 5);
	assert_int_equal(s[0].body.len, 1000);
	assert_string_equal(s[0].init.url, "i.mp4");
	assert_int_equal(s[0].init.from, 20);
	assert_string_equal(s[0].date, "2026-11-22T10:00:00.000Z");
	assert_int_equal(s[1].stretch, 4);
	assert_int_equal(s[1].body.from, 1005);
	assert_string_equal(s[1].date, "");
	assert_true(s[2].missing);
	assert_int_equal(s[2].body.len, 0);
	assert_true(l.ended);
	live_list_done(&l);
}

/* One of them is no reason to end a class. */
static void what_lasts_for_nothing_is_missing(void **state)
{
	(void)state;
	static const char text[] = HEAD "#EXTINF:4,\na.ts\n#EXTINF:0,\nb.ts\n#EXTINF:4,\nc.ts\n";
	struct live_list l = { 0 };
	assert_int_equal(live_list_parse(text, strlen(text), &l, NULL), 0);
	assert_int_equal(l.segment_count, 3);
	for (size_t i = 0; i < l.segment_count; i++)
		assert_int_equal(l.segments[i].missing, i == 1);
	live_list_done(&l);
}

static void versions_and_their_sound(void **state)
{
	(void)state;
	static const char text[] =
		"#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"one.m3u8\"\n"
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"y\",DEFAULT=YES,URI=\"two.m3u8\"\n"
		"#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"a\",NAME=\"z\",DEFAULT=YES,URI=\"no."
		"m3u8\"\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=900001,RESOLUTION=640x360,CODECS=\"avc1.4d401e,mp4a."
		"40.2\",AUDIO=\"a\"\n"
		"big.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\nsound.m3u8\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=256x144,CODECS=\"<b>\"\nsmall."
		"m3u8\n";
	struct live_list l = { 0 };
	assert_int_equal(live_list_parse(text, strlen(text), &l, NULL), 0);
	assert_int_equal(l.variant_count, 3);
	assert_string_equal(l.variants[0].url, "sound.m3u8");
	assert_false(l.variants[0].picture);
	assert_string_equal(l.variants[1].url, "small.m3u8");
	assert_string_equal(l.variants[1].codecs, "");
	assert_true(l.variants[1].picture);
	assert_null(live_list_sound(&l, 1));
	assert_int_equal(l.variants[2].kbps, 901);
	assert_int_equal(l.variants[2].height, 360);
	assert_string_equal(live_list_sound(&l, 2)->url, "two.m3u8");
	live_list_done(&l);
}

static void of_a_long_list_the_newest_are_taken(void **state)
{
	(void)state;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	fputs(HEAD, to);
	for (int i = 0; i < 5000; i++)
		fprintf(to, "#EXTINF:4,\n%d.ts\n", i);
	fclose(to);
	struct live_list l = { 0 };
	assert_int_equal(live_list_parse(text, len, &l, NULL), 0);
	assert_int_equal(l.segment_count, LIVE_SEGMENTS_MOST);
	assert_string_equal(l.segments[LIVE_SEGMENTS_MOST - 1].body.url, "4999.ts");
	assert_int_equal(l.segments[LIVE_SEGMENTS_MOST - 1].number, 4999);
	live_list_done(&l);
	char *huge = calloc(1, LIVE_LIST_BYTES + 1);
	assert_int_equal(live_list_parse(huge, LIVE_LIST_BYTES + 1, &l, NULL), -EFBIG);
	free(huge);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_write_what_they_like),
		cmocka_unit_test(everything_that_is_needed_is_read),
		cmocka_unit_test(what_lasts_for_nothing_is_missing),
		cmocka_unit_test(versions_and_their_sound),
		cmocka_unit_test(of_a_long_list_the_newest_are_taken),
	};
	return cmocka_run_group_tests_name("content/live_list", tests, NULL, NULL);
}
