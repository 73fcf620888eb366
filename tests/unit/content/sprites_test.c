// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/sprites.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 0xff, 0xd9 };

/* What a child would hand over: `tiles` of 160x90, all sheets of the same bytes. */
static size_t make(uint8_t *to, uint32_t tiles, const uint16_t *changes)
{
	struct sprites_head h = {
		SPRITES_MAGIC, 160, 90, tiles, 1, (tiles + 99) / 100, sizeof(jpeg)
	};
	uint32_t len = sizeof(jpeg);
	size_t at = 0;
	memcpy(to, &h, sizeof(h));
	at += sizeof(h);
	memcpy(to + at, changes, tiles * 2);
	memset(to + at + tiles * 2, 0, 4);
	at += (tiles * 2 + 3) & ~3u;
	for (uint32_t i = 0; i < h.sheets; i++, at += 4)
		memcpy(to + at, &len, 4);
	for (uint32_t i = 0; i <= h.sheets; i++, at += sizeof(jpeg))
		memcpy(to + at, jpeg, sizeof(jpeg));
	return at;
}

static void what_is_handed_over_is_read(void **state)
{
	(void)state;
	static uint16_t changes[SPRITES_TILES_MAX] = { [1] = 7, [100] = 999 };
	static uint8_t bytes[4096];
	static struct sprites s;
	size_t len = make(bytes, 101, changes);
	assert_int_equal(sprites_read(bytes, len, &s), 0);
	assert_int_equal(s.head.tiles, 101);
	assert_int_equal(s.head.sheets, 2);
	assert_int_equal(s.changes[100], 999);
	assert_int_equal(s.sheets[1].len, sizeof(jpeg));
	assert_memory_equal(s.sheets[1].jpeg, jpeg, sizeof(jpeg));
	assert_int_equal(s.poster.len, sizeof(jpeg));
	assert_ptr_equal(s.poster.jpeg, bytes + len - sizeof(jpeg));
	/* Cut or longer it is refused. */
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(sprites_read(bytes, cut, &s), -EBADMSG);
	assert_int_equal(sprites_read(bytes, len + 1, &s), -EBADMSG);
}

static void a_head_has_limits(void **state)
{
	(void)state;
	static const struct sprites_head rows[] = {
		{ 0, 160, 90, 3, 1, 1, 9 },
		{ SPRITES_MAGIC, 161, 90, 3, 1, 1, 9 },
		{ SPRITES_MAGIC, 160, 0, 3, 1, 1, 9 },
		{ SPRITES_MAGIC, 160, 90, 0, 1, 0, 9 },
		{ SPRITES_MAGIC, 160, 90, 601, 1, 7, 9 },
		{ SPRITES_MAGIC, 160, 90, 3, 0, 1, 9 },
		{ SPRITES_MAGIC, 160, 90, 3, 1, 2, 9 },
	};
	static const uint16_t changes[4];
	uint8_t bytes[256];
	static struct sprites s;
	size_t len = make(bytes, 3, changes);
	assert_int_equal(sprites_read(bytes, len, &s), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		memcpy(bytes, &rows[i], sizeof(rows[i]));
		assert_int_equal(sprites_read(bytes, len, &s), -EBADMSG);
	}
}

static void each_moment_has_its_tile(void **state)
{
	(void)state;
	static const uint16_t changes[12];
	static struct sprites s;
	uint8_t bytes[512];
	uint64_t us[12];
	for (size_t i = 0; i < 12; i++)
		us[i] = i < 2 ? 4000000 : 8000000;
	const struct sprites_times times = { us, 12 };
	AUTO_FREE char *text = NULL;
	size_t len;
	assert_int_equal(sprites_read(bytes, make(bytes, 12, changes), &s), 0);
	assert_int_equal(sprites_vtt(&s, &times, "g-1/", &text, &len), 0);
	assert_int_equal(len, strlen(text));
	static const char *const parts[] = {
		"WEBVTT\n\n00:00:00.000 --> 00:00:04.000\ng-1/sprite-1.jpg#xywh=0,0,160,90\n",
		"\n00:00:04.000 --> 00:00:08.000\ng-1/sprite-1.jpg#xywh=160,0,160,90\n",
		"\n00:01:12.000 --> 00:01:20.000\ng-1/sprite-1.jpg#xywh=0,90,160,90\n",
		"\n00:01:20.000 --> 00:01:28.000\ng-1/sprite-1.jpg#xywh=160,90,160,90\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		assert_non_null(strstr(text, parts[i]));
	/* Of a very long lesson each tile stands for several segments. */
	AUTO_FREE char *wide = NULL;
	s.head.stride = 5;
	assert_int_equal(sprites_vtt(&s, &times, "", &wide, &len), 0);
	assert_string_equal(wide,
			    "WEBVTT\n\n00:00:00.000 --> 00:00:32.000\nsprite-1.jpg#xywh=0,0,"
			    "160,90\n\n00:00:32.000 --> 00:01:12.000\nsprite-1.jpg#xywh=160,"
			    "0,160,90\n\n00:01:12.000 --> 00:01:28.000\nsprite-1.jpg#xywh=320,"
			    "0,160,90\n");
}

static void chapters_begin_where_slides_change(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		uint16_t changes[12];
		size_t count;
		uint32_t starts[4];
	} rows[] = {
		{ "slides", { 0, 0, 0, 400, 10, 0, 0, 900, 20, 0, 0, 0 }, 3, { 0, 3, 7 } },
		{ "two changes in a hurry are one",
		  { 0, 0, 0, 400, 300, 0, 0, 0, 0, 0, 0, 0 },
		  2,
		  { 0, 3 } },
		{ "none at the very end", { 0, 0, 0, 400, 0, 0, 0, 0, 0, 0, 0, 900 }, 2, { 0, 3 } },
		{ "a camera",
		  { 0, 500, 600, 400, 700, 800, 400, 500, 900, 300, 600, 700 },
		  0,
		  { 0 } },
		{ "one slide", { 0 }, 0, { 0 } },
	};
	static uint8_t bytes[512];
	uint64_t us[12];
	static struct sprites s;
	uint32_t starts[SPRITES_CHAPTERS_MAX];
	for (size_t i = 0; i < 12; i++)
		us[i] = 8000000;
	const struct sprites_times times = { us, 12 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = NULL;
		size_t len;
		assert_int_equal(sprites_read(bytes, make(bytes, 12, rows[i].changes), &s), 0);
		if (sprites_chapters(&s, &times, starts) != rows[i].count)
			fail_msg("%s", rows[i].what);
		assert_memory_equal(starts, rows[i].starts, rows[i].count * sizeof(*starts));
		assert_int_equal(sprites_chapters_vtt(&s, &times, &text, &len),
				 rows[i].count ? 0 : -ENOENT);
		if (i == 0)
			assert_string_equal(text, "WEBVTT\n\n00:00:00.000 --> 00:00:24.000\n1\n"
						  "\n00:00:24.000 --> 00:00:56.000\n2\n"
						  "\n00:00:56.000 --> 00:01:36.000\n3\n");
		free(text);
	}
}

static void there_are_never_too_many(void **state)
{
	(void)state;
	static uint16_t changes[SPRITES_TILES_MAX];
	static uint64_t us[SPRITES_TILES_MAX];
	static uint8_t bytes[8192];
	static struct sprites s;
	uint32_t starts[SPRITES_CHAPTERS_MAX];
	for (size_t i = 0; i < SPRITES_TILES_MAX; i++) {
		us[i] = 8000000;
		changes[i] = i % 3 == 0 ? 500 : 0;
	}
	const struct sprites_times times = { us, SPRITES_TILES_MAX };
	assert_int_equal(sprites_read(bytes, make(bytes, SPRITES_TILES_MAX, changes), &s), 0);
	size_t count = sprites_chapters(&s, &times, starts);
	assert_true(count > 10 && count <= SPRITES_CHAPTERS_MAX);
	for (size_t i = 1; i < count; i++)
		assert_true(starts[i] > starts[i - 1] && starts[i] < SPRITES_TILES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_handed_over_is_read),
		cmocka_unit_test(a_head_has_limits),
		cmocka_unit_test(each_moment_has_its_tile),
		cmocka_unit_test(chapters_begin_where_slides_change),
		cmocka_unit_test(there_are_never_too_many),
	};
	return cmocka_run_group_tests_name("content/sprites", tests, NULL, NULL);
}
