// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that really is full: a tmpfs of two megabytes, in a mount namespace of this process. Every refusal is an error
 * with a sentence, nothing that was there is harmed, nothing is left behind, and it goes on once there is room.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "cache/layout.h"
#include "cache/names_builder.h"
#include "cache/segtab.h"
#include "cache/store.h"
#include "cache/store_list.h"
#include "cache/store_scrub.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

enum { CHUNK = OBJMAP_CHUNK_BYTES };

static const struct store_limits unlimited;

static int write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	return f && fputs(text, f) >= 0 && !fclose(f) ? 0 : -1;
}

/* A namespace needs rights that a container may not give: then this cannot be tried here. */
static int mount_small(void **state)
{
	char map[64];
	const unsigned uid = getuid(), gid = getgid();
	if (scratch_make(state))
		return -1;
	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			return 0;
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_text("/proc/self/uid_map", map);
		write_text("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_text("/proc/self/gid_map", map);
	}
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount("tmpfs", *state, "tmpfs", 0, "size=2m") < 0)
		return 0;
	return write_text(scratch_path(state, "mounted"), "") ? -1 : 0;
}

static int unmount_small(void **state)
{
	umount2(*state, MNT_DETACH);
	return scratch_remove(state);
}

static bool put(struct store_object *o, uint64_t seed, uint64_t chunk)
{
	static uint8_t bytes[CHUNK];
	sample_fill(seed, chunk * CHUNK, bytes, CHUNK);
	return store_object_put(o, chunk, bytes, CHUNK, NULL) == 0;
}

static void check_bytes(const struct store_object *o, uint64_t seed, uint64_t chunk)
{
	static uint8_t want[CHUNK], got[CHUNK];
	sample_fill(seed, chunk * CHUNK, want, CHUNK);
	assert_int_equal(pread(store_object_fd(o), got, CHUNK, (off_t)(chunk * CHUNK)), CHUNK);
	assert_memory_equal(want, got, CHUNK);
}

static uint32_t fill_up(struct store_rendition *r, int *error)
{
	static uint8_t bytes[20000];
	struct fault why = { 0 };
	uint32_t n = 0;
	do
		*error = store_rendition_put(r, ++n, 1000, bytes, sizeof(bytes), &why);
	while (!*error && n < 100);
	assert_true(why.text[0] != '\0');
	return n - 1;
}

static void write_names(const char *path, size_t bytes, int want)
{
	struct names_builder *b = names_builder_new();
	char *text = calloc(1, bytes);
	assert_int_equal(names_add_bytes(b, "/a", "t", NAMES_CACHE_NONE, text, bytes), 0);
	assert_int_equal(names_write(b, path, NULL), want);
	free(text);
	names_builder_free(b);
}

static void refuses_cleanly_and_goes_on(void **state)
{
	if (scratch_size(scratch_path(state, "mounted")) < 0)
		skip();
	struct store *s = NULL;
	struct store_object *o, *second = NULL;
	struct store_rendition *r;
	struct fault why = { 0 };
	struct objmap *map = sample_map(1, 8 * CHUNK), *big = sample_map(2, 40 * CHUNK);
	char index[PATH_MAX];
	int error = 0;
	snprintf(index, sizeof(index), "%s", scratch_path(state, "names.idx"));
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	assert_true(put(o, 1, 0));
	write_names(index, 10, 0);

	/* An object that does not fit leaves no file; one that does is reserved in full. */
	assert_int_equal(store_object_open(s, big, "", &second, &why), -ENOSPC);
	assert_int_equal(scratch_size(
				 scratch_path(state, layout_object(objmap_get_id(big), "").at)),
			 -1);
	assert_int_equal(scratch_size(
				 scratch_path(state, layout_object(objmap_get_id(big), ".map").at)),
			 -1);

	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 100, 0, &r, &why), 0);
	const uint32_t made = fill_up(r, &error);
	assert_int_equal(error, -ENOSPC);
	assert_true(made > 10);
	assert_int_equal(store_rendition_done(r), made);
	write_names(index, 1 << 20, -ENOSPC);
	assert_int_equal(scratch_size(scratch_path(state, "names.idx.new")), -1);

	/* What was reserved can still be filled, and what was there is there. */
	for (uint64_t c = 1; c < 8; c++)
		assert_true(put(o, 1, c));
	assert_true(store_object_complete(o));
	for (uint64_t c = 0; c < 8; c++)
		check_bytes(o, 1, c);
	struct names *n;
	assert_int_equal(names_map(AT_FDCWD, index, &n, NULL), 0);
	names_unmap(n);

	/* Room again: it goes on where it stopped. */
	assert_int_equal(store_object_drop(s, objmap_get_id(map), NULL), 0);
	store_object_close(o);
	uint8_t bytes[20000] = { 0 };
	assert_int_equal(store_rendition_put(r, made + 1, 1000, bytes, sizeof(bytes), NULL), 0);
	store_rendition_close(r);
	store_close(s);
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 100, 0, &r, NULL), 0);
	assert_int_equal(store_rendition_done(r), made + 1);
	const uint64_t number = store_rendition_number(r);
	store_rendition_close(r);
	store_close(s);

	/* Not one block left at the start: it opens, and can make room. */
	int fd = open(scratch_path(state, "filler"), O_WRONLY | O_CREAT, 0600);
	while (write(fd, bytes, 4096) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
	if (store_open(*state, &unlimited, &s, &why))
		fail_msg("%s", why.text);
	assert_int_equal(store_rendition_drop(s, number, NULL), 0);
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	store_object_close(o);
	store_close(s);
	objmap_free(map);
	objmap_free(big);
}

static void fill_disk(void **state)
{
	static const uint8_t bytes[4096];
	int fd = open(scratch_path(state, "filler"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

/* A new catalogue's names are found, however full the disk is; and those of the one after it. */
static void an_index_is_written_all_the_same(void **state)
{
	if (scratch_size(scratch_path(state, "mounted")) < 0)
		skip();
	char index[PATH_MAX];
	snprintf(index, sizeof(index), "%s", scratch_path(state, "names.idx"));
	write_names(index, 30000, 0);
	for (size_t n = 0; n < 3; n++) {
		fill_disk(state);
		write_names(index, 40000 + n * 10000, 0);
	}
	fill_disk(state);
	write_names(index, 200000, -ENOSPC); /* more than was kept */
	struct names *n;
	assert_int_equal(names_map(AT_FDCWD, index, &n, NULL), 0);
	names_unmap(n);
	unlink(scratch_path(state, "filler"));
	write_names(index, 200000, 0);
}

/* Where what is kept cannot grow with the index, what was kept stays, and takes what room there is. */
static void what_is_kept_for_an_index_is_never_given_up(void **state)
{
	if (scratch_size(scratch_path(state, "mounted")) < 0)
		skip();
	char index[PATH_MAX], spare[PATH_MAX];
	snprintf(index, sizeof(index), "%s", scratch_path(state, "names.idx"));
	snprintf(spare, sizeof(spare), "%s", scratch_path(state, "names.idx.spare"));
	write_names(index, 30000, 0);
	const long was = scratch_size(spare);
	assert_true(was > 90000);
	fill_disk(state);
	const char *filler = scratch_path(state, "filler");
	assert_int_equal(truncate(filler, scratch_size(filler) - 170000), 0);
	write_names(index, 160000, 0);
	if (scratch_size(spare) <= was)
		fail_msg("%ld bytes are kept, %ld were", scratch_size(spare), was);
	/* Not a block more: it stays as it is. */
	fill_disk(state);
	const long now = scratch_size(spare);
	write_names(index, 1 << 20, -ENOSPC);
	assert_true(scratch_size(spare) >= now);
	fill_disk(state);
	write_names(index, 100000, 0);
}

/* What rotted goes, however full the disk is. */
static void rot_is_withdrawn_all_the_same(void **state)
{
	if (scratch_size(scratch_path(state, "mounted")) < 0)
		skip();
	struct store *s = NULL;
	struct store_object *o;
	struct store_rendition *r;
	struct objmap *map = sample_map(1, 4 * CHUNK);
	uint8_t bytes[5000] = { 1 };
	assert_int_equal(store_open(*state, &unlimited, &s, NULL), 0);
	assert_int_equal(store_object_open(s, map, "", &o, NULL), 0);
	for (uint64_t c = 0; c < 4; c++)
		assert_true(put(o, 1, c));
	assert_int_equal(store_rendition_open(s, "l", "g", "240p", 3, 0, &r, NULL), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(store_rendition_put(r, i, 1000, bytes, sizeof(bytes), NULL), 0);
	assert_int_equal(store_sync(s, NULL), 0);
	fill_disk(state);
	assert_int_equal(scratch_flip(scratch_path(state, layout_object(objmap_get_id(map), "").at),
				      2 * CHUNK, 1),
			 0);
	assert_int_equal(
		scratch_flip(scratch_path(state,
					  layout_rendition(store_rendition_number(r), ".mp4").at),
			     8192, 1),
		0);
	struct store_scrub_cursor c = { 0 };
	struct store_scrub_found found;
	struct fault why;
	if (store_scrub_step(s, &c, UINT64_MAX, &found, &why))
		fail_msg("%s", why.text);
	assert_int_equal(found.count, 2);
	assert_false(store_object_has(o, 2));
	assert_true(store_object_has(o, 3));
	assert_false(store_rendition_has(r, 1));
	assert_true(store_rendition_has(r, 2));
	/* Its place in the body is still reserved. */
	assert_true(put(o, 1, 2));
	check_bytes(o, 1, 2);
	store_object_close(o);
	store_rendition_close(r);
	store_close(s);
	objmap_free(map);
}

/* A person who reads "unpin it first" can do that on the disk that is the reason for it. */
static void pins_come_and_go_on_a_full_disk(void **state)
{
	if (scratch_size(scratch_path(state, "mounted")) < 0)
		skip();
	struct store *s = NULL;
	struct fault why = { 0 };
	char name[40];
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	fill_disk(state);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "lesson/l-%u", i);
		if (store_list_pin(s, name, 1, &why))
			fail_msg("%s", why.text);
	}
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "lesson/l-%u", i);
		if (store_list_unpin(s, name, &why))
			fail_msg("%s", why.text);
	}
	assert_int_equal(store_list_unpin(s, name, &why), -ENOENT);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refuses_cleanly_and_goes_on, mount_small,
						unmount_small),
		cmocka_unit_test_setup_teardown(rot_is_withdrawn_all_the_same, mount_small,
						unmount_small),
		cmocka_unit_test_setup_teardown(what_is_kept_for_an_index_is_never_given_up,
						mount_small, unmount_small),
		cmocka_unit_test_setup_teardown(an_index_is_written_all_the_same, mount_small,
						unmount_small),
		cmocka_unit_test_setup_teardown(pins_come_and_go_on_a_full_disk, mount_small,
						unmount_small),
	};
	return cmocka_run_group_tests_name("cache/store_full", tests, NULL, NULL);
}
