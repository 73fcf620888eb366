// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store.h"
#include "cache/store_scrub.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "cache/layout.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

static const struct store_limits unlimited;

static void only_one_program_writes(void **state)
{
	struct store *s = NULL, *second = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	assert_int_equal(store_open(*state, &unlimited, &second, &why), -EBUSY);
	assert_string_equal(why.id, "store.busy");
	assert_null(second);
	store_close(s);
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	store_close(s);
	store_close(NULL);
}

static void says_what_is_wrong_with_the_folder(void **state)
{
	struct store *s = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_open(scratch_path(state, "absent"), &unlimited, &s, &why), -ENOENT);
	assert_non_null(strstr(why.text, "absent"));
	FILE *f = fopen(scratch_path(state, "store.db"), "w");
	fputs("this is no database, it only has its name, and is long enough to be looked at as "
	      "one. ",
	      f);
	for (int i = 0; i < 100; i++)
		fputs("0123456789", f);
	fclose(f);
	/* What only has the name of a database is damaged: store_anew_test.c. */
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	store_close(s);
}

/* Files that a cut left between creation and row, or between removal of the row and of the file. */
static void removes_what_no_row_speaks_of(void **state)
{
	static const char *const orphans[] = {
		"obj/ab/ab00000000000000000000000000000000000000000000000000000000000000",
		"obj/ab/ab00000000000000000000000000000000000000000000000000000000000000.map",
		"obj/ab/ab00000000000000000000000000000000000000000000000000000000000000.map.new",
		"obj/ab/ab00000000000000000000000000000000000000000000000000000000000000.bits.new",
		"obj/ab/short",
		"rend/77.mp4",
		"rend/77.tab",
		"rend/x",
		"names.idx.new",
	};
	uint64_t removed = 0;
	struct store *s = NULL;
	struct store_object *o = NULL;
	struct store_rendition *r = NULL;
	struct objmap *map = sample_map(1, 1000);
	char kept[4][PATH_MAX];
	assert_int_equal(store_open(*state, &unlimited, &s, NULL), 0);
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	assert_int_equal(store_rendition_open(s, "l", "g", "audio", 1, 0, &r, NULL), 0);
	const uint64_t number = store_rendition_number(r);
	store_object_close(o);
	store_rendition_close(r);
	store_close(s);

	snprintf(kept[0], PATH_MAX, "%s",
		 scratch_path(state, layout_object(objmap_get_id(map), "").at));
	snprintf(kept[1], PATH_MAX, "%s",
		 scratch_path(state, layout_object(objmap_get_id(map), ".bits").at));
	snprintf(kept[2], PATH_MAX, "%s", scratch_path(state, layout_rendition(number, ".tab").at));
	snprintf(kept[3], PATH_MAX, "%s", scratch_path(state, layout_rendition(number, ".mp4").at));
	mkdir(scratch_path(state, "obj/ab"), 0755);
	for (size_t i = 0; i < sizeof(orphans) / sizeof(orphans[0]); i++)
		close(open(scratch_path(state, orphans[i]), O_CREAT | O_WRONLY, 0600));

	assert_int_equal(store_open(*state, &unlimited, &s, NULL), 0);
	/* Idle seconds do it, and whoever cannot wait for them. */
	assert_int_equal(store_sync(s, NULL), 0);
	assert_int_equal(scratch_size(scratch_path(state, "names.idx.new")), -1);
	while (store_sweep_step(s, &removed, NULL) > 0)
		;
	assert_int_equal(removed, sizeof(orphans) / sizeof(orphans[0]) - 1);
	for (size_t i = 0; i < sizeof(orphans) / sizeof(orphans[0]); i++)
		if (scratch_size(scratch_path(state, orphans[i])) >= 0)
			fail_msg("'%s' is still there", orphans[i]);
	for (size_t i = 0; i < 4; i++)
		if (scratch_size(kept[i]) < 0)
			fail_msg("'%s' was removed", kept[i]);
	store_close(s);
	objmap_free(map);
}

/* An ETag names bytes for ever: a store that was wiped must not begin to count where the old one did. */
/* Rows alone are looked at: nothing is opened, read or listed for each of them. */
static void a_hundred_thousand_objects_open_at_once(void **state)
{
	static const char *const fill =
		"BEGIN;"
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<100000)"
		" INSERT INTO objects(id, size, media_type, complete)"
		" SELECT randomblob(32), 100000, 'video/mp4', i%7>0 FROM n;"
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<2000)"
		" INSERT INTO renditions(lesson, generation, rung, segment_count)"
		" SELECT i, 'g', '240p', 50 FROM n;"
		"WITH RECURSIVE n(i) AS (VALUES(0) UNION ALL SELECT i+1 FROM n WHERE i<50)"
		" INSERT INTO segments(rendition, segment, offset, length, duration_ms, hash)"
		" SELECT number, i, i*8192, 8000, 4000, zeroblob(16) FROM renditions, n;"
		"COMMIT;";
	struct store *s = NULL;
	struct store_totals t;
	assert_int_equal(store_open(*state, &unlimited, &s, NULL), 0);
	store_close(s);
	sqlite3 *raw;
	assert_int_equal(sqlite3_open(scratch_path(state, "store.db"), &raw), SQLITE_OK);
	assert_int_equal(sqlite3_exec(raw, fill, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(raw);
	const uint64_t from = clock_mono_ms();
	assert_int_equal(store_open(*state, &unlimited, &s, NULL), 0);
	const uint64_t took = clock_mono_ms() - from;
	assert_int_equal(store_totals(s, &t, NULL), 0);
	assert_int_equal(t.objects, 100000);
	assert_int_equal(t.bytes, UINT64_C(100000) * 100000 + UINT64_C(2000) * 51 * 8192);
	print_message("# opened in %llu ms\n", (unsigned long long)took);
	if (took >= 1000)
		fail_msg("%llu ms", (unsigned long long)took);
	store_close(s);
}

static void numbers_of_a_new_store_are_new(void **state)
{
	uint64_t numbers[2];
	for (int i = 0; i < 2; i++) {
		struct store *s = NULL;
		struct store_rendition *r = NULL;
		assert_int_equal(store_open(*state, &unlimited, &s, NULL), 0);
		assert_int_equal(store_rendition_open(s, "l", "g", "audio", 1, 0, &r, NULL), 0);
		numbers[i] = store_rendition_number(r);
		store_rendition_close(r);
		store_close(s);
		scratch_empty(*state);
	}
	assert_true(numbers[0] != numbers[1]);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(only_one_program_writes),
		WITH_FOLDER(says_what_is_wrong_with_the_folder),
		WITH_FOLDER(removes_what_no_row_speaks_of),
		WITH_FOLDER(a_hundred_thousand_objects_open_at_once),
		WITH_FOLDER(numbers_of_a_new_store_are_new),
	};
	return cmocka_run_group_tests_name("cache/store", tests, NULL, NULL);
}
