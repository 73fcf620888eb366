// SPDX-License-Identifier: GPL-2.0-or-later
#include "board/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "tests/unit/scratch.h"

static void lives_until_its_run_folder_goes(void **state)
{
	(void)state;
	char root[PATH_MAX];
	assert_int_equal(scratch_folder(root), 0);
	setenv("WASL_ROOT", root, 1);
	struct board *b;
	struct board_boot first, again, after;
	struct fault why;
	assert_int_equal(board_open("", &b, &why), 0);
	assert_int_equal(board_boot(b, &first, &why), 0);
	assert_in_range(first.uptime_ms, 0, 60000);
	assert_int_equal(board_boot(b, &again, &why), 0);
	assert_memory_equal(first.id, again.id, sizeof(first.id));
	assert_int_equal(unlink(paths_at("/run/wasl/sim-boot").at), 0);
	assert_int_equal(board_boot(b, &after, &why), 0);
	assert_memory_not_equal(first.id, after.id, sizeof(first.id));
	assert_int_equal(board_ending(b), BOARD_RUNS_ON);
	assert_int_equal(fileio_replace(paths_at("/run/wasl/sim-boot").at, "x", 1, 0644, NULL), 0);
	assert_true(board_boot(b, &after, &why) < 0);
	assert_non_null(strstr(why.text, "sim-boot"));
	board_close(b);
	(void)scratch_drop(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives_until_its_run_folder_goes),
	};
	return cmocka_run_group_tests_name("board/sim", tests, NULL, NULL);
}
