// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/wait.h>

#include "cache/view.h"
#include "tests/unit/cache/object_kit.h"
#include "tests/unit/scratch.h"

static uint64_t rehashed(struct store *s)
{
	struct store_totals t;
	assert_int_equal(store_totals(s, &t, NULL), 0);
	return t.rehashed_bytes;
}

/* Another contentd, that goes on searching for a while and is killed. */
static void search_and_die(void **state, const struct objmap_id *id)
{
	int status;
	const pid_t pid = fork();
	if (!pid) {
		struct store *s = opened(state, &unlimited);
		struct store_object *o;
		if (store_object_find(s, id, &o, NULL) ||
		    store_search_step(s, 20 * CHUNK, NULL) != 1 || store_sync(s, NULL) ||
		    store_search_step(s, CHUNK, NULL) != 1)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * Nobody vouches for a large body any more: it is hashed in steps, over restarts and a kill -9 as well, and none of it is sent
 * before, nor fetched again.
 */
static void a_large_body_without_a_bitmap_is_searched_in_steps(void **state)
{
	enum { CHUNKS = 200, ROTTEN = 177, WANTED = 60 };
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, CHUNKS * CHUNK);
	const struct layout bits = file_of(o, ".bits"), body = file_of(o, "");
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	struct store_searched got = { 0 };
	struct view *v;
	struct view_file f;
	uint64_t first = 0, count = 0;
	for (uint64_t i = 0; i < CHUNKS; i++)
		put(o, i);
	store_object_close(o);
	store_close(s);
	assert_int_equal(unlink(scratch_path(state, bits.at)), 0);
	assert_int_equal(scratch_flip(scratch_path(state, body.at), ROTTEN * CHUNK + 9, 1), 0);

	s = opened(state, &unlimited);
	assert_int_equal(view_open(*state, 8, &v, NULL), 0);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	const uint64_t at_once = rehashed(s);
	assert_true(at_once <= 2 << 20);
	assert_false(store_object_complete(o));
	assert_false(store_object_has(o, CHUNKS - 1));
	assert_false(store_object_gap(o, 0, &first, &count));
	assert_int_equal(view_object(v, &id, CHUNKS * CHUNK, WANTED * CHUNK, &f), 0);
	assert_int_equal(f.length, 0);
	store_object_look(o, WANTED, 2);
	assert_int_equal(rehashed(s), at_once + 2 * CHUNK);
	assert_int_equal(view_object(v, &id, CHUNKS * CHUNK, WANTED * CHUNK, &f), 0);
	assert_int_equal(f.length, 2 * CHUNK);
	store_object_look(o, 0, CHUNKS);
	assert_int_equal(rehashed(s), at_once + 18 * CHUNK);
	store_object_close(o);
	store_close(s);

	search_and_die(state, &id);
	s = opened(state, &unlimited);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_true(store_searching(s));
	for (int steps = 0; !got.through; steps++) {
		const uint64_t before = rehashed(s);
		assert_true(steps < CHUNKS);
		store_search_step(s, 3 * CHUNK, &got);
		assert_true(got.bytes <= 3 * CHUNK);
		assert_int_equal(rehashed(s), before + got.bytes);
		assert_int_equal(view_object(v, &id, CHUNKS * CHUNK, ROTTEN * CHUNK, &f), 0);
		assert_int_equal(f.length, 0);
	}
	assert_false(store_searching(s));
	assert_memory_equal(&got.id, &id, sizeof(id));
	assert_true(store_object_gap(o, 0, &first, &count));
	assert_int_equal(first, ROTTEN);
	assert_int_equal(count, 1);
	put(o, ROTTEN);
	assert_true(store_object_complete(o));
	store_object_close(o);
	assert_int_equal(store_object_known(s, &id, NULL), 1);
	store_close(s);

	/* It was written down: nothing is hashed any more. */
	s = opened(state, &unlimited);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_int_equal(rehashed(s), 0);
	for (uint64_t i = 0; i < CHUNKS; i++)
		check_bytes(o, i);
	view_close(v);
	store_object_close(o);
	store_close(s);
}

/* A body that grows back to its length reads as zeros: nobody may be told that they are what was there. */
static void what_was_cut_off_is_withdrawn_before_it_grows_back(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 20 * CHUNK);
	const struct layout body = file_of(o, "");
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	struct view *v;
	struct view_file f;
	uint64_t first, count;
	for (uint64_t i = 0; i < 20; i++)
		put(o, i);
	store_object_close(o);
	assert_int_equal(view_open(*state, 8, &v, NULL), 0);
	assert_int_equal(view_object(v, &id, 20 * CHUNK, 0, &f), 0);
	assert_int_equal(truncate(scratch_path(state, body.at), 7 * CHUNK + 1), 0);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	assert_int_equal(rehashed(s), 0);
	assert_true(store_object_gap(o, 0, &first, &count));
	assert_int_equal(first, 7);
	assert_int_equal(count, 13);
	assert_int_equal(view_object(v, &id, 20 * CHUNK, 0, &f), 0);
	assert_int_equal(f.length, 7 * CHUNK);
	view_close(v);
	store_object_close(o);
	store_close(s);
}

static void one_that_leaves_is_not_searched_any_more(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_object *o = object(s, 50 * CHUNK);
	const struct layout bits = file_of(o, ".bits");
	const struct objmap_id id = *objmap_get_id(store_object_map(o));
	struct store_searched got;
	for (uint64_t i = 0; i < 50; i++)
		put(o, i);
	store_object_close(o);
	assert_int_equal(unlink(scratch_path(state, bits.at)), 0);
	assert_int_equal(store_object_find(s, &id, &o, NULL), 0);
	store_object_close(o);
	assert_int_equal(store_search_step(s, CHUNK, &got), 1);
	assert_int_equal(store_object_drop(s, &id, NULL), 0);
	assert_int_equal(store_search_step(s, CHUNK, &got), 0);
	assert_false(got.through);
	assert_int_equal(got.bytes, 0);
	store_close(s);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(a_large_body_without_a_bitmap_is_searched_in_steps),
		WITH_FOLDER(what_was_cut_off_is_withdrawn_before_it_grows_back),
		WITH_FOLDER(one_that_leaves_is_not_searched_any_more),
	};
	return cmocka_run_group_tests_name("cache/store_search", tests, NULL, NULL);
}
