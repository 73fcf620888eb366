// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/lan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define USUAL "172.27.203.1/24 10.203.77.1/24 192.168.203.1/24"

/* Words as "192.168.1.7/24 10.1.2.3/32"; what uplinks have may be anything. */
static size_t nets(const char *text, struct lan_net *out, size_t room)
{
	char copy[256], *rest = NULL;
	size_t n = 0;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *slash = strchr(word, '/');
		assert_non_null(slash);
		assert_true(n < room);
		*slash = '\0';
		assert_int_equal(inet_pton(AF_INET, word, &out[n].address), 1);
		out[n++].len = (unsigned)atoi(slash + 1);
	}
	return n;
}

static void chooses(void **state)
{
	(void)state;
	static const struct {
		const char *now, *wishes, *taken, *lately;
		enum lan_choice want;
		const char *to;
	} rows[] = {
		/* the first of the list, as long as nobody has it */
		{ "", USUAL, "", "", LAN_MOVES, "172.27.203.1/24" },
		{ "", "192.168.1.1/24 10.9.0.1/24", "", "", LAN_MOVES, "192.168.1.1/24" },
		/* nobody collides: it stays, whatever it is, and whatever else is free */
		{ "192.168.1.1/24", USUAL, "192.168.2.7/24", "", LAN_STAYS, NULL },
		{ "10.203.77.1/24", USUAL, "192.168.1.7/24 100.64.3.4/10", "", LAN_STAYS, NULL },
		{ "192.168.1.1/24", USUAL, "", "192.168.1.9/24", LAN_STAYS, NULL },
		/* the everyday case */
		{ "192.168.1.1/24", "192.168.1.1/24 10.9.0.1/24", "192.168.1.7/24", "", LAN_MOVES,
		  "10.9.0.1/24" },
		/* the same network with other masks; a part of it; only the router, or the resolver, lies in it */
		{ "192.168.1.1/24", "192.168.1.1/24 10.9.0.1/24", "192.168.0.7/16", "", LAN_MOVES,
		  "10.9.0.1/24" },
		{ "192.168.1.1/24", "192.168.1.1/24 10.9.0.1/24", "192.168.1.200/30", "", LAN_MOVES,
		  "10.9.0.1/24" },
		{ "192.168.1.1/24", "192.168.1.1/24 10.9.0.1/24", "10.0.0.2/30 192.168.1.1/32", "",
		  LAN_MOVES, "10.9.0.1/24" },
		/* each uplink has one of the list */
		{ "172.27.203.1/24", USUAL, "172.27.203.9/24 10.203.77.9/24", "", LAN_MOVES,
		  "192.168.203.1/24" },
		/* a provider that has all of 10.x, and one with all of 172.16 to 172.31 */
		{ "10.203.77.1/24", USUAL, "10.1.2.3/8 172.20.1.1/12", "", LAN_MOVES,
		  "192.168.203.1/24" },
		/* the list is used up: the highest that is free, the box at the same place in it */
		{ "192.168.1.1/24", "192.168.1.1/24", "192.168.1.7/24", "", LAN_MOVES,
		  "172.31.255.1/24" },
		{ "192.168.1.254/24", "192.168.1.254/24", "192.168.1.7/24 172.31.255.5/24", "",
		  LAN_MOVES, "172.31.254.254/24" },
		{ "192.168.1.1/24", "192.168.1.1/24", "192.168.1.7/24 172.16.0.1/12", "", LAN_MOVES,
		  "10.255.255.1/24" },
		{ "192.168.1.1/24", "192.168.1.1/24", "192.168.1.7/24 172.16.0.1/12 10.0.0.1/8", "",
		  LAN_MOVES, "192.168.255.1/24" },
		{ "10.9.0.1/16", "10.9.0.1/16", "10.9.1.1/24", "", LAN_MOVES, "172.31.0.1/16" },
		{ "10.9.0.1/29", "10.9.0.1/29", "10.9.0.6/29", "", LAN_MOVES, "172.31.255.249/29" },
		/* what an uplink had last is avoided, so that it need not move again when that one is back */
		{ "192.168.1.1/24", USUAL, "192.168.1.7/24", "172.27.203.5/24", LAN_MOVES,
		  "10.203.77.1/24" },
		{ "192.168.1.1/24", "192.168.1.1/24 10.9.0.1/24", "192.168.1.7/24", "10.9.0.3/24",
		  LAN_MOVES, "172.31.255.1/24" },
		/* but taken where nothing else is left */
		{ "192.168.1.1/24", "192.168.1.1/24 10.9.0.1/24",
		  "192.168.0.1/16 172.16.0.1/12 10.128.0.1/9", "10.0.0.1/9", LAN_MOVES,
		  "10.9.0.1/24" },
		/* and nothing is left at all */
		{ "192.168.1.1/24", USUAL, "192.168.0.1/16 172.16.0.1/12 10.0.0.1/8", "",
		  LAN_NOWHERE, NULL },
		{ "192.168.1.1/24", USUAL, "200.0.0.1/1 10.0.0.1/1", "", LAN_NOWHERE, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lan_net now = { 0 }, wishes[8], taken[8], lately[8], to = { 0 };
		struct lan_ground ground = { .wishes = wishes, .taken = taken, .lately = lately };
		char text[LAN_NET_ROOM];
		(void)nets(rows[i].now, &now, 1);
		ground.wish_count = nets(rows[i].wishes, wishes, ARRAY_LEN(wishes));
		ground.taken_count = nets(rows[i].taken, taken, ARRAY_LEN(taken));
		ground.lately_count = nets(rows[i].lately, lately, ARRAY_LEN(lately));
		enum lan_choice got = lan_choose(&now, &ground, &to);
		lan_write(&to, text);
		if (got != rows[i].want || (rows[i].to && strcmp(text, rows[i].to) != 0))
			fail_msg("row %zu: %d, %s", i, got, text);
		if (got != LAN_MOVES)
			continue;
		/* Where it went it stays. */
		assert_true(lan_good(&to));
		assert_int_equal(lan_choose(&to, &ground, &now), LAN_STAYS);
	}
}

static void reads_lists(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{ USUAL, 3 },
		{ "  10.0.0.1/24  ", 1 },
		{ "10.0.0.1/24 10.0.1.1/24 10.0.2.1/24 10.0.3.1/24 10.0.4.1/24 10.0.5.1/24 "
		  "10.0.6.1/24 10.0.7.1/24",
		  8 },
		{ "10.0.0.1/24 10.0.1.1/24 10.0.2.1/24 10.0.3.1/24 10.0.4.1/24 10.0.5.1/24 "
		  "10.0.6.1/24 10.0.7.1/24 10.0.8.1/24",
		  -EINVAL },
		{ "", -EINVAL },
		{ " ", -EINVAL },
		{ "10.0.0.1", -EINVAL },
		{ "10.0.0.1/", -EINVAL },
		{ "10.0.0.1/8", -EINVAL },
		{ "10.0.0.1/15", -EINVAL },
		{ "10.0.0.1/30", -EINVAL },
		{ "10.0.0.1/2a", -EINVAL },
		{ "10.0.0.1/240", -EINVAL },
		{ "10.0.0.0/24", -EINVAL },
		{ "10.0.0.255/24", -EINVAL },
		{ "8.8.8.1/24", -EINVAL },
		{ "172.32.0.1/24", -EINVAL },
		{ "192.169.0.1/24", -EINVAL },
		{ "10.0.0.1/24,10.0.1.1/24", -EINVAL },
		{ "10.0.0.1/24 wlan0", -EINVAL },
		{ "10.0.0.1111111111111111111111111111/24", -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lan_net out[LAN_WISHES];
		int got = lan_read_list(rows[i].text, out);
		if (got != rows[i].want)
			fail_msg("row %zu: %d", i, got);
	}
	struct lan_net out[LAN_WISHES];
	char text[LAN_NET_ROOM];
	assert_int_equal(lan_read_list("192.168.203.254/22", out), 1);
	lan_write(&out[0], text);
	assert_string_equal(text, "192.168.203.254/22");
	lan_write_network(&out[0], text);
	assert_string_equal(text, "192.168.200.0/22");
}

/* A router that hands out the classroom's network, whatever it is, each time that it is asked. */
static void is_not_driven_on_for_ever(void **state)
{
	(void)state;
	struct lan_pace pace = { { 0 } };
	uint64_t now = 5000;
	for (int i = 0; i < LAN_PACE; i++, now += 1000) {
		assert_true(lan_pace_allows(&pace, now));
		lan_pace_note(&pace, now);
	}
	assert_false(lan_pace_allows(&pace, now));
	assert_false(lan_pace_allows(&pace, 5000 + LAN_PACE_MS - 1));
	assert_true(lan_pace_allows(&pace, 5000 + LAN_PACE_MS));
	lan_pace_note(&pace, 5000 + LAN_PACE_MS);
	assert_false(lan_pace_allows(&pace, 5000 + LAN_PACE_MS));
	assert_true(lan_pace_allows(&pace, 6000 + LAN_PACE_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses),
		cmocka_unit_test(reads_lists),
		cmocka_unit_test(is_not_driven_on_for_ever),
	};
	return cmocka_run_group_tests_name("netmgr/lan", tests, NULL, NULL);
}
