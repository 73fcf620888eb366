// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/passing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/pass.h"
#include "cache/store.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/objmap.h"
#include "tests/unit/scratch.h"

/* An object of 20 chunks, the last one short, and an area of 16 slots. */
enum { CHUNK = OBJMAP_CHUNK_BYTES, CHUNKS = 20, LAST = 100, SIZE = (CHUNKS - 1) * CHUNK + LAST };

struct scene {
	struct pass *area;
	struct passing *p;
	uint8_t *bytes;
};

static struct objmap *make_map(const uint8_t *bytes, size_t len)
{
	struct objmap_maker *maker = objmap_maker_new();
	struct objmap *map = NULL;
	assert_int_equal(objmap_maker_feed(maker, bytes, len), 0);
	assert_int_equal(objmap_maker_finish(maker, &map), 0);
	objmap_maker_free(maker);
	return map;
}

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	*state = s;
	s->bytes = malloc(SIZE);
	for (size_t i = 0; i < SIZE; i++)
		s->bytes[i] = (uint8_t)(i * 7 + i / CHUNK);
	if (pass_new(16 * CHUNK, &s->area, NULL))
		return -1;
	return passing_new(s->area, make_map(s->bytes, SIZE), &s->p);
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	passing_free(s->p);
	pass_free(s->area);
	free(s->bytes);
	free(s);
	return 0;
}

static int put(const struct scene *s, uint64_t chunk)
{
	return passing_put(s->p, chunk, s->bytes + chunk * CHUNK,
			   chunk == CHUNKS - 1 ? LAST : CHUNK, NULL);
}

static void what_is_in_memory_is_no_gap(void **state)
{
	const struct scene *s = *state;
	uint64_t first = 0, count = 0;
	assert_true(passing_gap(s->p, 3, &first, &count));
	assert_int_equal(first, 3);
	assert_int_equal(count, 16); /* not more than the area has slots */
	assert_int_equal(put(s, 3), 0);
	assert_int_equal(put(s, 4), 0);
	assert_int_equal(put(s, 7), 0);
	assert_true(passing_gap(s->p, 3, &first, &count));
	assert_int_equal(first, 5);
	assert_int_equal(count, 2);
	assert_int_equal(passing_run(s->p, 3, 100), 2);
	assert_int_equal(passing_run(s->p, 3, 1), 1);
	assert_int_equal(passing_run(s->p, 5, 100), 0);
	assert_int_equal(put(s, CHUNKS - 1), 0);
	assert_false(passing_gap(s->p, CHUNKS - 1, &first, &count));
	assert_false(passing_gap(s->p, CHUNKS + 5, &first, &count));
	assert_int_equal(passing_run(s->p, CHUNKS - 1, 100), 1);
	uint8_t *room = malloc(CHUNK);
	assert_int_equal(passing_read(s->p, CHUNKS - 1, room), LAST);
	assert_memory_equal(room, s->bytes + SIZE - LAST, LAST);
	assert_int_equal(passing_read(s->p, 0, room), -EAGAIN);
	free(room);
}

static void what_its_map_does_not_say_is_refused(void **state)
{
	const struct scene *s = *state;
	struct fault why = { 0 };
	assert_int_equal(passing_put(s->p, 3, s->bytes, CHUNK, &why), -EBADMSG);
	assert_int_equal(passing_put(s->p, 3, s->bytes + 3 * CHUNK, CHUNK - 1, &why), -EBADMSG);
	assert_int_equal(passing_put(s->p, CHUNKS, s->bytes, CHUNK, &why), -EBADMSG);
	assert_int_equal(passing_run(s->p, 3, 1), 0);
}

static void the_window_leaves_readers_their_chunks(void **state)
{
	const struct scene *s = *state;
	uint64_t next = 0;
	assert_int_equal(passing_window(s->p, 0, &next), 4);
	for (uint64_t i = 0; i < 16; i++)
		assert_int_equal(put(s, i), 0);
	assert_int_equal(passing_window(s->p, 0, &next), 0);
	assert_true(next > 0 && next < UINT64_MAX);
	assert_int_equal(passing_window(s->p, next + PASS_REST_MS, &next), 4);
}

static void with_room_again_it_goes_to_disk(void **state)
{
	const struct scene *s = *state;
	const struct store_limits full = { .max_bytes = 1000 }, room = { 0 };
	struct store *store = NULL;
	struct store_object *o = NULL;
	void *dir = NULL;
	assert_int_equal(scratch_make(&dir), 0);
	assert_int_equal(put(s, 2), 0);
	assert_int_equal(put(s, CHUNKS - 1), 0);
	assert_int_equal(store_open(dir, &full, &store, NULL), 0);
	assert_int_equal(passing_settle(s->p, store, "text/plain", &o, NULL), -ENOSPC);
	store_close(store);
	assert_int_equal(store_open(dir, &room, &store, NULL), 0);
	assert_int_equal(passing_settle(s->p, store, "text/plain", &o, NULL), 0);
	assert_true(store_object_has(o, 2));
	assert_true(store_object_has(o, CHUNKS - 1));
	assert_false(store_object_has(o, 3));
	store_object_close(o);
	store_close(store);
	scratch_remove(&dir);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, drop_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(what_is_in_memory_is_no_gap),
		SCENE(what_its_map_does_not_say_is_refused),
		SCENE(the_window_leaves_readers_their_chunks),
		SCENE(with_room_again_it_goes_to_disk),
	};
	return cmocka_run_group_tests_name("content/passing", tests, NULL, NULL);
}
