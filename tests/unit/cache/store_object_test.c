// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/bits.h"
#include "firmware/base/crc32c.h"
#include "cache/layout.h"
#include "cache/store.h"
#include "cache/store_private.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/object_kit.h"
#include "tests/unit/scratch.h"

static void arrives_chunk_by_chunk_in_any_order(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 3 * CHUNK + 100);
	uint64_t first, count;
	assert_int_equal(store_object_size(o), 3 * CHUNK + 100);
	assert_false(store_object_has_bytes(o, 0, 1));
	assert_true(store_object_has_bytes(o, 0, 0));
	assert_true(store_object_gap(o, 0, &first, &count));
	assert_int_equal(first, 0);
	assert_int_equal(count, 4);

	put(o, 3);
	put(o, 1);
	assert_true(store_object_has(o, 3));
	assert_false(store_object_has(o, 0));
	assert_true(store_object_has_bytes(o, CHUNK + 5, CHUNK - 5));
	assert_false(store_object_has_bytes(o, CHUNK + 5, CHUNK - 4));
	assert_false(store_object_has_bytes(o, 3 * CHUNK, 101)); /* beyond the end */
	assert_false(store_object_has_bytes(o, UINT64_MAX, 2));
	assert_true(store_object_gap(o, 1, &first, &count));
	assert_int_equal(first, 2);
	assert_int_equal(count, 1);
	put(o, 0);
	assert_false(store_object_complete(o));
	put(o, 2);
	put(o, 2); /* twice is fine */
	assert_true(store_object_complete(o));
	assert_false(store_object_gap(o, 0, &first, &count));
	for (uint64_t c = 0; c < 4; c++)
		check_bytes(o, c);
	store_object_close(o);
	store_close(s);
}

static void refuses_a_chunk_that_is_not_in_the_map(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 2 * CHUNK);
	static uint8_t bytes[CHUNK];
	struct fault why = { 0 };
	sample_fill(SEED, 0, bytes, CHUNK);
	bytes[CHUNK - 1] ^= 1;
	assert_int_equal(store_object_put(o, 0, bytes, CHUNK, &why), -EBADMSG);
	assert_string_equal(why.id, "store.chunk");
	bytes[CHUNK - 1] ^= 1;
	assert_int_equal(store_object_put(o, 1, bytes, CHUNK, &why),
			 -EBADMSG); /* another chunk's bytes */
	assert_int_equal(store_object_put(o, 0, bytes, CHUNK - 1, &why), -EBADMSG);
	assert_int_equal(store_object_put(o, 2, bytes, CHUNK, &why), -EBADMSG);
	assert_int_equal(store_object_put(o, UINT64_MAX, bytes, CHUNK, &why), -EBADMSG);
	assert_false(store_object_has(o, 0));
	store_object_close(o);
	store_close(s);
}

static void is_the_same_object_for_all_who_open_it(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *a = object(s, CHUNK), *b = object(s, CHUNK), *c = NULL;
	const struct objmap_id absent = { { 1 } };
	assert_ptr_equal(a, b);
	assert_int_equal(store_object_find(s, objmap_get_id(store_object_map(a)), &c, NULL), 0);
	assert_ptr_equal(a, c);
	store_object_close(a);
	store_object_close(b);
	put(c, 0);
	store_object_close(c);
	assert_int_equal(store_object_find(s, &absent, &c, NULL), -ENOENT);
	store_close(s);
}

static void is_found_again_after_a_restart(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 2 * CHUNK + 1);
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	put(o, 0);
	put(o, 2);
	store_object_close(o);
	store_close(s);
	s = opened(state, &unlimited);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_true(store_object_has(o, 0));
	assert_false(store_object_has(o, 1));
	assert_true(store_object_has(o, 2));
	check_bytes(o, 0);
	put(o, 1);
	assert_int_equal(store_sync(s, NULL), 0);
	struct store_totals t;
	assert_int_equal(store_totals(s, &t, NULL), 0);
	assert_int_equal(t.objects, 1);
	assert_int_equal(t.complete, 1);
	assert_int_equal(t.bytes, 2 * CHUNK + 1);
	assert_true(t.free_bytes > 0);
	store_object_close(o);
	store_close(s);
}

static void empty_objects_are_complete(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 0);
	struct store_totals t;
	assert_true(store_object_complete(o));
	assert_true(store_object_has_bytes(o, 0, 0));
	store_object_close(o);
	assert_int_equal(store_totals(s, &t, NULL), 0);
	assert_int_equal(t.complete, 1);
	store_close(s);
}

/* Another boot: the header of the bitmap is given another boot's name, as if the machine had lost power since. */
static void pretend_reboot(const char *path)
{
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	struct bits_header h;
	assert_int_equal(pread(fd, &h, sizeof(h), 0), sizeof(h));
	memset(h.boot, 0xee, sizeof(h.boot));
	h.crc = crc32c(0, &h, offsetof(struct bits_header, crc));
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
	close(fd);
}

static void flip_body(const char *path, long at)
{
	assert_int_equal(scratch_flip(path, at, 0x40), 0);
}

/*
 * Chunk 0 is durable; 1 and 2 were readable only when the power went, and the disk has 1 in full and 2 not. A reader of the
 * old mapping is told to map again.
 */
static void after_a_power_cut_only_what_is_right_is_readable(void **state)
{
	char body[PATH_MAX], bits[PATH_MAX];
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 4 * CHUNK);
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	snprintf(body, sizeof(body), "%s", scratch_path(state, file_of(o, "").at));
	snprintf(bits, sizeof(bits), "%s", scratch_path(state, file_of(o, ".bits").at));
	put(o, 0);
	assert_int_equal(store_sync(s, NULL), 0);
	/* Bits that the kernel wrote out by itself, without their sync. */
	struct bits raw;
	assert_int_equal(bits_open(AT_FDCWD, bits, &id, 4, &raw), 0);
	store_object_close(o);
	store_close(s);
	bits_set(&raw, 1);
	bits_set(&raw, 2);
	int fd = open(body, O_RDWR);
	static uint8_t bytes[CHUNK];
	sample_fill(SEED, CHUNK, bytes, CHUNK);
	assert_int_equal(pwrite(fd, bytes, CHUNK, CHUNK), CHUNK);
	assert_int_equal(pwrite(fd, bytes, CHUNK / 2, 2 * CHUNK), CHUNK / 2);
	close(fd);
	pretend_reboot(bits);

	s = opened(state, &unlimited);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_true(store_object_has(o, 0));
	assert_true(store_object_has(o, 1));
	assert_false(store_object_has(o, 2));
	assert_false(store_object_has(o, 3));
	assert_true(bits_superseded(&raw));
	check_bytes(o, 0);
	check_bytes(o, 1);
	bits_unmap(&raw);
	store_object_close(o);
	store_close(s);
}

/* A killed contentd leaves the page cache and the workers: what is right stays readable all the time. */
static void after_a_kill_the_bitmap_stays_in_use(void **state)
{
	char bits[PATH_MAX];
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 3 * CHUNK);
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	snprintf(bits, sizeof(bits), "%s", scratch_path(state, file_of(o, ".bits").at));
	put(o, 0);
	store_object_close(o);
	store_close(s);
	struct bits reader;
	assert_int_equal(bits_open(AT_FDCWD, bits, &id, 3, &reader), 0);
	bits_set(&reader, 2); /* a bit that rot turned: its bytes are not there */
	s = opened(state, &unlimited);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_false(bits_superseded(&reader));
	assert_true(bits_get(&reader, 0));
	assert_false(bits_get(&reader, 2));
	put(o, 1);
	assert_true(bits_get(&reader, 1));
	bits_unmap(&reader);
	store_object_close(o);
	store_close(s);
}

/* Each file of the object damaged in turn: what the body still holds is found again, nothing wrong is readable. */
static void damage_costs_no_more_than_itself(void **state)
{
	static const struct {
		const char *what, *suffix;
		long at;
		bool cut;
		uint64_t lost; /* chunk that cannot be kept; 9: none */
	} rows[] = {
		{ "bitmap, magic", ".bits", 0, false, 9 },
		{ "bitmap, cut short", ".bits", 100, true, 9 },
		{ "bitmap, gone", ".bits", -1, true, 9 },
		{ "body, gone", "", -1, true, 0 },
		{ "body, cut short", "", CHUNK + 7, true, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store *s = opened(state, &unlimited);
		struct store_object *o = object(s, 2 * CHUNK);
		const struct objmap_id id = *objmap_get_id(store_object_map(o));
		char path[PATH_MAX];
		snprintf(path, sizeof(path), "%s",
			 scratch_path(state, file_of(o, rows[i].suffix).at));
		if (!store_object_has(o, 0))
			put(o, 0);
		if (!store_object_has(o, 1))
			put(o, 1);
		store_object_close(o);
		store_close(s);
		if (rows[i].at < 0)
			assert_int_equal(unlink(path), 0);
		else if (rows[i].cut)
			assert_int_equal(truncate(path, rows[i].at), 0);
		else
			assert_int_equal(scratch_flip(path, rows[i].at, 1), 0);
		s = opened(state, &unlimited);
		assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
		for (uint64_t c = 0; c < 2; c++) {
			if (store_object_has(o, c))
				check_bytes(o, c);
			else if (rows[i].lost == 9)
				fail_msg("%s: chunk %d was lost", rows[i].what, (int)c);
		}
		struct store_totals t;
		assert_int_equal(store_totals(s, &t, NULL), 0);
		assert_int_equal(t.complete, rows[i].lost == 9);
		store_object_close(o);
		store_close(s);
	}
}

static void a_damaged_map_is_replaced_and_no_byte_is_lost(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 2 * CHUNK);
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, file_of(o, ".map").at));
	put(o, 1);
	store_object_close(o);
	for (int i = 0; i < 3; i++) {
		struct fault why = { 0 };
		if (i == 2)
			assert_int_equal(unlink(path), 0);
		else
			assert_int_equal(scratch_flip(path, i ? -1 : 0, 1), 0);
		assert_int_equal(store_object_find(s, &id, &o, &why), -ENOENT);
		assert_string_equal(why.id, "store.map");
		o = object(s, 2 * CHUNK); /* contentd fetched the map again */
		assert_true(store_object_has(o, 1));
		store_object_close(o);
		assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
		store_object_close(o);
	}
	store_close(s);
}

/* A body byte that rotted below a bitmap that cannot be trusted is not served. */
static void hashes_the_body_when_the_bitmap_is_lost(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 3 * CHUNK);
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	char body[PATH_MAX];
	for (uint64_t c = 0; c < 3; c++)
		put(o, c);
	snprintf(body, sizeof(body), "%s", scratch_path(state, file_of(o, "").at));
	assert_int_equal(unlink(scratch_path(state, file_of(o, ".bits").at)), 0);
	store_object_close(o);
	store_close(s);
	flip_body(body, CHUNK + 9);
	s = opened(state, &unlimited);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_true(store_object_has(o, 0));
	assert_false(store_object_has(o, 1));
	assert_true(store_object_has(o, 2));
	assert_false(store_object_complete(o));
	put(o, 1);
	check_bytes(o, 1);
	assert_true(store_object_complete(o));
	store_object_close(o);
	store_close(s);
}

static void a_dropped_object_is_gone_and_its_place_is_free(void **state)
{
	const struct store_limits limits = { .max_bytes = 3 * CHUNK };
	struct store *s = opened(state, &limits);
	struct store_object *o = object(s, 2 * CHUNK), *again = NULL;
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	struct bits reader;
	put(o, 0);
	assert_int_equal(bits_map(AT_FDCWD, scratch_path(state, file_of(o, ".bits").at), &id, 2,
				  &reader),
			 0);
	assert_int_equal(store_object_drop(s, &id, NULL), 0);
	assert_true(bits_superseded(&reader));
	bits_unmap(&reader);
	assert_int_equal(scratch_size(scratch_path(state, file_of(o, "").at)), -1);
	assert_int_equal(store_object_find(s, &id, &again, NULL), -ENOENT);
	assert_int_equal(store_object_drop(s, &id, NULL), -ENOENT);
	check_bytes(o, 0); /* who still has it open can read on */
	static uint8_t bytes[CHUNK];
	sample_fill(SEED, CHUNK, bytes, CHUNK);
	assert_int_equal(store_object_put(o, 1, bytes, CHUNK, NULL), -ESTALE);
	again = object(s, 2 * CHUNK);
	assert_ptr_not_equal(o, again);
	assert_false(store_object_has(again, 0));
	store_object_close(o);
	store_object_close(again);
	store_close(s);
}

static void a_full_store_refuses_before_it_writes(void **state)
{
	const struct store_limits rows[] = {
		{ .max_bytes = 4 * CHUNK },
		{ .keep_free_bytes = UINT64_C(1) << 60 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store *s = opened(state, &rows[i]);
		struct store_object *o = NULL;
		struct fault why = { 0 };
		struct objmap *map = sample_map(SEED, 5 * CHUNK);
		assert_int_equal(store_object_open(s, map, "", &o, &why), -ENOSPC);
		assert_string_equal(why.id, i ? "disk.full" : "store.full");
		assert_int_equal(
			scratch_size(scratch_path(state, layout_object(objmap_get_id(map), "").at)),
			-1);
		objmap_free(map);
		struct store_totals t;
		assert_int_equal(store_totals(s, &t, NULL), 0);
		assert_int_equal(t.objects, 0);
		assert_int_equal(t.bytes, 0);
		store_close(s);
	}
}

/* Other hands cut the body short while it is filled: what is written next must not make a hole that counts as bytes. */
static size_t count_names(const char *folder)
{
	size_t count = 0;
	DIR *d = opendir(folder);
	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d));)
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

/* Files may not be as long as that: the kernel says no where the store's own count of room said yes. */
static void what_cannot_be_reserved_leaves_nothing_behind(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = NULL;
	struct objmap *map = sample_map(SEED, 40 * CHUNK);
	struct rlimit was, least;
	char folder[16];
	snprintf(folder, sizeof(folder), "obj/%02x", objmap_get_id(map)->b[0]);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	least = was;
	least.rlim_cur = 20 * CHUNK;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &least), 0);
	const int rc = store_object_open(s, map, "", &o, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(rc, -EFBIG);
	assert_int_equal(count_names(scratch_path(state, folder)), 0);
	assert_int_equal(store_object_known(s, objmap_get_id(map), NULL), -ENOENT);
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	assert_int_equal(count_names(scratch_path(state, folder)), 3);
	store_object_close(o);
	objmap_free(map);
	store_close(s);
}

static void a_body_cut_short_in_mid_fill_is_filled_again(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 5 * CHUNK);
	for (uint64_t i = 0; i < 4; i++)
		put(o, i);
	assert_int_equal(store_sync(s, NULL), 0);
	assert_int_equal(truncate(store_path(s, file_of(o, "").at).at, CHUNK + 100), 0);
	put(o, 4);
	assert_true(store_object_has(o, 0));
	for (uint64_t i = 1; i < 4; i++)
		assert_false(store_object_has(o, i));
	assert_true(store_object_has(o, 4));
	assert_false(store_object_complete(o));
	for (uint64_t i = 1; i < 4; i++)
		put(o, i);
	assert_true(store_object_complete(o));
	for (uint64_t i = 0; i < 5; i++)
		check_bytes(o, i);
	store_object_close(o);
	store_close(s);
}

/* A disk that failed to take bytes says yes when it is asked again; they are not believed to be there. */
static void what_a_disk_did_not_take_is_not_there(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 3 * CHUNK);
	int pipe_ends[2];
	put(o, 0);
	assert_int_equal(store_sync(s, NULL), 0);
	put(o, 1);
	assert_int_equal(pipe(pipe_ends), 0);
	int body = dup(o->fd);
	assert_true(body >= 0);
	assert_true(dup2(pipe_ends[1], o->fd) >= 0); /* which cannot be synced */
	assert_int_not_equal(store_sync(s, NULL), 0);
	assert_true(dup2(body, o->fd) >= 0);
	assert_true(store_object_has(o, 0));
	assert_false(store_object_has(o, 1));
	assert_int_equal(store_sync(s, NULL), 0);
	assert_false(store_object_has(o, 1));
	put(o, 1);
	put(o, 2);
	assert_int_equal(store_sync(s, NULL), 0);
	assert_true(store_object_complete(o));
	close(body);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	store_object_close(o);
	store_close(s);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(arrives_chunk_by_chunk_in_any_order),
		WITH_FOLDER(refuses_a_chunk_that_is_not_in_the_map),
		WITH_FOLDER(is_the_same_object_for_all_who_open_it),
		WITH_FOLDER(is_found_again_after_a_restart),
		WITH_FOLDER(empty_objects_are_complete),
		WITH_FOLDER(after_a_power_cut_only_what_is_right_is_readable),
		WITH_FOLDER(after_a_kill_the_bitmap_stays_in_use),
		WITH_FOLDER(damage_costs_no_more_than_itself),
		WITH_FOLDER(a_damaged_map_is_replaced_and_no_byte_is_lost),
		WITH_FOLDER(hashes_the_body_when_the_bitmap_is_lost),
		WITH_FOLDER(a_dropped_object_is_gone_and_its_place_is_free),
		WITH_FOLDER(a_full_store_refuses_before_it_writes),
		WITH_FOLDER(what_cannot_be_reserved_leaves_nothing_behind),
		WITH_FOLDER(a_body_cut_short_in_mid_fill_is_filled_again),
		WITH_FOLDER(what_a_disk_did_not_take_is_not_there),
	};
	return cmocka_run_group_tests_name("cache/store_object", tests, NULL, NULL);
}
