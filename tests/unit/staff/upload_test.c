// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/upload.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"

static int make(void **state)
{
	char *dir = strdup("/tmp/wasl-upload-XXXXXX");
	*state = dir && mkdtemp(dir) ? dir : NULL;
	return *state ? 0 : -1;
}

static int sweep(void **state)
{
	upload_drop(*state, "own-1");
	(void)rmdir(*state);
	free(*state);
	return 0;
}

static void pieces_go_on_where_the_last_ended(void **state)
{
	static const struct {
		uint64_t offset;
		const char *bytes;
		int want;
		uint64_t have;
	} rows[] = {
		{ 0, "abcd", 0, 4 },
		{ 0, "abcd", -ERANGE, 4 }, /* its answer was lost */
		{ 6, "gh", -ERANGE, 4 },
		{ 3, "d", -ERANGE, 4 },
		{ 4, "efghijk", -ERANGE, 4 }, /* beyond the end */
		{ 4, "", 0, 4 },
		{ 4, "ef", 0, 6 },
		{ 6, "ghij", 0, 10 },
		{ 10, "", 0, 10 },
		{ 10, "k", -ERANGE, 10 },
	};
	uint64_t have = 77;
	char bytes[11] = "";
	AUTO_FD int fd = -1;
	assert_int_equal(upload_begin(*state, "own-1", 10, NULL), 0);
	assert_int_equal(upload_begin(*state, "own-1", 10, NULL), -EEXIST);
	assert_int_equal(upload_have(*state, "own-1", &have, NULL), 0);
	assert_int_equal(have, 0); /* reserved, not there */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(upload_write(*state, "own-1", 10, rows[i].offset, rows[i].bytes,
					      strlen(rows[i].bytes), &have, NULL),
				 rows[i].want);
		assert_int_equal(have, rows[i].have);
		assert_int_equal(upload_have(*state, "own-1", &have, NULL), 0);
		assert_int_equal(have, rows[i].have);
	}
	assert_int_equal(upload_open(*state, "own-1", &fd, NULL), 0);
	assert_int_equal(fileio_pread_all(fd, bytes, 10, 0), 0);
	assert_string_equal(bytes, "abcdefghij");
	upload_drop(*state, "own-1");
	assert_int_equal(upload_have(*state, "own-1", &have, NULL), -ENOENT);
	assert_int_equal(upload_write(*state, "own-1", 10, 0, "a", 1, &have, NULL), -ENOENT);
}

static void no_room_is_said_before_the_first_byte(void **state)
{
	uint64_t have;
	assert_int_equal(upload_begin(*state, "own-1", UINT64_C(1) << 60, NULL), -ENOSPC);
	assert_int_equal(upload_have(*state, "own-1", &have, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pieces_go_on_where_the_last_ended, make, sweep),
		cmocka_unit_test_setup_teardown(no_room_is_said_before_the_first_byte, make, sweep),
	};
	return cmocka_run_group_tests_name("staff/upload", tests, NULL, NULL);
}
