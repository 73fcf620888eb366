// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_keep.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/store.h"
#include "cache/store_local.h"
#include "content/live/live_move.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

enum { PIECE = 3 << 20, FILLER = 12 << 20, MOST = 14 << 20 };

static struct {
	struct store *store;
	struct objmap_id filler;
	unsigned asked, told, busy;
	int later; /* how often room is still on its way */
} t;

static int named(void *data, struct fault *why)
{
	(void)data;
	(void)why;
	return 0;
}

static void busy(void *data)
{
	(void)data;
	t.busy++;
}

/* As contentd's loop does, without its pauses: how many steps. */
static unsigned work(struct live_keep *k)
{
	unsigned steps = 0;
	while (live_keep_step(k))
		steps++;
	return steps;
}

static void changed(void *data)
{
	(void)data;
}

static int make_room(void *data, uint64_t bytes, const char *cause, struct fault *why)
{
	(void)data;
	assert_true(bytes > 0 && *cause);
	t.asked++;
	if (t.later-- > 0)
		return fault_set(why, -EAGAIN, "store.making_room", "in a moment");
	return store_object_drop(t.store, &t.filler, why);
}

static void tell(void *data, const char *kind, const char *subject, const char *layer,
		 const char *sentence)
{
	(void)data;
	(void)kind;
	(void)subject;
	(void)layer;
	print_message("%s\n", sentence);
	t.told++;
}

static void fill_store(void **state)
{
	const struct store_limits limits = { .max_bytes = MOST };
	struct objmap *map = sample_map(1, FILLER);
	struct store_object *o = NULL;
	assert_int_equal(store_open(*state, &limits, &t.store, NULL), 0);
	assert_int_equal(store_object_open(t.store, map, "video/mp4", &o, NULL), 0);
	t.filler = *objmap_get_id(map);
	store_object_close(o);
	objmap_free(map);
}

static int count_one(void *data, const struct store_local *file)
{
	(void)file;
	++*(unsigned *)data;
	return 0;
}

/* Four pieces of 3 MB make two parts; the store is full of what may go. */
static void keeps_a_class(void **state, int later)
{
	static uint8_t bytes[PIECE];
	const struct live_keep_calls calls = { named, changed, make_room, busy, NULL };
	const struct report report = { tell, NULL };
	const struct live_class_conf conf = { .name = "maths", .url = "http://h.example/a.m3u8" };
	struct live_keep *k = NULL;
	unsigned files = 0;
	t.asked = t.told = 0;
	t.later = later;
	fill_store(state);
	assert_int_equal(live_keep_open(t.store, scratch_path(state, "live"), &calls, &report, &k,
					NULL),
			 0);
	assert_int_equal(live_keep_begin(k, &conf, NULL), 0);
	unsigned steps = 0;
	t.busy = 0;
	for (unsigned i = 0; i < 4; i++) {
		const struct live_bytes piece = { "maths", 'm', 't', 4000, 1, bytes, PIECE };
		sample_fill(10 + i, 0, bytes, PIECE);
		live_keep_take(k, &piece);
		steps += work(k);
	}
	live_keep_end(k, "maths");
	assert_int_equal(live_keep_count(k), 0); /* nobody waits for megabytes */
	assert_int_equal(t.busy, 2);             /* the first part; the end */
	steps += work(k);
	/* Hashed, then copied, half a megabyte at a time. */
	assert_true(steps >= 2 * 4 * PIECE / LIVE_MOVE_SLICE_BYTES);
	assert_int_equal(t.told, 0);
	assert_true(t.asked >= 1 + (unsigned)later);
	assert_int_equal(live_keep_count(k), 1);
	assert_int_equal(live_keep_at(k, 0)->ms, 16000);
	assert_int_equal(live_keep_at(k, 0)->bytes, 4 * PIECE);
	assert_int_equal(store_local_each(t.store, count_one, &files, NULL), 0);
	assert_int_equal(files, 2 + 2); /* parts, main.m3u8, master.m3u8 */
	live_keep_close(k);
	store_close(t.store);
}

static void a_full_store_makes_room_for_a_class(void **state)
{
	keeps_a_class(state, 0);
}

static void room_that_is_on_its_way_is_waited_for(void **state)
{
	keeps_a_class(state, 1);
}

/* What cannot be read now may be read at the next start: nothing of it is thrown away. */
static void a_log_that_cannot_be_read_costs_nothing(void **state)
{
	static uint8_t bytes[1000];
	static const struct store_limits unlimited;
	const struct live_keep_calls calls = { named, changed, make_room, busy, NULL };
	const struct report report = { tell, NULL };
	const struct live_class_conf conf = { .name = "maths", .url = "http://h.example/a.m3u8" };
	const struct live_bytes piece = { "maths", 'm', 't', 4000, 1, bytes, sizeof(bytes) };
	struct live_keep *k = NULL;
	char log[PATH_MAX], aside[PATH_MAX];
	t.told = 0;
	assert_int_equal(store_open(*state, &unlimited, &t.store, NULL), 0);
	for (unsigned turn = 0; turn < 3; turn++) {
		assert_int_equal(live_keep_open(t.store, scratch_path(state, "live"), &calls,
						&report, &k, NULL),
				 0);
		if (turn == 0) {
			assert_int_equal(live_keep_begin(k, &conf, NULL), 0);
			live_keep_take(k, &piece);
		}
		work(k);
		assert_int_equal(live_keep_count(k), turn == 2);
		assert_int_equal(t.told, turn > 0);
		live_keep_close(k);
		if (turn == 0) {
			DIR *d = opendir(scratch_path(state, "live"));
			struct dirent *e;
			while ((e = readdir(d)) && strncmp(e->d_name, "maths", 5) != 0)
				;
			assert_non_null(e);
			snprintf(log, sizeof(log), "%s/live/%s/log", (const char *)*state,
				 e->d_name);
			snprintf(aside, sizeof(aside), "%s/log", (const char *)*state);
			closedir(d);
			assert_int_equal(rename(log, aside), 0);
			assert_int_equal(mkdir(log, 0700), 0);
		} else if (turn == 1) {
			assert_int_equal(rmdir(log), 0);
			assert_int_equal(rename(aside, log), 0);
		}
	}
	store_close(t.store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_full_store_makes_room_for_a_class, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(room_that_is_on_its_way_is_waited_for, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(a_log_that_cannot_be_read_costs_nothing,
						scratch_make, scratch_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
