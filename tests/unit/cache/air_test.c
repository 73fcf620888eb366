// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/air.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { HERE = 0, LAB = 1, T0 = 5000 };

static const struct air_plan plan = { { { .name = "main", .kbps = 20000 },
					{ .name = "lab", .kbps = 4000, .family = 4, .bits = 8 } },
				      2 };

static int make(void **state)
{
	void *memory = aligned_alloc(64, AIR_BYTES);
	memset(memory, 0xaa, AIR_BYTES); /* memory may come with anything in it */
	*state = air_at(memory);
	return 0;
}

static int drop(void **state)
{
	free(*state);
	return 0;
}

/* Devices FIRST..LAST of a room are heard of. */
static void come(struct air *a, size_t room, uint64_t first, uint64_t last, uint32_t now_s)
{
	for (uint64_t i = first; i <= last; i++)
		air_device(a, room, i, now_s);
}

static uint32_t share(struct air *a, uint32_t now_s)
{
	return air_share_kbps(a, &plan, HERE, now_s);
}

static void players_are_those_heard_of_lately(void **state)
{
	struct air *a = *state;
	assert_int_equal(air_players(a, HERE, T0), 0);
	come(a, HERE, 1, 5, T0 + 1);
	come(a, HERE, 1, 5, T0 + 1); /* again: the same ones */
	come(a, LAB, 11, 12, T0 + 1);
	come(a, AIR_ROOMS, 21, 21, T0 + 1);
	come(a, AIR_ROOMS + 77, 22, 22, T0 + 1); /* no such room: elsewhere */
	assert_int_equal(air_players(a, HERE, T0 + 1), 5);
	assert_int_equal(air_players(a, LAB, T0 + 1), 2);
	assert_int_equal(air_players(a, AIR_ROOMS, T0 + 1), 2);
	come(a, HERE, 5, 5, T0 + 30);
	assert_int_equal(air_players(a, HERE, T0 + AIR_ACTIVE_S), 5);
	assert_int_equal(air_players(a, HERE, T0 + 1 + AIR_ACTIVE_S), 1);
	assert_int_equal(air_players(a, LAB, T0 + 1 + AIR_ACTIVE_S), 0);
	/* A phone that moves is where it was seen last. */
	come(a, LAB, 5, 5, T0 + 50);
	assert_int_equal(air_players(a, HERE, T0 + 50), 0);
	assert_int_equal(air_players(a, LAB, T0 + 50), 1);
	/* What workers share is the same for the next one. */
	assert_ptr_equal(air_at(a), a);
	assert_int_equal(air_players(a, LAB, T0 + 51), 1);
}

/* Forty tablets of one model behind one address are one device with eighty connections. */
static void connections_tell_what_devices_hide(void **state)
{
	struct air *a = *state;
	come(a, HERE, 1, 1, T0);
	for (uint64_t i = 1; i <= 80; i++)
		air_line(a, HERE, i, T0);
	assert_int_equal(air_players(a, HERE, T0 + 1), 40);
	for (uint64_t i = 1; i <= 70; i++)
		air_line_closed(a, i);
	air_line_closed(a, 4711);
	assert_int_equal(air_players(a, HERE, T0 + 2), 5);
	/* Two connections of one phone are no more than the phone. */
	come(a, LAB, 2, 2, T0 + 2);
	air_line(a, LAB, 100, T0 + 2);
	air_line(a, LAB, 101, T0 + 2);
	assert_int_equal(air_players(a, LAB, T0 + 3), 1);
}

static void the_air_is_shared_out(void **state)
{
	struct air *a = *state;
	assert_int_equal(share(a, T0), 17000); /* nobody yet: all of it, less the reserve */
	come(a, HERE, 1, 1, T0);
	assert_int_equal(share(a, T0), 17000);
	come(a, HERE, 2, 2, T0 + 1);
	assert_int_equal(share(a, T0 + 1), 8500); /* two friends */
	/* A class begins: in one and the same second each makes the next one's share smaller. */
	uint32_t before = share(a, T0 + 2);
	for (uint64_t i = 3; i <= 40; i++) {
		come(a, HERE, i, i, T0 + 2);
		const uint32_t now = share(a, T0 + 2);
		assert_true(now < before);
		before = now;
	}
	assert_int_equal(before, 17000 / 80); /* as many more are expected */
	/* In the lab there is nobody, and elsewhere nobody watches. */
	assert_int_equal(air_share_kbps(a, &plan, LAB, T0 + 2), 3400);
	assert_int_equal(air_share_kbps(a, &plan, AIR_ROOMS, T0 + 2), UINT32_MAX);
	const struct air_plan none = { .count = 0 };
	assert_int_equal(air_share_kbps(a, &none, HERE, T0 + 2), UINT32_MAX);
}

static void those_who_leave_are_believed_slowly(void **state)
{
	struct air *a = *state;
	uint32_t now = T0;
	for (; now < T0 + 200; now++)
		come(a, HERE, 1, 40, now), share(a, now);
	assert_int_equal(share(a, now - 1), 17000 / 40);
	/* Ten leave: not yet a quarter by far enough. Twenty: after a minute, and not before. */
	for (; now < T0 + 400; now++)
		come(a, HERE, 1, 31, now), share(a, now);
	assert_int_equal(share(a, now - 1), 17000 / 40);
	const uint32_t left = now;
	for (; now < left + AIR_ACTIVE_S + AIR_PATIENCE_S - 2; now++) {
		come(a, HERE, 1, 20, now);
		assert_int_equal(share(a, now), 17000 / 40);
	}
	for (; now < left + AIR_ACTIVE_S + AIR_PATIENCE_S + 3; now++)
		come(a, HERE, 1, 20, now), share(a, now);
	assert_int_equal(share(a, now - 1), 17000 / 20);
	/* One comes: at once. */
	come(a, HERE, 50, 50, now);
	assert_int_equal(share(a, now), 17000 / 21);
}

/* Players that come and go about a boundary do not make the offer flap. */
static void a_cap_does_not_flap(void **state)
{
	static const struct air_rungs rungs = {
		{ { "240p", 344 }, { "360p", 624 }, { "480p", 1064 } }, 3
	};
	struct air *a = *state;
	unsigned changes = 0, naive = 0;
	size_t last = 0, last_naive = 0;
	uint64_t seed = 1;
	/* 17000 / 624 is 27 players: between 22 and 32 are there, for an hour. */
	for (uint32_t now = T0; now < T0 + 3600; now++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		if (now % 40 == 0)
			come(a, HERE, 1, 22 + (seed >> 33) % 11, now);
		const size_t rung = air_choose(&rungs, share(a, now));
		const uint32_t players = air_players(a, HERE, now);
		const size_t by_count = air_choose(&rungs, players ? 17000 / players : 17000);
		changes += now > T0 + 100 && rung != last;
		naive += now > T0 + 100 && by_count != last_naive;
		last = rung;
		last_naive = by_count;
	}
	assert_true(naive >= 20);
	assert_true(changes <= 2);
}

static void at_least_the_smallest_is_offered(void **state)
{
	(void)state;
	static const struct air_rungs rungs = {
		{ { "144p", 184 }, { "240p", 344 }, { "720p", 2064 } }, 3
	};
	static const struct {
		uint32_t share;
		size_t rung;
	} rows[] = { { 0, 0 },    { 183, 0 },  { 343, 0 },       { 344, 1 },
		     { 2063, 1 }, { 2064, 2 }, { UINT32_MAX, 2 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(air_choose(&rungs, rows[i].share), rows[i].rung);
}

static void a_crowd_does_not_break_the_table(void **state)
{
	struct air *a = *state;
	for (uint64_t i = 1; i <= 100000; i++) {
		air_device(a, i % 3, i * UINT64_C(0x9e3779b97f4a7c15), T0);
		air_line(a, i % 3, i, T0);
	}
	const uint32_t players = air_players(a, HERE, T0 + 1);
	assert_true(players > 100 && players < 4096);
	assert_true(share(a, T0 + 1) > 0 && share(a, T0 + 1) < 100);
	assert_int_equal(air_players(a, HERE, T0 + 1 + AIR_ACTIVE_S), 0);
	/* A moment before midnight of all clocks. */
	air_device(a, HERE, 1, UINT32_MAX - 3);
	assert_int_equal(air_players(a, HERE, UINT32_MAX - 2), 1);
	assert_int_equal(air_players(a, HERE, 5), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(players_are_those_heard_of_lately, make, drop),
		cmocka_unit_test_setup_teardown(connections_tell_what_devices_hide, make, drop),
		cmocka_unit_test_setup_teardown(the_air_is_shared_out, make, drop),
		cmocka_unit_test_setup_teardown(those_who_leave_are_believed_slowly, make, drop),
		cmocka_unit_test_setup_teardown(a_cap_does_not_flap, make, drop),
		cmocka_unit_test_setup_teardown(a_crowd_does_not_break_the_table, make, drop),
		cmocka_unit_test(at_least_the_smallest_is_offered),
	};
	return cmocka_run_group_tests_name("cache/air", tests, NULL, NULL);
}
