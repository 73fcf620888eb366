// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_stock.h"

#include <stdlib.h>

#include "firmware/base/clean.h"

static bool route_is_wanted(const struct plan *plan, const struct plan_route *route)
{
	for (size_t i = 0; i < plan->route_count; i++)
		if (plan_same_place(&plan->routes[i], route))
			return true;
	return false;
}

static bool rule_is_wanted(const struct plan *plan, const struct plan_rule *rule)
{
	for (size_t i = 0; i < plan->rule_count; i++)
		if (plan_same_rule(&plan->rules[i], rule))
			return true;
	return false;
}

static int remove_strays(struct nl_net *n, const struct plan *plan, uint32_t spare_table,
			 struct fault *why)
{
	struct nl_routes routes = { 0 };
	struct nl_rules rules = { 0 };
	int r = nl_net_routes(&routes, why);
	AUTO_FREE struct plan_route *route = routes.list;
	if (r == 0)
		r = nl_net_rules(&rules, why);
	AUTO_FREE struct plan_rule *rule = rules.list;
	for (size_t i = 0; r == 0 && i < routes.count; i++)
		if ((!spare_table || route[i].table != spare_table) &&
		    !route_is_wanted(plan, &route[i]))
			r = nl_net_route(n, NL_REMOVE, &route[i], why);
	for (size_t i = 0; r == 0 && i < rules.count; i++)
		if (!rule_is_wanted(plan, &rule[i]))
			r = nl_net_rule(n, NL_REMOVE, &rule[i], why);
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
