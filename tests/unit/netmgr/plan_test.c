// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/plan.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "tests/unit/netmgr/ways.h"

static struct plan_uplink line(int ifindex, const char *device, const char *address, unsigned len)
{
	struct plan_uplink u = { .ifindex = ifindex,
				 .addressed = address != NULL,
				 .prefix_len = len };
	snprintf(u.device, sizeof(u.device), "%s", device);
	if (address)
		inet_pton(AF_INET, address, &u.address);
	inet_pton(AF_INET, "192.168.1.1", &u.gateway);
	return u;
}

static void make(const struct plan_uplink *lines, size_t count, int preferred, struct plan *p)
{
	const struct prefer_ways ways = ways_all_over(preferred);
	plan_make(lines, count, &ways, p);
}

static size_t routes_in(const struct plan *p, uint32_t table)
{
	size_t n = 0;
	for (size_t i = 0; i < p->route_count; i++)
		n += p->routes[i].table == table;
	return n;
}

static const struct plan_rule *rule_at(const struct plan *p, uint32_t priority)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (!p->rules[i].six && p->rules[i].priority == priority)
			return &p->rules[i];
	return NULL;
}

/* A class that takes another line has a rule by its mark, after those that keep who is established; who says nothing takes the base. */
static void leads_a_class_its_own_way(void **state)
{
	(void)state;
	const struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
					     line(4, "wan1", "192.168.2.2", 24) };
	struct prefer_ways ways = ways_all_over(1);
	struct plan p;
	ways.line[SHAPE_SYNC] = 0;
	ways.line[SHAPE_LIVE] = ways.line[SHAPE_FIRMWARE] = -1;
	plan_make(lines, ARRAY_LEN(lines), &ways, &p);
	const struct plan_rule *rule = rule_at(&p, PLAN_RULE_CHOICE + SHAPE_SYNC);
	assert_non_null(rule);
	assert_int_equal(rule->table, PLAN_TABLE_UPLINK + 0);
	assert_int_equal(rule->mark, 0x40000);
	assert_int_equal(rule->mask, PLAN_MARK_CLASS);
	assert_true(rule->priority > PLAN_RULE_MARK + UPLINK_MAX &&
		    rule->priority < PLAN_RULE_CLASS);
	assert_int_equal(p.rule_count, 2 * (2 * ARRAY_LEN(lines) + 5));
	for (size_t r = 0; r < p.route_count; r++)
		if (p.routes[r].table == PLAN_TABLE_CLASS)
			assert_int_equal(p.routes[r].ifindex, 4);
	/* The base is of what says nothing; control messages may go elsewhere. */
	ways = ways_all_over(0);
	ways.line[SHAPE_CONTROL] = 1;
	plan_make(lines, ARRAY_LEN(lines), &ways, &p);
	assert_int_equal(rule_at(&p, PLAN_RULE_CHOICE + SHAPE_CONTROL)->mark, 0x10000);
	assert_null(rule_at(&p, PLAN_RULE_CHOICE + SHAPE_BROWSE));
}

/* By the line's mark and the class's; without a line's, what takes none. */
static void names_what_is_refused(void **state)
{
	(void)state;
	const struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
					     line(4, "wan1", "192.168.2.2", 24) };
	struct prefer_ways ways = ways_all_over(0);
	char whole[PLAN_NFT_ROOM], sets[PLAN_NFT_ROOM];
	ways.held = PREFER_BIT(SHAPE_SYNC);
	ways.barred[1] = PREFER_BIT(SHAPE_BROWSE) | PREFER_BIT(SHAPE_LIVE);
	static const char elements[] = "add element inet wasl barred { 0x40000 }\n"
				       "add element inet wasl barred { 0x20200 }\n"
				       "add element inet wasl barred { 0x200 }\n";
	assert_true(plan_nft(lines, ARRAY_LEN(lines), &ways, whole) > 0);
	assert_non_null(strstr(whole, elements));
	assert_true(plan_nft_sets(lines, ARRAY_LEN(lines), &ways, sets) > 0);
	assert_non_null(strstr(sets, elements));
	ways.held = 1 << SHAPE_BROWSE;
	assert_true(plan_nft_sets(lines, ARRAY_LEN(lines), &ways, sets) > 0);
	assert_non_null(strstr(sets, "barred { 0x0 }\n"));
}

static void ends_each_table_in_unreachable(void **state)
{
	(void)state;
	const struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
					     line(4, "wan1", "192.168.1.2", 24),
					     line(0, "usb0", NULL, 0),
					     line(5, "ppp", "10.1.2.3", 32) };
	struct plan p;
	make(lines, ARRAY_LEN(lines), 1, &p);
	static const size_t want[] = { 3, 3, 1, 2 };
	for (unsigned i = 0; i < ARRAY_LEN(lines); i++) {
		assert_int_equal(routes_in(&p, PLAN_TABLE_UPLINK + i), want[i]);
		for (size_t r = 0; r < p.route_count; r++) {
			const struct plan_route *route = &p.routes[r];
			if (route->table != PLAN_TABLE_UPLINK + i)
				continue;
			if (route->unreachable)
				assert_int_equal(route->metric, UINT32_MAX);
			else
				assert_int_equal(route->ifindex, lines[i].ifindex);
		}
	}
	assert_int_equal(routes_in(&p, PLAN_TABLE_CLASS), 2);
	assert_int_equal(p.rule_count, 2 * (2 * ARRAY_LEN(lines) + 4));
	for (size_t r = 0; r < p.route_count; r++)
		if (p.routes[r].table == PLAN_TABLE_CLASS)
			assert_int_equal(p.routes[r].ifindex, 4);
	/* Each rule and each place of a route stands once. */
	for (size_t a = 0; a < p.rule_count; a++)
		for (size_t b = 0; b < a; b++)
			assert_false(plan_same_rule(&p.rules[a], &p.rules[b]));
	for (size_t a = 0; a < p.route_count; a++)
		for (size_t b = 0; b < a; b++)
			assert_false(plan_same_place(&p.routes[a], &p.routes[b]));

	make(lines, ARRAY_LEN(lines), -1, &p);
	assert_int_equal(routes_in(&p, PLAN_TABLE_CLASS), 0);
	make(lines, ARRAY_LEN(lines), 2, &p);
	assert_int_equal(routes_in(&p, PLAN_TABLE_CLASS), 0);
	make(NULL, 0, -1, &p);
	assert_int_equal(p.route_count, 0);
	assert_int_equal(p.rule_count, 2 * 4);
}

/* A router without Internet, with the pupils on the same wire: they are answered though no uplink is any good. */
static void knows_its_wires_without_a_way_beyond(void **state)
{
	(void)state;
	const struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
					     line(4, "wan1", "192.168.1.2", 24),
					     line(5, "ppp", "10.1.2.3", 32),
					     line(6, "wan2", "10.9.0.7", 16) };
	struct plan p;
	make(lines, ARRAY_LEN(lines), -1, &p);
	assert_int_equal(routes_in(&p, PLAN_TABLE_NEAR), 2);
	for (size_t r = 0; r < p.route_count; r++) {
		if (p.routes[r].table != PLAN_TABLE_NEAR)
			continue;
		assert_int_equal(p.routes[r].gateway.s_addr, 0);
		assert_true(p.routes[r].to_len > 0);
		assert_int_equal(p.routes[r].ifindex, p.routes[r].to_len == 24 ? 3 : 6);
	}
	/* After every way that leads further, before the end. */
	unsigned at = 0, end = 0;
	for (size_t r = 0; r < p.rule_count; r++) {
		if (p.rules[r].six)
			continue;
		if (p.rules[r].table == PLAN_TABLE_NEAR)
			at = p.rules[r].priority;
		else if (!p.rules[r].table)
			end = p.rules[r].priority;
		else
			assert_true(p.rules[r].priority < PLAN_RULE_NEAR);
	}
	assert_true(at && at < end);
}

/* IPv6 has the same rules: default routes of table main are passed over there, too, and after the last line all ends. */
static void rules_both_families_alike(void **state)
{
	(void)state;
	const struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
					     line(4, "wan1", "192.168.2.2", 24) };
	struct prefer_ways ways = ways_all_over(0);
	struct plan p;
	ways.line[SHAPE_SYNC] = 1;
	plan_make(lines, ARRAY_LEN(lines), &ways, &p);
	bool ends = false, main_only = false;
	for (size_t r = 0; r < p.rule_count; r++) {
		struct plan_rule twin = p.rules[r];
		bool found = false;
		twin.six = !twin.six;
		for (size_t q = 0; q < p.rule_count; q++)
			found |= plan_same_rule(&p.rules[q], &twin);
		assert_true(found);
		ends |= twin.six && !twin.table && twin.priority == PLAN_RULE_END;
		main_only |= twin.six && twin.table == 254 && twin.not_default;
	}
	assert_true(ends && main_only);
}

/* A class whose line has no IPv6 is refused it: by its own line it cannot leave, and by most traffic's it may not. */
static void refuses_a_class_what_its_line_has_not(void **state)
{
	(void)state;
	struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
				       line(4, "wan1", "192.168.2.2", 24) };
	struct prefer_ways ways = ways_all_over(0);
	char sets[PLAN_NFT_ROOM], whole[PLAN_NFT_ROOM];
	lines[0].leads6 = true;
	ways.line[SHAPE_SYNC] = 1;
	assert_true(plan_nft_sets(lines, ARRAY_LEN(lines), &ways, sets) > 0);
	assert_non_null(strstr(sets, "add element inet wasl barred6 { 0x40000 }\n"));
	assert_true(plan_nft(lines, ARRAY_LEN(lines), &ways, whole) > 0);
	assert_non_null(strstr(whole, "add element inet wasl barred6 { 0x40000 }\n"));
	lines[1].leads6 = true;
	assert_true(plan_nft_sets(lines, ARRAY_LEN(lines), &ways, sets) > 0);
	assert_null(strstr(sets, "add element"));
}

static void fits_the_most_uplinks(void **state)
{
	(void)state;
	struct prefer_ways none = ways_all_over(-1);
	none.held = ~0u;
	memset(none.barred, 0xff, sizeof(none.barred));
	struct plan_uplink lines[UPLINK_MAX];
	struct plan p;
	char text[PLAN_NFT_ROOM];
	for (int i = 0; i < UPLINK_MAX; i++)
		lines[i] = line(i + 1, "abcdefghijklmno", "192.168.1.2", 24),
		lines[i].shared = true;
	make(lines, UPLINK_MAX, UPLINK_MAX - 1, &p);
	assert_true(p.route_count <= PLAN_ROUTES);
	assert_true(p.rule_count <= PLAN_RULES);
	int len = plan_nft(lines, UPLINK_MAX, &none, text);
	assert_int_equal(len, strlen(text));
	assert_non_null(strstr(text, "ct mark set ct mark and 0xffff00ff or 0x800"));
	assert_non_null(strstr(text, "\t}\n}\nadd element"));
	assert_int_equal(text[len - 1], '\n');
	assert_true(plan_nft(NULL, 0, &none, text) > 0);
	assert_null(strstr(text, "masquerade"));
}

/* What the box answers has what the far side said of itself: only what it began is believed. */
static void believes_what_the_box_began(void **state)
{
	(void)state;
	const struct prefer_ways none = ways_all_over(-1);
	const struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24) };
	char text[PLAN_NFT_ROOM];
	assert_true(plan_nft(lines, ARRAY_LEN(lines), &none, text) > 0);
	const char *own = strstr(text, "\tchain own {\n"), *end = strstr(own, "\t}\n");
	unsigned marks = 0;
	for (const char *at = own; (at = strstr(at, "0xfff0ffff or")) && at < end; at++)
		marks++;
	for (const char *at = own; (at = strstr(at, "\t\tct direction original ")) && at < end;
	     at++)
		marks -= strncmp(at + 24, "ip", 2) == 0 ||
			 strncmp(at + 24, "meta l4proto { tcp, udp }", 25) == 0;
	assert_int_equal(marks, 0);
	assert_non_null(strstr(own, "\t\tct direction original ip dscp { 48, 56 } meta mark set"));
}

/* What goes to people on a line's own wire does not wait for the line. */
static void lets_by_what_stays_on_the_wire(void **state)
{
	(void)state;
	const struct prefer_ways none = ways_all_over(-1);
	struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
				       line(4, "wan1", "192.168.2.2", 24) };
	char text[PLAN_NFT_ROOM];
	assert_true(plan_nft(lines, ARRAY_LEN(lines), &none, text) > 0);
	assert_null(strstr(text, "50:0\n"));
	lines[1].shared = true;
	assert_true(plan_nft(lines, ARRAY_LEN(lines), &none, text) > 0);
	assert_non_null(strstr(text, "\t\toifname \"wan1\" ip daddr 192.168.2.0/24 "
				     "meta priority set 50:0\n"
				     "\t\toifname \"wan1\" ip6 daddr { fe80::/10, ff02::/16 } "
				     "meta priority set 50:0\n\t}\n"));
	assert_null(strstr(text, "oifname \"wan0\" ip daddr"));
}

/* Which uplinks fell stands in the whole text and in the short one, and nothing else tells them apart. */
static void names_the_fallen(void **state)
{
	(void)state;
	const struct prefer_ways none = ways_all_over(-1);
	struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
				       line(4, "wan1", "192.168.1.2", 24) };
	char whole[PLAN_NFT_ROOM], fell[PLAN_NFT_ROOM];
	assert_true(plan_nft(lines, ARRAY_LEN(lines), &none, whole) > 0);
	assert_null(strstr(whole, "add element"));
	assert_true(plan_nft_sets(lines, ARRAY_LEN(lines), &none, fell) > 0);
	assert_string_equal(fell, "flush set inet wasl fell\nflush set inet wasl barred\n"
				  "flush set inet wasl barred6\n");
	lines[1].fell = true;
	assert_true(plan_nft(lines, ARRAY_LEN(lines), &none, whole) > 0);
	assert_true(plan_nft_sets(lines, ARRAY_LEN(lines), &none, fell) > 0);
	assert_string_equal(fell, "flush set inet wasl fell\nflush set inet wasl barred\n"
				  "flush set inet wasl barred6\n"
				  "add element inet wasl fell { 0x200 }\n");
	assert_non_null(strstr(whole, "}\nadd element inet wasl fell { 0x200 }\n"));
}

static void marks_do_not_collide(void **state)
{
	(void)state;
	for (unsigned i = 0; i < UPLINK_MAX; i++) {
		assert_true(plan_mark(i) != 0);
		assert_int_equal(plan_mark(i) & ~(unsigned)PLAN_MARK_UPLINK, 0);
		assert_int_equal(plan_probe_mark(i) & PLAN_MARK_UPLINK, plan_mark(i));
		assert_true(plan_probe_mark(i) & PLAN_MARK_PROBE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_each_table_in_unreachable),
		cmocka_unit_test(knows_its_wires_without_a_way_beyond),
		cmocka_unit_test(rules_both_families_alike),
		cmocka_unit_test(refuses_a_class_what_its_line_has_not),
		cmocka_unit_test(fits_the_most_uplinks),
		cmocka_unit_test(names_the_fallen),
		cmocka_unit_test(believes_what_the_box_began),
		cmocka_unit_test(lets_by_what_stays_on_the_wire),
		cmocka_unit_test(leads_a_class_its_own_way),
		cmocka_unit_test(names_what_is_refused),
		cmocka_unit_test(marks_do_not_collide),
	};
	return cmocka_run_group_tests_name("netmgr/plan", tests, NULL, NULL);
}
