// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/rest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "content/kitchen/rest_read.h"
#include "firmware/base/clean.h"
#include "tests/unit/scratch.h"

static const struct rest_limits limits = {
	.late_ms = 200, .hot_c = 75, .quiet_ms = 1000, .reserve_bytes = 1000
};

/* A story: each row lasts from its second to the next row's; what is asked is asked at `at_s`. */
static const struct {
	const char *why;
	unsigned at_s, late_ms;
	int warm_c;
	enum rest_power power;
	bool pupils;
	uint64_t room;
	enum rest_reason reason;
	bool better;
} rows[] = {
	{ "the box has just begun", 0, 5, 50, REST_MAINS, false, 1250, REST_NOT, false },
	{ "nothing speaks against it", 1, 5, 50, REST_MAINS, false, 1250, REST_NOT, true },
	{ "a machine that says nothing of itself", 2, 5, REST_UNKNOWN_C, REST_POWER_UNKNOWN, false,
	  1250, REST_NOT, true },
	{ "there is less room, but enough", 3, 5, 50, REST_MAINS, false, 1000, REST_NOT, true },
	{ "too little", 4, 5, 50, REST_MAINS, false, 999, REST_NOT, false },
	{ "again a little more: not yet", 5, 5, 50, REST_MAINS, false, 1249, REST_NOT, false },
	{ "enough", 6, 5, 50, REST_MAINS, false, 1250, REST_NOT, true },
	{ "a pupil waits", 7, 5, 50, REST_MAINS, true, 2000, REST_PUPILS, false },
	{ "has been served a second ago", 8, 5, 50, REST_MAINS, false, 2000, REST_PUPILS, false },
	{ "and no other has come", 9, 5, 50, REST_MAINS, false, 2000, REST_NOT, true },
	{ "it is warm", 10, 5, 74, REST_MAINS, false, 2000, REST_NOT, true },
	{ "it is hot", 11, 5, 75, REST_MAINS, false, 2000, REST_HOT, false },
	{ "it is hot still", 22, 5, 68, REST_MAINS, false, 2000, REST_HOT, false },
	{ "it has cooled down", 23, 5, 66, REST_MAINS, false, 2000, REST_NOT, true },
	{ "mains power fails", 24, 5, 60, REST_ON_BATTERY, false, 2000, REST_BATTERY, false },
	{ "while it is hot, too", 25, 5, 90, REST_ON_BATTERY, false, 2000, REST_BATTERY, false },
	{ "it is back: not at once", 28, 5, 60, REST_MAINS, false, 2000, REST_BATTERY, false },
	{ "for power that comes may go", 29, 5, 60, REST_MAINS, false, 2000, REST_NOT, true },
	{ "one look comes late", 35, 900, 60, REST_MAINS, false, 2000, REST_NOT, true },
	{ "two do", 36, 200, 60, REST_MAINS, false, 2000, REST_LATE, false },
	{ "and are not forgotten soon", 46, 5, 60, REST_MAINS, false, 2000, REST_LATE, false },
	{ "a pupil comes and goes meanwhile", 47, 5, 60, REST_MAINS, true, 2000, REST_LATE, false },
	{ "they are long ago", 57, 5, 60, REST_MAINS, false, 2000, REST_NOT, true },
};

static void every_row(void **state)
{
	struct rest r = { 0 };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const unsigned until =
			i + 1 < ARRAY_LEN(rows) ? rows[i + 1].at_s : rows[i].at_s + 1;
		for (unsigned s = rows[i].at_s; s < until; s++) {
			const struct rest_seen seen = {
				.now_ms = 1000000 + s * 1000,
				.late_ms = s == rows[i].at_s ? rows[i].late_ms : 5,
				.warm_c = rows[i].warm_c,
				.power = rows[i].power,
				.pupils_wait = rows[i].pupils && s == rows[i].at_s,
				.room_bytes = rows[i].room,
			};
			const struct rest_verdict v = rest_look(&r, &limits, &seen);
			if (s != rows[i].at_s)
				continue;
			if (v.reason != rows[i].reason || v.better != rows[i].better)
				print_message("%s: %s\n", rows[i].why, rest_name(v.reason));
			assert_int_equal(v.reason, rows[i].reason);
			assert_int_equal(v.better, rows[i].better);
		}
	}
}

static void limits_of_zero_are_none(void **state)
{
	static const struct rest_limits none = { 0 };
	struct rest r = { 0 };
	(void)state;
	for (unsigned i = 1; i < 60; i++) {
		const struct rest_seen seen = { .now_ms = i * 1000u,
						.late_ms = 100000,
						.warm_c = 120,
						.room_bytes = UINT64_MAX };
		const struct rest_verdict v = rest_look(&r, &none, &seen);
		assert_int_equal(v.reason, REST_NOT);
		assert_false(v.better);
	}
}

static void better_ones_wait_until_it_is_quiet(void **state)
{
	static const struct rest_limits patient = { .quiet_ms = 60000 };
	struct rest r = { 0 };
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		const struct rest_seen seen = { .now_ms = 5000 + i * 1000u,
						.wanted = i == 30,
						.room_bytes = 1 };
		const struct rest_verdict v = rest_look(&r, &patient, &seen);
		assert_int_equal(v.reason, REST_NOT); /* what is missing is made all the time */
		assert_int_equal(v.better, i >= 90);
	}
}

static void who_is_always_late_does_something_all_the_same(void **state)
{
	static const struct rest_limits strict = { .late_ms = 100 };
	struct rest r = { 0 };
	unsigned rested = 0;
	(void)state;
	for (unsigned i = 1; i <= 1000; i++) {
		const struct rest_seen seen = { .now_ms = i * 1000u, .late_ms = 500 };
		rested += rest_look(&r, &strict, &seen).reason == REST_LATE;
	}
	assert_in_range(rested, 500, 700);
}

/* --- what the kernel says -------------------------------------------------------------------------- */

static void put(const char *dir, const char *device, const char *file, const char *text)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/class/%s", dir, device);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/class/%s/%s", dir, device, file);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

static void the_machine_is_read(void **state)
{
	char dir[] = "/tmp/wasl-rest-XXXXXX", path[300];
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(rest_read_warm_c(dir), REST_UNKNOWN_C);
	assert_int_equal(rest_read_power(dir), REST_POWER_UNKNOWN);
	static const char *const folders[] = { "class", "class/thermal", "class/power_supply" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	assert_int_equal(rest_read_warm_c(dir), REST_UNKNOWN_C);
	put(dir, "thermal/thermal_zone0", "temp", "41500");
	put(dir, "thermal/thermal_zone1", "temp", "67200");
	put(dir, "thermal/thermal_zone2", "temp", "-274000"); /* not connected */
	put(dir, "thermal/thermal_zone3", "temp", "warm");
	put(dir, "thermal/cooling_device0", "temp", "99000");
	assert_int_equal(rest_read_warm_c(dir), 67);
	put(dir, "power_supply/hidpp", "type", "Battery");
	put(dir, "power_supply/hidpp", "scope", "Device");
	put(dir, "power_supply/hidpp", "status", "Discharging");
	assert_int_equal(rest_read_power(dir), REST_POWER_UNKNOWN);
	put(dir, "power_supply/BAT0", "type", "Battery");
	put(dir, "power_supply/BAT0", "status", "Discharging");
	assert_int_equal(rest_read_power(dir), REST_ON_BATTERY);
	put(dir, "power_supply/BAT0", "status", "Full");
	assert_int_equal(rest_read_power(dir), REST_MAINS);
	put(dir, "power_supply/BAT0", "status", "Discharging");
	put(dir, "power_supply/AC", "type", "Mains");
	put(dir, "power_supply/AC", "online", "1");
	assert_int_equal(rest_read_power(dir), REST_MAINS); /* a weak charger */
	put(dir, "power_supply/AC", "online", "0");
	assert_int_equal(rest_read_power(dir), REST_ON_BATTERY);
	assert_int_equal(scratch_drop(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(limits_of_zero_are_none),
		cmocka_unit_test(better_ones_wait_until_it_is_quiet),
		cmocka_unit_test(who_is_always_late_does_something_all_the_same),
		cmocka_unit_test(the_machine_is_read),
	};
	return cmocka_run_group_tests_name("content/rest", tests, NULL, NULL);
}
