// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_local.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/layout.h"
#include "cache/store_news.h"
#include "cache/store_own.h"
#include "cache/store_private.h"
#include "tests/unit/cache/local_kit.h"

static void only_clean_addresses_below_p(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int want;
	} rows[] = {
		{ "/p/a", 0 },           { "/p/a b/درس.pdf", 0 },
		{ "/p/..a/b..", 0 },     { "", -EINVAL },
		{ "/p/", -EINVAL },      { "/p/a/", -EINVAL },
		{ "/m/a", -EINVAL },     { "p/a", -EINVAL },
		{ "/p//a", -EINVAL },    { "/p/../m/a", -EINVAL },
		{ "/p/a/..", -EINVAL },  { "/p/a/.", -EINVAL },
		{ "/p/./a", -EINVAL },   { "/p/a?b", -EINVAL },
		{ "/p/a#b", -EINVAL },   { "/p/a\\b", -EINVAL },
		{ "/p/a\nb", -EINVAL },  { "/p/a\x7f", -EINVAL },
		{ "/p/\xff", -EINVAL }, /* no UTF-8 */
		{ "/p/a%2fb", -EINVAL }, { "/p/100%", -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault why = { 0 };
		assert_int_equal(store_local_check(rows[i].path, &why), rows[i].want);
		assert_int_equal(why.text[0] != 0, rows[i].want != 0);
	}
	char path[NAMES_MAX_PATH + 2] = "/p/";
	memset(path + 3, 'a', sizeof(path) - 4);
	assert_int_equal(store_local_check(path, NULL), -EINVAL);
	path[NAMES_MAX_PATH] = '\0';
	assert_int_equal(store_local_check(path, NULL), 0);
}

static struct objmap_id add_object(struct store *s, uint64_t seed, uint64_t size)
{
	struct objmap *map = sample_map(seed, size);
	struct store_object *o = NULL;
	assert_int_equal(store_object_open(s, map, "text/plain", &o, NULL), 0);
	struct objmap_id id = *objmap_get_id(map);
	store_object_close(o);
	objmap_free(map);
	return id;
}

static void addresses_last_and_change_hands(void **state)
{
	const struct store_limits unlimited = { 0 };
	struct store *s = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	struct store_local file = { .path = "/p/b", .media_type = "text/plain", .added_s = 7 };
	file.id = add_object(s, 1, 10);
	assert_int_equal(store_local_put(s, &file, &why), 0);
	snprintf(file.path, sizeof(file.path), "/p/a");
	assert_int_equal(store_local_put(s, &file, &why), 0);
	file.id = add_object(s, 2, 20);
	file.added_s = 8;
	assert_int_equal(store_local_put(s, &file, &why), 0);
	snprintf(file.path, sizeof(file.path), "/m/a");
	assert_int_equal(store_local_put(s, &file, &why), -EINVAL);
	store_close(s);

	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	struct store_totals t;
	assert_int_equal(store_totals(s, &t, &why), 0);
	assert_int_equal(t.files, 2);
	char paths[200] = "";
	assert_int_equal(store_local_each(s, collect, paths, &why), 0);
	assert_string_equal(paths, "/p/a /p/b ");
	struct store_local found;
	assert_int_equal(store_local_find(s, "/p/a", &found, &why), 0);
	assert_int_equal(found.size, 20);
	assert_int_equal(found.added_s, 8);
	assert_string_equal(found.media_type, "text/plain");
	assert_memory_equal(&found.id, &file.id, sizeof(found.id));
	/* An object that was dropped takes its addresses out of sight. */
	assert_int_equal(store_object_drop(s, &found.id, &why), 0);
	assert_int_equal(store_local_find(s, "/p/a", &found, &why), -ENOENT);
	assert_int_equal(store_local_drop(s, "/p/b", &why), 0);
	assert_int_equal(store_local_drop(s, "/p/b", &why), -ENOENT);
	assert_int_equal(store_local_find(s, "/p/b", &found, &why), -ENOENT);
	store_close(s);
}

static void who_looks_may_stop(void **state)
{
	const struct store_limits unlimited = { 0 };
	struct store *s = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	struct store_local file = { .path = "/p/stop", .media_type = "a/b" };
	file.id = add_object(s, 1, 10);
	assert_int_equal(store_local_put(s, &file, &why), 0);
	snprintf(file.path, sizeof(file.path), "/p/z");
	assert_int_equal(store_local_put(s, &file, &why), 0);
	char paths[200] = "";
	assert_int_equal(store_local_each(s, collect, paths, &why), -ECANCELED);
	assert_string_equal(paths, "/p/stop ");
	/* the statement was let go of: the database can be written and closed */
	assert_int_equal(store_local_drop(s, "/p/stop", &why), 0);
	store_close(s);
}

static void names_beside_bodies_follow_the_rows(void **state)
{
	struct store *s = open_store(state);
	add_file(s, "/p/a", 1);
	add_file(s, "/p/b", 2);
	store_close(s);
	assert_int_equal(own_files(state), 2);
	/* A store of before: without any. */
	scratch_empty(scratch_path(state, "own"));
	rmdir(scratch_path(state, "own"));
	s = open_store(state);
	assert_int_equal(sweep(s), 0);
	assert_int_equal(own_files(state), 2);
	store_close(s);
	/* One that rotted, one that a cut left without its row. */
	DIR *d = opendir(scratch_path(state, "own"));
	const struct dirent *e = readdir(d);
	while (e->d_name[0] == '.')
		e = readdir(d);
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/own/%s", (const char *)*state, e->d_name);
	assert_int_equal(scratch_flip(path, -1, 4), 0);
	closedir(d);
	close(open(scratch_path(state, "own/0123.new"), O_CREAT | O_WRONLY, 0600));
	/* And one at which a reader would wait for ever. */
	assert_int_equal(mkfifo(scratch_path(state, "own/0123"), 0600), 0);
	s = open_store(state);
	assert_int_equal(sweep(s), 2);
	struct store_news news;
	assert_true(store_news_next(s, &news));
	assert_int_equal(news.kind, STORE_NEWS_MENDED);
	assert_true(!strcmp(news.subject, "/p/a") || !strcmp(news.subject, "/p/b"));
	assert_false(store_news_next(s, &news));
	store_close(s);
	assert_int_equal(own_files(state), 2);
	lose_database(state);
	assert_int_equal(mkfifo(scratch_path(state, "own/0123"), 0600), 0);
	s = open_store(state);
	char paths[200] = "";
	assert_int_equal(store_local_each(s, collect, paths, NULL), 0);
	assert_string_equal(paths, "/p/a /p/b ");
	store_close(s);
}

/* Reads it as a store would that has lost its database. */
static bool is_named(void **state, const char *path)
{
	struct store_local got;
	char room[STORE_OWN_MOST + 1];
	bool named = false;
	DIR *d = opendir(scratch_path(state, "own"));
	for (const struct dirent *e; (e = readdir(d));) {
		int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_NONBLOCK);
		const ssize_t n = read(fd, room, sizeof(room));
		close(fd);
		named |=
			n > 0 && !store_own_parse(room, (size_t)n, &got) && !strcmp(got.path, path);
	}
	closedir(d);
	return named;
}

/* All of it, or the names of one object. */
static struct store_scrub_found look_at(struct store *s, const struct objmap_id *id)
{
	struct store_scrub_found all = { 0 }, step = { 0 };
	struct store_scrub_cursor c = { 0 };
	if (id)
		c = store_scrub_names(id);
	while (!step.done) {
		assert_int_equal(store_scrub_step(s, &c, 1, &step, NULL), 0);
		for (size_t i = 0; i < step.count; i++)
			all.items[all.count++] = step.items[i];
	}
	return all;
}

static const char *own_of(void **state, const char *path)
{
	char name[64];
	snprintf(name, sizeof(name), "own/%s", store_own_name(path).at);
	return scratch_path(state, name);
}

/* The names beside the bodies are looked at, too, and written anew from their rows. */
static void names_of_the_schools_files_are_looked_at(void **state)
{
	static const char *const paths[] = { "/p/a", "/p/b", "/p/c" };
	struct store *s = open_store(state);
	const struct objmap_id one = add_file(s, paths[0], 1), two = add_file(s, paths[2], 2);
	add_file(s, paths[1], 1);
	assert_int_equal(look_at(s, NULL).count, 0);
	for (unsigned round = 0; round < 6; round++) {
		const char *own = own_of(state, paths[round % 3]);
		const bool absent = round == 3;
		if (round == 0)
			assert_int_equal(scratch_flip(own, -1, 4), 0);
		else if (round == 1)
			assert_int_equal(truncate(own, 30), 0);
		else
			assert_int_equal(unlink(own), 0);
		if (round == 2)
			assert_int_equal(mkfifo(own, 0600), 0);
		if (round == 4)
			assert_int_equal(symlink(own, own), 0);
		if (round == 5) /* in whose place nothing can be written */
			assert_int_equal(mkdir(own, 0700), 0);
		assert_false(is_named(state, paths[round % 3]));
		struct store_scrub_found all = look_at(s, round % 2        ? NULL
							  : round % 3 == 2 ? &two
									   : &one);
		assert_int_equal(all.count, !absent);
		assert_int_equal(is_named(state, paths[round % 3]), round != 5);
		if (absent)
			continue;
		assert_int_equal(all.items[0].kind, STORE_SCRUB_OWN);
		assert_string_equal(all.items[0].path, paths[round % 3]);
		assert_int_equal(all.items[0].mended, round != 5);
		if (round != 5)
			assert_int_equal(look_at(s, NULL).count, 0);
	}
	const struct objmap_id none = add_whole(s, 3);
	struct store_scrub_cursor c = store_scrub_names(&none);
	struct store_scrub_found found;
	assert_int_equal(store_scrub_step(s, &c, 1, &found, NULL), -ENOENT);
	store_close(s);
}

static void damaged_names_are_refused(void **state)
{
	(void)state;
	char room[STORE_OWN_MOST];
	struct store_local file = { .path = "/p/a", .media_type = "a/b", .size = 7, .added_s = 8 },
			   got;
	file.id.b[3] = 5;
	const size_t len = store_own_pack(&file, room);
	assert_int_equal(store_own_parse(room, len, &got), 0);
	assert_string_equal(got.path, file.path);
	assert_string_equal(got.media_type, file.media_type);
	assert_memory_equal(&got.id, &file.id, sizeof(file.id));
	assert_int_equal(got.size, 7);
	assert_int_equal(got.added_s, 8);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(store_own_parse(room, cut, &got), -EBADMSG);
	for (size_t at = 0; at < len; at++) {
		room[at] ^= 1;
		assert_int_equal(store_own_parse(room, len, &got), -EBADMSG);
		room[at] ^= 1;
	}
	snprintf(file.path, sizeof(file.path), "/m/a"); /* no address of the school's */
	assert_int_equal(store_own_parse(room, store_own_pack(&file, room), &got), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_clean_addresses_below_p),
		cmocka_unit_test_setup_teardown(addresses_last_and_change_hands, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(who_looks_may_stop, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(names_beside_bodies_follow_the_rows, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(names_of_the_schools_files_are_looked_at,
						scratch_make, scratch_remove),
		cmocka_unit_test(damaged_names_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
