// SPDX-License-Identifier: GPL-2.0-or-later
#include "board/board.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "tests/unit/scratch.h"

/* A machine made of files. */
static void put(const char *root, const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX + 128];
	snprintf(path, sizeof(path), "%s%s", root, folder);
	assert_int_equal(paths_mkdir(path, 0755, NULL), 0);
	snprintf(path, sizeof(path), "%s%s/%s", root, folder, name);
	assert_int_equal(fileio_replace(path, text, strlen(text), 0644, NULL), 0);
}

static void reads_boots(void **state)
{
	(void)state;
	char root[PATH_MAX];
	struct board *b;
	struct board_boot boot;
	struct fault why;
	assert_int_equal(scratch_folder(root), 0);
	assert_int_equal(board_open(root, &b, &why), 0);
	assert_true(board_boot(b, &boot, &why) < 0);
	assert_non_null(strstr(why.text, "boot_id"));
	put(root, "/proc/sys/kernel/random", "boot_id", "no id\n");
	assert_int_equal(board_boot(b, &boot, &why), -EINVAL);
	put(root, "/proc/sys/kernel/random", "boot_id", "0102030405060708090a0b0c0d0e0f10\n");
	assert_int_equal(board_boot(b, &boot, &why), 0);
	assert_int_equal(boot.id[15], 0x10);
	assert_int_equal(boot.cause, BOARD_CAUSE_UNKNOWN);
	assert_true(boot.uptime_ms > 0);
	put(root, "/proc/sys/kernel/random", "boot_id", "7e9b4af3-6e0d-4eef-91f0-67f30ec529d4\n");
	put(root, "/sys/class/watchdog/watchdog0", "bootstatus", "32\n");
	assert_int_equal(board_boot(b, &boot, &why), 0);
	assert_int_equal(boot.id[0], 0x7e);
	assert_int_equal(boot.id[15], 0xd4);
	assert_int_equal(boot.cause, BOARD_CAUSE_WATCHDOG);
	board_close(b);
	board_open("", &b, &why);
	assert_int_equal(board_boot(b, &boot, &why), 0);
	(void)board_ending(b);
	board_close(b);
	(void)scratch_drop(root);
}

static void reads_heat(void **state)
{
	(void)state;
	static const struct {
		const char *zones[3];
		int want;
		int hottest;
	} rows[] = {
		{ { NULL, NULL, NULL }, -ENODATA, 0 },
		{ { "48312\n", NULL, NULL }, 0, 48312 },
		{ { "48312\n", "61000\n", "-274000\n" }, 0, 61000 },
		{ { "-5000\n", "", "x\n" }, 0, -5000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char root[PATH_MAX], folder[64];
		struct board *b;
		int heat = 0;
		assert_int_equal(scratch_folder(root), 0);
		assert_int_equal(board_open(root, &b, NULL), 0);
		for (int z = 0; z < 3; z++) {
			snprintf(folder, sizeof(folder), "/sys/class/thermal/thermal_zone%d",
				 z * 2);
			if (rows[i].zones[z])
				put(root, folder, "temp", rows[i].zones[z]);
		}
		assert_int_equal(board_heat(b, &heat), rows[i].want);
		assert_int_equal(heat, rows[i].hottest);
		board_close(b);
		(void)scratch_drop(root);
	}
}

static void reads_storage_and_model(void **state)
{
	(void)state;
	static const struct {
		const char *life;
		int wear;
	} rows[] = { { NULL, -1 },
		     { "0x00 0x00\n", -1 },
		     { "0x01 0x03\n", 30 },
		     { "0x0b 0x01\n", 100 },
		     { "?\n", -1 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char root[PATH_MAX], model[64];
		struct board *b;
		struct board_storage storage;
		struct fault why;
		assert_int_equal(scratch_folder(root), 0);
		assert_int_equal(board_open(root, &b, NULL), 0);
		board_model(b, model);
		assert_string_equal(model, "");
		put(root, "/sys/class/dmi/id", "product_name", "Mini PC\n");
		board_model(b, model);
		assert_string_equal(model, "Mini PC");
		put(root, "/proc/device-tree", "model", "Raspberry Pi 4 Model B Rev 1.4");
		board_model(b, model);
		assert_string_equal(model, "Raspberry Pi 4 Model B Rev 1.4");
		if (rows[i].life)
			put(root, "/sys/class/block/mmcblk0/device", "life_time", rows[i].life);
		assert_int_equal(board_storage(b, root, &storage, &why), 0);
		assert_int_equal(storage.wear_percent, rows[i].wear);
		assert_true(storage.free_bytes <= storage.total_bytes && storage.total_bytes > 0);
		assert_true(board_storage(b, "/nonexistent/wasl", &storage, &why) < 0);
		assert_non_null(strstr(why.text, "/nonexistent/wasl"));
		board_close(b);
		(void)scratch_drop(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_boots),
		cmocka_unit_test(reads_heat),
		cmocka_unit_test(reads_storage_and_model),
	};
	return cmocka_run_group_tests_name("board/linux", tests, NULL, NULL);
}
