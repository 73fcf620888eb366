// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/six/plan6.h"

#include <string.h>

static bool none(const struct in6_addr *a)
{
	return IN6_IS_ADDR_UNSPECIFIED(a);
}

static bool same_address(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool plan6_same_place(const struct plan6_route *a, const struct plan6_route *b)
{
	return a->table == b->table && same_address(&a->to, &b->to) && a->to_len == b->to_len &&
	       a->metric == b->metric;
}

bool plan6_same(const struct plan6_route *a, const struct plan6_route *b)
{
	return plan6_same_place(a, b) && a->ifindex == b->ifindex &&
	       same_address(&a->gateway, &b->gateway) && a->mtu == b->mtu &&
	       a->unreachable == b->unreachable;
}

bool plan6_leads(const struct plan6_uplink *u)
{
	return u->ifindex && u->begins && !none(&u->router);
}

/* Where two lines have the same network, the first of them in a table is it. */
static void add(struct plan6 *p, struct plan6_route route)
{
	for (size_t i = 0; i < p->route_count; i++)
		if (plan6_same_place(&p->routes[i], &route))
			return;
	p->routes[p->route_count++] = route;
}

static void add_near(struct plan6 *p, uint32_t table, const struct plan6_uplink *u)
{
	for (size_t i = 0; i < u->net_count; i++)
		add(p, (struct plan6_route){ .table = table,
					     .to = u->nets[i].prefix,
					     .to_len = u->nets[i].len,
					     .ifindex = u->ifindex,
					     .metric = PLAN6_METRIC });
}

static void add_way(struct plan6 *p, uint32_t table, const struct plan6_uplink *u)
{
	add_near(p, table, u);
	if (!none(&u->router))
		add(p, (struct plan6_route){ .table = table,
					     .ifindex = u->ifindex,
					     .gateway = u->router,
					     .metric = PLAN6_METRIC,
					     .mtu = u->mtu });
}

void plan6_make(const struct plan6_uplink *uplinks, size_t count, const struct prefer_ways *ways,
		struct plan6 *out)
{
	const int base = ways->base;
	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < count; i++) {
		const uint32_t table = PLAN_TABLE_UPLINK + i;
		out->spared[i] = uplinks[i].unknown;
		out->near_spared |= uplinks[i].unknown;
		if (uplinks[i].ifindex) {
			/* A question's rule comes before table main, which has the wire's own addresses. */
			add(out, (struct plan6_route){ .table = table,
						       .to = { .s6_addr = { 0xfe, 0x80 } },
						       .to_len = 64,
						       .ifindex = uplinks[i].ifindex,
						       .metric = PLAN6_METRIC });
			add_way(out, table, &uplinks[i]);
		}
		if (!uplinks[i].unknown)
			add(out, (struct plan6_route){ .table = table,
						       .metric = UINT32_MAX,
						       .unreachable = true });
	}
	/* Until the core has chosen, the way of an earlier life stays open. */
	out->class_spared = !ways->chosen || (base >= 0 && uplinks[base].unknown);
	if (base >= 0 && plan6_leads(&uplinks[base]))
		add_way(out, PLAN_TABLE_CLASS, &uplinks[base]);
}

bool plan6_spares(const struct plan6 *plan, uint32_t table)
{
	if (table == PLAN_TABLE_CLASS)
		return plan->class_spared;
	if (table == PLAN_TABLE_NEAR)
		return plan->near_spared;
	return table >= PLAN_TABLE_UPLINK && table < PLAN_TABLE_UPLINK + UPLINK_MAX &&
	       plan->spared[table - PLAN_TABLE_UPLINK];
}
