// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/six/nl_net6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/kernel/nl_priv.h"

enum { BYTES = sizeof(struct in6_addr) };

/* --- addresses --- */

int nl_net6_address(struct nl_net *n, enum nl_order order, int ifindex,
		    const struct nl6_address *address, struct fault *why)
{
	const struct nlpriv_address a = { AF_INET6, ifindex, &address->address, address->len };
	const struct ifa_cacheinfo times = { .ifa_prefered = address->preferred_s,
					     .ifa_valid = address->valid_s };
	CLEANUP(clean_msg) struct nl_msg *msg = nlpriv_address_message(order, &a);
	/* Two lines may have the same prefix: its route is the plan's to put. */
	if (!msg ||
	    (order != NL_REMOVE && (nla_put(msg, IFA_CACHEINFO, sizeof(times), &times) < 0 ||
				    nla_put_u32(msg, IFA_FLAGS, IFA_F_NOPREFIXROUTE) < 0)))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return nlpriv_address(n, order, &a, msg, why);
}

struct wanted {
	int ifindex;
	const struct in6_addr *address;
	bool found;
	uint32_t flags; /* IFA_F_ */
};

static void forget_wanted(void *data)
{
	struct wanted *w = data;
	w->found = false;
	w->flags = 0;
}

static int read_address(struct nl_msg *msg, void *data)
{
	struct wanted *w = data;
	struct nlattr *attrs[IFA_MAX + 1];
	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct ifaddrmsg), attrs, IFA_MAX, NULL) < 0)
		return NL_SKIP;
	const struct ifaddrmsg *info = nlmsg_data(nlmsg_hdr(msg));
	if (info->ifa_family != AF_INET6 || (int)info->ifa_index != w->ifindex ||
	    !attrs[IFA_ADDRESS] || nla_len(attrs[IFA_ADDRESS]) != BYTES ||
	    memcmp(nla_data(attrs[IFA_ADDRESS]), w->address, BYTES) != 0)
		return NL_SKIP;
	w->found = true;
	w->flags = attrs[IFA_FLAGS] ? nla_get_u32(attrs[IFA_FLAGS]) : info->ifa_flags;
	return NL_OK;
}

enum nl6_state nl_net6_address_state(int ifindex, const struct in6_addr *address)
{
	struct wanted w = { .ifindex = ifindex, .address = address };
	const struct nlpriv_reader reader = { read_address, forget_wanted, &w };
	struct ifaddrmsg info = { .ifa_family = AF_INET6, .ifa_index = (unsigned)ifindex };
	CLEANUP(clean_msg)
	struct nl_msg *msg = nlpriv_message(RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
	if (!msg || nlpriv_dump(NETLINK_ROUTE, msg, &reader) < 0)
		return NL6_ASKING; /* no answer is no news */
	if (!w.found || (w.flags & IFA_F_DADFAILED))
		return NL6_GONE;
	return w.flags & IFA_F_TENTATIVE ? NL6_ASKING : NL6_READY;
}

/* --- routes --- */

static int put_mtu(struct nl_msg *msg, uint32_t mtu)
{
	struct nlattr *metrics = nla_nest_start(msg, RTA_METRICS);
	if (!metrics || nla_put_u32(msg, RTAX_MTU, mtu) < 0)
		return -ENOMEM;
	nla_nest_end(msg, metrics);
	return 0;
}

int nl_net6_route(struct nl_net *n, enum nl_order order, const struct plan6_route *route,
		  struct fault *why)
{
	const struct nlpriv_route r = {
		.info = { .rtm_family = AF_INET6,
			  .rtm_dst_len = (uint8_t)route->to_len,
			  .rtm_protocol = PLAN_PROTOCOL,
			  .rtm_scope = RT_SCOPE_UNIVERSE,
			  .rtm_type = route->unreachable ? RTN_UNREACHABLE : RTN_UNICAST },
		.table = route->table,
		.metric = route->metric,
		.ifindex = route->ifindex,
		.to = &route->to,
		.gateway = IN6_IS_ADDR_UNSPECIFIED(&route->gateway) ? NULL : &route->gateway,
	};
	CLEANUP(clean_msg) struct nl_msg *msg = nlpriv_route_message(order, &r);
	if (!msg || (route->mtu && put_mtu(msg, route->mtu) < 0))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return nlpriv_route(n, order, &r, msg, why);
}

struct routes {
	struct plan6_route *list;
	size_t count, room;
};

static void clear_routes(struct routes *routes)
{
	free(routes->list);
}

static void forget_routes(void *data)
{
	struct routes *routes = data;
	routes->count = 0;
}

static uint32_t mtu_of(struct nlattr *metrics)
{
	struct nlattr *attrs[RTAX_MAX + 1];
	return metrics && nla_parse_nested(attrs, RTAX_MAX, metrics, NULL) == 0 && attrs[RTAX_MTU]
		       ? nla_get_u32(attrs[RTAX_MTU])
		       : 0;
}

static int read_route(struct nl_msg *msg, void *data)
{
	struct routes *routes = data;
	struct nlpriv_route_seen seen;
	if (!nlpriv_route_see(msg, AF_INET6, &seen) || (seen.info->rtm_flags & RTM_F_CLONED))
		return NL_SKIP;
	struct plan6_route route = { .table = seen.table,
				     .metric = seen.metric,
				     /* What leads nowhere has the kernel's own device. */
				     .ifindex = seen.unreachable ? 0 : seen.ifindex,
				     .to_len = seen.info->rtm_dst_len,
				     .unreachable = seen.unreachable,
				     .mtu = mtu_of(seen.attrs[RTA_METRICS]) };
	if (seen.attrs[RTA_DST])
		nla_memcpy(&route.to, seen.attrs[RTA_DST], BYTES);
	if (seen.attrs[RTA_GATEWAY])
		nla_memcpy(&route.gateway, seen.attrs[RTA_GATEWAY], BYTES);
	if (nlpriv_grow(&routes->list, &routes->room, routes->count, sizeof(route)) < 0)
		return -NLE_NOMEM;
	routes->list[routes->count++] = route;
	return NL_OK;
}

static int read_routes(struct routes *out, struct fault *why)
{
	const struct nlpriv_reader reader = { read_route, forget_routes, out };
	const struct rtmsg info = { .rtm_family = AF_INET6, .rtm_protocol = PLAN_PROTOCOL };
	const struct nlpriv_list list = { RTM_GETROUTE, AF_INET6,         &info,
					  sizeof(info), "netlink.routes", "routes of IPv6" };
	return nlpriv_read(&list, &reader, why);
}

static bool is_in(const struct plan6_route *route, const struct plan6_route *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (plan6_same(&list[i], route))
			return true;
	return false;
}

static bool place_is_in(const struct plan6_route *route, const struct plan6_route *list,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (plan6_same_place(&list[i], route))
			return true;
	return false;
}

int nl_net6_settle(struct nl_net *n, const struct plan6 *plan, struct fault *why)
{
	CLEANUP(clear_routes) struct routes there = { 0 };
	int r = read_routes(&there, why);
	for (size_t i = 0; r == 0 && i < plan->route_count; i++)
		if (!is_in(&plan->routes[i], there.list, there.count))
			r = nl_net6_route(n, NL_PUT, &plan->routes[i], why);
	/* One in the place of another has replaced it. */
	for (size_t i = 0; r == 0 && i < there.count; i++)
		if (!plan6_spares(plan, there.list[i].table) &&
		    !place_is_in(&there.list[i], plan->routes, plan->route_count))
			r = nl_net6_route(n, NL_REMOVE, &there.list[i], why);
	return r;
}

/* --- neighbours --- */

int nl_net6_neighbour(int ifindex, const struct in6_addr *address)
{
	return nlpriv_neighbour(AF_INET6, ifindex, address);
}
