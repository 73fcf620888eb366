// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/version.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/air_plan.h"
#include "cache/names.h"
#include "content/shelf/shelf.h"
#include "content/transcoder/pack.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "tests/unit/content/lessons_kit.h"
#include "tests/unit/scratch.h"

#define ALLOWED (1u << RUNG_240P | 1u << RUNG_360P | 1u << RUNG_AUDIO)
#define BETTER_240P (RUNG_240P + RUNG_COUNT)
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

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	static const struct store_limits unlimited;
	snprintf(s->dir, sizeof(s->dir), "/tmp/wasl-version-XXXXXX");
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

/* Segments up to `count` of a slot, as the kitchen would make them; those of the better version are smaller. */
static void cook(struct scene *s, unsigned slot, uint32_t count)
{
	static const uint8_t avcc[] = { 1, 66, 0xc0, 21, 0xff, 0xe1, 0,    4, 0x67,
					1, 2,  3,    1,  0,    2,    0x68, 1 };
	static const uint8_t asc[] = { 0x11, 0x88 };
	const bool sound = slot == RUNG_AUDIO;
	const struct pack_track t = { .kind = sound ? PACK_SOUND : PACK_PICTURE,
				      .timescale = sound ? 48000 : 25000,
				      .width = 426,
				      .height = 240,
				      .config = sound ? asc : avcc,
				      .config_len = sound ? sizeof(asc) : sizeof(avcc) };
	struct store_rendition *r;
	struct fault why = { 0 };
	uint8_t data[64] = { 7 };
	assert_int_equal(library_open_rung(s->library, 0, slot, &r, NULL), 0);
	for (uint32_t i = 0; i <= count; i++) {
		struct box_out o = { 0 };
		const struct pack_sample sample = { .size = (slot < RUNG_COUNT ? 20 : 10) + i,
						    .duration = sound ? 1024 : 1000,
						    .key = true };
		if (i)
			(sound ? pack_sound : pack_pictures)(i, (i - 1) * (uint64_t)sample.duration,
							     &sample, 1, data, sample.size, &o);
		else
			pack_init(&t, &o);
		assert_int_equal(store_rendition_put(r, i, 4000, o.bytes, o.len, NULL), 0);
		box_done(&o);
	}
	store_rendition_close(r);
	if (library_refresh_rung(s->library, 0, slot, &why))
		fail_msg("%s", why.text);
}

static const struct library_lesson *lesson(const struct scene *s)
{
	return &s->library->lessons[0];
}

/* What the index answers under /m/fractions-1/REST; its rendition, or 1. 0: nothing. */
static uint64_t named(const struct scene *s, const char *generation, const char *rest)
{
	char path[200];
	struct names *names;
	struct names_entry e;
	uint64_t found = 0;
	assert_int_equal(shelf_write(s->library, s->store, &unwatched, s->path, NULL), 0);
	assert_int_equal(names_map(AT_FDCWD, s->path, &names, NULL), 0);
	snprintf(path, sizeof(path), "/m/fractions-1/%s%s%s", generation, *generation ? "/" : "",
		 rest);
	if (names_find(names, path, strlen(path), &e) == 0)
		found = e.kind == NAMES_RENDITION ? e.rendition : 1;
	names_unmap(names);
	return found;
}

static void master_has(const struct scene *s, const char *generation, const char *rung)
{
	char line[100];
	struct names *names;
	struct names_entry e;
	assert_int_equal(shelf_write(s->library, s->store, &unwatched, s->path, NULL), 0);
	assert_int_equal(names_map(AT_FDCWD, s->path, &names, NULL), 0);
	assert_int_equal(names_find(names, "/m/fractions-1/master.m3u8", 26, &e), 0);
	snprintf(line, sizeof(line), "\n%s/%s/index.m3u8\n", generation, rung);
	if (!memmem(e.bytes, e.bytes_len, line, strlen(line)))
		fail_msg("no %s in %.*s", line, (int)e.bytes_len, (const char *)e.bytes);
	names_unmap(names);
}

static void make_first(struct scene *s)
{
	build(s);
	cook(s, RUNG_240P, SEGMENTS);
	cook(s, RUNG_AUDIO, SEGMENTS);
}

static void make_better(struct scene *s)
{
	cook(s, BETTER_240P, SEGMENTS);
	assert_true(version_offer(s->library, 0, RUNG_240P, NULL));
}

static void what_is_whole_can_be_better(void **state)
{
	struct scene *s = *state;
	build(s);
	assert_int_equal(lesson(s)->to_better, 0);
	assert_int_equal(lesson(s)->slow, 1u << BETTER_240P | 1u << (RUNG_360P + RUNG_COUNT));
	assert_int_equal(lesson(s)->spare, 0);
	assert_string_not_equal(lesson(s)->generation, lesson(s)->better);
	cook(s, RUNG_240P, SEGMENTS - 1);
	assert_int_equal(lesson(s)->to_better, 0);
	make_first(s);
	assert_int_equal(lesson(s)->to_better,
			 1u << BETTER_240P); /* the sound is as good as it gets */
	cook(s, BETTER_240P, SEGMENTS - 1);
	assert_false(version_offer(s->library, 0, RUNG_240P, NULL));
	assert_int_equal(lesson(s)->spare, 1u << BETTER_240P);
	s->library->lessons[0].lost[3] |= 1u << BETTER_240P;
	version_settle(&s->library->lessons[0]);
	assert_int_equal(lesson(s)->to_better, 0); /* it can never be whole */
}

static void the_better_one_takes_its_place(void **state)
{
	struct scene *s = *state;
	make_first(s);
	const uint64_t first = lesson(s)->rungs[RUNG_240P].number;
	const uint64_t bytes = lesson(s)->rungs[RUNG_240P].download_bytes;
	assert_int_not_equal(bytes, 0);
	master_has(s, lesson(s)->generation, "240p");
	make_better(s);
	for (int round = 0; round < 2; round++) { /* and after a start */
		const struct library_lesson *it = lesson(s);
		const struct library_rung *now = &it->rungs[RUNG_240P];
		size_t at;
		unsigned slot;
		master_has(s, it->better, "240p");
		master_has(s, it->generation, "360p");
		assert_int_not_equal(now->number, first);
		assert_true(now->complete);
		assert_int_equal(it->made[2] & (1u << RUNG_240P), 1u << RUNG_240P);
		assert_int_not_equal(now->download_bytes, 0);
		assert_true(now->download_bytes < bytes);
		assert_int_equal(it->to_better, 0);
		/* who began with the first one goes on */
		assert_int_equal(named(s, it->generation, "240p/2.m4s"), first);
		assert_int_equal(named(s, it->better, "240p/2.m4s"), now->number);
		assert_int_equal(named(s, it->generation, "240p/index.m3u8"), 1);
		assert_true(library_find_slot(s->library, first, &at, &slot));
		assert_int_equal(slot, BETTER_240P);
		assert_true(library_find_slot(s->library, now->number, &at, &slot));
		assert_int_equal(slot, RUNG_240P);
		assert_false(library_progress(s->library, 0).complete); /* of 360p nothing is */
		build(s);
	}
}

static void the_old_one_leaves_when_nobody_plays_it(void **state)
{
	struct scene *s = *state;
	make_first(s);
	make_better(s);
	struct library_lesson *it = &s->library->lessons[0];
	const uint64_t old = it->rungs[BETTER_240P].number, now = it->watched_ms;
	assert_int_equal(version_retire(s->library, now + VERSION_QUIET_MS - 1), 0);
	version_watched(it, now + 60000);
	assert_int_equal(version_retire(s->library, now + VERSION_QUIET_MS), 0);
	it->cooking[2] |= 1u << BETTER_240P; /* for somebody who waits */
	assert_int_equal(version_retire(s->library, now + VERSION_QUIET_MS + 60000), 0);
	it->cooking[2] = 0;
	assert_int_equal(version_retire(s->library, now + VERSION_QUIET_MS + 60000), 1);
	assert_int_equal(version_retire(s->library, now + 2 * VERSION_QUIET_MS + 60000), 0);
	/* whoever comes back to it finds its place, and is made what is missing */
	assert_int_equal(it->rungs[BETTER_240P].done, 0);
	assert_int_equal(it->made[2] & (1u << BETTER_240P), 0);
	assert_int_not_equal(it->rungs[BETTER_240P].number, 0);
	assert_int_not_equal(it->rungs[BETTER_240P].number, old);
	assert_int_equal(named(s, it->generation, "240p/2.m4s"), it->rungs[BETTER_240P].number);
	assert_true(it->rungs[RUNG_240P].complete);
}

static void without_the_better_one_the_first_is_offered_again(void **state)
{
	struct scene *s = *state;
	make_first(s);
	make_better(s);
	struct library_lesson *it = &s->library->lessons[0];
	const uint64_t first = it->rungs[BETTER_240P].number;
	assert_int_equal(store_rendition_drop(s->store, it->rungs[RUNG_240P].number, NULL), 0);
	assert_int_equal(library_recheck_rung(s->library, 0, RUNG_240P, NULL), 0);
	assert_int_equal(it->rungs[RUNG_240P].number, first);
	assert_int_equal(it->rungs[RUNG_240P].point, POINT_NOW);
	assert_true(it->rungs[RUNG_240P].complete);
	assert_non_null(it->rungs[RUNG_240P].header);
	master_has(s, it->generation, "240p");
	assert_int_not_equal(named(s, it->better, "240p/1.m4s"), 0);
	assert_int_equal(it->to_better, 1u << BETTER_240P);
	/* and when both have left, what a pupil asks for is made in a hurry */
	make_better(s);
	version_retire(s->library, it->watched_ms + VERSION_QUIET_MS);
	assert_int_equal(store_rendition_drop(s->store, it->rungs[RUNG_240P].number, NULL), 0);
	assert_int_equal(library_recheck_rung(s->library, 0, RUNG_240P, NULL), 0);
	assert_int_equal(it->rungs[RUNG_240P].point, POINT_NOW);
	assert_int_equal(it->rungs[RUNG_240P].done, 0);
	assert_int_equal(it->to_better, 0);
	master_has(s, it->generation, "240p");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_scene, drop_scene)
	const struct CMUnitTest tests[] = {
		TEST(what_is_whole_can_be_better),
		TEST(the_better_one_takes_its_place),
		TEST(the_old_one_leaves_when_nobody_plays_it),
		TEST(without_the_better_one_the_first_is_offered_again),
	};
	return cmocka_run_group_tests_name("content/version", tests, NULL, NULL);
}
