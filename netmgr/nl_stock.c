// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/nl_stock.h"

#include "firmware/base/clean.h"

/* Ours, there, and not wanted. What does not fit is found by the next look. */
struct stock {
	const struct plan *plan;
	uint32_t spare_table;
	struct plan_route routes[PLAN_ROUTES * 2];
	struct plan_rule rules[PLAN_RULES * 2];
	size_t route_count, rule_count;
};

static void find_stray_route(void *data, const struct plan_route *route)
{
	struct stock *s = data;
	if (s->spare_table && route->table == s->spare_table)
		return;
	for (size_t i = 0; i < s->plan->route_count; i++)
		if (plan_same_place(&s->plan->routes[i], route))
			return;
	if (s->route_count < ARRAY_LEN(s->routes))
		s->routes[s->route_count++] = *route;
}

static void find_stray_rule(void *data, const struct plan_rule *rule)
{
	struct stock *s = data;
	for (size_t i = 0; i < s->plan->rule_count; i++)
		if (plan_same_rule(&s->plan->rules[i], rule))
			return;
	if (s->rule_count < ARRAY_LEN(s->rules))
		s->rules[s->rule_count++] = *rule;
}

static int remove_strays(struct nl_net *n, const struct plan *plan, uint32_t spare_table,
			 struct fault *why)
{
	struct stock stock = { .plan = plan, .spare_table = spare_table };
	int r = nl_net_routes(n, find_stray_route, &stock, why);
	if (r == 0)
		r = nl_net_rules(n, find_stray_rule, &stock, why);
	for (size_t i = 0; r == 0 && i < stock.route_count; i++)
		r = nl_net_route(n, NL_REMOVE, &stock.routes[i], why);
	for (size_t i = 0; r == 0 && i < stock.rule_count; i++)
		r = nl_net_rule(n, NL_REMOVE, &stock.rules[i], why);
	return r;
}

int nl_stock_settle(struct nl_net *n, const struct plan *plan, uint32_t spare_table,
		    struct fault *why)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < plan->route_count; i++)
		r = nl_net_route(n, NL_PUT, &plan->routes[i], why);
	for (size_t i = 0; r == 0 && i < plan->rule_count; i++)
		r = nl_net_rule(n, NL_PUT, &plan->rules[i], why);
	return r == 0 ? remove_strays(n, plan, spare_table, why) : r;
}
