// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/run.h"

#include <errno.h>
#include <limits.h>

#include "firmware/base/fault.h"
#include "tests/unit/ctl/golden.h"

static void runs_without_a_shell(void **state)
{
	(void)state;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int status = -1;
	struct fault why = { 0 };
	assert_int_equal(run_capture("/bin/echo", "a; b $HOME", &text, &len, &status, &why), 0);
	assert_string_equal(text, "a; b $HOME\n");
	assert_int_equal(status, 0);
	assert_int_equal(run_through("/bin/false", "x", &status, &why), 0);
	assert_int_equal(status, 1);
	assert_int_equal(run_through("/nonexistent/x", "x", &status, &why), -ENOENT);
	assert_non_null(strstr(why.text, "'/nonexistent/x' cannot be run"));
}

static void long_output_is_cut_not_blocked(void **state)
{
	(void)state;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int status = -1;
	struct fault why = { 0 };
	/* more than a pipe holds and more than is kept */
	assert_int_equal(run_capture("/usr/bin/seq", "200000", &text, &len, &status, &why), 0);
	assert_int_equal(len, 256 << 10);
	assert_int_equal(status, 0);
}

static void looks_beside_itself(void **state)
{
	(void)state;
	char path[PATH_MAX], small[4];
	assert_int_equal(run_find("ctl_run", path, sizeof(path)), 0);
	assert_non_null(strstr(path, "/unit/ctl_run"));
	assert_int_equal(run_find("wasl-nothing", path, sizeof(path)), -ENOENT);
	assert_int_equal(run_find("ctl_run", small, sizeof(small)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_without_a_shell),
		cmocka_unit_test(long_output_is_cut_not_blocked),
		cmocka_unit_test(looks_beside_itself),
	};
	return cmocka_run_group_tests_name("ctl/run", tests, NULL, NULL);
}
