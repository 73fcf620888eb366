// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/hls.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void reads_master_playlists(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
		const char *want; /* joined by spaces */
	} rows[] = {
		{ "", -EBADMSG, "" },
		{ "<html>", -EBADMSG, "" },
		{ "#EXTM3U\n", -EBADMSG, "" },
		{ "#EXTM3U\nG/240p/index.m3u8\n", -EBADMSG, "" }, /* no variant before it */
		{ "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nG/240p/index.m3u8\n", 0,
		  "/m/x/G/240p/index.m3u8" },
		{ "#EXTM3U\r\n\r\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\n/m/y/index.m3u8\r\n", 0,
		  "/m/y/index.m3u8" },
		{ "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a/i.m3u8\",NAME=\"x\"\n"
		  "#EXT-X-MEDIA:TYPE=SUBTITLES,URI=\"s/i.m3u8\"\n"
		  "#EXT-X-STREAM-INF:BANDWIDTH=1\nv/i.m3u8",
		  0, "/m/x/a/i.m3u8 /m/x/v/i.m3u8" },
		{ "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a/i.m3u8\"\n"
		  "#EXT-X-STREAM-INF:CODECS=\"mp4a.40.2\"\n/m/x/a/i.m3u8\n",
		  0, "/m/x/a/i.m3u8" },
		{ "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a/i.m3u8\n", -EBADMSG, "" },
		{ "#EXTM3U\n#EXT-X-STREAM-INF:X=1\nhttp://elsewhere/i.m3u8\n", -EBADMSG, "" },
		{ "#EXTM3U\n#EXT-X-STREAM-INF:X=1\n//elsewhere/i.m3u8\n", -EBADMSG, "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hls_paths got;
		char joined[HLS_PATHS * HLS_PATH_BYTES] = "";
		int code = hls_master("/m/x/master.m3u8", rows[i].text, &got);
		for (size_t k = 0; code == 0 && k < got.count; k++)
			snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s",
				 k ? " " : "", got.at[k]);
		if (code != rows[i].code || strcmp(joined, rows[i].want) != 0)
			fail_msg("row %zu: %d '%s'", i, code, joined);
	}
}

static void reads_media_playlists(void **state)
{
	(void)state;
	struct hls_paths got;
	static const char text[] = "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6,\n0.m4s\n"
				   "#EXTINF:6,\n1.m4s\n";
	assert_int_equal(hls_media("/m/x/G/240p/index.m3u8", text, &got), 0);
	assert_int_equal(got.count, 2);
	assert_string_equal(got.at[0], "/m/x/G/240p/init.mp4");
	assert_string_equal(got.at[1], "/m/x/G/240p/0.m4s");
	assert_int_equal(hls_media("/a", "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n", &got), -EBADMSG);
	assert_int_equal(hls_media("/a", "0.m4s\n", &got), -EBADMSG);
	assert_int_equal(hls_media("/a", "#EXTM3U\nfile:///etc/passwd\n", &got), -EBADMSG);
}

static void long_names_do_not_fit(void **state)
{
	(void)state;
	char text[600] = "#EXTM3U\n";
	struct hls_paths got;
	memset(text + 8, 'x', sizeof(text) - 9);
	assert_int_equal(hls_media("/m/x/index.m3u8", text, &got), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_master_playlists),
					    cmocka_unit_test(reads_media_playlists),
					    cmocka_unit_test(long_names_do_not_fit) };
	return cmocka_run_group_tests_name("stage/hls", tests, NULL, NULL);
}
