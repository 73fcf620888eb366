// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/air_plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void prefixes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int rc;
		uint8_t family, bits, first, last; /* bytes 0 and 3 of the address */
	} rows[] = {
		{ "", 0, 0, 0, 0, 0 },
		{ "192.168.1.0/24", 0, 4, 24, 192, 0 },
		{ "192.168.1.77/24", 0, 4, 24, 192, 0 }, /* what is behind the prefix is cleared */
		{ "10.1.2.3", 0, 4, 32, 10, 3 },
		{ "10.1.2.255/31", 0, 4, 31, 10, 254 },
		{ "fd00::/64", 0, 6, 64, 0xfd, 0 },
		{ "fd00::1", 0, 6, 128, 0xfd, 0 },
		{ "192.168.1.0/33", -EINVAL, 0, 0, 0, 0 },
		{ "192.168.1.0/0", -EINVAL, 0, 0, 0, 0 }, /* "" says so */
		{ "192.168.1.0/", -EINVAL, 0, 0, 0, 0 },
		{ "192.168.1.0/-1", -EINVAL, 0, 0, 0, 0 },
		{ "192.168.1/24", -EINVAL, 0, 0, 0, 0 },
		{ "fd00::/129", -EINVAL, 0, 0, 0, 0 },
		{ "classroom", -EINVAL, 0, 0, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct air_room r = { .name = "x" };
		assert_int_equal(air_prefix(rows[i].text, &r), rows[i].rc);
		assert_int_equal(r.family, rows[i].family);
		assert_int_equal(r.bits, rows[i].bits);
		assert_int_equal(r.address[0], rows[i].first);
		assert_int_equal(r.address[3], rows[i].last);
	}
}

static void a_plan_goes_there_and_back(void **state)
{
	(void)state;
	static const char text[] = "main 20000 -\nlab 8000 192.168.2.0/24\nsix 9000 fd00::/64\n";
	struct air_plan plan, again;
	char out[AIR_TEXT_BYTES];
	assert_int_equal(air_plan_parse(text, sizeof(text) - 1, &plan), 0);
	assert_int_equal(plan.count, 3);
	assert_string_equal(plan.rooms[1].name, "lab");
	assert_int_equal(plan.rooms[1].kbps, 8000);
	assert_int_equal(air_plan_text(&plan, out, sizeof(out)), sizeof(text) - 1);
	assert_string_equal(out, text);
	assert_int_equal(air_plan_parse(out, strlen(out), &again), 0);
	assert_memory_equal(&again.rooms, &plan.rooms, 3 * sizeof(plan.rooms[0]));
	assert_int_equal(air_plan_text(&plan, out, 20), 0);
	/* As many rooms with names as long as there may be. */
	struct air_plan most = { .count = AIR_ROOMS };
	for (size_t i = 0; i < AIR_ROOMS; i++) {
		memset(most.rooms[i].name, 'n', AIR_NAME_ROOM - 1);
		most.rooms[i].kbps = 100000000;
		assert_int_equal(air_prefix("fd01:2345:6789:abcd:ef01:2345:6789:abcd",
					    &most.rooms[i]),
				 0);
	}
	assert_true(air_plan_text(&most, out, sizeof(out)) > 0);
	assert_int_equal(air_plan_parse("", 0, &plan), 0);
	assert_int_equal(plan.count, 0);
}

static void rooms_are_found_by_the_longest_prefix(void **state)
{
	(void)state;
	static const char text[] =
		"rest 1 -\nlab 2 192.168.2.0/24\ndesk 3 192.168.2.7\nsix 4 fd00::/64\n";
	static const struct {
		const char *address;
		size_t room;
	} rows[] = {
		{ "10.0.0.1", 0 },    { "192.168.2.1", 1 }, { "192.168.2.7", 2 },
		{ "192.168.3.7", 0 }, { "fd00::9", 3 },     { "fd00:0:0:1::9", 0 },
	};
	struct air_plan plan;
	assert_int_equal(air_plan_parse(text, sizeof(text) - 1, &plan), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t address[16];
		const int family = strchr(rows[i].address, ':') ? AF_INET6 : AF_INET;
		assert_int_equal(inet_pton(family, rows[i].address, address), 1);
		assert_int_equal(air_room_of(&plan, address, family == AF_INET ? 4 : 16),
				 rows[i].room);
	}
	const struct air_plan none = { .count = 0 };
	assert_int_equal(air_room_of(&none, "\x7f\0\0\1", 4), AIR_ROOMS);
	/* Who comes by a unix socket has no address: he is where everybody is. */
	assert_int_equal(air_room_of(&plan, "", 0), 0);
}

static void what_is_no_plan_is_refused(void **state)
{
	(void)state;
	static const char *const plans[] = {
		"main\n",
		"main 20000\n",
		"main 20000 -",
		"main 0 -\n",
		"main x -\n",
		"main 20000 - x\n",
		"main 999999999999 -\n",
		"main 20000 300.0.0.0/8\n",
		"a/b 1 -\n",
		" 1 -\n",
		"\n",
		"a  1 -\n",
		"a 1 -\n\nb 1 -\n",
		"a-name-that-is-longer-than-thirty-one-letters 1 -\n",
		"a 1 -\nb 1 -\nc 1 -\nd 1 -\ne 1 -\nf 1 -\ng 1 -\nh 1 -\ni 1 -\n",
	};
	static const char *const rungs[] = {
		"",           "240p\n",
		"240p 344",   "240p 0\n",
		"240p 1 2\n", "../240p 344\n",
		"240p -1\n",  "a 1\nb 1\nc 1\nd 1\ne 1\nf 1\ng 1\nh 1\ni 1\n",
	};
	struct air_plan plan = { .count = 77 };
	struct air_rungs all = { .count = 77 };
	for (size_t i = 0; i < ARRAY_LEN(plans); i++)
		if (air_plan_parse(plans[i], strlen(plans[i]), &plan) != -EBADMSG)
			fail_msg("taken: '%s'", plans[i]);
	for (size_t i = 0; i < ARRAY_LEN(rungs); i++)
		if (air_rungs_parse(rungs[i], strlen(rungs[i]), &all) != -EBADMSG)
			fail_msg("taken: '%s'", rungs[i]);
	assert_int_equal(plan.count, 77);
	assert_int_equal(all.count, 77);
	assert_int_equal(air_rungs_parse("240p 344\n360p 624\n", 18, &all), 0);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.all[1].name, "360p");
	char out[64];
	assert_int_equal(air_rungs_text(&all, out, sizeof(out)), 18);
	assert_string_equal(out, "240p 344\n360p 624\n");
	assert_int_equal(air_rungs_text(&all, out, 18), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes),
		cmocka_unit_test(a_plan_goes_there_and_back),
		cmocka_unit_test(rooms_are_found_by_the_longest_prefix),
		cmocka_unit_test(what_is_no_plan_is_refused),
	};
	return cmocka_run_group_tests_name("cache/air_plan", tests, NULL, NULL);
}
