// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/crash/disk_model.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"

enum { TURNS = 200, PAGE = 4096 };

static void take(struct disk_model *m, uint32_t type, uint32_t file, const char *path,
		 const char *other, uint64_t offset, const void *data, uint64_t len)
{
	const struct log_record r = {
		.type = type,
		.file = file,
		.offset = offset,
		.path_len = (uint32_t)strlen(path),
		.other_len = (uint32_t)strlen(other),
		.data_len = len,
	};
	assert_int_equal(disk_model_take(m, &r, path, other, data), 0);
}

/* What a cut left of `name`: its length, -1 when it is not there. */
static long cut(void **state, const struct disk_model *m, enum disk_cut how, uint64_t *luck,
		const char *name, char *bytes, size_t room)
{
	char folder[PATH_MAX];
	snprintf(folder, sizeof(folder), "%s", scratch_path(state, "image"));
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(disk_model_cut(m, how, luck, folder), 0);
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%.200s/%s", folder, name);
	int fd = open(path, O_RDONLY);
	const long len = fd < 0 ? -1 : (long)read(fd, bytes, room);
	if (fd >= 0)
		close(fd);
	scratch_empty(folder);
	rmdir(folder);
	return len;
}

static void what_was_synced_is_there(void **state)
{
	struct disk_model *m = disk_model_new();
	char got[64];
	uint64_t luck = 77;
	take(m, LOG_CREATE, 1, "a", "", 0, NULL, 0);
	take(m, LOG_WRITE, 1, "", "", 0, "hello", 5);
	take(m, LOG_SYNC, 1, "", "", 0, NULL, 0);
	take(m, LOG_SYNC_DIR, 0, "", "", 0, NULL, 0);
	for (int i = 0; i < TURNS; i++) {
		assert_int_equal(cut(state, m, DISK_TORN_BLOCKS, &luck, "a", got, sizeof(got)), 5);
		assert_memory_equal(got, "hello", 5);
	}
	disk_model_free(m);
}

/* Two writes to each of two pages since the sync: each page has one of its three versions, and all nine pairs occur. */
static void pages_are_of_any_age(void **state)
{
	struct disk_model *m = disk_model_new();
	static char first[PAGE], second[PAGE], third[PAGE], got[2 * PAGE];
	uint64_t luck = 5;
	bool seen[3][3] = { 0 };
	memset(first, 0, PAGE);
	memset(second, 1, PAGE);
	memset(third, 2, PAGE);
	take(m, LOG_CREATE, 1, "a", "", 0, NULL, 0);
	take(m, LOG_WRITE, 1, "", "", 0, first, PAGE);
	take(m, LOG_WRITE, 1, "", "", PAGE, first, PAGE);
	take(m, LOG_SYNC, 1, "", "", 0, NULL, 0);
	take(m, LOG_SYNC_DIR, 0, "", "", 0, NULL, 0);
	take(m, LOG_WRITE, 1, "", "", 0, second, PAGE);
	take(m, LOG_WRITE, 1, "", "", PAGE, second, PAGE);
	take(m, LOG_WRITE, 1, "", "", 0, third, PAGE);
	take(m, LOG_WRITE, 1, "", "", PAGE, third, PAGE);
	for (int i = 0; i < TURNS; i++) {
		assert_int_equal(cut(state, m, DISK_TORN_PAGES, &luck, "a", got, sizeof(got)),
				 2 * PAGE);
		for (int page = 0; page < 2; page++)
			for (int at = 1; at < PAGE; at++)
				assert_int_equal(got[page * PAGE + at], got[page * PAGE]);
		seen[(int)got[0]][(int)got[PAGE]] = true;
	}
	for (int i = 0; i < 9; i++)
		assert_true(seen[i / 3][i % 3]);
	assert_int_equal(cut(state, m, DISK_ORDERED, &luck, "a", got, sizeof(got)), 2 * PAGE);
	assert_int_equal(got[0], 2);
	assert_int_equal(got[PAGE], 2);
	disk_model_free(m);
}

static void lengths_are_of_any_age_and_what_was_not_written_is_zeros(void **state)
{
	struct disk_model *m = disk_model_new();
	char got[PAGE];
	uint64_t luck = 9;
	bool longer = false, shorter = false, zeros = false;
	take(m, LOG_CREATE, 1, "a", "", 0, NULL, 0);
	take(m, LOG_SYNC_DIR, 0, "", "", 0, NULL, 0);
	take(m, LOG_ALLOCATE, 1, "", "", 100, NULL, 0);
	take(m, LOG_WRITE, 1, "", "", 0, "x", 1);
	for (int i = 0; i < TURNS; i++) {
		const long len = cut(state, m, DISK_TORN_BLOCKS, &luck, "a", got, sizeof(got));
		assert_true(len == 0 || len == 100);
		longer |= len == 100;
		shorter |= !len;
		zeros |= len == 100 && !got[0];
		if (len)
			assert_int_equal(got[99], 0);
	}
	assert_true(longer && shorter && zeros);
	disk_model_free(m);
}

/* A rename of what was synced: the old bytes or the new ones, under a name that is there or not. */
static void names_are_durable_when_their_folder_was_synced(void **state)
{
	struct disk_model *m = disk_model_new();
	char got[16];
	uint64_t luck = 3;
	bool old = false, fresh = false;
	take(m, LOG_MKDIR, 0, "d", "", 0, NULL, 0);
	take(m, LOG_SYNC_DIR, 0, "", "", 0, NULL, 0);
	take(m, LOG_CREATE, 1, "d/a", "", 0, NULL, 0);
	take(m, LOG_WRITE, 1, "", "", 0, "old", 3);
	take(m, LOG_SYNC, 1, "", "", 0, NULL, 0);
	take(m, LOG_SYNC_DIR, 0, "d", "", 0, NULL, 0);
	take(m, LOG_CREATE, 2, "d/a.new", "", 0, NULL, 0);
	take(m, LOG_WRITE, 2, "", "", 0, "new", 3);
	take(m, LOG_SYNC, 2, "", "", 0, NULL, 0);
	take(m, LOG_RENAME, 0, "d/a.new", "d/a", 0, NULL, 0);
	for (int i = 0; i < TURNS; i++) {
		assert_int_equal(cut(state, m, DISK_TORN_PAGES, &luck, "d/a", got, sizeof(got)), 3);
		old |= !memcmp(got, "old", 3);
		fresh |= !memcmp(got, "new", 3);
	}
	assert_true(old && fresh);
	take(m, LOG_SYNC_DIR, 0, "d", "", 0, NULL, 0);
	for (int i = 0; i < TURNS; i++) {
		assert_int_equal(cut(state, m, DISK_TORN_PAGES, &luck, "d/a", got, sizeof(got)), 3);
		assert_memory_equal(got, "new", 3);
	}
	take(m, LOG_UNLINK, 0, "d/a", "", 0, NULL, 0);
	bool gone = false, there = false;
	for (int i = 0; i < TURNS; i++) {
		const long len = cut(state, m, DISK_TORN_PAGES, &luck, "d/a", got, sizeof(got));
		gone |= len < 0;
		there |= len == 3;
	}
	assert_true(gone && there);
	disk_model_free(m);
}

static void a_folder_can_be_taken_and_compared(void **state)
{
	struct disk_model *m = disk_model_new();
	char what[200], got[16], folder[PATH_MAX];
	uint64_t luck = 1;
	snprintf(folder, sizeof(folder), "%s", scratch_path(state, "there"));
	assert_int_equal(mkdir(folder, 0755), 0);
	FILE *f = fopen(scratch_path(state, "there/a"), "w");
	fputs("before", f);
	fclose(f);
	assert_int_equal(disk_model_read(m, folder), 0);
	assert_int_equal(disk_model_same(m, folder, what), 0);
	take(m, LOG_FOUND, 1, "a", "", 0, NULL, 0);
	take(m, LOG_WRITE, 1, "", "", 0, "B", 1);
	assert_int_equal(disk_model_same(m, folder, what), -EBADMSG);
	assert_int_equal(scratch_flip(scratch_path(state, "there/a"), 0, 'b' ^ 'B'), 0);
	assert_int_equal(disk_model_same(m, folder, what), 0);
	assert_int_equal(cut(state, m, DISK_ORDERED, &luck, "a", got, sizeof(got)), 6);
	assert_memory_equal(got, "Before", 6);
	close(open(scratch_path(state, "there/b"), O_CREAT | O_WRONLY, 0600));
	assert_int_equal(disk_model_same(m, folder, what), -EBADMSG);
	disk_model_free(m);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(what_was_synced_is_there),
		WITH_FOLDER(pages_are_of_any_age),
		WITH_FOLDER(lengths_are_of_any_age_and_what_was_not_written_is_zeros),
		WITH_FOLDER(names_are_durable_when_their_folder_was_synced),
		WITH_FOLDER(a_folder_can_be_taken_and_compared),
	};
	return cmocka_run_group_tests_name("crash/disk_model", tests, NULL, NULL);
}
