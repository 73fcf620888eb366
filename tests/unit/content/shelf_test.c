// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/air_plan.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/content/lessons_kit.h"
#include "tests/unit/scratch.h"

/* A library over a real, empty store: what is known of lessons of which no byte has arrived yet. */
struct scene {
	char dir[64], path[80];
	struct lessons_kit kit;
	struct store *store;
	struct library *library;
};

#define ALLOWED (1u << RUNG_240P | 1u << RUNG_360P | 1u << RUNG_AUDIO)

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	const struct store_limits limits = { 0 };
	snprintf(s->dir, sizeof(s->dir), "/tmp/wasl-shelf-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/names.idx", s->dir);
	lessons_kit_make(&s->kit);
	*state = s;
	if (store_open(s->dir, &limits, &s->store, NULL))
		return -1;
	return library_build(s->store, &s->kit.catalogue, ALLOWED, &s->library, NULL);
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	library_free(s->library);
	store_close(s->store);
	int r = scratch_drop(s->dir);
	free(s);
	return r;
}

static void the_library_knows_what_is_to_come(void **state)
{
	const struct scene *s = *state;
	const struct library *l = s->library;
	assert_int_equal(l->lesson_count, 3);
	/* mezzanine of both, two captions, poster, one file that two items share */
	assert_int_equal(l->object_count, 6);
	const struct library_lesson *video = &l->lessons[0];
	assert_true(video->playable);
	assert_int_equal(video->ladder, ALLOWED);
	assert_int_equal(video->segments, 3);
	assert_int_equal(l->lessons[1].ladder, 1u << RUNG_AUDIO);
	assert_false(l->lessons[2].playable);
	assert_int_equal(l->lessons[2].files[0], video->files[0]);
	/* Small things first, then films, then files: the programme's lessons before others. */
	assert_true(video->poster < video->mezzanine && video->mezzanine < video->files[0]);
	assert_int_equal(l->order[0], 0);
	assert_int_equal(l->order[1], 2);
	assert_int_equal(l->order[2], 1);
	struct library_progress p = library_progress(l, 0);
	assert_false(p.plays || p.complete || p.failed);
	assert_int_equal(p.total, 9);
	assert_int_equal(p.size_bytes, 301000);
	assert_int_equal(p.have_bytes, 0);
}

static void numbers_and_ids_are_found(void **state)
{
	const struct scene *s = *state;
	const struct library *l = s->library;
	size_t lesson = 99;
	enum kitchen_rung rung = RUNG_COUNT;
	assert_true(
		library_find_rendition(l, l->lessons[0].rungs[RUNG_360P].number, &lesson, &rung));
	assert_int_equal(lesson, 0);
	assert_int_equal(rung, RUNG_360P);
	assert_false(library_find_rendition(l, 1, &lesson, &rung));
	struct objmap_id id;
	memset(id.b, 5, sizeof(id.b));
	assert_int_equal(library_find_object(l, &id), l->lessons[0].poster);
	id.b[31] ^= 1;
	assert_int_equal(library_find_object(l, &id), LIBRARY_NONE);
	assert_int_equal(library_find_lesson(l, "exam-guide"), 2);
	assert_int_equal(library_find_lesson(l, "exam"), LIBRARY_NONE);
}

static void spans_are_whole_chunks(void **state)
{
	const struct scene *s = *state;
	static const struct {
		uint32_t segment;
		uint64_t first, count;
	} rows[] = { { 1, 0, 2 },
		     { 2, 1, 3 },
		     { 3, 3, 2 } }; /* 1000 + 100000 bytes each, chunks of 65536 */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t first = 99, count = 99;
		library_span(s->library, 0, rows[i].segment, &first, &count);
		assert_int_equal(first, rows[i].first);
		assert_int_equal(count, rows[i].count);
		assert_false(library_readable(s->library, 0, rows[i].segment));
	}
}

static void lost_segments_are_no_progress(void **state)
{
	const struct scene *s = *state;
	struct library_lesson *it = &s->library->lessons[1];
	it->made[1] = it->lost[1] = 1u << RUNG_AUDIO;
	struct library_progress p = library_progress(s->library, 1);
	assert_true(p.failed);
	assert_false(p.plays);
}

static void every_address_leads_somewhere(void **state)
{
	const struct scene *s = *state;
	struct fault why = { 0 };
	const struct air_plan unwatched = { .count = 0 };
	if (shelf_write(s->library, s->store, &unwatched, s->path, &why))
		fail_msg("%s", why.text);
	struct names *n = NULL;
	assert_int_equal(names_map(AT_FDCWD, s->path, &n, NULL), 0);
	const char *gen = s->library->lessons[0].generation;
	const struct {
		const char *path;
		enum names_kind kind; /* 0: not there */
		enum names_cache cache;
		const char *type;
	} rows[] = {
		{ "/m/fractions-1/master.m3u8", NAMES_BYTES, NAMES_CACHE_SHORT,
		  "application/vnd.apple.mpegurl" },
		{ "/m/fractions-1/manifest.mpd", NAMES_BYTES, NAMES_CACHE_SHORT,
		  "application/dash+xml" },
		{ "/m/fractions-1/GEN/240p/index.m3u8", NAMES_BYTES, NAMES_CACHE_IMMUTABLE,
		  "application/vnd.apple.mpegurl" },
		{ "/m/fractions-1/GEN/240p/init.mp4", NAMES_RENDITION, NAMES_CACHE_IMMUTABLE,
		  "video/mp4" },
		{ "/m/fractions-1/GEN/audio/3.m4s", NAMES_RENDITION, NAMES_CACHE_IMMUTABLE,
		  "audio/mp4" },
		{ "/m/fractions-1/captions-fr.vtt", NAMES_OBJECT, NAMES_CACHE_SHORT, "text/vtt" },
		{ "/m/fractions-1/captions-ar.m3u8", NAMES_BYTES, NAMES_CACHE_SHORT,
		  "application/vnd.apple.mpegurl" },
		{ "/m/fractions-1/poster.jpg", NAMES_OBJECT, NAMES_CACHE_SHORT, "image/jpeg" },
		{ "/m/fractions-1/files/تمارين.pdf", NAMES_OBJECT, NAMES_CACHE_SHORT,
		  "application/pdf" },
		{ "/m/exam-guide/files/تمارين.pdf", NAMES_OBJECT, NAMES_CACHE_SHORT,
		  "application/pdf" },
		{ "/m/reading-2/master.m3u8", NAMES_BYTES, NAMES_CACHE_SHORT,
		  "application/vnd.apple.mpegurl" },
		/* Not whole yet, not in the ladder, not a lesson. */
		{ "/m/fractions-1/download-240p.mp4", 0, 0, "" },
		{ "/m/fractions-1/audio.m4a", 0, 0, "" },
		{ "/m/fractions-1/GEN/480p/index.m3u8", 0, 0, "" },
		{ "/m/exam-guide/master.m3u8", 0, 0, "" },
		{ "/m/other/master.m3u8", 0, 0, "" },
		/* Nobody watches the air. */
		{ "/air", 0, 0, "" },
		{ "/air/m/fractions-1/master.m3u8", 0, 0, "" },
		{ "/cap/240p/m/fractions-1/master.m3u8", 0, 0, "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[200];
		const char *hole = strstr(rows[i].path, "GEN");
		snprintf(path, sizeof(path), "%.*s%s%s",
			 hole ? (int)(hole - rows[i].path) : (int)strlen(rows[i].path),
			 rows[i].path, hole ? gen : "", hole ? hole + 3 : "");
		struct names_entry e = { 0 };
		int r = names_find(n, path, strlen(path), &e);
		if (r != (rows[i].kind ? 0 : -ENOENT))
			print_message("%s: %d\n", path, r);
		assert_int_equal(r, rows[i].kind ? 0 : -ENOENT);
		if (!rows[i].kind)
			continue;
		assert_int_equal(e.kind, rows[i].kind);
		assert_int_equal(e.cache, rows[i].cache);
		assert_string_equal(e.media_type, rows[i].type);
	}
	names_unmap(n);
}

static char *text_of(struct names *n, const char *path)
{
	struct names_entry e = { 0 };
	if (names_find(n, path, strlen(path), &e))
		return NULL;
	assert_int_equal(e.kind, NAMES_BYTES);
	return strndup(e.bytes, e.bytes_len);
}

/* Where the air is watched a lesson has a playlist for each size that it may have to end at. */
static void playlists_end_where_the_air_does(void **state)
{
	const struct scene *s = *state;
	struct air_plan air, again;
	struct air_rungs rungs;
	struct names *n = NULL;
	assert_int_equal(air_plan_parse("main 20000 -\n", 13, &air), 0);
	assert_int_equal(shelf_write(s->library, s->store, &air, s->path, NULL), 0);
	assert_int_equal(names_map(AT_FDCWD, s->path, &n, NULL), 0);
	AUTO_FREE char *plan = text_of(n, AIR_PLAN_PATH);
	assert_int_equal(air_plan_parse(plan, strlen(plan), &again), 0);
	assert_int_equal(again.rooms[0].kbps, 20000);

	AUTO_FREE char *list = text_of(n, "/air/m/fractions-1/master.m3u8");
	assert_non_null(list);
	assert_int_equal(air_rungs_parse(list, strlen(list), &rungs), 0);
	assert_int_equal(rungs.count, 2);
	assert_string_equal(rungs.all[0].name, "240p");
	assert_int_equal(rungs.all[0].kbps, 280 + 64); /* the caps: nothing is made yet */
	assert_string_equal(rungs.all[1].name, "360p");

	AUTO_FREE char *full = text_of(n, "/m/fractions-1/master.m3u8");
	AUTO_FREE char *few = text_of(n, "/cap/240p/m/fractions-1/master.m3u8");
	assert_non_null(strstr(full, "/360p/index.m3u8"));
	assert_null(strstr(few, "/360p/index.m3u8"));
	assert_non_null(strstr(few, "/240p/index.m3u8"));
	assert_non_null(strstr(few, "/audio/index.m3u8\""));
	assert_non_null(strstr(few, "captions-ar.m3u8"));
	/* Everything that it names is there. */
	for (char *line = few, *rest; line && *line; line = rest) {
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		char path[200];
		snprintf(path, sizeof(path), "/m/fractions-1/%s", line);
		AUTO_FREE char *media = *line == '#' ? strdup("") : text_of(n, path);
		assert_non_null(media);
	}
	/* The whole list is the plain one; sound alone has nothing to end at. */
	assert_null(text_of(n, "/cap/360p/m/fractions-1/master.m3u8"));
	assert_null(text_of(n, "/air/m/reading-2/master.m3u8"));
	names_unmap(n);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, drop_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_library_knows_what_is_to_come),
		SCENE(numbers_and_ids_are_found),
		SCENE(spans_are_whole_chunks),
		SCENE(lost_segments_are_no_progress),
		SCENE(every_address_leads_somewhere),
		SCENE(playlists_end_where_the_air_does),
	};
	return cmocka_run_group_tests_name("content/shelf", tests, NULL, NULL);
}
