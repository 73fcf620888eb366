// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/kernel/nl_priv.h"

enum { STOCK = 64, KIND_ROOM = 16 };

/* What a device has, as far as it concerns us. */
struct stock {
	int ifindex;
	struct shape_object list[STOCK];
	size_t count;
	uint32_t root; /* handle of the queue that all goes through; 0: the kernel's own */
	char root_kind[KIND_ROOM];
	char arrival_kind[KIND_ROOM]; /* of what looks at arriving packets; "" */
};

/* --- what is there --- */

static void note_kind(struct nl_msg *msg, char out[static KIND_ROOM])
{
	struct nlattr *kind = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct tcmsg), TCA_KIND);
	if (kind)
		nla_strlcpy(out, kind, KIND_ROOM);
}

static int read_object(struct nl_msg *msg, void *data)
{
	struct stock *stock = data;
	struct shape_object object;
	const struct tcmsg *info = nlmsg_data(nlmsg_hdr(msg));
	if (nlmsg_datalen(nlmsg_hdr(msg)) < (int)sizeof(*info) ||
	    info->tcm_ifindex != stock->ifindex)
		return NL_SKIP;
	if (nlmsg_hdr(msg)->nlmsg_type == RTM_NEWQDISC && info->tcm_parent == TC_H_ROOT) {
		stock->root = info->tcm_handle;
		note_kind(msg, stock->root_kind);
	}
	if (nlmsg_hdr(msg)->nlmsg_type == RTM_NEWQDISC && info->tcm_parent == TC_H_INGRESS)
		note_kind(msg, stock->arrival_kind);
	if (stock->count < STOCK && nl_tc_decode(msg, &object))
		stock->list[stock->count++] = object;
	return NL_OK;
}

static int dump(struct stock *stock, int type, uint32_t parent)
{
	const struct nlpriv_reader reader = { read_object, NULL, stock };
	struct tcmsg info = { .tcm_ifindex = stock->ifindex, .tcm_parent = parent };
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_DUMP);
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return nlpriv_dump(NETLINK_ROUTE, msg, &reader);
}

static const uint32_t arrival = TC_H_INGRESS & TC_H_MAJ_MASK;

static int take_stock(int ifindex, struct stock *out, struct fault *why)
{
	*out = (struct stock){ .ifindex = ifindex };
	int r = dump(out, RTM_GETQDISC, 0);
	if (r == 0 && shape_is_ours(out->root))
		r = dump(out, RTM_GETTCLASS, 0);
	if (r == 0 && out->arrival_kind[0])
		r = dump(out, RTM_GETTFILTER, arrival);
	return r < 0 ? fault_set(why, r, "queue.read", "cannot read the queues of device %d: %s",
				 ifindex, strerror(-r))
		     : 0;
}

static const struct shape_object *find(const struct stock *stock, const struct shape_object *o)
{
	for (size_t i = 0; i < stock->count; i++)
		if (stock->list[i].what == o->what && stock->list[i].handle == o->handle &&
		    stock->list[i].ifindex == o->ifindex)
			return &stock->list[i];
	return NULL;
}

static bool is_wanted(const struct shape_plan *plan, const struct shape_object *found)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->objects[i].what == found->what &&
		    plan->objects[i].handle == found->handle &&
		    plan->objects[i].parent == found->parent &&
		    plan->objects[i].ifindex == found->ifindex)
			return true;
	return false;
}

/* --- orders --- */

static int order(struct nl_net *n, const struct shape_object *o, enum nl_order how,
		 struct fault *why)
{
	CLEANUP(clean_msg) struct nl_msg *msg = nl_tc_encode(o, how);
	if (!msg)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = nlpriv_ask(n->orders, msg);
	/* What libnl makes of ENOENT: of a queue that is to be made, its kind is not known. */
	if (r == -ESRCH && how == NL_PUT)
		return fault_set(why, -ENOENT, "queue.kind", "this kernel has no %s",
				 shape_kind(o->what));
	if (how == NL_REMOVE && (r == -ESRCH || r == -EINVAL || r == -ENODEV))
		return 0;
	return r < 0 ? fault_set(why, r, "queue.order", "cannot %s %s %x:%x on device %d: %s",
				 how == NL_PUT ? "set" : "remove", shape_kind(o->what),
				 o->handle >> 16, o->handle & 0xffff, o->ifindex, strerror(-r))
		     : 0;
}

static int remove_root(struct nl_net *n, struct stock *stock, struct fault *why)
{
	const struct shape_object root = { .what = SHAPE_IS_HTB,
					   .ifindex = stock->ifindex,
					   .parent = TC_H_ROOT };
	size_t kept = 0;
	for (size_t i = 0; i < stock->count; i++)
		if (!shape_is_ours(stock->list[i].handle))
			stock->list[kept++] = stock->list[i];
	stock->count = kept;
	stock->root = 0;
	return order(n, &root, NL_REMOVE, why);
}

static bool has_mirror(const struct stock *stock)
{
	for (size_t i = 0; i < stock->count; i++)
		if (stock->list[i].what == SHAPE_IS_MIRROR &&
		    stock->list[i].handle == (uint32_t)SHAPE_FILTER && stock->list[i].to_ifindex)
			return true;
	return false;
}

static int remove_arrival(struct nl_net *n, struct stock *stock, struct fault *why)
{
	const struct shape_object ingress = { .what = SHAPE_IS_INGRESS,
					      .ifindex = stock->ifindex,
					      .handle = arrival,
					      .parent = TC_H_INGRESS };
	size_t kept = 0;
	for (size_t i = 0; i < stock->count; i++)
		if (stock->list[i].what != SHAPE_IS_MIRROR &&
		    stock->list[i].what != SHAPE_IS_INGRESS)
			stock->list[kept++] = stock->list[i];
	stock->count = kept;
	stock->arrival_kind[0] = '\0';
	return order(n, &ingress, NL_REMOVE, why);
}

/* What is ours and not wanted any more. Classes go with their root; one of another shape is made anew. */
static int remove_strays(struct nl_net *n, const struct shape_plan *plan, struct stock *stock,
			 struct fault *why)
{
	bool root = false, mirror = false;
	for (size_t i = 0; i < stock->count; i++) {
		const struct shape_object *o = &stock->list[i];
		const bool stray = !is_wanted(plan, o);
		root |= stray && shape_is_ours(o->handle);
		mirror |= stray && o->what == SHAPE_IS_MIRROR;
	}
	int r = root ? remove_root(n, stock, why) : 0;
	if (r == 0 && mirror && has_mirror(stock))
		r = remove_arrival(n, stock, why);
	return r;
}

/* A queue that somebody else put there stays. */
static int check_owner(const struct shape_plan *plan, const struct stock *stock, struct fault *why)
{
	bool up = false, down = false;
	for (size_t i = 0; i < plan->count; i++) {
		const struct shape_object *o = &plan->objects[i];
		up |= o->ifindex == stock->ifindex && o->parent == TC_H_ROOT;
		down |= o->ifindex == stock->ifindex && o->what == SHAPE_IS_INGRESS;
	}
	const char *kind = up && stock->root >> 16 && !shape_is_ours(stock->root) ? stock->root_kind
			   : down && stock->arrival_kind[0] && !has_mirror(stock)
				   ? stock->arrival_kind
				   : NULL;
	return kind ? fault_set(why, -EBUSY, "queue.foreign",
				"somebody else's %s is on device %d and stays", kind,
				stock->ifindex)
		    : 0;
}

int nl_tc_settle(struct nl_net *n, const struct shape_plan *plan, int ifindex, struct fault *why)
{
	struct stock stock;
	int r = take_stock(ifindex, &stock, why);
	if (r == 0)
		r = check_owner(plan, &stock, why);
	if (r == 0)
		r = remove_strays(n, plan, &stock, why);
	for (size_t i = 0; r == 0 && i < plan->count; i++) {
		const struct shape_object *o = &plan->objects[i], *found = find(&stock, o);
		if (o->ifindex == ifindex && !(found && shape_same(o, found)))
			r = order(n, o, NL_PUT, why);
	}
	return r;
}

int nl_tc_leaf(int ifindex, enum shape_leaf *out)
{
	static const enum shape_what leaves[SHAPE_LEAVES] = { SHAPE_IS_CAKE, SHAPE_IS_FQ_CODEL,
							      SHAPE_IS_PFIFO };
	struct stock stock;
	int r = take_stock(ifindex, &stock, NULL);
	for (size_t i = 0; r == 0 && i < stock.count; i++)
		for (unsigned leaf = 0; leaf < SHAPE_LEAVES; leaf++)
			if (shape_is_ours(stock.list[i].handle) &&
			    stock.list[i].what == leaves[leaf]) {
				*out = (enum shape_leaf)leaf;
				return 0;
			}
	return r < 0 ? r : -ENOENT;
}

/* --- the device that arriving packets are led through --- */

static int link_order(struct nl_net *n, struct nl_msg *msg, const char *name, int flags)
{
	struct ifinfomsg info = { .ifi_flags = (unsigned)flags, .ifi_change = (unsigned)flags };
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, IFLA_IFNAME, name) < 0)
		return -ENOMEM;
	if (flags) {
		struct nlattr *kind = nla_nest_start(msg, IFLA_LINKINFO);
		if (!kind || nla_put_string(msg, IFLA_INFO_KIND, "ifb") < 0)
			return -ENOMEM;
		nla_nest_end(msg, kind);
	}
	return nlpriv_ask(n->orders, msg);
}

int nl_tc_ifb(struct nl_net *n, const char *name, int *ifindex, struct fault *why)
{
	struct nl_look look = { 0 };
	int r = nl_net_look(n, name, &look);
	if (r == -ENODEV) {
		CLEANUP(clean_msg)
		struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
		r = link_order(n, msg, name, IFF_UP);
		if (r == 0)
			r = nl_net_look(n, name, &look);
	}
	if (r == -EOPNOTSUPP)
		return fault_set(why, r, "queue.ifb", "this kernel has no ifb");
	if (r < 0)
		return fault_set(why, r, "queue.ifb", "cannot make device %s: %s", name,
				 strerror(-r));
	*ifindex = look.ifindex;
	return 0;
}

int nl_tc_ifb_remove(struct nl_net *n, const char *name)
{
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELLINK, 0);
	int r = link_order(n, msg, name, 0);
	return r == -ENODEV ? 0 : r;
}
