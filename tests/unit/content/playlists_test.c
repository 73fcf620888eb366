// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/playlists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct playlists_rung rungs[] = {
	{ "240p", "g-1a2b3c4d", 426, 240, 25, 1, "avc1.4d4015", 350000, 0, 0 },
	{ "360p", "g-1a2b3c4d", 640, 360, 30000, 1001, "avc1.4d401e", 700000, 412345, 90123 },
	{ "audio", "g-1a2b3c4d", 0, 0, 0, 0, "mp4a.40.2", 56000, 48100, 77 },
};
static const struct playlists_captions captions[] = { { "ar", "العربية" },
						      { "fr", "Français \"sourds\"" } };

static void master_of_a_whole_lesson(void **state)
{
	(void)state;
	const struct playlists_lesson lesson = { rungs, 3, captions, 2, "ar", "العربية" };
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	assert_int_equal(playlists_master(&lesson, &text, &len), 0);
	assert_string_equal(text,
			    "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
			    "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"العربية\","
			    "LANGUAGE=\"ar\",DEFAULT=YES,AUTOSELECT=YES,"
			    "CHANNELS=\"1\",URI=\"g-1a2b3c4d/audio/index.m3u8\"\n"
			    "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",NAME=\"العربية\","
			    "LANGUAGE=\"ar\",DEFAULT=NO,AUTOSELECT=YES,"
			    "FORCED=NO,URI=\"captions-ar.m3u8\"\n"
			    "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",NAME=\"Français "
			    "'sourds'\",LANGUAGE=\"fr\",DEFAULT=NO,"
			    "AUTOSELECT=YES,FORCED=NO,URI=\"captions-fr.m3u8\"\n"
			    "#EXT-X-STREAM-INF:BANDWIDTH=406000,CODECS=\"avc1.4d4015,mp4a.40."
			    "2\",RESOLUTION=426x240,FRAME-RATE=25.000,"
			    "AUDIO=\"sound\",SUBTITLES=\"text\"\ng-1a2b3c4d/240p/index.m3u8\n"
			    "#EXT-X-STREAM-INF:BANDWIDTH=756000,AVERAGE-BANDWIDTH=460445,"
			    "CODECS=\"avc1.4d401e,mp4a.40.2\","
			    "RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO=\"sound\",SUBTITLES="
			    "\"text\"\ng-1a2b3c4d/360p/index.m3u8\n"
			    "#EXT-X-STREAM-INF:BANDWIDTH=56000,AVERAGE-BANDWIDTH=48100,"
			    "CODECS=\"mp4a.40.2\",AUDIO=\"sound\","
			    "SUBTITLES=\"text\"\ng-1a2b3c4d/audio/index.m3u8\n"
			    "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90123,CODECS=\"avc1."
			    "4d401e\",RESOLUTION=640x360,URI=\"g-1a2b3c4d/360p/iframes.m3u8\"\n");
	assert_int_equal(len, strlen(text));
}

static void master_without_sound_or_captions(void **state)
{
	(void)state;
	const struct playlists_lesson lesson = { rungs, 1, NULL, 0, "", "" };
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	assert_int_equal(playlists_master(&lesson, &text, &len), 0);
	assert_string_equal(
		text,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=350000,CODECS=\"avc1.4d4015\",RESOLUTION=426x240,"
		"FRAME-RATE=25.000\ng-1a2b3c4d/240p/index.m3u8\n");
}

/* Rows of one ladder, smallest first: what is measured of each, and whether it is worth naming. */
static void a_rung_that_saves_little_is_left_out(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		const char *generation[4];
		uint64_t average_bps[4];
		int named[4];
	} rows[] = {
		{ "each saves enough",
		  { "a", "a", "a", "a" },
		  { 30, 60, 80, 100 },
		  { 1, 1, 1, 1 } },
		{ "exactly 15 %", { "a", "a", "a", "a" }, { 30, 60, 85, 100 }, { 1, 1, 1, 1 } },
		{ "one saves less", { "a", "a", "a", "a" }, { 30, 60, 86, 100 }, { 1, 1, 0, 1 } },
		/* Measured against the next one that is named. */
		{ "a slope", { "a", "a", "a", "a" }, { 70, 80, 90, 100 }, { 1, 1, 0, 1 } },
		{ "the smallest is for the oldest phones",
		  { "a", "a", "a", "a" },
		  { 99, 99, 99, 100 },
		  { 1, 0, 0, 1 } },
		{ "nothing is known yet", { "a", "a", "a", "a" }, { 0, 0, 0, 0 }, { 1, 1, 1, 1 } },
		{ "the largest is not", { "a", "a", "a", "a" }, { 30, 70, 80, 0 }, { 1, 0, 1, 1 } },
		{ "another version of it",
		  { "a", "a", "b", "b" },
		  { 30, 90, 92, 99 },
		  { 1, 1, 0, 1 } },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct playlists_rung r[5];
		for (size_t k = 0; k < 4; k++)
			r[k] = (struct playlists_rung){ .name = "x",
							.generation = rows[i].generation[k],
							.width = (uint32_t)(k + 1) * 100,
							.average_bps = rows[i].average_bps[k] };
		r[4] = rungs[2]; /* sound is no rung of the ladder */
		const struct playlists_lesson lesson = { r, 5, NULL, 0, "", "" };
		for (size_t k = 0; k < 4; k++)
			if (playlists_worth(&lesson, k) != rows[i].named[k])
				fail_msg("%s: rung %zu", rows[i].what, k);
		assert_int_equal(playlists_worth(&lesson, 4), 1);
	}
}

static void media_lists_every_planned_segment(void **state)
{
	(void)state;
	static const uint64_t us[] = { 4000000, 9621333, 500 };
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	assert_int_equal(playlists_media(us, ARRAY_LEN(us), &text, &len), 0);
	assert_string_equal(
		text,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:1\n"
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init."
		"mp4\"\n"
		"#EXTINF:4.000000,\n1.m4s\n#EXTINF:9.621333,\n2.m4s\n#EXTINF:0.000500,\n3.m4s\n"
		"#EXT-X-ENDLIST\n");
}

static void target_rounds_to_the_nearest_second(void **state)
{
	(void)state;
	static const struct {
		uint64_t us;
		const char *line;
	} rows[] = {
		{ 1, "#EXT-X-TARGETDURATION:1\n" }, /* never 0 */
		{ 6499999, "#EXT-X-TARGETDURATION:6\n" },
		{ 6500000, "#EXT-X-TARGETDURATION:7\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		assert_int_equal(playlists_media(&rows[i].us, 1, &text, &len), 0);
		assert_non_null(strstr(text, rows[i].line));
	}
}

static void key_frames_are_the_first_bytes_of_each_segment(void **state)
{
	(void)state;
	static const uint64_t us[] = { 4000000, 9600001 };
	static const uint32_t bytes[] = { 5120, 777 };
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	assert_int_equal(playlists_keys(us, bytes, ARRAY_LEN(us), &text, &len), 0);
	assert_string_equal(
		text,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:1\n"
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"init.mp4\"\n"
		"#EXTINF:4.000000,\n#EXT-X-BYTERANGE:5120@0\n1.m4s\n"
		"#EXTINF:9.600001,\n#EXT-X-BYTERANGE:777@0\n2.m4s\n#EXT-X-ENDLIST\n");
}

static void subtitles_are_one_segment(void **state)
{
	(void)state;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	assert_int_equal(playlists_subtitles("fr", 90040, &text, &len), 0);
	assert_string_equal(
		text,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:90\n#EXT-X-MEDIA-SEQUENCE:1\n"
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:90.040,\ncaptions-fr.vtt\n#EXT-X-ENDLIST\n");
}

static void measures_peak_and_average(void **state)
{
	(void)state;
	static const uint32_t lengths[] = { 100000, 300000, 50000 };
	static const uint64_t us[] = { 4000000, 8000000, 1000000 };
	uint64_t peak = 0, average = 0;
	playlists_measure(lengths, us, 3, &peak, &average);
	assert_int_equal(peak, 400000);
	assert_int_equal(average, 276923);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(master_of_a_whole_lesson),
		cmocka_unit_test(master_without_sound_or_captions),
		cmocka_unit_test(a_rung_that_saves_little_is_left_out),
		cmocka_unit_test(media_lists_every_planned_segment),
		cmocka_unit_test(target_rounds_to_the_nearest_second),
		cmocka_unit_test(key_frames_are_the_first_bytes_of_each_segment),
		cmocka_unit_test(subtitles_are_one_segment),
		cmocka_unit_test(measures_peak_and_average),
	};
	return cmocka_run_group_tests_name("content/playlists", tests, NULL, NULL);
}
