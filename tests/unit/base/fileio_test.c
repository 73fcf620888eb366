// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/fileio.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"

static char base[32];

static int make_folder(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/wasl-fileio-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int drop_folder(void **state)
{
	(void)state;
	unlink(paths_at("%s/f", base).at);
	unlink(paths_at("%s/f.new", base).at);
	return rmdir(base);
}

static void replaces_whole_files(void **state)
{
	(void)state;
	struct path p = paths_at("%s/f", base);
	struct fault why = { 0 };
	assert_int_equal(fileio_replace(p.at, "first", 5, 0600, &why), 0);
	/* what a cut left aside must neither stop nor leak into the next write */
	AUTO_FD int fd = open(paths_at("%s/f.new", base).at, O_CREAT | O_WRONLY, 0666);
	assert_int_equal(fileio_write_all(fd, "much longer rubbish", 19), 0);
	assert_int_equal(fileio_replace(p.at, "two", 3, 0600, &why), 0);

	AUTO_FREE void *got = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(p.at, 100, &got, &len, &why), 0);
	assert_int_equal(len, 3);
	assert_string_equal(got, "two");
	struct stat st;
	assert_int_equal(stat(p.at, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(paths_at("%s/f.new", base).at, F_OK), -1);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
	(void)state;
	struct path p = paths_at("%s/f", base);
	struct fault why = { 0 };
	assert_int_equal(fileio_replace(p.at, "old", 3, 0644, &why), 0);
	struct rlimit kept, small;
	getrlimit(RLIMIT_FSIZE, &kept);
	small = (struct rlimit){ .rlim_cur = 4096, .rlim_max = kept.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	AUTO_FREE char *big = calloc(1, 100000);
	int r = fileio_replace(p.at, big, 100000, 0644, &why);
	setrlimit(RLIMIT_FSIZE, &kept);
	assert_int_equal(r, -EFBIG);
	assert_non_null(strstr(why.text, "unchanged"));
	AUTO_FREE void *got = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(p.at, 100, &got, &len, &why), 0);
	assert_string_equal(got, "old");
	assert_int_equal(fileio_replace("/nonexistent/f", "x", 1, 0644, &why), -ENOENT);
}

static void reads_within_the_limit(void **state)
{
	(void)state;
	struct path p = paths_at("%s/f", base);
	struct fault why = { 0 };
	AUTO_FREE char *body = malloc(10000);
	memset(body, 'b', 10000);
	assert_int_equal(fileio_replace(p.at, body, 10000, 0644, &why), 0);
	static const struct {
		size_t limit;
		int want;
	} rows[] = {
		{ 9999, -EFBIG }, { 10000, 0 }, { 10001, 0 }, { SIZE_MAX, 0 }, { 0, -EFBIG },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE void *got = NULL;
		size_t len = 0;
		assert_int_equal(fileio_read(p.at, rows[i].limit, &got, &len, &why), rows[i].want);
		if (rows[i].want == 0)
			assert_int_equal(len, 10000);
		else
			assert_null(got);
	}
	AUTO_FREE void *got = NULL;
	size_t len = 99;
	assert_int_equal(fileio_read(base, 100, &got, &len, &why), -EISDIR);
	assert_int_equal(fileio_read("/nonexistent", 100, &got, &len, &why), -ENOENT);
	assert_string_equal(why.text, "'/nonexistent': No such file or directory");
	/* a file whose size is not known beforehand */
	assert_int_equal(fileio_read("/proc/self/status", 1 << 20, &got, &len, &why), 0);
	assert_int_equal(strlen(got), len);
	assert_true(len > 100);
	AUTO_FREE void *cut = NULL;
	assert_int_equal(fileio_read("/proc/self/status", 100, &cut, &len, &why), -EFBIG);
	assert_int_equal(fileio_replace(p.at, "", 0, 0644, &why), 0);
	AUTO_FREE void *empty = NULL;
	assert_int_equal(fileio_read(p.at, 0, &empty, &len, &why), 0);
	assert_int_equal(len, 0);
}

static void positions(void **state)
{
	(void)state;
	AUTO_FD int fd = open(paths_at("%s/f", base).at, O_CREAT | O_TRUNC | O_RDWR, 0600);
	char back[6] = "";
	assert_int_equal(fileio_pwrite_all(fd, "hello", 5, 100), 0);
	assert_int_equal(fileio_pread_all(fd, back, 5, 100), 0);
	assert_string_equal(back, "hello");
	assert_int_equal(fileio_pread_all(fd, back, 5, 101), -ENODATA);
	assert_int_equal(fileio_pread_all(-1, back, 5, 0), -EBADF);
	assert_int_equal(fileio_write_all(-1, back, 5), -EBADF);
	AUTO_FD int full = open("/dev/full", O_WRONLY);
	assert_int_equal(fileio_write_all(full, back, 5), -ENOSPC);
	assert_int_equal(fileio_sync_parent(paths_at("%s/f", base).at), 0);
	assert_int_equal(fileio_sync_parent("f"), 0);
	assert_int_equal(fileio_sync_parent("/f"), 0);
	assert_int_equal(fileio_sync_parent("/nonexistent/f"), -ENOENT);
}

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_whole_files),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(reads_within_the_limit),
		cmocka_unit_test(positions),
	};
	return cmocka_run_group_tests_name("base/fileio", tests, make_folder, drop_folder);
}
