// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct {
	const char *why, *text;
	size_t lines;
} rows[] = {
	{ "nothing", "", 0 },
	{ "two pieces", "m t 1 0 100 4000 0\nm t 1 100 90 4000 0\n", 2 },
	{ "cut in mid-line", "m t 1 0 100 4000 0\nm t 1 100 9", 1 },
	{ "a line of noughts after a power cut", "m t 1 0 100 4000 0\n\0\0\0\0\n", 1 },
	{ "a track that there is not", "x t 1 0 100 4000 0\n", 0 },
	{ "a kind that there is not", "m x 1 0 100 4000 0\n", 0 },
	{ "part 0", "m t 0 0 100 4000 0\n", 0 },
	{ "no bytes", "m t 1 0 0 4000 0\n", 0 },
	{ "a minus", "m t 1 0 -100 4000 0\n", 0 },
	{ "an hour and more", "m t 1 0 100 3600001 0\n", 0 },
	{ "a number too long", "m t 1 0 99999999999999999999999 4000 0\n", 0 },
	{ "more than there is", "m t 1 0 100 4000 0 7\n", 0 },
	{ "an init section lasts for nothing", "m i 1 0 700 0 0\nm m 1 700 9000 4000 0\n", 2 },
};

static void what_a_power_cut_left_is_read_as_far_as_it_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strcmp(rows[i].why, "a line of noughts after a power cut") == 0
				     ? strlen(rows[i].text) + 5
				     : strlen(rows[i].text);
		const char *at = rows[i].text, *end = at + len;
		struct live_log_line l;
		size_t lines = 0;
		for (size_t step; (step = live_log_next(at, end, &l)); at += step)
			lines++;
		if (lines != rows[i].lines)
			fail_msg("%s: %zu lines", rows[i].why, lines);
	}
}

static void a_line_reads_back(void **state)
{
	(void)state;
	const struct live_log_line l = { 's', 'a', 12, 345, 678, 1001, 9 };
	struct live_log_line back;
	char text[96], again[96];
	live_log_print(&l, text);
	assert_int_equal(live_log_next(text, text + strlen(text), &back), strlen(text));
	live_log_print(&back, again);
	assert_string_equal(text, again);
	assert_int_equal(back.stretch, 9);
	assert_int_equal(back.part, 12);
}

static void playlists_name_what_is_in_the_parts(void **state)
{
	(void)state;
	static const char log[] =
		"m i 1 0 700 0 0\nm m 1 700 9000 4000 0\ns i 1 0 600 0 0\n"
		"s m 1 600 800 4000 0\nm m 2 0 9100 3960 0\nm m 2 9100 50 4000 1\n";
	uint64_t ms;
	size_t len;
	AUTO_FREE char *main = live_log_playlist(log, strlen(log), 'm', &ms, &len);
	assert_string_equal(main, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n"
				  "#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:1\n"
				  "#EXT-X-MAP:URI=\"m1.mp4\",BYTERANGE=\"700@0\"\n"
				  "#EXTINF:4.000,\n#EXT-X-BYTERANGE:9000@700\nm1.mp4\n"
				  "#EXTINF:3.960,\n#EXT-X-BYTERANGE:9100@0\nm2.mp4\n"
				  "#EXT-X-DISCONTINUITY\n"
				  "#EXTINF:4.000,\n#EXT-X-BYTERANGE:50@9100\nm2.mp4\n"
				  "#EXT-X-ENDLIST\n");
	assert_int_equal(ms, 11960);
	assert_int_equal(live_log_kind(log, strlen(log), 's'), 'm');
	AUTO_FREE char *sound = live_log_playlist(log, strlen(log), 's', &ms, &len);
	assert_non_null(strstr(sound, "#EXT-X-BYTERANGE:800@600\ns1.mp4\n"));
	AUTO_FREE char *master = live_log_master(log, strlen(log), true, &len);
	assert_non_null(strstr(master, "AUDIO=\"sound\""));
	assert_null(live_log_playlist("", 0, 'm', &ms, &len));
	assert_int_equal(live_log_kind("", 0, 'm'), '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_power_cut_left_is_read_as_far_as_it_is_whole),
		cmocka_unit_test(a_line_reads_back),
		cmocka_unit_test(playlists_name_what_is_in_the_parts),
	};
	return cmocka_run_group_tests_name("content/live_log", tests, NULL, NULL);
}
