// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/view.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cache/bits.h"
#include "cache/guard.h"
#include "firmware/base/crc32c.h"
#include "cache/layout.h"
#include "cache/names_builder.h"
#include "cache/store.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

enum { CHUNK = OBJMAP_CHUNK_BYTES };

static const struct store_limits unlimited;

static struct store *store_at(void **state)
{
	struct fault why = { 0 };
	struct store *s = NULL;
	if (store_open(*state, &unlimited, &s, &why))
		fail_msg("%s", why.text);
	return s;
}

static struct view *view_at(void **state, size_t max_open)
{
	struct view *v = NULL;
	assert_int_equal(view_open(*state, max_open, &v, NULL), 0);
	return v;
}

static struct store_object *object(struct store *s, uint64_t seed, uint64_t size)
{
	struct store_object *o = NULL;
	struct objmap *map = sample_map(seed, size);
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	objmap_free(map);
	return o;
}

static void put(struct store_object *o, uint64_t seed, uint64_t chunk)
{
	static uint8_t bytes[CHUNK];
	const uint64_t left = store_object_size(o) - chunk * CHUNK;
	const size_t len = left < CHUNK ? (size_t)left : CHUNK;
	sample_fill(seed, chunk * CHUNK, bytes, len);
	assert_int_equal(store_object_put(o, chunk, bytes, len, NULL), 0);
}

static void check_bytes(const struct view_file *f, uint64_t seed, uint64_t from)
{
	uint8_t *want = malloc(f->length + 1), *got = malloc(f->length + 1);
	sample_fill(seed, from, want, f->length);
	assert_int_equal(pread(f->fd, got, f->length, (off_t)f->offset), f->length);
	assert_memory_equal(want, got, f->length);
	free(want);
	free(got);
}

static size_t open_files(void)
{
	size_t n = 0;
	DIR *d = opendir("/proc/self/fd");
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void sees_segments_as_they_are_made(void **state)
{
	struct view *v = view_at(state, 8);
	struct view_file f;
	assert_int_equal(view_segment(v, 1, 0, &f), -EAGAIN);
	struct store *s = store_at(state);
	struct store_rendition *r;
	uint8_t bytes[5000];
	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 3, 0, &r, NULL), 0);
	const uint64_t number = store_rendition_number(r);
	assert_int_equal(view_segment(v, number, 2, &f), -EAGAIN);
	sample_fill(2, 0, bytes, sizeof(bytes));
	assert_int_equal(store_rendition_put(r, 2, 4000, bytes, sizeof(bytes), NULL), 0);
	assert_int_equal(view_segment(v, number, 2, &f), 0);
	assert_int_equal(f.length, 5000);
	assert_int_equal(f.duration_ms, 4000);
	assert_int_equal(f.segment_count, 3);
	check_bytes(&f, 2, 0);
	assert_int_equal(store_rendition_fail(r, 1, NULL), 0);
	assert_int_equal(view_segment(v, number, 1, &f), -ENODATA);
	assert_int_equal(view_segment(v, number, 3, &f), -EAGAIN);
	assert_int_equal(view_segment(v, number, 4, &f), -ENOENT);
	assert_int_equal(view_extent(v, number, 10, 100, &f), 0);
	check_bytes(&f, 2, 10);
	assert_int_equal(view_extent(v, number, 8000, 193, &f), -EAGAIN);
	assert_int_equal(view_extent(v, number, UINT64_MAX, 2, &f), -EINVAL);
	/* The file grew since it was opened. */
	assert_int_equal(store_rendition_put(r, 3, 4000, bytes, sizeof(bytes), NULL), 0);
	assert_int_equal(view_extent(v, number, 8192, 5000, &f), 0);
	check_bytes(&f, 2, 0);
	store_rendition_close(r);
	store_close(s);
	/* Without contentd everything that is there is still there. */
	assert_int_equal(view_segment(v, number, 2, &f), 0);
	/* Opened after its file was cut short: it must come again. */
	char body[PATH_MAX];
	snprintf(body, sizeof(body), "%s/%s", (const char *)*state,
		 layout_rendition(number, ".mp4").at);
	struct view *later = view_at(state, 8);
	assert_int_equal(truncate(body, 3000), 0);
	assert_int_equal(view_segment(later, number, 2, &f), -EIO);
	view_close(later);
	view_close(v);
}

/* A worker maps the table, its head rots, contentd makes another one: the worker must not stay with the old. */
static void a_rotten_table_is_let_go(void **state)
{
	struct view *v = view_at(state, 8);
	struct store *s = store_at(state);
	struct store_rendition *r;
	struct view_file f;
	uint8_t bytes[5000], rot[24];
	char path[300];
	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 3, 0, &r, NULL), 0);
	const uint64_t number = store_rendition_number(r);
	sample_fill(2, 0, bytes, sizeof(bytes));
	assert_int_equal(store_rendition_put(r, 2, 4000, bytes, sizeof(bytes), NULL), 0);
	store_rendition_close(r);
	assert_int_equal(view_segment(v, number, 2, &f), 0);

	snprintf(path, sizeof(path), "%s/%s", (char *)*state, layout_rendition(number, ".tab").at);
	AUTO_FD
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	memset(rot, 0x5a, sizeof(rot));
	assert_int_equal(pwrite(fd, rot, sizeof(rot), 0), sizeof(rot));
	assert_int_equal(view_segment(v, number, 2, &f), -EAGAIN);

	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 3, 0, &r, NULL), 0);
	assert_true(store_rendition_has(r, 2));
	assert_int_equal(view_segment(v, number, 2, &f), 0);
	check_bytes(&f, 2, 0);
	store_rendition_close(r);
	store_close(s);
	view_close(v);
}

static void a_dropped_rendition_is_let_go(void **state)
{
	struct view *v = view_at(state, 8);
	struct store *s = store_at(state);
	struct store_rendition *r;
	struct view_file f;
	uint8_t bytes[100];
	sample_fill(1, 0, bytes, sizeof(bytes));
	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 1, 0, &r, NULL), 0);
	const uint64_t number = store_rendition_number(r);
	assert_int_equal(store_rendition_put(r, 1, 1, bytes, sizeof(bytes), NULL), 0);
	store_rendition_close(r);
	assert_int_equal(view_segment(v, number, 1, &f), 0);
	view_hold(f.item);
	const size_t files = open_files();
	assert_int_equal(store_rendition_drop(s, number, NULL), 0);
	struct view_file gone;
	assert_int_equal(view_segment(v, number, 1, &gone), -EAGAIN);
	check_bytes(&f, 1, 0); /* what is on its way to a phone is sent in full */
	assert_int_equal(open_files(), files);
	view_release(f.item);
	assert_int_equal(open_files(), files - 1);
	store_close(s);
	view_close(v);
}

static void sends_verified_bytes_as_they_arrive(void **state)
{
	enum { SIZE = 3 * CHUNK + 50 };
	struct view *v = view_at(state, 8);
	struct store *s = store_at(state);
	struct store_object *o = object(s, 9, SIZE);
	const struct objmap_id id = *objmap_get_id(store_object_map(o)), absent = { { 1 } };
	struct view_file f;
	assert_int_equal(view_object(v, &absent, SIZE, 0, &f), -EAGAIN);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, 0);
	put(o, 9, 1);
	put(o, 9, 3);
	const struct {
		uint64_t offset, length;
	} rows[] = {
		{ 0, 0 },         { CHUNK - 1, 0 },      { CHUNK, CHUNK }, { CHUNK + 7, CHUNK - 7 },
		{ 2 * CHUNK, 0 }, { 3 * CHUNK + 1, 49 }, { SIZE, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(view_object(v, &id, SIZE, rows[i].offset, &f), 0);
		assert_int_equal(f.offset, rows[i].offset);
		assert_int_equal(f.length, rows[i].length);
		check_bytes(&f, 9, rows[i].offset);
	}
	assert_int_equal(view_object(v, &id, SIZE, SIZE + 1, &f), -EINVAL);
	put(o, 9, 0);
	put(o, 9, 2);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, SIZE);
	assert_int_equal(view_object(v, &id, SIZE, 5, &f), 0);
	assert_int_equal(f.length, SIZE - 5);
	store_object_close(o);

	/* An index that is wrong about the size gets nothing. */
	struct view *other = view_at(state, 8);
	assert_int_equal(view_object(other, &id, SIZE + CHUNK, 0, &f), -EAGAIN);
	view_close(other);
	assert_int_equal(store_object_drop(s, &id, NULL), 0);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), -EAGAIN);
	store_close(s);
	view_close(v);
}

/* After a power cut, before contentd has looked: durable chunks are served, and only those. */
static void in_another_boot_only_durable_chunks_count(void **state)
{
	enum { SIZE = 3 * CHUNK };
	struct store *s = store_at(state);
	struct store_object *o = object(s, 9, SIZE);
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	const char *path = scratch_path(state, layout_object(&id, ".bits").at);
	struct view_file f;
	struct bits b;
	put(o, 9, 0);
	assert_int_equal(store_sync(s, NULL), 0);
	put(o, 9, 1);
	assert_int_equal(bits_open(AT_FDCWD, path, &id, 3, &b), 0);
	memset(b.head->boot, 0xee, sizeof(b.head->boot));
	b.head->crc = crc32c(0, b.head, offsetof(struct bits_header, crc));
	bits_unmap(&b);
	struct view *v = view_at(state, 8);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, CHUNK);
	assert_int_equal(view_object(v, &id, SIZE, CHUNK, &f), 0);
	assert_int_equal(f.length, 0);
	/* A boot without a name: the writer goes on in this file, and what it syncs counts. */
	assert_int_equal(store_sync(s, NULL), 0);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, 2 * CHUNK);
	/* contentd comes, looks at the disk and tells. */
	store_object_close(o);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, 2 * CHUNK);
	put(o, 9, 2);
	assert_int_equal(view_object(v, &id, SIZE, 0, &f), 0);
	assert_int_equal(f.length, SIZE);
	store_object_close(o);
	store_close(s);
	view_close(v);
}

static void keeps_few_files_open_and_what_is_held(void **state)
{
	enum { COUNT = 20, OPEN = 4 };
	struct store *s = store_at(state);
	struct objmap_id ids[COUNT];
	for (uint64_t i = 0; i < COUNT; i++) {
		struct store_object *o = object(s, i, 100);
		put(o, i, 0);
		ids[i] = *objmap_get_id(store_object_map(o));
		store_object_close(o);
	}
	store_close(s);
	struct view *v = view_at(state, OPEN);
	struct view_file held, f;
	assert_int_equal(view_object(v, &ids[0], 100, 0, &held), 0);
	view_hold(held.item);
	const size_t files = open_files();
	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t i = 1; i < COUNT; i++) {
			assert_int_equal(view_object(v, &ids[i], 100, 0, &f), 0);
			check_bytes(&f, i, 0);
			assert_in_range(open_files(), files, files + OPEN - 1);
		}
	}
	check_bytes(&held, 0, 0);
	/* More held than there is room for: they stay, and room is made when they go. */
	struct view_file many[COUNT];
	for (uint64_t i = 1; i < COUNT; i++) {
		assert_int_equal(view_object(v, &ids[i], 100, 0, &many[i]), 0);
		view_hold(many[i].item);
	}
	for (uint64_t i = 1; i < COUNT; i++) {
		check_bytes(&many[i], i, 0);
		view_release(many[i].item);
	}
	view_release(held.item);
	view_close(v);
}

static void write_names(void **state, const char *path, const char *text)
{
	struct names_builder *b = names_builder_new();
	assert_int_equal(names_add_bytes(b, path, "text/plain", NAMES_CACHE_NONE, text,
					 strlen(text)),
			 0);
	assert_int_equal(names_write(b, scratch_path(state, LAYOUT_NAMES), NULL), 0);
	names_builder_free(b);
}

/* What other hands cut short is let go of; contentd makes it again, and it is served again. */
static void what_is_cut_short_kills_nobody(void **state)
{
	static const char *const suffixes[] = { ".bits", ".tab" };
	struct view *v = view_at(state, 8);
	struct view_file f;
	for (int which = 0; which < 2; which++) {
		struct store *s = store_at(state);
		struct store_object *o = object(s, 1, 2 * CHUNK);
		const struct objmap_id id = *objmap_get_id(store_object_map(o));
		struct store_rendition *r;
		uint8_t bytes[5000];
		put(o, 1, 0);
		put(o, 1, 1);
		assert_int_equal(store_rendition_open(s, "l", "g", "240p", 3, 0, &r, NULL), 0);
		const uint64_t number = store_rendition_number(r);
		sample_fill(2, 0, bytes, sizeof(bytes));
		assert_int_equal(store_rendition_put(r, 2, 4000, bytes, sizeof(bytes), NULL), 0);
		store_object_close(o);
		store_rendition_close(r);
		assert_int_equal(view_object(v, &id, 2 * CHUNK, 0, &f), 0);
		assert_int_equal(view_segment(v, number, 2, &f), 0);

		guard_arm(); /* cmocka has handlers of its own in each test */
		assert_int_equal(
			truncate(scratch_path(state,
					      which ? layout_rendition(number, suffixes[1]).at
						    : layout_object(&id, suffixes[0]).at),
				 0),
			0);
		if (which) {
			assert_int_equal(view_segment(v, number, 2, &f), -EAGAIN);
			assert_int_equal(view_extent(v, number, 0, 10, &f), -EAGAIN);
		} else {
			assert_int_equal(view_object(v, &id, 2 * CHUNK, 0, &f), -EAGAIN);
		}
		assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
		assert_int_equal(store_rendition_find(s, number, &r, NULL), 0);
		assert_int_equal(view_object(v, &id, 2 * CHUNK, 0, &f), 0);
		assert_int_equal(f.length, 2 * CHUNK);
		check_bytes(&f, 1, 0);
		assert_int_equal(view_segment(v, number, 2, &f), 0);
		check_bytes(&f, 2, 0);
		store_object_close(o);
		store_rendition_close(r);
		store_close(s);
	}
	view_close(v);
}

static void an_index_that_is_cut_short_is_an_error(void **state)
{
	struct view *v = view_at(state, 4);
	struct names_entry e;
	struct view_names *from;
	write_names(state, "/a", "one");
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	guard_arm();
	assert_int_equal(truncate(scratch_path(state, LAYOUT_NAMES), 0), 0);
	assert_false(view_names_damaged(v));
	view_tick(v); /* seen also while nobody asks */
	assert_true(view_names_damaged(v));
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(view_find(v, "/a", 2, &e, &from), -EIO);
		view_tick(v);
	}
	write_names(state, "/a", "two"); /* whoever asks next gets it, not the one a second later */
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	assert_memory_equal(e.bytes, "two", 3);
	assert_false(view_names_damaged(v));

	/* A worker that comes when it is damaged already knows no name, and says of none that there is no such. */
	struct view *late = view_at(state, 4);
	assert_int_equal(truncate(scratch_path(state, LAYOUT_NAMES), 200), 0);
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(view_find(late, "/b", 2, &e, &from), -EBADMSG);
		view_tick(late);
		assert_true(view_names_damaged(late));
	}
	write_names(state, "/a", "three");
	view_tick(late);
	assert_false(view_names_damaged(late));
	assert_int_equal(view_find(late, "/b", 2, &e, &from), -ENOENT);
	view_close(late);

	/* It is gone, while it is in use: what is mapped is good. */
	view_tick(v);
	assert_int_equal(unlink(scratch_path(state, LAYOUT_NAMES)), 0);
	view_tick(v);
	assert_true(view_names_damaged(v));
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	view_close(v);
}

/* A neighbour's map: the same opening while it is the same file, so that what is known of it in memory holds. */
static void a_map_is_followed_where_it_goes(void **state)
{
	struct view *v = view_at(state, 4);
	struct store *s = store_at(state);
	struct store_object *o = object(s, 1, 3 * CHUNK);
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	struct view_file first, again;
	char path[PATH_MAX], aside[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, layout_object(&id, ".map").at));
	snprintf(aside, sizeof(aside), "%s", scratch_path(state, "aside"));
	assert_int_equal(view_object_map(v, &id, &first), 0);
	assert_int_equal(first.length, scratch_size(path));
	assert_int_equal(first.offset, 0);
	assert_int_equal(view_object_map(v, &id, &again), 0);
	assert_int_equal(again.serial, first.serial);

	/* Made again under its name. */
	FILE *f = fopen(aside, "w");
	assert_non_null(f);
	assert_int_equal(fputs("other", f) < 0 || fclose(f), 0);
	view_hold(first.item);
	assert_int_equal(rename(aside, path), 0);
	assert_int_equal(view_object_map(v, &id, &again), 0);
	assert_true(again.serial != first.serial);
	assert_int_equal(again.length, 5);
	assert_int_equal(lseek(first.fd, 0, SEEK_END), first.length);
	view_release(first.item);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(view_object_map(v, &id, &again), -ENOENT);
	store_object_close(o);
	store_close(s);
	view_close(v);
}

/* One record rots: the others stay, and so does this one as soon as there is a better index. */
static void rot_in_one_name_is_not_the_others(void **state)
{
	struct view *v = view_at(state, 4);
	struct names_entry e;
	struct view_names *from;
	struct names_builder *b = names_builder_new();
	assert_int_equal(names_add_bytes(b, "/a", "text/plain", NAMES_CACHE_NONE, "one", 3), 0);
	assert_int_equal(names_add_bytes(b, "/b", "text/plain", NAMES_CACHE_NONE, "two", 3), 0);
	assert_int_equal(names_write(b, scratch_path(state, LAYOUT_NAMES), NULL), 0);
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	const long end = scratch_size(scratch_path(state, LAYOUT_NAMES));
	/* The heap ends with the media type of "/b". */
	assert_int_equal(scratch_flip(scratch_path(state, LAYOUT_NAMES), end - 5, 1), 0);
	assert_int_equal(view_find(v, "/b", 2, &e, &from), -EBADMSG);
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	view_tick(v);
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	assert_memory_equal(e.bytes, "one", 3);
	assert_int_equal(view_find(v, "/b", 2, &e, &from), -EBADMSG);
	assert_int_equal(names_write(b, scratch_path(state, LAYOUT_NAMES), NULL), 0);
	view_tick(v);
	assert_int_equal(view_find(v, "/b", 2, &e, &from), 0);
	assert_memory_equal(e.bytes, "two", 3);
	names_builder_free(b);
	view_close(v);
}

static void follows_the_newest_index(void **state)
{
	struct view *v = view_at(state, 4);
	struct names_entry e, old;
	struct view_names *from, *held;
	assert_int_equal(view_find(v, "/a", 2, &e, &from), -ENODATA);
	assert_true(
		view_names_damaged(v)); /* whoever writes it knows whether there ought to be one */
	write_names(state, "/a", "one");
	/* The first one, as all others: a name is known as soon as it is written. */
	assert_int_equal(view_find(v, "/a", 2, &old, &held), 0);
	view_names_hold(held);
	write_names(state, "/a", "two");
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	assert_memory_equal(e.bytes, "two", 3);
	assert_memory_equal(old.bytes, "one", 3);
	view_names_release(held);

	/* The flag of the old one cannot be set when the writer dies after the rename: the tick finds out. */
	assert_int_equal(rename(scratch_path(state, LAYOUT_NAMES), scratch_path(state, "aside")),
			 0);
	write_names(state, "/a", "three");
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	assert_memory_equal(e.bytes, "two", 3);
	view_tick(v);
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	assert_memory_equal(e.bytes, "three", 5);

	/* A damaged one is not taken: the last good one stays. */
	assert_int_equal(unlink(scratch_path(state, LAYOUT_NAMES)), 0);
	write_names(state, "/a", "four");
	assert_int_equal(scratch_flip(scratch_path(state, LAYOUT_NAMES), -2, 1), 0);
	view_tick(v);
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	assert_memory_equal(e.bytes, "three", 5);
	view_close(v);
}

static void a_store_that_comes_later_is_found(void **state)
{
	struct view *v = NULL;
	struct names_entry e;
	struct view_names *from;
	char folder[PATH_MAX];
	snprintf(folder, sizeof(folder), "%s", scratch_path(state, "later"));
	assert_int_equal(view_open(folder, 4, &v, NULL), 0);
	assert_int_equal(view_find(v, "/a", 2, &e, &from), -ENODATA);
	assert_int_equal(mkdir(folder, 0755), 0);
	write_names(state, "/a", "x");
	assert_int_equal(rename(scratch_path(state, LAYOUT_NAMES),
				scratch_path(state, "later/" LAYOUT_NAMES)),
			 0);
	assert_int_equal(view_find(v, "/a", 2, &e, &from), 0);
	view_close(v);
	view_close(NULL);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(sees_segments_as_they_are_made),
		WITH_FOLDER(a_map_is_followed_where_it_goes),
		WITH_FOLDER(a_rotten_table_is_let_go),
		WITH_FOLDER(a_dropped_rendition_is_let_go),
		WITH_FOLDER(sends_verified_bytes_as_they_arrive),
		WITH_FOLDER(in_another_boot_only_durable_chunks_count),
		WITH_FOLDER(keeps_few_files_open_and_what_is_held),
		WITH_FOLDER(what_is_cut_short_kills_nobody),
		WITH_FOLDER(an_index_that_is_cut_short_is_an_error),
		WITH_FOLDER(rot_in_one_name_is_not_the_others),
		WITH_FOLDER(follows_the_newest_index),
		WITH_FOLDER(a_store_that_comes_later_is_found),
	};
	return cmocka_run_group_tests_name("cache/view", tests, NULL, NULL);
}
