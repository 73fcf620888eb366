// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/paths.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void puts_the_root_before_our_folders_only(void **state)
{
	(void)state;
	static const struct {
		const char *root, *path, *want;
	} rows[] = {
		{ NULL, "/var/lib/wasl", "/var/lib/wasl" },
		{ "", "/etc/wasl", "/etc/wasl" },
		{ "/tmp/box", "/var/lib/wasl/x", "/tmp/box/var/lib/wasl/x" },
		{ "/tmp/box/", "/run/wasl", "/tmp/box/run/wasl" },
		{ "/tmp/box", "/etc/wasl/root.1", "/tmp/box/etc/wasl/root.1" },
		{ "/tmp/box", "/usr/share/wasl/web", "/tmp/box/usr/share/wasl/web" },
		{ "/tmp/box", "/usr/share/fonts", "/usr/share/fonts" },
		{ "/tmp/box", "/variety", "/variety" }, /* a prefix of a name is no parent */
		{ "/tmp/box", "relative/var", "relative/var" },
		{ "/var/tmp/box", "/var/tmp/box/run/x", "/var/tmp/box/run/x" }, /* asked twice */
		{ "rel", "/run/x", "rel/run/x" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].root)
			setenv("WASL_ROOT", rows[i].root, 1);
		else
			unsetenv("WASL_ROOT");
		assert_string_equal(paths_at("%s", rows[i].path).at, rows[i].want);
	}
	unsetenv("WASL_ROOT");
}

static void what_was_named_is_where_its_name_says(void **state)
{
	(void)state;
	setenv("WASL_ROOT", "/tmp/box", 1);
	assert_string_equal(paths_given("%s/%s", "/var/films", "a.mp4").at, "/var/films/a.mp4");
	unsetenv("WASL_ROOT");
}

static void a_path_too_long_cannot_exist(void **state)
{
	(void)state;
	char big[PATH_MAX + 10];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	struct path p = paths_at("/var/%s", big);
	assert_string_equal(p.at + strlen(p.at) - 8, ".toolong");
	p = paths_given("/var/%s", big);
	assert_string_equal(p.at + strlen(p.at) - 8, ".toolong");
	big[PATH_MAX - 20] = '\0';
	setenv("WASL_ROOT", "/a/rather/long/root/folder", 1);
	p = paths_at("/var/%s", big);
	assert_string_equal(p.at + strlen(p.at) - 8, ".toolong");
	unsetenv("WASL_ROOT");
}

static void makes_folders_with_their_parents(void **state)
{
	(void)state;
	char base[] = "/tmp/wasl-paths-XXXXXX";
	assert_non_null(mkdtemp(base));
	struct path deep = paths_at("%s/a/b/c/", base);
	struct fault why = { 0 };
	umask(022);
	assert_int_equal(paths_mkdir(deep.at, 0700, &why), 0);
	assert_int_equal(paths_mkdir(deep.at, 0700, &why), 0);
	struct stat st;
	assert_int_equal(stat(deep.at, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(paths_at("%s/a/b", base).at, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);

	FILE *f = fopen(paths_at("%s/file", base).at, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(paths_mkdir(paths_at("%s/file/x", base).at, 0755, &why), -ENOTDIR);
	assert_non_null(strstr(why.text, "/file'"));
	assert_int_equal(paths_mkdir("", 0755, &why), -EINVAL);

	unlink(paths_at("%s/file", base).at);
	rmdir(paths_at("%s/a/b/c", base).at);
	rmdir(paths_at("%s/a/b", base).at);
	rmdir(paths_at("%s/a", base).at);
	assert_int_equal(rmdir(base), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_the_root_before_our_folders_only),
		cmocka_unit_test(what_was_named_is_where_its_name_says),
		cmocka_unit_test(a_path_too_long_cannot_exist),
		cmocka_unit_test(makes_folders_with_their_parents),
	};
	return cmocka_run_group_tests_name("base/paths", tests, NULL, NULL);
}
