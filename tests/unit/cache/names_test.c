// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/names.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/guard.h"
#include "cache/names_builder.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/scratch.h"

static const struct objmap_id some_id = { { 1, 2, 3, 4 } };
static const struct names_extent extents[] = { { 41, 4096, 100 }, { 42, 0, 23 } };

static struct names_builder *sample(void)
{
	struct names_builder *b = names_builder_new();
	assert_non_null(b);
	assert_int_equal(names_add_bytes(b, "/m/fractions/master.m3u8",
					 "application/vnd.apple.mpegurl", NAMES_CACHE_SHORT,
					 "#EXTM3U", 7),
			 0);
	assert_int_equal(names_add_object(b, "/m/fractions/files/x.pdf", "application/pdf",
					  NAMES_CACHE_IMMUTABLE, &some_id, 123456, "تمارين.pdf"),
			 0);
	assert_int_equal(names_add_rendition(b, "/m/fractions/g-1/240p/", 41, "fractions", "240p",
					     "video/mp4"),
			 0);
	assert_int_equal(names_add_virtual(b, "/m/fractions/download-240p.mp4", "video/mp4",
					   "fractions", "download-240p", "fractions.mp4", "head", 4,
					   extents, 2),
			 0);
	assert_int_equal(names_add_redirect(b, "/m/old/master.m3u8", "/m/fractions/master.m3u8"),
			 0);
	return b;
}

static struct names *written(void **state, struct names_builder *b)
{
	struct fault why;
	struct names *n = NULL;
	const char *path = scratch_path(state, "names.idx");
	assert_int_equal(names_write(b, path, &why), 0);
	assert_int_equal(names_map(AT_FDCWD, path, &n, &why), 0);
	names_builder_free(b);
	return n;
}

static int find(struct names *n, const char *path, struct names_entry *out)
{
	return names_find(n, path, strlen(path), out);
}

static void finds_each_kind_with_all_it_was_told(void **state)
{
	struct names *n = written(state, sample());
	struct names_entry e;
	assert_int_equal(names_count(n), 5);

	assert_int_equal(find(n, "/m/fractions/master.m3u8", &e), 0);
	assert_int_equal(e.kind, NAMES_BYTES);
	assert_int_equal(e.cache, NAMES_CACHE_SHORT);
	assert_string_equal(e.media_type, "application/vnd.apple.mpegurl");
	assert_string_equal(e.lesson, "");
	assert_int_equal(e.size, 7);
	assert_memory_equal(e.bytes, "#EXTM3U", 7);
	assert_true(e.etag != 0);

	assert_int_equal(find(n, "/m/fractions/files/x.pdf", &e), 0);
	assert_int_equal(e.kind, NAMES_OBJECT);
	assert_int_equal(e.cache, NAMES_CACHE_IMMUTABLE);
	assert_memory_equal(&e.id, &some_id, sizeof(some_id));
	assert_int_equal(e.size, 123456);
	assert_string_equal(e.download_name, "تمارين.pdf");

	assert_int_equal(find(n, "/m/fractions/download-240p.mp4", &e), 0);
	assert_int_equal(e.kind, NAMES_VIRTUAL);
	assert_int_equal(e.size, 4 + 100 + 23);
	assert_memory_equal(e.bytes, "head", 4);
	assert_int_equal(e.extent_count, 2);
	assert_memory_equal(e.extents, extents, sizeof(extents));
	assert_string_equal(e.rung, "download-240p");

	assert_int_equal(find(n, "/m/old/master.m3u8", &e), 0);
	assert_int_equal(e.kind, NAMES_REDIRECT);
	assert_string_equal(e.redirect, "/m/fractions/master.m3u8");
	names_unmap(n);
}

static void resolves_segments_of_a_rendition(void **state)
{
	static const struct {
		const char *name;
		int want;
		uint32_t segment;
	} rows[] = {
		{ "init.mp4", 0, 0 },
		{ "1.m4s", 0, 1 },
		{ "12.m4s", 0, 12 },
		{ "4294967295.m4s", 0, UINT32_MAX },
		{ "4294967296.m4s", -ENOENT, 0 },
		{ "99999999999.m4s", -ENOENT, 0 },
		{ "0.m4s", -ENOENT, 0 },
		{ "01.m4s", -ENOENT, 0 }, /* one name for one thing */
		{ "-1.m4s", -ENOENT, 0 },
		{ "1 .m4s", -ENOENT, 0 },
		{ ".m4s", -ENOENT, 0 },
		{ "1.m4s/", -ENOENT, 0 },
		{ "1.mp4", -ENOENT, 0 },
		{ "INIT.MP4", -ENOENT, 0 },
		{ "", -ENOENT, 0 }, /* the folder itself is nothing to send */
	};
	struct names *n = written(state, sample());
	uint64_t etags[2] = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[128];
		struct names_entry e;
		snprintf(path, sizeof(path), "/m/fractions/g-1/240p/%s", rows[i].name);
		assert_int_equal(find(n, path, &e), rows[i].want);
		if (rows[i].want)
			continue;
		assert_int_equal(e.kind, NAMES_RENDITION);
		assert_int_equal(e.rendition, 41);
		assert_int_equal(e.segment, rows[i].segment);
		assert_string_equal(e.lesson, "fractions");
		assert_string_equal(e.rung, "240p");
		if (i < 2)
			etags[i] = e.etag;
	}
	assert_true(etags[0] != etags[1]);
	names_unmap(n);
}

static void an_entry_can_be_named_like_a_segment(void **state)
{
	struct names_builder *b = names_builder_new();
	assert_int_equal(names_add_bytes(b, "/x/5.m4s", "video/mp4", NAMES_CACHE_NONE, "five", 4),
			 0);
	struct names *n = written(state, b);
	struct names_entry e;
	assert_int_equal(find(n, "/x/5.m4s", &e), 0);
	assert_int_equal(e.kind, NAMES_BYTES);
	assert_int_equal(e.cache, NAMES_CACHE_NONE);
	assert_int_equal(find(n, "/x/6.m4s", &e), -ENOENT);
	names_unmap(n);
}

static void refuses_what_does_not_fit(void **state)
{
	(void)state;
	struct names_builder *b = names_builder_new();
	char path[NAMES_MAX_PATH + 2];
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[NAMES_MAX_PATH + 1] = '\0';
	const struct names_extent big = { 1, 0, OBJMAP_MAX_SIZE + 1 };
	assert_int_equal(names_add_bytes(b, path, "t", NAMES_CACHE_NONE, "", 0), -EINVAL);
	path[NAMES_MAX_PATH] = '\0';
	assert_int_equal(names_add_bytes(b, path, "t", NAMES_CACHE_NONE, "", 0), 0);
	assert_int_equal(names_add_bytes(b, "no-slash", "t", NAMES_CACHE_NONE, "", 0), -EINVAL);
	assert_int_equal(names_add_bytes(b, "/a?b", "t", NAMES_CACHE_NONE, "", 0), -EINVAL);
	assert_int_equal(names_add_bytes(b, "/a", "text/x\r\nSet-Cookie: a", NAMES_CACHE_NONE, "",
					 0),
			 -EINVAL);
	assert_int_equal(names_add_bytes(b, "/a", "t", NAMES_CACHE_NONE, path, NAMES_MAX_BYTES + 1),
			 -EINVAL);
	assert_int_equal(names_add_object(b, "/a", "t", NAMES_CACHE_NONE, &some_id,
					  OBJMAP_MAX_SIZE + 1, ""),
			 -EINVAL);
	assert_int_equal(names_add_object(b, "/a", "t", NAMES_CACHE_NONE, &some_id, 1, "a\nb"),
			 -EINVAL);
	assert_int_equal(names_add_rendition(b, "/a", 1, "l", "r", "t"), -EINVAL);
	assert_int_equal(names_add_virtual(b, "/a", "t", "", "", "", "", 0, &big, 1), -EINVAL);
	assert_int_equal(names_add_redirect(b, "/a", "http://elsewhere/"), -EINVAL);
	assert_int_equal(names_add_redirect(b, "/a", "/b\r\nX: y"), -EINVAL);
	names_builder_free(b);
	names_builder_free(NULL);
}

static void the_later_of_two_wins(void **state)
{
	struct names_builder *b = names_builder_new();
	assert_int_equal(names_add_bytes(b, "/a", "t", NAMES_CACHE_NONE, "one", 3), 0);
	assert_int_equal(names_add_bytes(b, "/b", "t", NAMES_CACHE_NONE, "", 0), 0);
	assert_int_equal(names_add_bytes(b, "/a", "t", NAMES_CACHE_NONE, "two", 3), 0);
	struct names *n = written(state, b);
	struct names_entry e;
	assert_int_equal(find(n, "/a", &e), 0);
	assert_memory_equal(e.bytes, "two", 3);
	assert_int_equal(find(n, "/b", &e), 0);
	assert_int_equal(e.size, 0);
	names_unmap(n);
}

static void thousands_of_names_are_all_found(void **state)
{
	enum { COUNT = 5000 };
	struct names_builder *b = names_builder_new();
	char path[64];
	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof(path), "/m/lesson-%d/g/240p/", i);
		assert_int_equal(names_add_rendition(b, path, (uint64_t)i, "l", "240p",
						     "video/mp4"),
				 0);
	}
	struct names *n = written(state, b);
	for (int i = 0; i < COUNT; i++) {
		struct names_entry e;
		snprintf(path, sizeof(path), "/m/lesson-%d/g/240p/%d.m4s", i, i + 1);
		assert_int_equal(find(n, path, &e), 0);
		assert_int_equal(e.rendition, i);
		assert_int_equal(e.segment, i + 1);
		snprintf(path, sizeof(path), "/m/lesson-%d/g/240p/init.mp4", i + COUNT);
		assert_int_equal(find(n, path, &e), -ENOENT);
	}
	names_unmap(n);
}

static void texts_can_be_kept_beyond_the_mapping(void **state)
{
	struct names *n = written(state, sample());
	struct names_entry e;
	char room[64];
	size_t len = 0;
	assert_int_equal(find(n, "/m/fractions/files/x.pdf", &e), 0);
	assert_int_equal(names_keep_texts(&e, NULL, &len), 0);
	assert_true(len <= sizeof(room));
	size_t less = len - 1;
	assert_int_equal(names_keep_texts(&(struct names_entry){ .media_type = e.media_type,
								 .lesson = e.lesson,
								 .rung = e.rung,
								 .download_name = e.download_name,
								 .redirect = e.redirect },
					  room, &less),
			 -ENOBUFS);
	assert_int_equal(names_keep_texts(&e, room, &len), 0);
	names_unmap(n);
	assert_string_equal(e.download_name, "تمارين.pdf");
	assert_string_equal(e.media_type, "application/pdf");
	assert_string_equal(e.lesson, "");
	assert_string_equal(e.rung, "");
}

static void a_new_index_flags_the_old_mapping(void **state)
{
	struct names_builder *b = names_builder_new();
	assert_int_equal(names_add_bytes(b, "/same", "t", NAMES_CACHE_NONE, "s", 1), 0);
	assert_int_equal(names_add_bytes(b, "/other", "t", NAMES_CACHE_NONE, "1", 1), 0);
	setenv("WASL_CLOCK_OFFSET_S", "0", 1);
	struct names *old = written(state, b);
	assert_false(names_superseded(old));

	b = names_builder_new();
	assert_int_equal(names_add_bytes(b, "/same", "t", NAMES_CACHE_NONE, "s", 1), 0);
	assert_int_equal(names_add_bytes(b, "/other", "t", NAMES_CACHE_NONE, "2", 1), 0);
	setenv("WASL_CLOCK_OFFSET_S", "86400", 1);
	struct names *fresh = written(state, b);
	unsetenv("WASL_CLOCK_OFFSET_S");
	assert_true(names_superseded(old));
	assert_false(names_superseded(fresh));
	assert_int_equal(names_generation(fresh), names_generation(old) + 1);

	/* Unchanged bytes keep their time; changed ones get a new time and a new etag. */
	struct names_entry was, is;
	assert_int_equal(find(old, "/same", &was), 0);
	assert_int_equal(find(fresh, "/same", &is), 0);
	assert_int_equal(was.modified_s, is.modified_s);
	assert_true(was.etag == is.etag);
	assert_int_equal(find(old, "/other", &was), 0);
	assert_int_equal(find(fresh, "/other", &is), 0);
	assert_in_range(is.modified_s - was.modified_s, 86400, 86460);
	assert_true(was.etag != is.etag);
	names_unmap(old);

	/* The clock went back a day, and it changed again. */
	was = is;
	b = names_builder_new();
	assert_int_equal(names_add_bytes(b, "/other", "t", NAMES_CACHE_NONE, "3", 1), 0);
	old = written(state, b);
	assert_int_equal(find(old, "/other", &is), 0);
	assert_int_equal(is.modified_s, was.modified_s + 1);
	names_unmap(old);
	names_unmap(fresh);
}

static void every_flipped_byte_is_refused(void **state)
{
	struct names *n = written(state, sample());
	names_unmap(n);
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", scratch_path(state, "names.idx"));
	const long size = scratch_size(path);
	for (long at = 0; at < size; at++) {
		if (at >= 12 && at < 16)
			continue; /* the flag itself: all it can do is to have the file mapped again */
		assert_int_equal(scratch_flip(path, at, 0x10), 0);
		struct fault why = { 0 };
		assert_int_equal(names_map(AT_FDCWD, path, &n, &why), -EBADMSG);
		assert_string_equal(why.id, "names.damaged");
		assert_int_equal(scratch_flip(path, at, 0x10), 0);
	}
	for (long len = size - 1; len >= 0; len -= 7) {
		assert_int_equal(truncate(path, len), 0);
		assert_int_equal(names_map(AT_FDCWD, path, &n, NULL), -EBADMSG);
	}
	/* A damaged index is replaced by the next write. */
	n = written(state, sample());
	assert_int_equal(names_count(n), 5);
	names_unmap(n);
}

/* A byte turns after the file was mapped and checked: each answer is as it was, or an error. */
static void rot_after_mapping_is_found_in_the_next_turn(void **state)
{
	static const char *const paths[] = {
		"/m/fractions/master.m3u8",    "/m/fractions/files/x.pdf",
		"/m/fractions/g-1/240p/7.m4s", "/m/fractions/download-240p.mp4",
		"/m/old/master.m3u8",
	};
	enum { PATHS = sizeof(paths) / sizeof(paths[0]) };
	struct names_entry was[PATHS], e;
	struct names *n = written(state, sample());
	char path[PATH_MAX];
	int refused = 0, rc_of_stranger;
	snprintf(path, sizeof(path), "%s", scratch_path(state, "names.idx"));
	for (size_t i = 0; i < PATHS; i++)
		assert_int_equal(find(n, paths[i], &was[i]), 0);
	for (long at = 128; at < scratch_size(path); at++) {
		names_recheck(n);
		for (size_t i = 0; i < PATHS; i++)
			assert_int_equal(find(n, paths[i], &e), 0);
		assert_int_equal(scratch_flip(path, at, 0x10), 0);
		for (size_t i = 0; i < PATHS; i++) { /* believed for now, or refused, not denied */
			int rc = find(n, paths[i], &e);
			assert_true(rc == 0 || rc == -EBADMSG);
			/* A text is in the index itself, and phones may keep it for a year. */
			if (!rc && e.kind == NAMES_BYTES)
				assert_memory_equal(e.bytes, "#EXTM3U", 7);
		}
		names_recheck(n);
		for (size_t i = 0; i < PATHS; i++) {
			int rc = find(n, paths[i], &e);
			refused += rc != 0;
			if (!rc)
				assert_memory_equal(&e, &was[i], sizeof(e));
			else /* what is there is never said not to be */
				assert_int_equal(rc, -EBADMSG);
		}
		rc_of_stranger = find(n, "/m/nobody/knows", &e);
		assert_true(rc_of_stranger == -ENOENT || rc_of_stranger == -EBADMSG);
		assert_int_equal(scratch_flip(path, at, 0x10), 0);
	}
	assert_true(refused > 500);
	for (int turn = 0; turn < 600; turn++) /* turns are counted in a byte */
		names_recheck(n);
	for (size_t i = 0; i < PATHS; i++)
		assert_int_equal(find(n, paths[i], &e), 0);
	names_unmap(n);
}

/* Where it was cut is zeros to the end of a page, and then nothing: a name behind it is not one that nobody knows. */
static void an_index_cut_short_in_place_denies_nothing(void **state)
{
	enum { COUNT = 700 };
	char path[PATH_MAX], name[64];
	struct names_entry e;
	struct names_builder *b = names_builder_new();
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "/p/file-%d", i);
		assert_int_equal(names_add_bytes(b, name, "text/plain", NAMES_CACHE_NONE, name,
						 strlen(name)),
				 0);
	}
	struct names *n = written(state, b);
	snprintf(path, sizeof(path), "%s", scratch_path(state, "names.idx"));
	const long size = scratch_size(path);
	const long cuts[] = { size - 1, size / 2 + 1, size / 2 & ~4095L, 5000, 4096, 129, 1, 0 };
	assert_int_equal(names_recheck(n), 0);
	guard_arm(); /* cmocka has handlers of its own in each test */
	for (size_t c = 0; c < ARRAY_LEN(cuts); c++) {
		assert_int_equal(truncate(path, cuts[c]), 0);
		for (int turn = 0; turn < 2; turn++) {
			int found = 0;
			for (int i = 0; i < COUNT; i++) {
				snprintf(name, sizeof(name), "/p/file-%d", i);
				int rc = find(n, name, &e);
				assert_true(rc == 0 || rc == -EBADMSG || rc == -EIO);
				if (!rc && turn)
					assert_memory_equal(e.bytes, name, strlen(name));
				found += rc == 0;
			}
			assert_true(cuts[c] < size - 1 || found >= COUNT - 1);
			assert_int_equal(names_recheck(n), -EBADMSG);
		}
	}
	names_unmap(n);
}

static void a_write_that_fails_leaves_the_old_index(void **state)
{
	struct fault why = { 0 };
	struct names_builder *b = sample();
	assert_int_equal(names_write(b, scratch_path(state, "absent/names.idx"), &why), -ENOENT);
	assert_non_null(strstr(why.text, "absent/names.idx"));
	struct names *n = written(state, b);
	assert_int_equal(mkdir(scratch_path(state, "names.idx.new"), 0700), 0);
	b = sample();
	assert_int_equal(names_write(b, scratch_path(state, "names.idx"), &why), -EISDIR);
	assert_false(names_superseded(n));
	names_builder_free(b);
	names_unmap(n);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(finds_each_kind_with_all_it_was_told),
		WITH_FOLDER(resolves_segments_of_a_rendition),
		WITH_FOLDER(an_entry_can_be_named_like_a_segment),
		cmocka_unit_test(refuses_what_does_not_fit),
		WITH_FOLDER(the_later_of_two_wins),
		WITH_FOLDER(thousands_of_names_are_all_found),
		WITH_FOLDER(texts_can_be_kept_beyond_the_mapping),
		WITH_FOLDER(a_new_index_flags_the_old_mapping),
		WITH_FOLDER(every_flipped_byte_is_refused),
		WITH_FOLDER(rot_after_mapping_is_found_in_the_next_turn),
		WITH_FOLDER(an_index_cut_short_in_place_denies_nothing),
		WITH_FOLDER(a_write_that_fails_leaves_the_old_index),
	};
	return cmocka_run_group_tests_name("cache/names", tests, NULL, NULL);
}
