// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/bits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"

static const struct objmap_id id = { { 7 } };
static const uint8_t boot[16] = { 1, 2, 3 }, other[16] = { 4 }, none[16];

static struct bits made(const char *path, uint64_t chunks)
{
	struct bits b;
	assert_int_equal(bits_create(AT_FDCWD, path, &id, chunks, boot, &b), 0);
	assert_int_equal(bits_install(AT_FDCWD, path), 0);
	return b;
}

static void counts_runs_and_gaps(void **state)
{
	enum { CHUNKS = 200 };
	struct bits b = made(scratch_path(state, "b"), CHUNKS);
	for (uint64_t c = 10; c < 140; c++)
		bits_set(&b, c);
	bits_set(&b, 199);
	bits_set(&b, CHUNKS); /* beyond the end: nothing */
	const struct {
		uint64_t from, run, gap, gap_count;
	} rows[] = {
		{ 0, 0, 0, 10 },     { 9, 0, 9, 1 },      { 10, 130, 140, 59 }, { 63, 77, 140, 59 },
		{ 64, 76, 140, 59 }, { 139, 1, 140, 59 }, { 150, 0, 150, 49 },  { 198, 0, 198, 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t first, count;
		assert_int_equal(bits_run(&b, rows[i].from), rows[i].run);
		assert_true(bits_gap(&b, rows[i].from, &first, &count));
		assert_int_equal(first, rows[i].gap);
		assert_int_equal(count, rows[i].gap_count);
	}
	uint64_t first, count;
	assert_int_equal(bits_run(&b, 199), 1);
	assert_false(bits_gap(&b, 199, &first, &count));
	assert_false(bits_gap(&b, CHUNKS, &first, &count));
	assert_int_equal(bits_run(&b, CHUNKS), 0);
	assert_int_equal(bits_run(&b, UINT64_MAX), 0);
	assert_false(bits_get(&b, CHUNKS));
	bits_clear(&b, 12);
	assert_int_equal(bits_run(&b, 10), 2);
	bits_unmap(&b);
}

/* Any two bits of the readable bitmap turned: no chunk appears that is not there. The writer mends from what is durable. */
static void rot_makes_no_chunk_readable(void **state)
{
	enum { CHUNKS = 70, WORDS = 3 };
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, "b"));
	struct bits b = made(path, CHUNKS);
	for (uint64_t c = 0; c < 40; c++)
		bits_set(&b, c);
	uint64_t durable[2] = { (UINT64_C(1) << 40) - 1, 0 };
	for (unsigned first = 0; first < WORDS * 64; first++) {
		for (unsigned second = first; second < WORDS * 64; second++) {
			assert_int_equal(bits_run(&b, 0), 40);
			b.readable[first / 64] ^= UINT64_C(1) << first % 64;
			if (second != first)
				b.readable[second / 64] ^= UINT64_C(1) << second % 64;
			for (uint64_t c = 40; c < CHUNKS; c++)
				assert_false(bits_get(&b, c));
			assert_true(bits_run(&b, 0) <= 40);
			bits_heal(&b, durable, 0, CHUNKS - 1);
		}
	}
	assert_int_equal(bits_run(&b, 0), 40);
	/* Only what is asked about is mended. */
	b.readable[0] ^= 1;
	b.readable[1] ^= 1;
	bits_heal(&b, durable, 32, 39);
	assert_false(bits_get(&b, 5));
	assert_true(bits_get(&b, 35));
	bits_supersede(&b);
	bits_heal(&b, durable, 0, 0);
	assert_false(bits_superseded(&b));
	bits_unmap(&b);
}

static void a_damaged_file_is_superseded_too(void **state)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, "b"));
	struct bits b = made(path, 70), reader;
	bits_unmap(&b);
	assert_int_equal(bits_map(AT_FDCWD, path, &id, 70, &reader), 0);
	assert_int_equal(scratch_flip(path, 0, 1), 0);
	assert_int_equal(bits_open(AT_FDCWD, path, &id, 70, &b), -EBADMSG);
	assert_false(bits_superseded(&reader));
	bits_supersede_damaged(AT_FDCWD, path);
	assert_true(bits_superseded(&reader));
	bits_supersede_damaged(AT_FDCWD, scratch_path(state, "absent"));
	bits_unmap(&reader);
}

static void a_reader_sees_what_the_writer_sets(void **state)
{
	const char *path = scratch_path(state, "b");
	struct bits w = made(path, 70), r;
	assert_int_equal(bits_map(AT_FDCWD, path, &id, 70, &r), 0);
	assert_false(bits_get(&r, 69));
	bits_set(&w, 69);
	assert_true(bits_get(&r, 69));
	assert_true(bits_same_boot(&r, boot));
	assert_false(bits_same_boot(&r, other));
	assert_false(bits_superseded(&r));
	bits_supersede(&w);
	assert_true(bits_superseded(&r));
	bits_unmap(&r);
	bits_unmap(&w);
	/* A kernel that does not say which boot this is: no bit is believed. */
	assert_int_equal(bits_create(AT_FDCWD, path, &id, 70, none, &w), 0);
	assert_false(bits_same_boot(&w, none));
	bits_unmap(&w);
}

/* A torn write of one copy leaves the other. */
static void durable_bits_survive_a_torn_write(void **state)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, "b"));
	struct bits b = made(path, 64);
	uint64_t words[1] = { 9 };
	assert_int_equal(bits_load_durable(&b, words), -EBADMSG);
	assert_int_equal(words[0], 0);
	for (uint64_t n = 1; n <= 4; n++) {
		words[0] = n;
		assert_int_equal(bits_save_durable(&b, words), 0);
		words[0] = 0;
		assert_int_equal(bits_load_durable(&b, words), 0);
		assert_int_equal(words[0], n);
	}
	bits_unmap(&b);
	/* Saved 1, 2, 3, 4 to copies 0, 1, 0, 1: without the last there is still the one before. */
	const long copy = 16 + 8, first = 128 + 2 * 8;
	const struct {
		long at;
		int want;
		uint64_t word;
	} rows[] = {
		{ first + copy, 0, 3 },
		{ first + copy + 16, 0, 3 },
		{ first, 0, 4 },
		{ first + 8, 0, 4 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(scratch_flip(path, rows[i].at, 1), 0);
		assert_int_equal(bits_open(AT_FDCWD, path, &id, 64, &b), 0);
		assert_int_equal(bits_load_durable(&b, words), rows[i].want);
		assert_int_equal(words[0], rows[i].word);
		bits_unmap(&b);
		assert_int_equal(scratch_flip(path, rows[i].at, 1), 0);
	}
	assert_int_equal(scratch_flip(path, first, 1), 0);
	assert_int_equal(scratch_flip(path, first + copy, 1), 0);
	assert_int_equal(bits_open(AT_FDCWD, path, &id, 64, &b), 0);
	assert_int_equal(bits_load_durable(&b, words), -EBADMSG);
	assert_int_equal(words[0], 0);
	bits_unmap(&b);
}

static void refuses_damage_and_other_objects(void **state)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, "b"));
	struct bits b = made(path, 65);
	bits_unmap(&b);
	const struct objmap_id another = { { 8 } };
	assert_int_equal(bits_map(AT_FDCWD, path, &another, 65, &b), -EBADMSG);
	assert_int_equal(bits_map(AT_FDCWD, path, &id, 64, &b), -EBADMSG);
	assert_int_equal(bits_map(AT_FDCWD, path, &id, UINT64_MAX, &b), -EBADMSG);
	for (long at = 0; at < 68; at++) {
		assert_int_equal(scratch_flip(path, at, 4), 0);
		assert_int_equal(bits_open(AT_FDCWD, path, &id, 65, &b), -EBADMSG);
		assert_int_equal(scratch_flip(path, at, 4), 0);
	}
	for (long len = scratch_size(path) - 1; len >= 0; len -= 13) {
		assert_int_equal(truncate(path, len), 0);
		assert_int_equal(bits_open(AT_FDCWD, path, &id, 65, &b), -EBADMSG);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(bits_open(AT_FDCWD, path, &id, 65, &b), -ENOENT);
	assert_int_equal(bits_create(AT_FDCWD, path, &id, UINT64_MAX, boot, &b), -EINVAL);
}

static void objects_without_chunks_are_fine(void **state)
{
	const char *path = scratch_path(state, "b");
	struct bits b = made(path, 0);
	uint64_t first, count, words[1];
	assert_false(bits_gap(&b, 0, &first, &count));
	assert_int_equal(bits_run(&b, 0), 0);
	assert_int_equal(bits_save_durable(&b, words), 0);
	assert_int_equal(bits_load_durable(&b, words), 0);
	bits_unmap(&b);
}

static void this_boot_has_a_name(void **state)
{
	(void)state;
	uint8_t a[16], b[16];
	bits_boot(a);
	bits_boot(b);
	assert_memory_equal(a, b, 16);
	assert_memory_not_equal(a, none, 16);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(counts_runs_and_gaps),
		WITH_FOLDER(rot_makes_no_chunk_readable),
		WITH_FOLDER(a_damaged_file_is_superseded_too),
		WITH_FOLDER(a_reader_sees_what_the_writer_sets),
		WITH_FOLDER(durable_bits_survive_a_torn_write),
		WITH_FOLDER(refuses_damage_and_other_objects),
		WITH_FOLDER(objects_without_chunks_are_fine),
		cmocka_unit_test(this_boot_has_a_name),
	};
	return cmocka_run_group_tests_name("cache/bits", tests, NULL, NULL);
}
