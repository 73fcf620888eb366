// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/dash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct playlists_rung rungs[] = {
	{ "240p", "g-1a2b3c4d", 426, 240, 25, 1, "avc1.4d4015", 350000, 0, 0 },
	{ "360p", "g-1a2b3c4d", 640, 360, 30000, 1001, "avc1.4d401e", 700000, 412345, 0 },
	{ "audio", "g-1a2b3c4d", 0, 0, 0, 0, "mp4a.40.2", 56000, 48100, 0 },
};
static const struct playlists_captions captions[] = { { "fr", "Français <\"sourds\"> & co" } };
static const uint64_t picture_us[] = { 4000000, 4000000, 8000000, 1500001 };
static const uint64_t sound_us[] = { 4010667, 3989333, 8000000, 1514667 };

#define TEMPLATE                                                                             \
	"   <SegmentTemplate timescale=\"1000000\" startNumber=\"1\" initialization=\"init." \
	"mp4\" media=\"$Number$.m4s\">\n    <SegmentTimeline>\n"

static void manifest_of_a_whole_lesson(void **state)
{
	(void)state;
	const struct playlists_lesson lesson = { rungs, 3, captions, 1, "ar", "العربية" };
	const struct dash_times times = { picture_us, sound_us, 4 };
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	assert_int_equal(dash_manifest(&lesson, &times, &text, &len), 0);
	assert_int_equal(len, strlen(text));
	static const char *const parts[] = {
		/* in this order */
		"type=\"static\" minBufferTime=\"PT4S\" "
		"mediaPresentationDuration=\"PT17.500001S\">",
		"<AdaptationSet id=\"1\" contentType=\"video\" mimeType=\"video/mp4\" "
		"segmentAlignment=\"true\" startWithSAP=\"1\">",
		TEMPLATE "     <S t=\"0\" d=\"4000000\" r=\"1\"/>\n     <S d=\"8000000\"/>\n"
			 "     <S d=\"1500001\"/>\n    </SegmentTimeline>",
		"<Representation id=\"240p\" bandwidth=\"350000\" codecs=\"avc1.4d4015\" "
		"width=\"426\" "
		"height=\"240\" sar=\"1:1\" frameRate=\"25/1\">\n    "
		"<BaseURL>g-1a2b3c4d/240p/</BaseURL>\n   </Representation>",
		"<Representation id=\"360p\" bandwidth=\"700000\"",
		"frameRate=\"30000/1001\">",
		"contentType=\"audio\" mimeType=\"audio/mp4\" segmentAlignment=\"true\" "
		"startWithSAP=\"1\" lang=\"ar\">",
		TEMPLATE "     <S t=\"0\" d=\"4010667\"/>\n     <S d=\"3989333\"/>",
		"codecs=\"mp4a.40.2\" audioSamplingRate=\"48000\">",
		"<BaseURL>g-1a2b3c4d/audio/</BaseURL>",
		"<AdaptationSet id=\"3\" contentType=\"text\" mimeType=\"text/vtt\" lang=\"fr\">",
		"<Label>Français &lt;\"sourds\"> &amp; co</Label>",
		"<BaseURL>captions-fr.vtt</BaseURL>",
		"</MPD>\n",
	};
	const char *at = text;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *here = strstr(at, parts[i]);
		if (!here)
			fail_msg("no '%s' in\n%s", parts[i], at);
		at = here + 1;
	}
}

static void what_a_lesson_has_not_is_not_named(void **state)
{
	(void)state;
	static const struct {
		size_t from, count;
		struct dash_times times;
		const char *here, *absent, *whole;
	} rows[] = {
		{ 0, 1, { picture_us, NULL, 4 }, "\"video\"", "\"audio\"", "PT17.500001S" },
		{ 2, 1, { NULL, sound_us, 4 }, "\"audio\"", "\"video\"", "PT17.514667S" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct playlists_lesson lesson = {
			rungs + rows[i].from, rows[i].count, NULL, 0, "", ""
		};
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		assert_int_equal(dash_manifest(&lesson, &rows[i].times, &text, &len), 0);
		assert_non_null(strstr(text, rows[i].here));
		assert_null(strstr(text, rows[i].absent));
		assert_non_null(strstr(text, rows[i].whole));
		assert_null(strstr(text, "lang="));
		assert_null(strstr(text, "\"text\""));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifest_of_a_whole_lesson),
		cmocka_unit_test(what_a_lesson_has_not_is_not_named),
	};
	return cmocka_run_group_tests_name("content/dash", tests, NULL, NULL);
}
