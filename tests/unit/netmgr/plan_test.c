// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/plan.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

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

static size_t routes_in(const struct plan *p, uint32_t table)
{
	size_t n = 0;
	for (size_t i = 0; i < p->route_count; i++)
		n += p->routes[i].table == table;
	return n;
}

static void ends_each_table_in_unreachable(void **state)
{
	(void)state;
	const struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
					     line(4, "wan1", "192.168.1.2", 24),
					     line(0, "usb0", NULL, 0),
					     line(5, "ppp", "10.1.2.3", 32) };
	struct plan p;
	plan_make(lines, ARRAY_LEN(lines), 1, &p);
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
	assert_int_equal(p.rule_count, 2 * ARRAY_LEN(lines) + 6);
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

	plan_make(lines, ARRAY_LEN(lines), -1, &p);
	assert_int_equal(routes_in(&p, PLAN_TABLE_CLASS), 0);
	plan_make(lines, ARRAY_LEN(lines), 2, &p);
	assert_int_equal(routes_in(&p, PLAN_TABLE_CLASS), 0);
	plan_make(NULL, 0, -1, &p);
	assert_int_equal(p.route_count, 0);
	assert_int_equal(p.rule_count, 6);
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
	plan_make(lines, ARRAY_LEN(lines), -1, &p);
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

/* IPv6 reaches its wires by table main, whose default routes are passed over, and ends after that. */
static void shuts_the_other_family(void **state)
{
	(void)state;
	const struct plan_uplink one = line(3, "wan0", "192.168.1.2", 24);
	struct plan p;
	plan_make(&one, 1, 0, &p);
	const struct plan_rule *first = &p.rules[p.rule_count - 2], *last = first + 1;
	assert_true(first->six && last->six && first->not_default);
	assert_int_equal(first->table, 254);
	assert_int_equal(last->table, 0);
	assert_true(first->priority < last->priority);
	for (size_t r = 0; r + 2 < p.rule_count; r++)
		assert_false(p.rules[r].six);
}

static void fits_the_most_uplinks(void **state)
{
	(void)state;
	struct plan_uplink lines[UPLINK_MAX];
	struct plan p;
	char text[PLAN_NFT_ROOM];
	for (int i = 0; i < UPLINK_MAX; i++)
		lines[i] = line(i + 1, "abcdefghijklmno", "192.168.1.2", 24);
	plan_make(lines, UPLINK_MAX, UPLINK_MAX - 1, &p);
	assert_true(p.route_count <= PLAN_ROUTES);
	assert_true(p.rule_count <= PLAN_RULES);
	int len = plan_nft(lines, UPLINK_MAX, text);
	assert_int_equal(len, strlen(text));
	assert_non_null(strstr(text, "ct mark set ct mark and 0xffff00ff or 0x800"));
	assert_string_equal(text + len - 4, "\t}\n}\n" + 1);
	assert_true(plan_nft(NULL, 0, text) > 0);
	assert_null(strstr(text, "masquerade"));
}

/* Which uplinks fell stands in the whole text and in the short one, and nothing else tells them apart. */
static void names_the_fallen(void **state)
{
	(void)state;
	struct plan_uplink lines[] = { line(3, "wan0", "192.168.1.2", 24),
				       line(4, "wan1", "192.168.1.2", 24) };
	char whole[PLAN_NFT_ROOM], fell[PLAN_NFT_ROOM];
	assert_true(plan_nft(lines, ARRAY_LEN(lines), whole) > 0);
	assert_null(strstr(whole, "add element"));
	assert_true(plan_nft_fell(lines, ARRAY_LEN(lines), fell) > 0);
	assert_string_equal(fell, "flush set inet wasl fell\n");
	lines[1].fell = true;
	assert_true(plan_nft(lines, ARRAY_LEN(lines), whole) > 0);
	assert_true(plan_nft_fell(lines, ARRAY_LEN(lines), fell) > 0);
	assert_string_equal(fell, "flush set inet wasl fell\n"
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
		cmocka_unit_test(shuts_the_other_family),
		cmocka_unit_test(fits_the_most_uplinks),
		cmocka_unit_test(names_the_fallen),
		cmocka_unit_test(marks_do_not_collide),
	};
	return cmocka_run_group_tests_name("netmgr/plan", tests, NULL, NULL);
}
