// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/net_conf.h"
#include "netmgr/kernel/nl_priv.h"

CLEAN_FN(link, struct rtnl_link, rtnl_link_put)

void nl_net_close(struct nl_net *n)
{
	if (!n)
		return;
	nl_socket_free(n->orders);
	free(n);
}

CLEAN_FN(net, struct nl_net, nl_net_close)

int nl_net_open(struct nl_net **out, struct fault *why)
{
	CLEANUP(clean_net) struct nl_net *n = calloc(1, sizeof(*n));
	if (!n || !(n->orders = nl_socket_alloc()))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = nl_connect(n->orders, NETLINK_ROUTE);
	if (r < 0)
		return fault_set(why, -EIO, "netlink.open",
				 "cannot speak to the kernel's network: %s", nl_geterror(r));
	*out = MOVE_PTR(n);
	return 0;
}

uint32_t nl_net_port(const struct nl_net *n)
{
	return nl_socket_get_local_port(n->orders);
}

/* --- links --- */

int nl_net_look(struct nl_net *n, const char *device, struct nl_look *out)
{
	CLEANUP(clean_link) struct rtnl_link *link = NULL;
	int r = rtnl_link_get_kernel(n->orders, 0, device, &link);
	if (r < 0)
		return -r == NLE_OBJ_NOTFOUND || -r == NLE_NODEV ? -ENODEV : nlpriv_errno(r);
	*out = (struct nl_look){ .ifindex = rtnl_link_get_ifindex(link),
				 .up = (rtnl_link_get_flags(link) & IFF_UP) != 0,
				 .carrier = (rtnl_link_get_flags(link) & IFF_UP) &&
					    rtnl_link_get_carrier(link),
				 .rx_bytes = rtnl_link_get_stat(link, RTNL_LINK_RX_BYTES),
				 .tx_bytes = rtnl_link_get_stat(link, RTNL_LINK_TX_BYTES) };
	snprintf(out->device, sizeof(out->device), "%s", rtnl_link_get_name(link));
	return 0;
}

struct search {
	const char *begins;
	bool (*taken)(void *data, const char *device);
	void *data;
	int ifindex;
	char device[16];
};

static void forget_device(void *data)
{
	struct search *search = data;
	search->ifindex = 0;
}

static int read_device(struct nl_msg *msg, void *data)
{
	struct search *search = data;
	struct nlattr *attrs[IFLA_MAX + 1];
	char device[16];
	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct ifinfomsg), attrs, IFLA_MAX, NULL) < 0 ||
	    !attrs[IFLA_IFNAME] || nla_strlcpy(device, attrs[IFLA_IFNAME], sizeof(device)) == 0)
		return NL_SKIP;
	const struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(msg));
	if (strncmp(device, search->begins, strlen(search->begins)) != 0 ||
	    !net_conf_good_device(device) || search->taken(search->data, device) ||
	    (search->ifindex && search->ifindex < info->ifi_index))
		return NL_SKIP;
	search->ifindex = info->ifi_index;
	memcpy(search->device, device, sizeof(search->device));
	return NL_OK;
}

int nl_net_find(const char *begins, bool (*taken)(void *data, const char *device), void *data,
		char out[static 16])
{
	struct search search = { .begins = begins, .taken = taken, .data = data };
	const struct nlpriv_reader reader = { read_device, forget_device, &search };
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	CLEANUP(clean_msg)
	struct nl_msg *msg = nlpriv_message(RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
	if (!msg)
		return -ENOMEM;
	int r = nlpriv_dump(NETLINK_ROUTE, msg, &reader);
	if (r < 0 || !search.ifindex)
		return r < 0 ? r : -ENODEV;
	memcpy(out, search.device, sizeof(search.device));
	return 0;
}

enum path_filter { PATH_FILTER_AS_IT_IS, PATH_FILTER_OFF };

static int switch_on(struct nl_net *n, int ifindex, enum path_filter filter, struct fault *why)
{
	enum { OFF = 0, ARP_OF_THIS_DEVICE = 1, ARP_FROM_THIS_DEVICE = 2 };
	struct ifinfomsg info = { .ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	CLEANUP(clean_msg) struct nl_msg *msg = nlpriv_message(RTM_NEWLINK, 0, &info, sizeof(info));
	struct nlattr *spec = msg ? nla_nest_start(msg, IFLA_AF_SPEC) : NULL;
	struct nlattr *inet = spec ? nla_nest_start(msg, AF_INET) : NULL;
	struct nlattr *conf = inet ? nla_nest_start(msg, IFLA_INET_CONF) : NULL;
	if (!conf ||
	    (filter == PATH_FILTER_OFF && nla_put_u32(msg, IPV4_DEVCONF_RP_FILTER, OFF) < 0) ||
	    nla_put_u32(msg, IPV4_DEVCONF_ARP_IGNORE, ARP_OF_THIS_DEVICE) < 0 ||
	    nla_put_u32(msg, IPV4_DEVCONF_ARP_ANNOUNCE, ARP_FROM_THIS_DEVICE) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	nla_nest_end(msg, conf);
	nla_nest_end(msg, inet);
	nla_nest_end(msg, spec);
	int r = nlpriv_ask(n->orders, msg);
	return r < 0 ? fault_set(why, r, "netlink.link", "cannot switch device %d on: %s", ifindex,
				 strerror(-r))
		     : 0;
}

int nl_net_link_up(struct nl_net *n, int ifindex, struct fault *why)
{
	return switch_on(n, ifindex, PATH_FILTER_OFF, why);
}

int nl_net_lan_up(struct nl_net *n, int ifindex, struct fault *why)
{
	return switch_on(n, ifindex, PATH_FILTER_AS_IT_IS, why);
}

/* --- addresses --- */

int nl_net_address(struct nl_net *n, enum nl_order order, int ifindex, struct in_addr address,
		   unsigned prefix_len, struct fault *why)
{
	const struct nlpriv_address a = { AF_INET, ifindex, &address, prefix_len };
	CLEANUP(clean_msg) struct nl_msg *msg = nlpriv_address_message(order, &a);
	/* A line without the kernel's own connected route: two lines may have the same subnet. */
	if (!msg || nla_put_u32(msg, IFA_FLAGS, order == NL_PUT_NEAR ? 0 : IFA_F_NOPREFIXROUTE) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return nlpriv_address(n, order, &a, msg, why);
}

/* --- routes --- */

int nl_net_route(struct nl_net *n, enum nl_order order, const struct plan_route *route,
		 struct fault *why)
{
	const bool far = route->gateway.s_addr != 0;
	const struct nlpriv_route r = {
		.info = { .rtm_family = AF_INET,
			  .rtm_dst_len = (uint8_t)route->to_len,
			  .rtm_protocol = PLAN_PROTOCOL,
			  .rtm_scope =
				  far || route->unreachable ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
			  .rtm_type = route->unreachable ? RTN_UNREACHABLE : RTN_UNICAST,
			  .rtm_flags = far ? RTNH_F_ONLINK : 0 },
		.table = route->table,
		.metric = route->metric,
		.ifindex = route->ifindex,
		.to = &route->to,
		.gateway = far ? &route->gateway : NULL,
	};
	CLEANUP(clean_msg) struct nl_msg *msg = nlpriv_route_message(order, &r);
	if (!msg || (route->source.s_addr && nla_put(msg, RTA_PREFSRC, 4, &route->source) < 0))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return nlpriv_route(n, order, &r, msg, why);
}

static void forget_routes(void *data)
{
	struct nl_routes *routes = data;
	routes->count = 0;
}

static int read_route(struct nl_msg *msg, void *data)
{
	struct nl_routes *routes = data;
	struct nlpriv_route_seen seen;
	if (!nlpriv_route_see(msg, AF_INET, &seen))
		return NL_SKIP;
	struct plan_route route = { .table = seen.table,
				    .metric = seen.metric,
				    .ifindex = seen.ifindex,
				    .to_len = seen.info->rtm_dst_len,
				    .unreachable = seen.unreachable };
	if (seen.attrs[RTA_DST])
		nla_memcpy(&route.to, seen.attrs[RTA_DST], 4);
	if (seen.attrs[RTA_GATEWAY])
		nla_memcpy(&route.gateway, seen.attrs[RTA_GATEWAY], 4);
	if (seen.attrs[RTA_PREFSRC])
		nla_memcpy(&route.source, seen.attrs[RTA_PREFSRC], 4);
	if (nlpriv_grow(&routes->list, &routes->room, routes->count, sizeof(route)) < 0)
		return -NLE_NOMEM;
	routes->list[routes->count++] = route;
	return NL_OK;
}

int nl_net_routes(struct nl_routes *out, struct fault *why)
{
	const struct nlpriv_reader reader = { read_route, forget_routes, out };
	const struct rtmsg info = { .rtm_family = AF_INET, .rtm_protocol = PLAN_PROTOCOL };
	const struct nlpriv_list list = { RTM_GETROUTE, AF_INET,          &info,
					  sizeof(info), "netlink.routes", "routes" };
	return nlpriv_read(&list, &reader, why);
}

/* --- rules: libnl has no setter for suppress_prefixlength --- */

static struct nl_msg *rule_message(enum nl_order order, const struct plan_rule *rule)
{
	const bool put = order == NL_PUT;
	const struct fib_rule_hdr info = { .family = rule->six ? AF_INET6 : AF_INET,
					   .action = rule->table ? FR_ACT_TO_TBL
								 : FR_ACT_UNREACHABLE };
	CLEANUP(clean_msg)
	struct nl_msg *msg =
		nlpriv_message(put ? RTM_NEWRULE : RTM_DELRULE, put ? NLM_F_CREATE | NLM_F_EXCL : 0,
			       &info, sizeof(info));
	if (!msg || nla_put_u32(msg, FRA_PRIORITY, rule->priority) < 0 ||
	    nla_put_u8(msg, FRA_PROTOCOL, PLAN_PROTOCOL) < 0 ||
	    (rule->table && nla_put_u32(msg, FRA_TABLE, rule->table) < 0) ||
	    (rule->mask && (nla_put_u32(msg, FRA_FWMARK, rule->mark) < 0 ||
			    nla_put_u32(msg, FRA_FWMASK, rule->mask) < 0)) ||
	    (rule->not_default && nla_put_u32(msg, FRA_SUPPRESS_PREFIXLEN, 0) < 0))
		return NULL;
	return MOVE_PTR(msg);
}

int nl_net_rule(struct nl_net *n, enum nl_order order, const struct plan_rule *rule,
		struct fault *why)
{
	const bool put = order == NL_PUT;
	CLEANUP(clean_msg) struct nl_msg *msg = rule_message(order, rule);
	if (!msg)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = nlpriv_ask(n->orders, msg);
	if (put ? r == -EEXIST : r == -ESRCH)
		r = 0;
	if (r == -EAFNOSUPPORT && rule->six)
		r = 0; /* a kernel without IPv6 sends none anywhere */
	return r < 0 ? fault_set(why, r, "netlink.rule", "cannot %s rule %u: %s",
				 put ? "set" : "remove", rule->priority, strerror(-r))
		     : 0;
}

static void forget_rules(void *data)
{
	struct nl_rules *rules = data;
	rules->count = 0;
}

static int read_rule(struct nl_msg *msg, void *data)
{
	struct nl_rules *rules = data;
	struct nlattr *attrs[FRA_MAX + 1];
	struct nlmsghdr *header = nlmsg_hdr(msg);
	if (nlmsg_parse(header, sizeof(struct fib_rule_hdr), attrs, FRA_MAX, NULL) < 0)
		return NL_SKIP;
	if (!attrs[FRA_PROTOCOL] || nla_get_u8(attrs[FRA_PROTOCOL]) != PLAN_PROTOCOL)
		return NL_SKIP;
	const struct fib_rule_hdr *info = nlmsg_data(header);
	struct plan_rule rule = { .six = info->family == AF_INET6,
				  .priority = attrs[FRA_PRIORITY] ? nla_get_u32(attrs[FRA_PRIORITY])
								  : 0,
				  .mark = attrs[FRA_FWMARK] ? nla_get_u32(attrs[FRA_FWMARK]) : 0,
				  .mask = attrs[FRA_FWMASK] ? nla_get_u32(attrs[FRA_FWMASK]) : 0,
				  .not_default = attrs[FRA_SUPPRESS_PREFIXLEN] != NULL &&
						 nla_get_u32(attrs[FRA_SUPPRESS_PREFIXLEN]) == 0 };
	if (info->action == FR_ACT_TO_TBL)
		rule.table = attrs[FRA_TABLE] ? nla_get_u32(attrs[FRA_TABLE]) : info->table;
	if (nlpriv_grow(&rules->list, &rules->room, rules->count, sizeof(rule)) < 0)
		return -NLE_NOMEM;
	rules->list[rules->count++] = rule;
	return NL_OK;
}

int nl_net_rules(struct nl_rules *out, struct fault *why)
{
	const struct nlpriv_reader reader = { read_rule, forget_rules, out };
	const struct fib_rule_hdr info = { .family = AF_UNSPEC };
	const struct nlpriv_list list = { RTM_GETRULE,  AF_UNSPEC,       &info,
					  sizeof(info), "netlink.rules", "rules" };
	return nlpriv_read(&list, &reader, why);
}

/* --- neighbours --- */

int nl_net_neighbour(struct nl_net *n, int ifindex, struct in_addr address)
{
	(void)n;
	return nlpriv_neighbour(AF_INET, ifindex, &address);
}
