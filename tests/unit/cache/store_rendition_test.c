// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/layout.h"
#include "cache/segtab.h"
#include "cache/store.h"
#include "cache/store_private.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

static const struct store_limits unlimited;

static struct store *opened(void **state, const struct store_limits *limits)
{
	struct fault why = { 0 };
	struct store *s = NULL;
	if (store_open(*state, limits, &s, &why))
		fail_msg("%s", why.text);
	return s;
}

static struct store_rendition *rendition(struct store *s, const char *rung)
{
	struct fault why = { 0 };
	struct store_rendition *r = NULL;
	if (store_rendition_open(s, "fractions", "g-1", rung, 3, 100000, &r, &why))
		fail_msg("%s", why.text);
	return r;
}

/* Segment n of a rendition of these tests is `len` bytes of the stream n. */
static void put(struct store_rendition *r, uint32_t segment, size_t len)
{
	uint8_t *bytes = malloc(len);
	struct fault why = { 0 };
	sample_fill(segment, 0, bytes, len);
	if (store_rendition_put(r, segment, segment ? 4000 : 0, bytes, len, &why))
		fail_msg("%s", why.text);
	free(bytes);
}

static void check(struct store_rendition *r, const struct segtab *tab, uint32_t segment, size_t len)
{
	struct segtab_segment got;
	uint8_t *want = malloc(len), *have = malloc(len);
	assert_int_equal(segtab_get(tab, segment, &got), SEGTAB_READY);
	assert_int_equal(got.length, len);
	assert_int_equal(got.offset % 4096, 0);
	sample_fill(segment, 0, want, len);
	assert_int_equal(pread(store_rendition_fd(r), have, len, (off_t)got.offset), len);
	assert_memory_equal(want, have, len);
	free(want);
	free(have);
}

static struct segtab table(void **state, uint64_t number)
{
	struct segtab t;
	assert_int_equal(segtab_map(AT_FDCWD,
				    scratch_path(state, layout_rendition(number, ".tab").at),
				    number, &t),
			 0);
	return t;
}

static void is_made_in_any_order(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p");
	struct segtab t = table(state, store_rendition_number(r));
	uint64_t offset;
	uint32_t len;
	assert_false(store_rendition_has(r, 2));
	assert_int_equal(store_rendition_slot(r, 2, &offset, &len), -ENOENT);
	put(r, 2, 5000);
	assert_int_equal(store_rendition_done(r), 1);
	put(r, 0, 700);
	assert_int_equal(store_rendition_done(r), 1);
	put(r, 1, 8192);
	put(r, 3, 4090); /* too little room for a box: the next page, too */
	assert_int_equal(store_rendition_done(r), 3);
	check(r, &t, 0, 700);
	check(r, &t, 1, 8192);
	check(r, &t, 2, 5000);
	check(r, &t, 3, 4090);
	assert_int_equal(store_rendition_slot(r, 1, &offset, &len), 0);
	assert_int_equal(offset, 8192 + 4096);
	assert_int_equal(len, 8192);
	struct store_totals totals;
	assert_int_equal(store_totals(s, &totals, NULL), 0);
	assert_int_equal(totals.bytes, 8192 + 4096 + 8192 + 8192);
	assert_int_equal(totals.renditions, 1);
	assert_int_equal(totals.segments, 3);
	struct stat st;
	assert_int_equal(fstat(store_rendition_fd(r), &st), 0);
	assert_int_equal(st.st_size, 8192 + 4096 + 8192 + 8192);
	segtab_unmap(&t);
	store_rendition_close(r);
	store_close(s);
}

/* The file is a row of boxes from its first byte to its last: what the segments leave open are `free` boxes. */
static void gaps_are_free_boxes(void **state)
{
	static const size_t lengths[] = { 700, 4096, 4088, 4089 };
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p");
	for (uint32_t i = 0; i < 4; i++)
		put(r, i, lengths[i]);
	uint64_t at = 0;
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t offset;
		uint32_t len;
		assert_int_equal(store_rendition_slot(r, i, &offset, &len), 0);
		assert_int_equal(offset, at);
		at += len;
		if (at % 4096 == 0)
			continue;
		uint8_t head[8];
		assert_int_equal(pread(store_rendition_fd(r), head, 8, (off_t)at), 8);
		assert_memory_equal(head + 4, "free", 4);
		at += (uint64_t)head[2] << 8 | head[3];
		assert_int_equal(at % 4096, 0);
	}
	store_rendition_close(r);
	store_close(s);
}

static void a_segment_is_never_written_twice(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p");
	struct segtab t = table(state, store_rendition_number(r));
	put(r, 1, 500);
	assert_int_equal(store_rendition_put(r, 1, 4000, "other", 5, NULL), 0);
	check(r, &t, 1, 500);
	assert_int_equal(store_rendition_put(r, 4, 4000, "x", 1, NULL), -EINVAL);
	assert_int_equal(store_rendition_put(r, 2, 4000, "", 0, NULL), -EINVAL);
	segtab_unmap(&t);
	store_rendition_close(r);
	store_close(s);
}

static void is_the_same_for_all_and_after_a_restart(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p"), *again = rendition(s, "240p"),
			       *audio = rendition(s, "audio");
	const uint64_t number = store_rendition_number(r);
	assert_ptr_equal(r, again);
	assert_ptr_not_equal(r, audio);
	assert_true(store_rendition_number(audio) != number);
	struct store_rendition *bad = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_rendition_open(s, "fractions", "g-1", "240p", 4, 0, &bad, &why),
			 -EINVAL);
	assert_string_equal(why.id, "store.count");
	assert_int_equal(store_rendition_open(s, "fractions", "g-1", "480p", 0, 0, &bad, &why),
			 -EINVAL);
	put(r, 0, 10);
	put(r, 2, 100);
	store_rendition_close(r);
	store_rendition_close(again);
	store_rendition_close(audio);
	store_close(s);

	s = opened(state, &unlimited);
	r = rendition(s, "240p");
	assert_int_equal(store_rendition_number(r), number);
	assert_true(store_rendition_has(r, 2));
	assert_false(store_rendition_has(r, 1));
	assert_int_equal(store_rendition_done(r), 1);
	struct segtab t = table(state, number);
	put(r, 1, 9000);
	check(r, &t, 0, 10);
	check(r, &t, 1, 9000);
	check(r, &t, 2, 100);
	segtab_unmap(&t);
	store_rendition_close(r);
	store_close(s);
}

static void a_failure_is_told_and_forgotten_at_the_next_start(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p");
	const uint64_t number = store_rendition_number(r);
	struct segtab t = table(state, number);
	struct segtab_segment got;
	put(r, 2, 10);
	assert_int_equal(store_rendition_fail(r, 1, NULL), 0);
	assert_int_equal(store_rendition_fail(r, 2, NULL), 0); /* it is there: it stays */
	assert_int_equal(store_rendition_fail(r, 4, NULL), -EINVAL);
	assert_int_equal(segtab_get(&t, 1, &got), SEGTAB_FAILED);
	assert_int_equal(segtab_get(&t, 2, &got), SEGTAB_READY);
	store_rendition_close(r);
	store_close(s);
	s = opened(state, &unlimited);
	r = rendition(s, "240p");
	assert_int_equal(segtab_get(&t, 1, &got), SEGTAB_MISSING);
	assert_false(segtab_superseded(&t));
	segtab_unmap(&t);
	store_rendition_close(r);
	store_close(s);
}

/* The rows are the truth. Every bit of the table turned alone: what is read afterwards is what was written. */
static void a_damaged_table_is_made_again_from_the_rows(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p");
	const uint64_t number = store_rendition_number(r);
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s",
		 scratch_path(state, layout_rendition(number, ".tab").at));
	put(r, 0, 10);
	put(r, 1, 5000);
	store_rendition_close(r);
	for (long at = 0; at < 256 + 3 * 32; at += 3) {
		struct segtab_segment got;
		assert_int_equal(scratch_flip(path, at, 1 << at % 8), 0);
		r = rendition(s, "240p");
		struct segtab t = table(state, number);
		assert_false(segtab_superseded(&t));
		check(r, &t, 0, 10);
		check(r, &t, 1, 5000);
		assert_int_equal(segtab_get(&t, 2, &got), SEGTAB_MISSING);
		segtab_unmap(&t);
		store_rendition_close(r);
	}
	assert_int_equal(unlink(path), 0);
	r = rendition(s, "240p");
	struct segtab t = table(state, number);
	check(r, &t, 1, 5000);
	/* A slot that rot took while the rendition was open comes back when somebody asks for it. */
	const long slot1 = 256 + 32;
	assert_int_equal(scratch_flip(path, slot1, 1), 0);
	struct segtab_segment got;
	assert_int_equal(segtab_get(&t, 1, &got), SEGTAB_MISSING);
	assert_true(store_rendition_has(r, 1));
	check(r, &t, 1, 5000);
	segtab_unmap(&t);
	store_rendition_close(r);
	store_close(s);
}

/* A table that says more than the rows (a database from a backup) is replaced, and its readers are told. */
static void a_table_that_contradicts_the_rows_is_replaced(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p");
	const uint64_t number = store_rendition_number(r);
	put(r, 1, 5000);
	store_rendition_close(r);
	struct segtab w;
	assert_int_equal(segtab_open(AT_FDCWD,
				     scratch_path(state, layout_rendition(number, ".tab").at),
				     number, &w),
			 0);
	segtab_publish(&w, 2, &(struct segtab_segment){ 4096, 10, 10 });
	r = rendition(s, "240p");
	assert_true(segtab_superseded(&w));
	struct segtab t = table(state, number);
	struct segtab_segment got;
	assert_int_equal(segtab_get(&t, 2, &got), SEGTAB_MISSING);
	check(r, &t, 1, 5000);
	segtab_unmap(&t);
	segtab_unmap(&w);
	store_rendition_close(r);
	store_close(s);
}

static void segments_that_the_file_lost_are_made_again(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p");
	const uint64_t number = store_rendition_number(r);
	for (uint32_t i = 0; i <= 3; i++)
		put(r, i, 5000);
	store_rendition_close(r);
	assert_int_equal(truncate(scratch_path(state, layout_rendition(number, ".mp4").at),
				  3 * 8192 - 4000),
			 0);
	r = rendition(s, "240p");
	struct segtab t = table(state, number);
	assert_int_equal(store_rendition_done(r), 1);
	check(r, &t, 1, 5000);
	assert_false(store_rendition_has(r, 2));
	put(r, 2, 6000);
	check(r, &t, 2, 6000);
	segtab_unmap(&t);
	store_rendition_close(r);
	store_close(s);
}

static void a_dropped_rendition_is_gone(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p"), *again;
	const uint64_t number = store_rendition_number(r);
	struct segtab t = table(state, number);
	put(r, 1, 5000);
	assert_int_equal(store_rendition_drop(s, number, NULL), 0);
	assert_true(segtab_superseded(&t));
	assert_int_equal(scratch_size(scratch_path(state, layout_rendition(number, ".tab").at)),
			 -1);
	assert_int_equal(scratch_size(scratch_path(state, layout_rendition(number, ".mp4").at)),
			 -1);
	assert_int_equal(store_rendition_drop(s, number, NULL), -ENOENT);
	assert_int_equal(store_rendition_put(r, 2, 1, "x", 1, NULL), -ESTALE);
	again = rendition(s, "240p");
	assert_true(store_rendition_number(again) != number);
	assert_false(store_rendition_has(again, 1));
	struct store_totals totals;
	assert_int_equal(store_totals(s, &totals, NULL), 0);
	assert_int_equal(totals.bytes, 0);
	store_rendition_close(r);
	store_rendition_close(again);
	/* Also when nobody has it open. */
	segtab_unmap(&t);
	again = rendition(s, "240p");
	const uint64_t second = store_rendition_number(again);
	t = table(state, second);
	store_rendition_close(again);
	assert_int_equal(store_rendition_drop(s, second, NULL), 0);
	assert_true(segtab_superseded(&t));
	segtab_unmap(&t);
	store_close(s);
}

/*
 * The row of segment 1 fails to be committed. The disk may have kept it, and show it after a power cut: what is written next must not
 * lie where it points.
 */
static void a_row_that_failed_keeps_its_place(void **state)
{
	struct store *s = opened(state, &unlimited);
	struct store_rendition *r = rendition(s, "240p");
	static uint8_t bytes[5000];
	uint64_t first, next;
	uint32_t len;
	put(r, 0, 5000);
	assert_int_equal(store_rendition_slot(r, 0, &first, &len), 0);
	assert_int_equal(db_exec(s->db, NULL,
				 "CREATE TEMP TRIGGER fails BEFORE INSERT ON segments BEGIN "
				 "SELECT RAISE(ABORT, 'x'); END",
				 ""),
			 0);
	assert_true(store_rendition_put(r, 1, 4000, bytes, sizeof(bytes), NULL) < 0);
	assert_false(store_rendition_has(r, 1));
	assert_int_equal(db_exec(s->db, NULL, "DROP TRIGGER fails", ""), 0);
	put(r, 2, 5000);
	assert_int_equal(store_rendition_slot(r, 2, &next, &len), 0);
	assert_int_equal(next, first + 16384);
	struct segtab t = table(state, store_rendition_number(r));
	check(r, &t, 0, 5000);
	check(r, &t, 2, 5000);
	segtab_unmap(&t);
	store_rendition_close(r);
	store_close(s);
}

static void a_full_store_takes_no_segment(void **state)
{
	const struct store_limits limits = { .max_bytes = 16384 };
	struct store *s = opened(state, &limits);
	struct store_rendition *r = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 3, 16385, &r, &why), -ENOSPC);
	assert_string_equal(why.id, "store.full");
	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 3, 10000, &r, &why), 0);
	put(r, 1, 12288);
	uint8_t more[4097] = { 0 };
	assert_int_equal(store_rendition_put(r, 2, 1, more, sizeof(more), &why), -ENOSPC);
	assert_false(store_rendition_has(r, 2));
	put(r, 2, 4096);
	store_rendition_close(r);
	store_close(s);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(is_made_in_any_order),
		WITH_FOLDER(gaps_are_free_boxes),
		WITH_FOLDER(a_segment_is_never_written_twice),
		WITH_FOLDER(is_the_same_for_all_and_after_a_restart),
		WITH_FOLDER(a_failure_is_told_and_forgotten_at_the_next_start),
		WITH_FOLDER(a_damaged_table_is_made_again_from_the_rows),
		WITH_FOLDER(a_table_that_contradicts_the_rows_is_replaced),
		WITH_FOLDER(segments_that_the_file_lost_are_made_again),
		WITH_FOLDER(a_dropped_rendition_is_gone),
		WITH_FOLDER(a_row_that_failed_keeps_its_place),
		WITH_FOLDER(a_full_store_takes_no_segment),
	};
	return cmocka_run_group_tests_name("cache/store_rendition", tests, NULL, NULL);
}
