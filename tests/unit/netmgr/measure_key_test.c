// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/measure_key.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

#define DEVICE "00112233445566778899aabbccddeeff"
#define KEY DEVICE DEVICE

static void takes_two_numbers_of_the_right_length(void **state)
{
	(void)state;
	static const struct {
		const char *device, *key;
		int want;
	} rows[] = {
		{ DEVICE, KEY, 0 },           { NULL, KEY, -EINVAL },
		{ DEVICE, NULL, -EINVAL },    { DEVICE "00", KEY, -EINVAL },
		{ DEVICE, DEVICE, -EINVAL },  { "", "", -EINVAL },
		{ DEVICE, KEY "0", -EINVAL }, { "g" DEVICE, KEY, -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct measure_key k = { 0 };
		assert_int_equal(measure_key_read(rows[i].device, rows[i].key, &k, NULL),
				 rows[i].want);
		assert_int_equal(k.has, rows[i].want == 0);
	}
}

static void is_kept_for_its_owner_alone(void **state)
{
	(void)state;
	char folder[] = "/tmp/wasl-key-XXXXXX";
	struct measure_key k, again = { 0 };
	struct stat st;
	struct fault why = { 0 };
	assert_non_null(mkdtemp(folder));
	struct path path = paths_given("%s/echo.key", folder);
	assert_int_equal(measure_key_load(path.at, &again, &why), -ENOENT);
	assert_false(again.has);
	assert_int_equal(measure_key_read(DEVICE, KEY, &k, NULL), 0);
	assert_int_equal(measure_key_keep(path.at, &k, &why), 0);
	assert_int_equal(stat(path.at, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(measure_key_load(path.at, &again, &why), 0);
	assert_true(again.has);
	assert_memory_equal(again.device, k.device, sizeof(k.device));
	assert_memory_equal(again.key, k.key, sizeof(k.key));
	again.has = false;
	assert_int_equal(fileio_replace(path.at, DEVICE "\n", 33, 0600, NULL), 0);
	assert_int_equal(measure_key_load(path.at, &again, &why), -EBADMSG);
	assert_non_null(strstr(why.text, "echo.key"));
	assert_false(again.has);
	unlink(path.at);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_two_numbers_of_the_right_length),
		cmocka_unit_test(is_kept_for_its_owner_alone),
	};
	return cmocka_run_group_tests_name("netmgr/measure_key", tests, NULL, NULL);
}
