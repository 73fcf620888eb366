// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/db.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/scratch_db.h"

static const char *const migrations[] = {
	"CREATE TABLE row(id INTEGER PRIMARY KEY, name TEXT UNIQUE, body BLOB, weight REAL)",
	"ALTER TABLE row ADD COLUMN seen INTEGER; CREATE INDEX row_seen ON row(seen)",
	"CREATE TABLE third(id INTEGER PRIMARY KEY); this is no SQL",
};

static struct scratch_db at;

static int make_folder(void **state)
{
	(void)state;
	return scratch_db_make(&at);
}

static int drop_folder(void **state)
{
	(void)state;
	return scratch_db_remove(&at);
}

static struct db *opened(size_t count)
{
	struct db *db = NULL;
	struct fault why = { 0 };
	int rc = db_open(at.path, DB_FULL, migrations, count, &db, &why);
	if (rc)
		fail_msg("%s", why.text);
	return db;
}

static int64_t number(struct db *db, const char *sql)
{
	int64_t got = -1;
	struct fault why = { 0 };
	assert_int_equal(db_int(db, -7, &got, &why, sql, ""), 0);
	return got;
}

static void migrates_step_by_step(void **state)
{
	(void)state;
	struct db *db = opened(1);
	assert_int_equal(number(db, "PRAGMA user_version"), 1);
	assert_int_equal(db_exec(db, NULL, "INSERT INTO row(name) VALUES(?)", "t", "kept"), 0);
	db_close(db);

	struct stat st;
	assert_int_equal(stat(at.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	db = opened(2);
	assert_int_equal(number(db, "PRAGMA user_version"), 2);
	assert_int_equal(number(db, "SELECT count(*) FROM row WHERE name='kept' AND seen IS NULL"),
			 1);
	assert_int_equal(number(db, "PRAGMA synchronous"), 2);
	assert_int_equal(number(db, "PRAGMA foreign_keys"), 1);
	db_close(db);
}

static void a_failed_migration_changes_nothing(void **state)
{
	(void)state;
	struct db *db = NULL;
	struct fault why = { 0 };
	assert_int_equal(db_open(at.path, DB_FULL, migrations, 3, &db, &why), -EIO);
	assert_null(db);
	assert_non_null(strstr(why.text, at.path));

	db = opened(2);
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_master WHERE name='third'"), 0);
	db_close(db);
}

static void refuses_a_newer_file_untouched(void **state)
{
	(void)state;
	db_close(opened(2));
	struct stat before, after;
	assert_int_equal(stat(at.path, &before), 0);

	struct db *db = NULL;
	struct fault why = { 0 };
	assert_int_equal(db_open(at.path, DB_FULL, migrations, 1, &db, &why), -EPROTO);
	assert_null(db);
	assert_string_equal(why.id, "db.newer");
	assert_non_null(strstr(why.text, "schema 2"));
	assert_int_equal(stat(at.path, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_size, after.st_size);
}

static void refuses_what_is_no_database(void **state)
{
	(void)state;
	static const char text[] =
		"this is a letter to the head of school, not a database, and it is long enough "
		"to be looked at as a header of one hundred bytes or more";
	AUTO_FD int fd = open(at.path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));

	struct db *db = NULL;
	struct fault why = { 0 };
	assert_int_equal(db_open(at.path, DB_FULL, migrations, 2, &db, &why), -EBADMSG);
	assert_string_equal(why.id, "db.damaged");
	assert_non_null(strstr(why.text, "move the file away"));
}

static void names_a_missing_folder(void **state)
{
	(void)state;
	struct db *db = NULL;
	struct fault why = { 0 };
	assert_int_equal(db_open("/nonexistent/x/db", DB_FULL, migrations, 1, &db, &why), -ENOENT);
	assert_non_null(strstr(why.text, "/nonexistent/x/db"));
}

static void binds_and_reads_back(void **state)
{
	(void)state;
	struct db *db = opened(2);
	struct fault why = { 0 };
	static const char *insert = "INSERT INTO row(id,name,body,weight,seen) VALUES(?,?,?,?,?)";
	assert_int_equal(db_exec(db, &why, insert, "itbdn", (int64_t)1 << 40, "وصل", "\0\1\2",
				 (size_t)3, 0.5),
			 0);
	assert_int_equal(db_changes(db), 1);
	assert_int_equal(db_exec(db, &why, insert, "itbdi", (int64_t)2, (const char *)NULL, "",
				 (size_t)0, 1.0, (int64_t)-1),
			 0);

	sqlite3_stmt *s;
	assert_int_equal(db_query(db, &s, &why, "SELECT name,body,weight,seen FROM row WHERE id=?",
				  "i", (int64_t)1 << 40),
			 0);
	assert_int_equal(db_step(db, s, &why), 1);
	assert_string_equal(sqlite3_column_text(s, 0), "وصل");
	assert_int_equal(sqlite3_column_bytes(s, 1), 3);
	assert_memory_equal(sqlite3_column_blob(s, 1), "\0\1\2", 3);
	assert_int_equal(sqlite3_column_type(s, 3), SQLITE_NULL);
	assert_int_equal(db_step(db, s, &why), 0);

	/* The same text gives the same statement, reset and without the old values. */
	sqlite3_stmt *again;
	assert_int_equal(db_query(db, &again, &why,
				  "SELECT name,body,weight,seen FROM row WHERE id=?", "i",
				  (int64_t)2),
			 0);
	assert_ptr_equal(s, again);
	assert_int_equal(db_step(db, again, &why), 1);
	assert_int_equal(sqlite3_column_type(again, 0), SQLITE_NULL);
	assert_int_equal(sqlite3_column_type(again, 1), SQLITE_BLOB);
	sqlite3_reset(again);

	assert_int_equal(number(db, "SELECT max(id) FROM row WHERE id>(1<<41)"), -7);
	assert_int_equal(number(db, "SELECT id FROM row WHERE id=5"), -7);
	db_close(db);
}

static void names_errors(void **state)
{
	(void)state;
	struct db *db = opened(2);
	static const struct {
		const char *sql, *binds;
		int want;
	} rows[] = {
		{ "INSERT INTO row(name) VALUES('twice')", "", 0 },
		{ "INSERT INTO row(name) VALUES('twice')", "", -EEXIST },
		{ "INSERT INTO nowhere VALUES(1)", "", -EIO },
		{ "INSERT INTO row(name) VALUES(?)", "", -EINVAL },    /* a value forgotten */
		{ "INSERT INTO row(name) VALUES('x')", "n", -EINVAL }, /* one too many */
		{ "", "", -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault why = { 0 };
		assert_int_equal(db_exec(db, &why, rows[i].sql, rows[i].binds), rows[i].want);
		assert_true(!rows[i].want == !why.text[0]);
	}
	db_close(db);
}

static int half_done(struct db *db)
{
	struct fault why;
	if (db_begin(db, &why))
		return why.code;
	DB_TX(db);
	return db_exec(db, &why, "INSERT INTO row(name) VALUES('half')", "");
}

static void leaving_a_transaction_undoes_it(void **state)
{
	(void)state;
	struct db *db = opened(2);
	assert_int_equal(half_done(db), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM row"), 0);
	db_rollback(db); /* outside: nothing to do */

	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(db_exec(db, NULL, "INSERT INTO row(name) VALUES('whole')", ""), 0);
	assert_int_equal(db_commit(db, NULL), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM row"), 1);
	assert_int_equal(db_commit(db, NULL), -EIO); /* nothing is open */
	db_close(db);
}

/* A child commits a row, says so, and dies in the middle of the next transaction. */
static void what_was_committed_survives_a_kill(void **state)
{
	(void)state;
	int tell[2];
	assert_int_equal(pipe(tell), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct db *db = opened(2);
		int bad = db_exec(db, NULL, "INSERT INTO row(name) VALUES('acknowledged')", "");
		bad |= db_begin(db, NULL);
		bad |= db_exec(db, NULL, "INSERT INTO row(name) VALUES('open')", "");
		if (!bad && write(tell[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(tell[1]);
	char got;
	assert_int_equal(read(tell[0], &got, 1), 1);
	close(tell[0]);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);

	struct db *db = opened(2);
	assert_int_equal(number(db, "SELECT count(*) FROM row WHERE name='acknowledged'"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM row"), 1);
	db_close(db);
}

/* The disk is full: max_page_count makes SQLite meet it at a page of our choice. */
static void a_full_disk_says_so(void **state)
{
	(void)state;
	struct db *db = opened(2);
	assert_true(number(db, "PRAGMA max_page_count=10") > 0);
	struct fault why = { 0 };
	int rc = 0;
	for (int i = 0; i < 100 && !rc; i++)
		rc = db_exec(db, &why, "INSERT INTO row(body) VALUES(zeroblob(8000))", "");
	assert_int_equal(rc, -ENOSPC);
	assert_string_equal(why.id, "db.full");
	db_close(db);
}

int main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(migrates_step_by_step),
		IN_FOLDER(a_failed_migration_changes_nothing),
		IN_FOLDER(refuses_a_newer_file_untouched),
		IN_FOLDER(refuses_what_is_no_database),
		IN_FOLDER(names_a_missing_folder),
		IN_FOLDER(binds_and_reads_back),
		IN_FOLDER(names_errors),
		IN_FOLDER(leaving_a_transaction_undoes_it),
		IN_FOLDER(what_was_committed_survives_a_kill),
		IN_FOLDER(a_full_disk_says_so),
	};
	return cmocka_run_group_tests_name("base/db", tests, NULL, NULL);
}
