// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/base/fault.h"
#include "netmgr/kernel/plan.h"

/* libnl's own numbers to errno, for those that we tell apart. */
int nlpriv_errno(int r)
{
	static const struct {
		int nl, code;
	} rows[] = {
		{ NLE_NOADDR, -EADDRNOTAVAIL }, { NLE_OBJ_NOTFOUND, -ESRCH },
		{ NLE_NODEV, -ENODEV },         { NLE_EXIST, -EEXIST },
		{ NLE_PERM, -EPERM },           { NLE_NOMEM, -ENOMEM },
		{ NLE_NOACCESS, -EACCES },      { NLE_OPNOTSUPP, -EOPNOTSUPP },
		{ NLE_BUSY, -EBUSY },           { NLE_AGAIN, -EAGAIN },
		{ NLE_INVAL, -EINVAL },         { NLE_AF_NOSUPPORT, -EAFNOSUPPORT },
	};
	if (r >= 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].nl == -r)
			return rows[i].code;
	return -EIO;
}

int nlpriv_ask(struct nl_sock *sock, struct nl_msg *msg)
{
	int r = nl_send_auto(sock, msg);
	if (r >= 0)
		r = nl_wait_for_ack(sock);
	return nlpriv_errno(r);
}

int nlpriv_grow(void *list_at, size_t *room, size_t count, size_t size)
{
	enum { FIRST = 64 };
	void *list;
	memcpy(&list, list_at, sizeof(list));
	if (count < *room)
		return 0;
	size_t more = *room ? *room * 2 : FIRST;
	list = reallocarray(list, more, size);
	if (!list)
		return -ENOMEM;
	memcpy(list_at, &list, sizeof(list));
	*room = more;
	return 0;
}

void nlpriv_free_msg(struct nl_msg *msg)
{
	nlmsg_free(msg);
}

void nlpriv_free_sock(struct nl_sock *sock)
{
	nl_socket_free(sock);
}

static int dump_once(int protocol, struct nl_msg *msg, const struct nlpriv_reader *reader)
{
	static const int strict = 1;
	CLEANUP(clean_sock) struct nl_sock *sock = nl_socket_alloc();
	if (!sock)
		return -NLE_NOMEM;
	int r = nl_connect(sock, protocol);
	if (r < 0)
		return r;
	/* Numbers of the socket before. */
	nlmsg_hdr(msg)->nlmsg_seq = nlmsg_hdr(msg)->nlmsg_pid = 0;
	/* Kernels before 4.20 send everything: `each` looks at what it is given. */
	(void)setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
			 sizeof(strict));
	if (reader->begin)
		reader->begin(reader->data);
	r = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, reader->each, reader->data);
	if (r >= 0)
		r = nl_send_auto(sock, msg);
	return r < 0 ? r : nl_recvmsgs_default(sock);
}

int nlpriv_dump(int protocol, struct nl_msg *msg, const struct nlpriv_reader *reader)
{
	enum { TRIES = 16 };
	int r = -NLE_DUMP_INTR;
	for (int i = 0; i < TRIES && r == -NLE_DUMP_INTR; i++)
		r = dump_once(protocol, msg, reader);
	return r == -NLE_DUMP_INTR ? -EAGAIN : nlpriv_errno(r);
}

struct nl_msg *nlpriv_message(int type, int flags, const void *header, size_t len)
{
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(type, flags);
	void *at = msg ? nlmsg_reserve(msg, len, NLMSG_ALIGNTO) : NULL;
	if (!at)
		return NULL;
	memcpy(at, header, len);
	return MOVE_PTR(msg);
}

/* --- orders --- */

static int bytes_of(int family)
{
	return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

static int flags_of(enum nl_order order)
{
	return order == NL_REMOVE ? 0 : NLM_F_CREATE | NLM_F_REPLACE;
}

static const char *verb_of(enum nl_order order)
{
	return order == NL_REMOVE ? "remove" : "set";
}

struct nl_msg *nlpriv_address_message(enum nl_order order, const struct nlpriv_address *a)
{
	const struct ifaddrmsg info = { .ifa_family = (uint8_t)a->family,
					.ifa_prefixlen = (uint8_t)a->len,
					.ifa_index = (unsigned)a->ifindex };
	const int bytes = bytes_of(a->family);
	CLEANUP(clean_msg)
	struct nl_msg *msg = nlpriv_message(order == NL_REMOVE ? RTM_DELADDR : RTM_NEWADDR,
					    flags_of(order), &info, sizeof(info));
	if (!msg || nla_put(msg, IFA_LOCAL, bytes, a->bytes) < 0 ||
	    nla_put(msg, IFA_ADDRESS, bytes, a->bytes) < 0)
		return NULL;
	return MOVE_PTR(msg);
}

int nlpriv_address(struct nl_net *n, enum nl_order order, const struct nlpriv_address *a,
		   struct nl_msg *msg, struct fault *why)
{
	const int r = nlpriv_ask(n->orders, msg);
	if (r >= 0 || r == -EEXIST || (order == NL_REMOVE && (r == -EADDRNOTAVAIL || r == -ENODEV)))
		return 0;
	char text[INET6_ADDRSTRLEN];
	inet_ntop(a->family, a->bytes, text, sizeof(text));
	return fault_set(why, r, "netlink.address", "cannot %s address %s/%u on device %d: %s",
			 verb_of(order), text, a->len, a->ifindex, strerror(-r));
}

struct nl_msg *nlpriv_route_message(enum nl_order order, const struct nlpriv_route *route)
{
	const int bytes = bytes_of(route->info.rtm_family);
	CLEANUP(clean_msg)
	struct nl_msg *msg = nlpriv_message(order == NL_REMOVE ? RTM_DELROUTE : RTM_NEWROUTE,
					    flags_of(order), &route->info, sizeof(route->info));
	if (!msg || nla_put_u32(msg, RTA_TABLE, route->table) < 0 ||
	    (route->info.rtm_dst_len && nla_put(msg, RTA_DST, bytes, route->to) < 0) ||
	    (route->ifindex && nla_put_u32(msg, RTA_OIF, (uint32_t)route->ifindex) < 0) ||
	    (route->gateway && nla_put(msg, RTA_GATEWAY, bytes, route->gateway) < 0) ||
	    (route->metric && nla_put_u32(msg, RTA_PRIORITY, route->metric) < 0))
		return NULL;
	return MOVE_PTR(msg);
}

/* A kernel without IPv6 sends none anywhere. */
static bool no_such_family(int family, int r)
{
	return family == AF_INET6 && (r == -EAFNOSUPPORT || r == -EOPNOTSUPP);
}

int nlpriv_route(struct nl_net *n, enum nl_order order, const struct nlpriv_route *route,
		 struct nl_msg *msg, struct fault *why)
{
	const int family = route->info.rtm_family;
	const int r = nlpriv_ask(n->orders, msg);
	if (r >= 0 || (order == NL_REMOVE && (r == -ESRCH || r == -ENODEV)) ||
	    no_such_family(family, r))
		return 0;
	char to[INET6_ADDRSTRLEN];
	inet_ntop(family, route->to, to, sizeof(to));
	return fault_set(why, r, "netlink.route", "cannot %s the route to %s/%u in table %u: %s",
			 verb_of(order), to, route->info.rtm_dst_len, route->table, strerror(-r));
}

/* --- what is there --- */

bool nlpriv_route_see(struct nl_msg *msg, int family, struct nlpriv_route_seen *out)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct nlattr **attrs = out->attrs;
	if (nlmsg_parse(header, sizeof(struct rtmsg), attrs, RTA_MAX, NULL) < 0)
		return false;
	const struct rtmsg *info = out->info = nlmsg_data(header);
	out->table = attrs[RTA_TABLE] ? nla_get_u32(attrs[RTA_TABLE]) : info->rtm_table;
	out->metric = attrs[RTA_PRIORITY] ? nla_get_u32(attrs[RTA_PRIORITY]) : 0;
	out->ifindex = attrs[RTA_OIF] ? (int)nla_get_u32(attrs[RTA_OIF]) : 0;
	out->unreachable = info->rtm_type == RTN_UNREACHABLE;
	return info->rtm_family == family && info->rtm_protocol == PLAN_PROTOCOL;
}

int nlpriv_read(const struct nlpriv_list *list, const struct nlpriv_reader *reader,
		struct fault *why)
{
	CLEANUP(clean_msg)
	struct nl_msg *msg = nlpriv_message(list->type, NLM_F_DUMP, list->header, list->len);
	if (!msg)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	const int r = nlpriv_dump(NETLINK_ROUTE, msg, reader);
	return r < 0 && !no_such_family(list->family, r)
		       ? fault_set(why, r, list->fault, "cannot read the kernel's %s: %s",
				   list->what, strerror(-r))
		       : 0;
}

struct neighbour {
	int ifindex, bytes, state;
	const void *address;
};

static void forget_neighbour(void *data)
{
	struct neighbour *wanted = data;
	wanted->state = 0;
}

static int read_neighbour(struct nl_msg *msg, void *data)
{
	struct neighbour *wanted = data;
	struct nlattr *attrs[NDA_MAX + 1];
	struct nlmsghdr *header = nlmsg_hdr(msg);
	if (nlmsg_parse(header, sizeof(struct ndmsg), attrs, NDA_MAX, NULL) < 0 ||
	    !attrs[NDA_DST] || nla_len(attrs[NDA_DST]) != wanted->bytes)
		return NL_SKIP;
	const struct ndmsg *info = nlmsg_data(header);
	if (info->ndm_ifindex == wanted->ifindex &&
	    memcmp(nla_data(attrs[NDA_DST]), wanted->address, (size_t)wanted->bytes) == 0)
		wanted->state = info->ndm_state;
	return NL_OK;
}

int nlpriv_neighbour(int family, int ifindex, const void *address)
{
	struct neighbour wanted = { .ifindex = ifindex,
				    .bytes = bytes_of(family),
				    .address = address };
	const struct nlpriv_reader reader = { read_neighbour, forget_neighbour, &wanted };
	const struct ndmsg info = { .ndm_family = (uint8_t)family };
	CLEANUP(clean_msg)
	struct nl_msg *msg = nlpriv_message(RTM_GETNEIGH, NLM_F_DUMP, &info, sizeof(info));
	if (!msg || nla_put_u32(msg, NDA_IFINDEX, (uint32_t)ifindex) < 0)
		return 0;
	return nlpriv_dump(NETLINK_ROUTE, msg, &reader) < 0 ? 0 : wanted.state;
}
