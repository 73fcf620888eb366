// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/keyfile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

static char folder[512], path[560];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s/wasl-key-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/device.key", folder);
	return 0;
}

static int drop_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void makes_keys_once_and_reads_them_ever_after(void **state)
{
	(void)state;
	struct device_keys made, again;
	struct fault why = { 0 };
	assert_int_equal(keyfile_read(path, &again, &why), -ENOENT);
	assert_int_equal(keyfile_make(path, &made, &why), 0);
	assert_int_equal(keyfile_read(path, &again, &why), 0);
	assert_memory_equal(&made, &again, sizeof(made));
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, KEYFILE_BYTES);
	assert_int_equal(keyfile_make(path, &made, &why), -EEXIST);
	assert_int_equal(keyfile_read(path, &again, &why), 0);
	assert_memory_equal(&made, &again, sizeof(made));
}

static void shuts_others_out(void **state)
{
	(void)state;
	struct device_keys keys;
	assert_int_equal(keyfile_make(path, &keys, NULL), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(keyfile_read(path, &keys, NULL), 0);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void refused_and_left_alone(const void *bytes, size_t len)
{
	assert_int_equal(fileio_replace(path, bytes, len, 0600, NULL), 0);
	struct device_keys keys;
	struct fault why = { 0 };
	assert_int_equal(keyfile_read(path, &keys, &why), -EBADMSG);
	assert_string_equal(why.id, "key.bad");
	assert_non_null(strstr(why.text, path));
	assert_non_null(strstr(why.text, "backup"));
	assert_int_equal(keyfile_make(path, &keys, &why), -EEXIST);
	AUTO_FREE void *now = NULL;
	size_t now_len = 0;
	assert_int_equal(fileio_read(path, 1000, &now, &now_len, NULL), 0);
	assert_int_equal(now_len, len);
	assert_memory_equal(now, bytes, len);
}

static void refuses_damage_and_never_overwrites_it(void **state)
{
	(void)state;
	struct device_keys keys;
	assert_int_equal(keyfile_make(path, &keys, NULL), 0);
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(path, 1000, &bytes, &len, NULL), 0);
	uint8_t copy[KEYFILE_BYTES + 1] = { 0 };
	for (size_t n = 0; n < KEYFILE_BYTES; n += 13) {
		memcpy(copy, bytes, KEYFILE_BYTES);
		refused_and_left_alone(copy, n);
	}
	refused_and_left_alone(copy, KEYFILE_BYTES + 1);
	for (size_t i = 0; i < KEYFILE_BYTES; i += 3) {
		copy[i] ^= (uint8_t)(1u << i % 8);
		refused_and_left_alone(copy, KEYFILE_BYTES);
		copy[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(fileio_replace(path, copy, KEYFILE_BYTES, 0600, NULL), 0);
	assert_int_equal(keyfile_read(path, &keys, NULL), 0);
}

static void refuses_what_is_no_file(void **state)
{
	(void)state;
	struct device_keys keys;
	struct fault why = { 0 };
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(keyfile_read(path, &keys, &why), -EBADMSG);
	assert_int_equal(keyfile_make(path, &keys, &why), -EEXIST);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_true(keyfile_read(path, &keys, &why) < 0);
	assert_string_equal(why.id, "key.unreadable");
	assert_int_equal(keyfile_make(path, &keys, &why), -EEXIST);
}

static void says_when_there_is_no_room(void **state)
{
	(void)state;
	struct device_keys keys;
	struct fault why = { 0 };
	char nowhere[600];
	snprintf(nowhere, sizeof(nowhere), "%s/missing/device.key", folder);
	assert_true(keyfile_make(nowhere, &keys, &why) < 0);
	assert_non_null(strstr(why.text, nowhere));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_keys_once_and_reads_them_ever_after,
						make_folder, drop_folder),
		cmocka_unit_test_setup_teardown(shuts_others_out, make_folder, drop_folder),
		cmocka_unit_test_setup_teardown(refuses_damage_and_never_overwrites_it, make_folder,
						drop_folder),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_file, make_folder, drop_folder),
		cmocka_unit_test_setup_teardown(says_when_there_is_no_room, make_folder,
						drop_folder),
	};
	return cmocka_run_group_tests_name("agent/keyfile", tests, NULL, NULL);
}
