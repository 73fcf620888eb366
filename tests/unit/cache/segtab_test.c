// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/segtab.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"

static void shows_a_reader_what_the_writer_publishes(void **state)
{
	const char *path = scratch_path(state, "7.tab");
	struct segtab w, r;
	assert_int_equal(segtab_create(AT_FDCWD, path, 7, 3, &w), 0);
	assert_int_equal(scratch_size(path), 256 + 4 * 32);
	assert_int_equal(segtab_map(AT_FDCWD, path, 7, &r), 0);

	struct segtab_segment got = { 1, 2, 3 };
	for (uint32_t s = 0; s <= 3; s++)
		assert_int_equal(segtab_get(&r, s, &got), SEGTAB_MISSING);
	segtab_publish(&w, 2, &(struct segtab_segment){ 8192, 5000, 4000 });
	segtab_fail(&w, 3);
	assert_int_equal(segtab_get(&r, 2, &got), SEGTAB_READY);
	assert_int_equal(got.offset, 8192);
	assert_int_equal(got.length, 5000);
	assert_int_equal(got.duration_ms, 4000);
	assert_int_equal(segtab_get(&r, 3, &got), SEGTAB_FAILED);
	assert_int_equal(segtab_get(&r, 1, &got), SEGTAB_MISSING);

	/* What failed can be made after all. */
	segtab_publish(&w, 3, &(struct segtab_segment){ 16384, 1, 1 });
	assert_int_equal(segtab_get(&r, 3, &got), SEGTAB_READY);

	assert_false(segtab_superseded(&r));
	segtab_supersede(&w);
	assert_true(segtab_superseded(&r));
	segtab_unmap(&w);
	segtab_unmap(&r);
	segtab_unmap(&r);
}

static void numbers_beyond_the_table_are_missing(void **state)
{
	struct segtab t;
	assert_int_equal(segtab_create(AT_FDCWD, scratch_path(state, "t"), 1, 2, &t), 0);
	struct segtab_segment got;
	segtab_publish(&t, 3, &(struct segtab_segment){ 0, 1, 1 });
	segtab_fail(&t, UINT32_MAX);
	assert_int_equal(segtab_get(&t, 3, &got), SEGTAB_MISSING);
	assert_int_equal(segtab_get(&t, UINT32_MAX, &got), SEGTAB_MISSING);
	segtab_unmap(&t);
	assert_int_equal(segtab_create(AT_FDCWD, scratch_path(state, "big"), 1,
				       SEGTAB_MAX_SEGMENTS + 1, &t),
			 -EINVAL);
	assert_int_equal(scratch_size(scratch_path(state, "big")), -1);
	assert_int_equal(segtab_create(AT_FDCWD, scratch_path(state, "t"), 1, 2, &t), -EEXIST);
}

/* Every bit of the file, turned alone: the table is refused, or the slot is, or nothing that is sent has changed. */
static void no_flipped_bit_sends_wrong_bytes(void **state)
{
	struct segtab t, r;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, "9.tab"));
	assert_int_equal(segtab_create(AT_FDCWD, path, 9, 1, &t), 0);
	segtab_publish(&t, 0, &(struct segtab_segment){ 0, 700, 0 });
	segtab_unmap(&t);

	const long superseded = offsetof(struct segtab_header, superseded);
	for (long at = 0; at < 256 + 64; at++) {
		for (int bit = 0; bit < 8; bit++) {
			assert_int_equal(scratch_flip(path, at, (uint8_t)(1 << bit)), 0);
			struct segtab_segment got = { 0 };
			int rc = segtab_map(AT_FDCWD, path, 9, &r);
			if (rc) {
				assert_int_equal(rc, -EBADMSG);
			} else {
				if (segtab_get(&r, 0, &got) == SEGTAB_READY) {
					assert_int_equal(got.offset, 0);
					assert_int_equal(got.length, 700);
					assert_int_equal(got.duration_ms, 0);
				}
				assert_int_not_equal(segtab_get(&r, 1, &got), SEGTAB_READY);
				assert_int_equal(segtab_superseded(&r),
						 at >= superseded && at < superseded + 4);
				segtab_unmap(&r);
			}
			assert_int_equal(scratch_flip(path, at, (uint8_t)(1 << bit)), 0);
		}
	}
}

static void refuses_what_is_no_table(void **state)
{
	struct segtab t;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, "t"));
	assert_int_equal(segtab_map(AT_FDCWD, path, 1, &t), -ENOENT);
	assert_int_equal(segtab_create(AT_FDCWD, path, 1, 10, &t), 0);
	segtab_unmap(&t);
	assert_int_equal(segtab_map(AT_FDCWD, path, 2, &t), -EBADMSG); /* another rendition's */
	static const long lengths[] = {
		0, 1, 255, 256, 287, 288, 256 + 10 * 32, 256 + 11 * 32 - 1, 256 + 12 * 32
	};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_int_equal(truncate(path, lengths[i]), 0);
		assert_int_equal(segtab_map(AT_FDCWD, path, 1, &t), -EBADMSG);
		assert_int_equal(segtab_open(AT_FDCWD, path, 1, &t), -EBADMSG);
	}
	assert_int_equal(segtab_map(AT_FDCWD, "/dev/null", 1, &t), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shows_a_reader_what_the_writer_publishes,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(numbers_beyond_the_table_are_missing, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(no_flipped_bit_sends_wrong_bytes, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_table, scratch_make,
						scratch_remove),
	};
	return cmocka_run_group_tests_name("cache/segtab", tests, NULL, NULL);
}
