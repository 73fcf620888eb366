// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/library.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/air_plan.h"
#include "cache/layout.h"
#include "cache/store_scrub.h"
#include "content/catalogue/library_sight.h"
#include "content/shelf/shelf.h"
#include "content/shelf/sprites.h"
#include "content/transcoder/pack.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/content/lessons_kit.h"
#include "tests/unit/scratch.h"

#define ALLOWED (1u << RUNG_240P | 1u << RUNG_360P | 1u << RUNG_AUDIO)
enum { SEGMENTS = 3 };

static const struct air_plan unwatched;

struct scene {
	char dir[64], path[80];
	struct lessons_kit kit;
	struct store *store;
	struct library *library;
};

static void build(struct scene *s)
{
	struct fault why = { 0 };
	library_free(MOVE_PTR(s->library));
	if (library_build(s->store, &s->kit.catalogue, ALLOWED, &s->library, &why))
		fail_msg("%s", why.text);
}

static void reopen(struct scene *s)
{
	static const struct store_limits unlimited;
	library_free(MOVE_PTR(s->library));
	store_close(s->store);
	assert_int_equal(store_open(s->dir, &unlimited, &s->store, NULL), 0);
}

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	static const struct store_limits unlimited;
	snprintf(s->dir, sizeof(s->dir), "/tmp/wasl-library-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/names.idx", s->dir);
	lessons_kit_make(&s->kit);
	*state = s;
	return store_open(s->dir, &unlimited, &s->store, NULL);
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

static uint64_t opened(const struct scene *s)
{
	struct store_totals t;
	assert_int_equal(store_totals(s->store, &t, NULL), 0);
	return t.opened;
}

static void put(struct store_rendition *r, uint32_t segment, struct box_out *o)
{
	assert_int_equal(o->bad, 0);
	assert_int_equal(store_rendition_put(r, segment, 4000, o->bytes, o->len, NULL), 0);
	box_done(o);
}

/* A rung of the first lesson, as the kitchen would make it but for what is in the samples. */
static void cook(struct scene *s, enum kitchen_rung rung)
{
	static const uint8_t avcc[] = { 1, 66, 0xc0, 21, 0xff, 0xe1, 0,    4, 0x67,
					1, 2,  3,    1,  0,    2,    0x68, 1 };
	static const uint8_t asc[] = { 0x11, 0x88 };
	const bool sound = rung == RUNG_AUDIO;
	struct pack_track t = { .kind = sound ? PACK_SOUND : PACK_PICTURE,
				.timescale = sound ? 48000 : 25000,
				.width = 426,
				.height = 240,
				.config = sound ? asc : avcc,
				.config_len = sound ? sizeof(asc) : sizeof(avcc) };
	struct store_rendition *r;
	struct box_out o = { 0 };
	uint8_t data[64] = { 7 };
	assert_int_equal(library_open_rung(s->library, 0, rung, &r, NULL), 0);
	pack_init(&t, &o);
	put(r, 0, &o);
	for (uint32_t i = 1; i <= SEGMENTS; i++) {
		const struct pack_sample sample = { .size = 10 + i,
						    .duration = sound ? 1024 : 1000,
						    .key = true };
		(sound ? pack_sound : pack_pictures)(i, (i - 1) * (uint64_t)sample.duration,
						     &sample, 1, data, 10 + i, &o);
		put(r, i, &o);
	}
	store_rendition_close(r);
	struct fault why = { 0 };
	if (library_refresh_rung(s->library, 0, rung, &why))
		fail_msg("%s", why.text);
}

static void cook_all(struct scene *s)
{
	build(s);
	cook(s, RUNG_240P);
	cook(s, RUNG_AUDIO);
	cook(s, RUNG_360P);
	assert_int_equal(shelf_write(s->library, s->store, &unwatched, s->path, NULL), 0);
}

static void a_new_catalogue_opens_nothing(void **state)
{
	struct scene *s = *state;
	build(s);
	assert_int_equal(opened(s), 0);
	const struct library_lesson *it = &s->library->lessons[0];
	size_t lesson;
	enum kitchen_rung rung;
	assert_int_not_equal(it->rungs[RUNG_240P].number, 0);
	assert_int_not_equal(it->rungs[RUNG_240P].number, it->rungs[RUNG_AUDIO].number);
	assert_true(
		library_find_rendition(s->library, it->rungs[RUNG_360P].number, &lesson, &rung));
	assert_int_equal(rung, RUNG_360P);
	const uint64_t number = it->rungs[RUNG_AUDIO].number;
	reopen(s);
	build(s);
	assert_int_equal(s->library->lessons[0].rungs[RUNG_AUDIO].number, number);
	assert_int_equal(opened(s), 0);
}

static void a_start_opens_nothing_that_is_whole(void **state)
{
	struct scene *s = *state;
	cook_all(s);
	struct library_rung was[RUNG_COUNT];
	void *headers[RUNG_COUNT] = { 0 };
	memcpy(was, s->library->lessons[0].rungs, sizeof(was));
	for (unsigned k = 0; k < RUNG_COUNT; k++)
		if (was[k].header) {
			headers[k] = malloc(was[k].header_len);
			memcpy(headers[k], was[k].header, was[k].header_len);
		}
	assert_non_null(headers[RUNG_240P]);
	assert_non_null(headers[RUNG_AUDIO]);
	assert_null(was[RUNG_AUDIO].key_bytes);
	assert_non_null(was[RUNG_360P].key_bytes);
	uint32_t keys[SEGMENTS];
	memcpy(keys, was[RUNG_360P].key_bytes, sizeof(keys));
	reopen(s);
	build(s);
	assert_int_equal(opened(s), 0);
	const struct library_lesson *it = &s->library->lessons[0];
	for (unsigned k = 0; k < RUNG_COUNT; k++) {
		assert_int_equal(it->rungs[k].number, was[k].number);
		assert_int_equal(it->rungs[k].complete, was[k].complete);
		assert_int_equal(it->rungs[k].done, was[k].done);
		assert_int_equal(it->rungs[k].peak_bps, was[k].peak_bps);
		assert_int_equal(it->rungs[k].download_bytes, was[k].download_bytes);
		assert_int_equal(it->rungs[k].extent_count, was[k].extent_count);
		if (headers[k])
			assert_memory_equal(it->rungs[k].header, headers[k], was[k].header_len);
		free(headers[k]);
	}
	assert_int_equal(it->rungs[RUNG_360P].keys_bps, was[RUNG_360P].keys_bps);
	assert_memory_equal(it->rungs[RUNG_360P].key_bytes, keys, sizeof(keys));
	assert_int_equal(it->made[2] & ALLOWED, ALLOWED);
	assert_true(library_progress(s->library, 0).complete);
}

static void key_frames_have_a_list_once_all_are_there(void **state)
{
	struct scene *s = *state;
	struct names *n = NULL;
	struct names_entry e;
	char path[200];
	build(s);
	for (int round = 0; round < 2; round++) {
		const struct library_lesson *it = &s->library->lessons[0];
		assert_int_equal(names_map(AT_FDCWD, s->path, &n, NULL), round ? 0 : -ENOENT);
		snprintf(path, sizeof(path), "/m/%s/%s/360p/iframes.m3u8", it->item->id,
			 it->generation);
		if (round == 0) {
			cook_all(s);
			continue;
		}
		assert_int_equal(names_find(n, path, strlen(path), &e), 0);
		char line[64];
		snprintf(line, sizeof(line), "#EXT-X-BYTERANGE:%u@0\n2.m4s\n",
			 it->rungs[RUNG_360P].key_bytes[1]);
		AUTO_FREE char *text = strndup(e.bytes, e.bytes_len);
		assert_non_null(strstr(text, line));
		snprintf(path, sizeof(path), "/m/%s/%s/audio/iframes.m3u8", it->item->id,
			 it->generation);
		assert_int_equal(names_find(n, path, strlen(path), &e), -ENOENT);
		names_unmap(n);
	}
}

/* Without the index, or with another's, downloads are made from the files again, and are the same. */
static void downloads_do_not_depend_on_the_index(void **state)
{
	struct scene *s = *state;
	cook_all(s);
	const uint64_t bytes = s->library->lessons[0].rungs[RUNG_360P].download_bytes;
	assert_int_equal(unlink(s->path), 0);
	reopen(s);
	build(s);
	assert_true(opened(s) > 0);
	assert_int_equal(s->library->lessons[0].rungs[RUNG_360P].download_bytes, bytes);
}

static void a_rotten_segment_takes_its_downloads_along(void **state)
{
	struct scene *s = *state;
	struct store_scrub_found found;
	cook_all(s);
	const struct library_lesson *it = &s->library->lessons[0];
	struct store_rendition *r;
	uint64_t offset;
	uint32_t len;
	char path[200];
	assert_int_equal(library_open_rung(s->library, 0, RUNG_AUDIO, &r, NULL), 0);
	assert_int_equal(store_rendition_slot(r, 2, &offset, &len), 0);
	store_rendition_close(r);
	const uint64_t number = it->rungs[RUNG_AUDIO].number;
	snprintf(path, sizeof(path), "%s/%s", s->dir, layout_rendition(number, ".mp4").at);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, (long)offset + 9, SEEK_SET), 0);
	fputc(0xa5, f);
	fclose(f);
	struct store_scrub_cursor c = store_scrub_rendition(number);
	assert_int_equal(store_scrub_step(s->store, &c, UINT64_MAX, &found, NULL), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(library_recheck_rung(s->library, 0, RUNG_AUDIO, NULL), 0);
	for (int round = 0; round < 2; round++) {
		assert_false(it->rungs[RUNG_AUDIO].complete);
		assert_true(it->rungs[RUNG_360P].complete);
		assert_null(it->rungs[RUNG_360P].header);
		assert_null(it->rungs[RUNG_AUDIO].header);
		assert_int_equal(it->rungs[RUNG_AUDIO].done, SEGMENTS - 1);
		assert_false(it->made[2] & 1u << RUNG_AUDIO);
		assert_true(it->made[3] & 1u << RUNG_AUDIO);
		reopen(s);
		build(s);
		it = &s->library->lessons[0];
	}
	/* Made again, at another place: other downloads, never those of the old index. */
	cook(s, RUNG_AUDIO);
	assert_non_null(it->rungs[RUNG_360P].header);
	assert_non_null(it->rungs[RUNG_AUDIO].header);
	reopen(s);
	build(s);
	it = &s->library->lessons[0];
	assert_non_null(it->rungs[RUNG_360P].header);
	for (size_t i = 0; i < it->rungs[RUNG_360P].extent_count; i++) {
		const struct names_extent *e = &it->rungs[RUNG_360P].extents[i];
		if (e->rendition == number)
			assert_false(e->offset >= offset && e->offset < offset + len);
	}
}

/* What a lesson that is needed by a day consists of comes before anything of the others. */
static void another_order(void **state)
{
	struct scene *s = *state;
	build(s);
	const struct library *l = s->library;
	static const size_t order[] = { 1, 0, 2 };
	library_reorder(s->library, order, 1);
	assert_memory_equal(l->order, order, sizeof(order));
	const struct library_lesson *first = &l->lessons[1], *film = &l->lessons[0];
	const size_t want[] = { first->mezzanine,  film->poster,    film->captions[0],
				film->captions[1], film->mezzanine, film->files[0] };
	assert_int_equal(l->object_count, ARRAY_LEN(want));
	assert_memory_equal(l->fetch_order, want, sizeof(want));
	library_reorder(s->library, (const size_t[]){ 0, 1, 2 }, 0);
	assert_int_equal(l->fetch_order[0], film->poster);
	assert_int_equal(l->fetch_order[4], first->mezzanine);
}

/* --- previews ------------------------------------------------------------------------------------------- */

static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 'p', 0xff, 0xd9 };

static struct sprites three_pictures(void)
{
	return (struct sprites){ .head = { .tile_width = 160,
					   .tile_height = 90,
					   .tiles = SEGMENTS,
					   .stride = 1,
					   .sheets = 1 },
				 .sheets = { { jpeg, sizeof(jpeg) } },
				 .poster = { jpeg, sizeof(jpeg) - 1 } };
}

/* What nginx would find, or NULL: the caller frees. */
static char *served(const struct scene *s, const char *rest)
{
	struct names *n = NULL;
	struct names_entry e;
	char path[200], file[200];
	char *text = NULL;
	assert_int_equal(shelf_write(s->library, s->store, &unwatched, s->path, NULL), 0);
	assert_int_equal(names_map(AT_FDCWD, s->path, &n, NULL), 0);
	snprintf(path, sizeof(path), "/m/%s/%s", s->library->lessons[0].item->id, rest);
	if (names_find(n, path, strlen(path), &e) == 0 && e.kind == NAMES_VIRTUAL) {
		assert_int_equal(e.extent_count, 1);
		snprintf(file, sizeof(file), "%s/%s", s->dir,
			 layout_rendition(e.extents[0].rendition, ".mp4").at);
		AUTO_FD int fd = open(file, O_RDONLY);
		text = calloc(1, e.size + 1);
		assert_int_equal(pread(fd, text, e.size, (off_t)e.extents[0].offset), e.size);
	}
	names_unmap(n);
	return text;
}

static void a_preview_is_served_and_outlives_a_start(void **state)
{
	struct scene *s = *state;
	char sheet[64];
	build(s);
	assert_false(library_sight_lacks(&s->library->lessons[0]));
	cook_all(s);
	const struct library_lesson *it = &s->library->lessons[0];
	assert_true(library_sight_lacks(it));
	assert_int_equal(library_sight_source(it), RUNG_360P);
	assert_null(served(s, "sprite.vtt"));
	const struct sprites found = three_pictures();
	assert_int_equal(library_sight_put(s->library, 0, &found, NULL), 0);
	snprintf(sheet, sizeof(sheet), "%s/sprite-1.jpg", it->generation);
	for (int round = 0; round < 2; round++) {
		size_t lesson = 7;
		unsigned slot;
		AUTO_FREE char *times = served(s, "sprite.vtt");
		AUTO_FREE char *picture = served(s, sheet);
		it = &s->library->lessons[0];
		assert_non_null(times);
		assert_non_null(strstr(times, "00:00:08.000 --> 00:00:10.250\n"));
		assert_non_null(strstr(times, sheet));
		assert_non_null(picture);
		assert_memory_equal(picture, jpeg, sizeof(jpeg));
		assert_null(served(s, "chapters.vtt"));
		/* The ministry's own poster is an object, and stays the poster. */
		assert_null(served(s, "poster.jpg"));
		assert_false(library_sight_lacks(it));
		assert_true(library_find_sight(s->library, it->sight.number, &lesson));
		assert_int_equal(lesson, 0);
		assert_false(library_find_slot(s->library, it->sight.number, &lesson, &slot));
		assert_false(library_find_sight(s->library, it->rungs[RUNG_240P].number, &lesson));
		reopen(s);
		build(s);
		assert_int_equal(opened(s), 0);
	}
}

static void a_film_without_a_poster_gets_one(void **state)
{
	struct scene *s = *state;
	s->kit.items[0].has_poster = false;
	cook_all(s);
	assert_null(served(s, "poster.jpg"));
	const struct sprites found = three_pictures();
	assert_int_equal(library_sight_put(s->library, 0, &found, NULL), 0);
	AUTO_FREE char *poster = served(s, "poster.jpg");
	assert_non_null(poster);
	assert_memory_equal(poster, jpeg, sizeof(jpeg) - 1);
}

/* Sent away, or rotten: nothing of it is named any more, and it is made again. */
static void a_lost_preview_is_made_again(void **state)
{
	struct scene *s = *state;
	const struct sprites found = three_pictures();
	size_t lesson;
	cook_all(s);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(library_sight_put(s->library, 0, &found, NULL), 0);
		const uint64_t number = s->library->lessons[0].sight.number;
		AUTO_FREE char *there = served(s, "sprite.vtt");
		assert_non_null(there);
		if (round == 0) {
			assert_int_equal(store_rendition_drop(s->store, number, NULL), 0);
		} else {
			char path[200];
			struct store_scrub_found bad;
			struct store_scrub_cursor c = store_scrub_rendition(number);
			snprintf(path, sizeof(path), "%s/%s", s->dir,
				 layout_rendition(number, ".mp4").at);
			FILE *f = fopen(path, "r+");
			assert_non_null(f);
			fputc(0xa5, f);
			fclose(f);
			assert_int_equal(store_scrub_step(s->store, &c, UINT64_MAX, &bad, NULL), 0);
			assert_int_equal(bad.count, 1);
		}
		library_sight_lost(s->library, 0);
		assert_false(library_find_sight(s->library, number, &lesson));
		assert_null(served(s, "sprite.vtt"));
		assert_true(library_sight_lacks(&s->library->lessons[0]));
	}
}

/* The power went between the bytes and the note: they are no preview, and are gone after the next start. */
static void half_a_preview_is_none(void **state)
{
	struct scene *s = *state;
	struct store_rendition *r;
	struct store_totals before, after;
	cook_all(s);
	assert_int_equal(store_totals(s->store, &before, NULL), 0);
	assert_int_equal(store_rendition_open(s->store, "fractions-1",
					      s->library->lessons[0].generation, "preview", 1, 0,
					      &r, NULL),
			 0);
	assert_int_equal(store_rendition_put(r, 1, 0, jpeg, sizeof(jpeg), NULL), 0);
	store_rendition_close(r);
	reopen(s);
	build(s);
	assert_true(library_sight_lacks(&s->library->lessons[0]));
	assert_int_equal(store_totals(s->store, &after, NULL), 0);
	assert_int_equal(after.renditions, before.renditions);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, drop_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(key_frames_have_a_list_once_all_are_there),
		IN_SCENE(a_new_catalogue_opens_nothing),
		IN_SCENE(another_order),
		IN_SCENE(a_start_opens_nothing_that_is_whole),
		IN_SCENE(downloads_do_not_depend_on_the_index),
		IN_SCENE(a_rotten_segment_takes_its_downloads_along),
		IN_SCENE(a_preview_is_served_and_outlives_a_start),
		IN_SCENE(a_film_without_a_poster_gets_one),
		IN_SCENE(a_lost_preview_is_made_again),
		IN_SCENE(half_a_preview_is_none),
	};
	return cmocka_run_group_tests_name("content/library", tests, NULL, NULL);
}
