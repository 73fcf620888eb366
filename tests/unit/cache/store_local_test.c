// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_local.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "cache/layout.h"
#include "cache/store_own.h"
#include "cache/store_scrub.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

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

static int collect(void *data, const struct store_local *file)
{
	char *paths = data;
	const size_t len = strlen(paths);
	snprintf(paths + len, 200 - len, "%s ", file->path);
	return strcmp(file->path, "/p/stop") ? 0 : -ECANCELED;
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

static struct objmap_id add_whole(struct store *s, uint64_t seed)
{
	uint8_t bytes[3000];
	struct objmap *map = sample_map(seed, sizeof(bytes));
	struct store_object *o = NULL;
	sample_fill(seed, 0, bytes, sizeof(bytes));
	assert_int_equal(store_object_open(s, map, "text/plain", &o, NULL), 0);
	assert_int_equal(store_object_put(o, 0, bytes, sizeof(bytes), NULL), 0);
	struct objmap_id id = *objmap_get_id(map);
	store_object_close(o);
	objmap_free(map);
	return id;
}

static struct objmap_id add_file(struct store *s, const char *path, uint64_t seed)
{
	struct store_local file = { .media_type = "a/b", .added_s = (int64_t)seed };
	snprintf(file.path, sizeof(file.path), "%s", path);
	file.id = add_whole(s, seed);
	assert_int_equal(store_local_put(s, &file, NULL), 0);
	return file.id;
}

static struct store *open_store(void **state)
{
	const struct store_limits unlimited = { 0 };
	struct store *s = NULL;
	struct fault why = { 0 };
	if (store_open(*state, &unlimited, &s, &why))
		fail_msg("%s", why.text);
	return s;
}

static uint64_t sweep(struct store *s)
{
	uint64_t removed = 0;
	while (store_sweep_step(s, &removed, NULL) > 0)
		;
	return removed;
}

static void lose_database(void **state)
{
	static const char *const files[] = { "store.db", "store.db-wal", "store.db-shm" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(scratch_path(state, files[i]));
}

static long own_files(void **state)
{
	long count = 0;
	DIR *d = opendir(scratch_path(state, "own"));
	for (const struct dirent *e; d && (e = readdir(d));)
		count += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return count;
}

static void names_come_back_when_the_database_is_lost(void **state)
{
	struct store *s = open_store(state);
	struct store_local found;
	const struct objmap_id a = add_file(s, "/p/a", 1), other = add_whole(s, 9);
	add_file(s, "/p/own/درس", 2);
	add_file(s, "/p/gone", 3);
	assert_int_equal(store_local_drop(s, "/p/gone", NULL), 0);
	store_close(s);
	lose_database(state);

	s = open_store(state);
	char paths[200] = "";
	assert_int_equal(store_local_each(s, collect, paths, NULL), 0);
	assert_string_equal(paths, "/p/a /p/own/درس ");
	assert_int_equal(store_local_find(s, "/p/a", &found, NULL), 0);
	assert_memory_equal(&found.id, &a, sizeof(a));
	assert_int_equal(found.size, 3000);
	assert_int_equal(found.added_s, 1);
	assert_string_equal(found.media_type, "a/b");
	assert_int_equal(store_object_known(s, &a, NULL), 1);
	/* What nobody of the school named is kept, too: the line need not bring it again. */
	assert_int_equal(store_object_known(s, &other, NULL), -ENOENT);
	assert_int_equal(sweep(s), 0);
	assert_int_equal(store_object_known(s, &other, NULL), 1);
	struct store_totals t;
	assert_int_equal(store_totals(s, &t, NULL), 0);
	assert_int_equal(t.files, 2);
	assert_int_equal(t.objects, 4);
	assert_int_equal(t.bytes, 4 * 3000);
	/* From now on this database is the truth: what it does not know goes. */
	assert_int_equal(store_object_drop(s, &other, NULL), 0);
	store_close(s);
	s = open_store(state);
	assert_int_equal(store_local_drop(s, "/p/a", NULL), 0);
	close(open(scratch_path(state, layout_object(&other, ".map").at), O_CREAT | O_WRONLY,
		   0600));
	assert_int_equal(sweep(s), 1);
	store_close(s);
}

/* What fetches an object may come before the sweep does: its bytes are found, and nothing of it is removed. */
static void bodies_are_found_when_they_are_asked_for(void **state)
{
	struct store *s = open_store(state);
	const struct objmap_id id = add_whole(s, 4);
	store_close(s);
	lose_database(state);
	const struct store_limits tight = { .max_bytes = 100 };
	assert_int_equal(store_open(*state, &tight, &s, NULL), 0);
	struct objmap *map = sample_map(4, 3000);
	struct store_object *o = NULL;
	assert_int_equal(store_object_open(s, map, "text/plain", &o, NULL), 0);
	assert_true(store_object_complete(o));
	store_object_close(o);
	objmap_free(map);
	assert_int_equal(store_object_known(s, &id, NULL), 1);
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
	assert_int_equal(sweep(s), 3);
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

/* The only one. */
static const char *own_file(void **state)
{
	static char name[PATH_MAX];
	DIR *d = opendir(scratch_path(state, "own"));
	for (const struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			snprintf(name, sizeof(name), "%s/own/%s", (const char *)*state, e->d_name);
	closedir(d);
	return name;
}

enum obstacle { LOCKED, A_FIFO, A_FOLDER, A_LOOP, FOLDER_LOCKED, OBSTACLES };

static const char *away(const char *own, const char *end)
{
	static char at[PATH_MAX + 8];
	snprintf(at, sizeof(at), "%.*s%s", (int)(strrchr(own, '/') - own), own, end);
	return at;
}

static void put_in_the_way(const char *own, enum obstacle what)
{
	if (what == LOCKED || what == FOLDER_LOCKED) {
		assert_int_equal(chmod(what == LOCKED ? own : away(own, ""), 0), 0);
		return;
	}
	assert_int_equal(rename(own, away(own, ".away")), 0);
	if (what == A_FIFO)
		assert_int_equal(mkfifo(own, 0600), 0);
	else if (what == A_FOLDER)
		assert_int_equal(mkdir(own, 0700), 0);
	else
		assert_int_equal(symlink(own, own), 0);
}

static void take_away(const char *own, enum obstacle what)
{
	if (what == LOCKED || what == FOLDER_LOCKED) {
		assert_int_equal(chmod(what == LOCKED ? own : away(own, ""), 0700), 0);
		return;
	}
	assert_int_equal(remove(own), 0);
	assert_int_equal(rename(away(own, ".away"), own), 0);
}

/* To root nothing is locked. False where there is nobody else to be. */
static bool be_ordinary(void **state)
{
	return geteuid() || (!chmod(*state, 0777) && !setegid(65534) && !seteuid(65534) &&
			     !eaccess(*state, W_OK));
}

static void be_oneself(void)
{
	(void)!seteuid(getuid());
	(void)!setegid(getgid());
}

/* What cannot be read is not what is not there: nothing is removed until it can be. */
static void a_name_that_cannot_be_read_is_no_lost_one(void **state)
{
	if (!be_ordinary(state)) {
		be_oneself();
		skip();
	}
	for (enum obstacle what = 0; what < OBSTACLES; what++) {
		struct store *s = open_store(state);
		const struct objmap_id id = add_file(s, "/p/a", 1);
		char body[PATH_MAX];
		struct store_local found;
		uint64_t removed = 0;
		snprintf(body, sizeof(body), "%s", scratch_path(state, layout_object(&id, "").at));
		store_close(s);
		lose_database(state);
		/* Without it nobody can tell that the body is whole: only its name keeps it. */
		assert_int_equal(unlink(scratch_path(state, layout_object(&id, ".map").at)), 0);
		const char *own = own_file(state);
		put_in_the_way(own, what);
		s = open_store(state);
		int rc;
		for (unsigned n = 0; n < 2; n++) {
			struct fault why = { 0 };
			while ((rc = store_sweep_step(s, &removed, &why)) > 0)
				;
			if (rc >= 0 || !strstr(why.text, "own"))
				fail_msg("obstacle %d: %d, '%s'", what, rc, why.text);
		}
		store_close(s);
		s = open_store(state); /* nor by a start that cannot read it, either */
		while ((rc = store_sweep_step(s, &removed, NULL)) > 0)
			;
		assert_true(rc < 0);
		take_away(own, what);
		assert_int_equal(scratch_size(body), 3000);
		assert_int_equal(sweep(s), 0);
		assert_int_equal(removed, 0);
		assert_int_equal(store_local_find(s, "/p/a", &found, NULL), 0);
		assert_int_equal(scratch_size(body), 3000);
		struct store_totals t;
		assert_int_equal(store_totals(s, &t, NULL), 0);
		assert_int_equal(t.bytes, 3000);
		store_close(s);
		scratch_empty(*state);
	}
	be_oneself();
}

/* As many descriptors as are open, and one more. */
static void leave_one_descriptor(const struct rlimit *was)
{
	const int next = dup(STDERR_FILENO);
	close(next);
	const struct rlimit tight = { (rlim_t)next + 1, was->rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
}

/* A program that has run out of descriptors knows nothing of what is on the disk. */
static void without_descriptors_nothing_is_removed(void **state)
{
	struct rlimit was;
	struct store_local found;
	uint64_t removed = 0;
	struct store *s = open_store(state);
	const struct objmap_id named = add_file(s, "/p/a", 1), other = add_whole(s, 2);
	store_close(s);
	/* Names and maps are to be found; a name is to be compared; a map alone. */
	for (unsigned round = 0; round < 3; round++) {
		if (round != 1)
			lose_database(state);
		s = open_store(state);
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
		leave_one_descriptor(&was);
		int rc;
		while ((rc = store_sweep_step(s, &removed, NULL)) > 0)
			;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
		assert_int_equal(rc, -EMFILE);
		assert_int_equal(removed, 0);
		assert_int_equal(sweep(s), 0);
		assert_int_equal(store_object_known(s, &named, NULL), 1);
		assert_int_equal(store_object_known(s, &other, NULL), 1);
		if (round == 1)
			assert_int_equal(store_local_drop(s, "/p/a", NULL), 0);
		else
			assert_int_equal(store_local_find(s, "/p/a", &found, NULL),
					 round ? -ENOENT : 0);
		store_close(s);
	}
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
		cmocka_unit_test_setup_teardown(names_come_back_when_the_database_is_lost,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(bodies_are_found_when_they_are_asked_for,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(names_beside_bodies_follow_the_rows, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(a_name_that_cannot_be_read_is_no_lost_one,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(without_descriptors_nothing_is_removed,
						scratch_make, scratch_remove),
		cmocka_unit_test(damaged_names_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
