// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_scrub.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "cache/layout.h"
#include "cache/names_builder.h"
#include "cache/store.h"
#include "cache/store_disk.h"
#include "cache/store_local.h"
#include "cache/view.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

enum { CHUNK = OBJMAP_CHUNK_BYTES, CHUNKS = 5, SIZE = 4 * CHUNK + 777, SEGMENTS = 12 };

static const struct store_limits unlimited;

static struct store *store_at(void **state)
{
	struct fault why = { 0 };
	struct store *s = NULL;
	if (store_open(*state, &unlimited, &s, &why))
		fail_msg("%s", why.text);
	return s;
}

static void put(struct store_object *o, uint64_t seed, uint64_t chunk)
{
	static uint8_t bytes[CHUNK];
	const uint64_t left = store_object_size(o) - chunk * CHUNK;
	const size_t len = left < CHUNK ? (size_t)left : CHUNK;
	sample_fill(seed, chunk * CHUNK, bytes, len);
	assert_int_equal(store_object_put(o, chunk, bytes, len, NULL), 0);
}

static struct objmap_id whole_object(struct store *s, uint64_t seed)
{
	struct store_object *o;
	struct objmap *map = sample_map(seed, SIZE);
	const struct objmap_id id = *objmap_get_id(map);
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	for (uint64_t c = 0; c < CHUNKS; c++)
		put(o, seed, c);
	store_object_close(o);
	objmap_free(map);
	return id;
}

static void put_segment(struct store_rendition *r, uint32_t segment)
{
	static uint8_t bytes[6000];
	sample_fill(100 + segment, 0, bytes, sizeof(bytes));
	assert_int_equal(store_rendition_put(r, segment, 4000, bytes, sizeof(bytes), NULL), 0);
}

static struct store_rendition *whole_rendition(struct store *s)
{
	struct store_rendition *r;
	assert_int_equal(store_rendition_open(s, "l", "g", "240p", SEGMENTS, 0, &r, NULL), 0);
	for (uint32_t i = 0; i <= SEGMENTS; i++)
		put_segment(r, i);
	return r;
}

/* A whole pass in steps of `max_bytes`; all items of it in one place. */
static struct store_scrub_found pass(struct store *s, struct store_scrub_cursor c,
				     uint64_t max_bytes)
{
	struct store_scrub_found all = { 0 }, step = { 0 };
	struct fault why;
	for (int n = 0; !step.done; n++) {
		assert_true(n < 1000);
		if (store_scrub_step(s, &c, max_bytes, &step, &why))
			fail_msg("%s", why.text);
		all.bytes += step.bytes;
		for (size_t i = 0; i < step.count && all.count < STORE_SCRUB_ITEMS; i++)
			all.items[all.count++] = step.items[i];
	}
	return all;
}

static struct store_scrub_found full_pass(struct store *s, uint64_t max_bytes)
{
	struct store_scrub_cursor c;
	assert_int_equal(store_scrub_resume(s, &c, NULL), 0);
	return pass(s, c, max_bytes);
}

static void what_is_right_stays(void **state)
{
	struct store *s = store_at(state);
	struct store_scrub_health h;
	const uint64_t bytes = 2 * (uint64_t)SIZE + (SEGMENTS + 1) * 6000;
	whole_object(s, 1);
	whole_object(s, 2);
	store_rendition_close(whole_rendition(s));
	static const uint64_t steps[] = { 1, CHUNK, 3 * CHUNK, 1 << 30 };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct store_scrub_found all = full_pass(s, steps[i]);
		assert_int_equal(all.count, 0);
		assert_int_equal(all.bytes, bytes);
		assert_int_equal(store_scrub_health(s, &h, NULL), 0);
		assert_int_equal(h.passes, i + 1);
		assert_int_equal(h.bytes, bytes * (i + 1));
		assert_int_equal(h.pass_bytes, 0);
		assert_true(h.last_pass_s > 0);
	}
	assert_int_equal(h.bad, 0);
	store_close(s);
}

static void a_rotten_chunk_is_withdrawn_and_told(void **state)
{
	struct store *s = store_at(state);
	struct view *v;
	struct view_file f;
	struct store_object *o;
	const struct objmap_id id = whole_object(s, 1), other = whole_object(s, 2);
	assert_int_equal(view_open(*state, 8, &v, NULL), 0);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, SIZE);
	assert_int_equal(store_object_known(s, &id, NULL), 1);
	assert_int_equal(scratch_flip(scratch_path(state, layout_object(&id, "").at), 2 * CHUNK + 5,
				      4),
			 0);

	const struct store_scrub_found all = full_pass(s, 100000);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.items[0].kind, STORE_SCRUB_CHUNK);
	assert_memory_equal(&all.items[0].id, &id, sizeof(id));
	assert_int_equal(all.items[0].at, 2);
	assert_false(all.items[0].mended);
	/* The worker remembered that all was there: it must not any more. */
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, 2 * CHUNK);
	assert_int_equal(view_object(v, &id, SIZE, 3 * CHUNK, &f), 0);
	assert_int_equal(f.length, SIZE - 3 * CHUNK);
	assert_int_equal(view_object(v, &other, SIZE, 0, &f), 0);
	assert_int_equal(f.length, SIZE);
	assert_int_equal(store_object_known(s, &id, NULL), 0);
	store_close(s);

	s = store_at(state);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_false(store_object_has(o, 2));
	put(o, 1, 2);
	assert_true(store_object_complete(o));
	assert_int_equal(store_sync(s, NULL), 0);
	assert_int_equal(store_object_known(s, &id, NULL), 1);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, SIZE);
	store_object_close(o);
	assert_int_equal(full_pass(s, 100000).count, 0);
	struct store_scrub_health h;
	assert_int_equal(store_scrub_health(s, &h, NULL), 0);
	assert_int_equal(h.bad, 1);
	assert_int_equal(h.mended, 0);
	view_close(v);
	store_close(s);
}

/* A virtual file still points to the old place after the segment was made again elsewhere. */
static void a_rotten_segment_is_made_again_elsewhere(void **state)
{
	struct store *s = store_at(state);
	struct store_rendition *r = whole_rendition(s);
	const uint64_t number = store_rendition_number(r);
	struct view *v;
	struct view_file f;
	uint64_t offset, again;
	uint32_t len;
	assert_int_equal(view_open(*state, 8, &v, NULL), 0);
	assert_int_equal(store_rendition_slot(r, 3, &offset, &len), 0);
	assert_int_equal(view_extent(v, number, offset + 100, 50, &f), 0);
	assert_int_equal(scratch_flip(scratch_path(state, layout_rendition(number, ".mp4").at),
				      (long)offset + 120, 1),
			 0);
	const struct store_scrub_found all = full_pass(s, 1);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.items[0].kind, STORE_SCRUB_SEGMENT);
	assert_int_equal(all.items[0].number, number);
	assert_int_equal(all.items[0].at, 3);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(view_segment(v, number, 3, &f), round ? 0 : -EAGAIN);
		assert_int_equal(view_extent(v, number, offset + 5950, 51, &f), -EAGAIN);
		assert_int_equal(view_extent(v, number, offset - 10, 11, &f), -EAGAIN);
		assert_int_equal(view_extent(v, number, offset - 10, 10, &f), 0);
		assert_int_equal(view_extent(v, number, offset + 8192, 6000, &f), 0);
		assert_int_equal(store_rendition_done(r), round ? SEGMENTS : SEGMENTS - 1);
		if (round == 0)
			put_segment(r, 3);
		assert_int_equal(store_rendition_slot(r, 3, &again, &len), 0);
		assert_true(again > offset);
		store_rendition_close(r);
		store_close(s);
		if (round == 1) /* made again from the rows, it still knows */
			assert_int_equal(unlink(scratch_path(state,
							     layout_rendition(number, ".tab").at)),
					 0);
		s = store_at(state);
		assert_int_equal(store_rendition_find(s, number, &r, NULL), 0);
		if (round == 1) { /* a worker that starts now */
			view_close(v);
			assert_int_equal(view_open(*state, 8, &v, NULL), 0);
		}
	}
	assert_int_equal(full_pass(s, 100000).count, 0);
	view_close(v);
	store_rendition_close(r);
	store_close(s);
}

static void a_rendition_full_of_rot_goes_as_a_whole(void **state)
{
	struct store *s = store_at(state);
	struct store_rendition *r = whole_rendition(s);
	struct store_totals before, after;
	const uint64_t number = store_rendition_number(r);
	uint64_t offset;
	uint32_t len;
	whole_object(s, 1);
	assert_int_equal(store_totals(s, &before, NULL), 0);
	for (uint32_t i = 0; i < 9; i++) {
		assert_int_equal(store_rendition_slot(r, i, &offset, &len), 0);
		assert_int_equal(scratch_flip(scratch_path(state,
							   layout_rendition(number, ".mp4").at),
					      (long)offset, 1),
				 0);
	}
	store_rendition_close(r);
	assert_int_equal(full_pass(s, 1 << 20).count, 9);
	assert_int_equal(store_rendition_find(s, number, &r, NULL), -ENOENT);
	assert_int_equal(store_totals(s, &after, NULL), 0);
	assert_int_equal(after.bytes, SIZE);
	assert_true(before.bytes > after.bytes);
	store_close(s);
}

static void what_is_cut_short_is_told(void **state)
{
	struct store *s = store_at(state);
	const struct objmap_id id = whole_object(s, 1);
	struct store_rendition *r = whole_rendition(s);
	const uint64_t number = store_rendition_number(r);
	struct view *v;
	struct view_file f;
	uint64_t offset;
	uint32_t len;
	assert_int_equal(store_rendition_slot(r, 5, &offset, &len), 0);
	store_rendition_close(r);
	assert_int_equal(truncate(scratch_path(state, layout_object(&id, "").at), 3 * CHUNK + 1),
			 0);
	assert_int_equal(truncate(scratch_path(state, layout_rendition(number, ".mp4").at),
				  (off_t)offset + 10),
			 0);
	const struct store_scrub_found all = full_pass(s, 1 << 20);
	assert_int_equal(all.count, 2);
	assert_int_equal(all.items[0].kind, STORE_SCRUB_CHUNK);
	assert_int_equal(all.items[0].at, 3);
	assert_int_equal(all.items[1].kind, STORE_SCRUB_SEGMENT);
	assert_int_equal(all.items[1].at, 5);
	assert_int_equal(store_object_known(s, &id, NULL), 0);
	/* What was there is still there; what was lost grows anew, and never where the old index points. */
	assert_int_equal(view_open(*state, 8, &v, NULL), 0);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, 3 * CHUNK);
	assert_int_equal(store_rendition_find(s, number, &r, NULL), 0);
	assert_int_equal(store_rendition_done(r), 4);
	for (uint32_t i = 5; i <= SEGMENTS; i++)
		put_segment(r, i);
	assert_int_equal(view_segment(v, number, 4, &f), 0);
	assert_int_equal(view_segment(v, number, 5, &f), 0);
	assert_true(f.offset > offset);
	assert_int_equal(view_extent(v, number, offset, len, &f), -EAGAIN);
	assert_int_equal(view_extent(v, number, 0, offset, &f), 0);
	assert_int_equal(full_pass(s, 1 << 20).count, 0);
	view_close(v);
	store_rendition_close(r);
	store_close(s);
}

/* Whoever opened it first has found it out, and said nothing; nobody else has these bytes. */
static void a_file_of_the_school_is_damaged_until_it_is_whole(void **state)
{
	struct store *s = store_at(state);
	struct store_object *o;
	struct store_local file = { .path = "/p/one.bin", .media_type = "a/b", .added_s = 1 };
	struct objmap *map = sample_map(2, SIZE);
	file.id = whole_object(s, 1);
	assert_int_equal(store_local_put(s, &file, NULL), 0);
	/* Of what is still on its way nothing is damaged. */
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	put(o, 2, 1);
	store_object_close(o);
	objmap_free(map);
	assert_int_equal(truncate(scratch_path(state, layout_object(&file.id, "").at), CHUNK + 1),
			 0);
	assert_int_equal(store_object_find(s, &file.id, &o, NULL), 0);
	store_object_close(o);
	for (unsigned round = 0; round < 3; round++) {
		const struct store_scrub_found all =
			round == 1 ? pass(s, store_scrub_object(&file.id), 1) : full_pass(s, 1);
		assert_int_equal(all.count, 1);
		assert_int_equal(all.items[0].kind, STORE_SCRUB_CHUNK);
		assert_memory_equal(&all.items[0].id, &file.id, sizeof(file.id));
		assert_int_equal(all.items[0].at, 1);
		assert_false(all.items[0].mended);
		assert_true(all.items[0].absent);
	}
	assert_int_equal(store_object_find(s, &file.id, &o, NULL), 0);
	for (uint64_t c = 1; c < CHUNKS; c++)
		put(o, 1, c);
	store_object_close(o);
	assert_int_equal(full_pass(s, 1).count, 0);
	store_close(s);
}

static void maps_and_the_index_are_looked_at(void **state)
{
	struct store *s = store_at(state);
	const struct objmap_id id = whole_object(s, 1);
	struct names_builder *b = names_builder_new();
	assert_int_equal(names_add_redirect(b, "/a", "/b"), 0);
	assert_int_equal(names_write(b, scratch_path(state, LAYOUT_NAMES), NULL), 0);
	assert_int_equal(full_pass(s, 1 << 20).count, 0);
	assert_int_equal(scratch_flip(scratch_path(state, LAYOUT_NAMES), -3, 1), 0);
	assert_int_equal(scratch_flip(scratch_path(state, layout_object(&id, ".map").at), 9, 1), 0);
	const struct store_scrub_found all = full_pass(s, 1 << 20);
	assert_int_equal(all.count, 2);
	assert_int_equal(all.items[0].kind, STORE_SCRUB_MAP);
	assert_memory_equal(&all.items[0].id, &id, sizeof(id));
	assert_true(all.items[0].mended); /* from the body */
	assert_int_equal(all.items[1].kind, STORE_SCRUB_NAMES);
	assert_false(all.items[1].mended);
	struct store_object *o;
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	store_object_close(o);
	/* Body and map: no way back but to fetch it. */
	assert_int_equal(scratch_flip(scratch_path(state, layout_object(&id, ".map").at), 9, 1), 0);
	assert_int_equal(scratch_flip(scratch_path(state, layout_object(&id, "").at), 9, 1), 0);
	const struct store_scrub_found lost = full_pass(s, 1 << 20);
	assert_int_equal(lost.items[0].kind, STORE_SCRUB_MAP);
	assert_false(lost.items[0].mended);
	assert_int_equal(names_write(b, scratch_path(state, LAYOUT_NAMES), NULL), 0);
	names_builder_free(b);
	store_close(s);
}

/* Neither a map nor a bitmap is made anew in one go. */
static void large_ones_are_looked_at_in_steps(void **state)
{
	enum { LARGE = 64 };
	struct store *s = store_at(state);
	struct store_object *o;
	struct store_scrub_found found = { 0 };
	struct objmap *map = sample_map(7, LARGE * CHUNK);
	const struct objmap_id id = *objmap_get_id(map);
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	for (uint64_t c = 0; c < LARGE; c++)
		put(o, 7, c);
	store_object_close(o);
	objmap_free(map);
	for (unsigned round = 0; round < 2; round++) {
		struct store_scrub_cursor c = store_scrub_object(&id);
		struct store_scrub_item told = { 0 };
		size_t steps = 0, items = 0;
		if (round)
			assert_int_equal(scratch_flip(scratch_path(state,
								   layout_object(&id, "").at),
						      50 * CHUNK, 1),
					 0);
		assert_int_equal(unlink(scratch_path(
					 state, layout_object(&id, round ? ".bits" : ".map").at)),
				 0);
		do {
			assert_int_equal(store_scrub_step(s, &c, 2 * CHUNK, &found, NULL), 0);
			assert_true(found.bytes <= 4 * CHUNK);
			if (found.count)
				told = found.items[0];
			items += found.count;
			steps++;
		} while (!found.done);
		assert_true(steps >= LARGE / 2 + (round ? 10 : LARGE / 2 - 4));
		assert_int_equal(items, 1);
		assert_int_equal(told.kind, round ? STORE_SCRUB_CHUNK : STORE_SCRUB_MAP);
		assert_int_equal(told.mended, !round);
		assert_int_equal(told.at, round ? 50 : 0);
	}
	store_close(s);
}

static void goes_on_where_it_stopped(void **state)
{
	struct store *s = store_at(state);
	struct store_scrub_cursor c, again;
	struct store_scrub_found found;
	const struct objmap_id ids[] = { whole_object(s, 1), whole_object(s, 2) };
	const int second = memcmp(&ids[0], &ids[1], sizeof(ids[0])) < 0;
	assert_int_equal(scratch_flip(scratch_path(state, layout_object(&ids[second], "").at),
				      CHUNK, 1),
			 0);
	assert_int_equal(store_scrub_resume(s, &c, NULL), 0);
	do
		assert_int_equal(store_scrub_step(s, &c, 1, &found, NULL), 0);
	while (!found.count);
	store_close(s);
	s = store_at(state);
	assert_int_equal(store_scrub_resume(s, &again, NULL), 0);
	assert_int_equal(again.phase, STORE_SCRUB_OBJECTS);
	assert_memory_equal(&again.id, &ids[second], sizeof(ids[0]));
	assert_int_equal(again.at, 2);
	assert_int_equal(again.bytes, SIZE + 2 * CHUNK);
	assert_int_equal(pass(s, again, 1).bytes, SIZE - 2 * CHUNK);
	store_close(s);
}

static void one_thing_alone(void **state)
{
	struct store *s = store_at(state);
	struct store_scrub_found found;
	const struct objmap_id id = whole_object(s, 1);
	whole_object(s, 2);
	struct store_rendition *r = whole_rendition(s);
	const uint64_t number = store_rendition_number(r);
	assert_int_equal(pass(s, store_scrub_object(&id), 1).bytes, SIZE);
	assert_int_equal(pass(s, store_scrub_rendition(number), 1).bytes, (SEGMENTS + 1) * 6000);
	struct store_scrub_cursor c = store_scrub_object(&(struct objmap_id){ { 1 } });
	assert_int_equal(store_scrub_step(s, &c, 1, &found, NULL), -ENOENT);
	c = store_scrub_rendition(number + 1);
	assert_int_equal(store_scrub_step(s, &c, 1, &found, NULL), -ENOENT);
	struct store_scrub_health h;
	assert_int_equal(store_scrub_health(s, &h, NULL), 0);
	assert_int_equal(h.passes, 0);
	store_rendition_close(r);
	store_close(s);
}

static int is_sample(const void *arg, const void *bytes, size_t len)
{
	uint8_t want[6000];
	sample_fill(*(const uint64_t *)arg, 0, want, len);
	return memcmp(want, bytes, len);
}

static int sample_file(void **state, const char *name, uint64_t seed, size_t len)
{
	uint8_t bytes[6000];
	int fd = open(scratch_path(state, name), O_RDWR | O_CREAT | O_TRUNC, 0600);
	sample_fill(seed, 0, bytes, len);
	assert_int_equal(write(fd, bytes, len), len);
	return fd;
}

/* Two files play memory and disk: of two copies the right one is written over the wrong one. */
static void of_two_copies_the_right_one_wins(void **state)
{
	enum { LEN = 5000 };
	static const struct {
		const char *why;
		uint64_t memory, disk;
		size_t disk_len;
		enum disk_state want, without_memory;
	} rows[] = {
		{ "both right", 1, 1, LEN, DISK_GOOD, DISK_GOOD },
		{ "the disk is wrong", 1, 2, LEN, DISK_MENDED, DISK_BAD },
		{ "memory is wrong", 2, 1, LEN, DISK_MENDED, DISK_GOOD },
		{ "both wrong", 2, 2, LEN, DISK_BAD, DISK_BAD },
		{ "the disk gives too little", 1, 1, 100, DISK_MENDED, DISK_UNREADABLE },
		{ "too little, and memory wrong", 2, 1, 100, DISK_UNREADABLE, DISK_UNREADABLE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint64_t right = 1;
		struct disk d;
		enum disk_state got;
		int fd = sample_file(state, "memory", rows[i].memory, LEN);
		disk_open(&d, AT_FDCWD, scratch_path(state, "memory"), fd);
		if (d.direct >= 0)
			close(d.direct);
		d.direct = sample_file(state, "disk", rows[i].disk, rows[i].disk_len);
		/* Where the file system cannot say what lies in memory, there is the disk alone. */
		uint8_t room[LEN];
		const struct iovec part = { room, LEN };
		const bool tells = preadv2(fd, &part, 1, 0, RWF_NOWAIT) == LEN;
		assert_int_equal(disk_look(&d, 0, LEN, is_sample, &right, &got), 0);
		if (got != (tells ? rows[i].want : rows[i].without_memory))
			fail_msg("%s: %d", rows[i].why, got);
		if (got == DISK_MENDED) {
			assert_int_equal(pread(fd, room, LEN, 0), LEN);
			assert_int_equal(is_sample(&right, room, LEN), 0);
		}
		disk_done(&d);
		close(fd);
	}
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(what_is_right_stays),
		WITH_FOLDER(a_rotten_chunk_is_withdrawn_and_told),
		WITH_FOLDER(a_rotten_segment_is_made_again_elsewhere),
		WITH_FOLDER(a_rendition_full_of_rot_goes_as_a_whole),
		WITH_FOLDER(what_is_cut_short_is_told),
		WITH_FOLDER(a_file_of_the_school_is_damaged_until_it_is_whole),
		WITH_FOLDER(maps_and_the_index_are_looked_at),
		WITH_FOLDER(large_ones_are_looked_at_in_steps),
		WITH_FOLDER(goes_on_where_it_stopped),
		WITH_FOLDER(one_thing_alone),
		WITH_FOLDER(of_two_copies_the_right_one_wins),
	};
	return cmocka_run_group_tests_name("cache/store_scrub", tests, NULL, NULL);
}
