// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "cache/layout.h"
#include "cache/store_news.h"
#include "tests/unit/cache/local_kit.h"

/* A store whose database was lost. */

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

static size_t told(struct store *s, enum store_news_kind kind, const char *subject)
{
	struct store_news news;
	size_t count = 0;
	while (store_news_next(s, &news)) {
		if (news.kind != kind || strncmp(news.subject, subject, strlen(subject)))
			fail_msg("%d %s: %s", news.kind, news.subject, news.text);
		assert_true(news.text[0] != '\0');
		count++;
	}
	return count;
}

static size_t found_damaged(struct store *s, struct objmap_id *id)
{
	struct store_scrub_cursor c = { 0 };
	struct store_scrub_found step = { 0 };
	size_t count = 0;
	while (!step.done) {
		assert_int_equal(store_scrub_step(s, &c, UINT64_MAX, &step, NULL), 0);
		if (step.count)
			*id = step.items[0].id;
		count += step.count;
	}
	return count;
}

/* The database and bytes that nobody else has: what is lost is said by its address, and is not gone in silence. */
static void bytes_that_were_lost_with_the_database_are_told(void **state)
{
	enum { CUT, BODY_GONE, BOTH_GONE, A_FOLDER_INSTEAD, ENDS };
	for (unsigned end = 0; end < ENDS; end++) {
		struct store *s = open_store(state);
		struct store_local found;
		const struct objmap_id id = add_file(s, "/p/a", 1);
		struct objmap_id bad;
		add_file(s, "/p/b", 2);
		store_close(s);
		lose_database(state);
		const char *body = scratch_path(state, layout_object(&id, "").at);
		assert_int_equal(end == CUT ? truncate(body, 1000) : unlink(body), 0);
		if (end == BOTH_GONE)
			unlink(scratch_path(state, layout_object(&id, ".map").at));
		if (end == A_FOLDER_INSTEAD)
			assert_int_equal(mkdir(body, 0700), 0);
		s = open_store(state);
		assert_int_equal(told(s, STORE_NEWS_LOST, "/p/a"), 1);
		assert_int_equal(sweep(s), 0);
		assert_int_equal(store_local_find(s, "/p/a", &found, NULL), 0);
		assert_int_equal(own_files(state), 2);
		store_close(s);
		s = open_store(
			state); /* told once, and by each pass of the scrub until it is there again */
		assert_int_equal(told(s, STORE_NEWS_LOST, ""), 0);
		for (unsigned n = 0; n < 2; n++) {
			assert_int_equal(found_damaged(s, &bad), 1);
			assert_memory_equal(&bad, &id, sizeof(id));
		}
		if (end == A_FOLDER_INSTEAD)
			assert_int_equal(rmdir(scratch_path(state, layout_object(&id, "").at)), 0);
		add_file(s, "/p/a", 1);
		assert_int_equal(found_damaged(s, &bad), 0);
		store_close(s);
		scratch_empty(*state);
	}
}

/* Which file it was nobody can say any more; that there was one is said. */
static void a_name_that_was_lost_with_the_database_is_told(void **state)
{
	struct store *s = open_store(state);
	const struct objmap_id id = add_file(s, "/p/a", 1);
	store_close(s);
	lose_database(state);
	const char *own = own_file(state);
	assert_int_equal(scratch_flip(own, -1, 1), 0);
	s = open_store(state);
	assert_int_equal(told(s, STORE_NEWS_LOST, "own/"), 1);
	assert_int_equal(sweep(s), 1);
	assert_int_equal(store_object_known(s, &id, NULL), 1);
	store_close(s);
	s = open_store(state);
	assert_int_equal(told(s, STORE_NEWS_LOST, ""), 0);
	store_close(s);
}

static bool overwrite(const char *path, off_t at, size_t len)
{
	static const uint8_t rot[4096] = { [0 ... 4095] = 0xa5 };
	int fd = open(path, O_WRONLY);
	const bool done = fd >= 0 && pwrite(fd, rot, len, at) == (ssize_t)len;
	close(fd);
	return done;
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

/* Nobody is there to move it away: whatever page of it rotted, the store opens, and has all that is not in the database alone. */
static void a_damaged_database_is_set_aside(void **state)
{
	const char *names[] = { "store.db", "store.db.damaged-1" };
	unsigned set_aside = 0;
	off_t pages = 1;
	for (off_t page = 0; page < pages; page++) {
		struct store *s = open_store(state);
		struct store_local found;
		struct store_news news;
		const struct objmap_id named = add_file(s, "/p/a", 1), other = add_whole(s, 2);
		sweep(s);
		store_close(s);
		pages = scratch_size(scratch_path(state, names[0])) / 4096;
		assert_true(pages > 5);
		assert_true(overwrite(scratch_path(state, names[0]), page * 4096, 4096));

		s = open_store(state);
		const bool aside = store_news_next(s, &news);
		set_aside += aside;
		if (aside)
			assert_int_equal(news.kind, STORE_NEWS_ANEW);
		assert_int_equal(scratch_size(scratch_path(state, names[1])) > 0, aside);
		assert_int_equal(sweep(s), 0);
		assert_int_equal(store_local_find(s, "/p/a", &found, NULL), 0);
		assert_int_equal(store_object_known(s, &named, NULL), 1);
		assert_int_equal(store_object_known(s, &other, NULL), 1);
		store_close(s);
		scratch_empty(*state);
	}
	assert_true(set_aside + 2 >= pages); /* a page may be free */
}

/* One is kept, the last one; and it is the first to go where there is no room. */
static void one_damaged_database_is_kept(void **state)
{
	store_close(open_store(state));
	for (unsigned n = 0; n < 2; n++) {
		struct store_news news;
		const long size = scratch_size(scratch_path(state, "store.db"));
		assert_true(overwrite(scratch_path(state, "store.db"), 0, 100 + n));
		struct store *s = open_store(state);
		assert_true(store_news_next(s, &news));
		assert_int_equal(news.kind, STORE_NEWS_ANEW);
		assert_non_null(strstr(news.text, "store.db.damaged-1"));
		assert_int_equal(scratch_size(scratch_path(state, "store.db.damaged-1")), size);
		assert_int_equal(scratch_size(scratch_path(state, "store.db.damaged-2")), -1);
		int64_t when = 0;
		assert_int_equal(store_set_aside_s(s, &when), 0);
		assert_true(when > 0);
		store_close(s);
	}
}

/* Everything else is no damage: it stays where it is, for a person or for a better moment. */
static void what_is_not_damaged_is_not_set_aside(void **state)
{
	const struct store_limits unlimited = { 0 };
	if (!be_ordinary(state)) {
		be_oneself();
		skip();
	}
	for (unsigned how = 0; how < 3; how++) {
		static const int wants[] = { -EACCES, -EPROTO, -EISDIR };
		struct store *s = open_store(state);
		const char *db = scratch_path(state, "store.db");
		sqlite3 *raw;
		store_close(s);
		if (how == 0) {
			assert_int_equal(chmod(db, 0), 0);
		} else if (how == 1) {
			assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
			assert_int_equal(sqlite3_exec(raw, "PRAGMA user_version=999", NULL, NULL,
						      NULL),
					 SQLITE_OK);
			sqlite3_close(raw);
		} else {
			assert_int_equal(unlink(db), 0);
			assert_int_equal(mkdir(db, 0700), 0);
		}
		assert_int_equal(store_open(*state, &unlimited, &s, NULL), wants[how]);
		assert_true(scratch_size(db) >= 0);
		assert_int_equal(scratch_size(scratch_path(state, "store.db.damaged-1")), -1);
		scratch_empty(*state);
	}
	be_oneself();
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

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	/* Many databases, and no power cut: memory will do. */
	if (!access("/dev/shm", W_OK))
		setenv("TMPDIR", "/dev/shm", 1);
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(names_come_back_when_the_database_is_lost),
		WITH_FOLDER(bodies_are_found_when_they_are_asked_for),
		WITH_FOLDER(a_damaged_database_is_set_aside),
		WITH_FOLDER(one_damaged_database_is_kept),
		WITH_FOLDER(what_is_not_damaged_is_not_set_aside),
		WITH_FOLDER(bytes_that_were_lost_with_the_database_are_told),
		WITH_FOLDER(a_name_that_was_lost_with_the_database_is_told),
		WITH_FOLDER(a_name_that_cannot_be_read_is_no_lost_one),
		WITH_FOLDER(without_descriptors_nothing_is_removed),
	};
	return cmocka_run_group_tests_name("cache/store_anew", tests, NULL, NULL);
}
