// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/clean.h"
#include "netmgr/kernel/nl_net.h"

struct fault;
struct inet_diag_sockid;
struct nl_batch;
struct nl_msg;
struct nl_sock;
struct nlmsghdr;

/* Shared by all who speak with the kernel over netlink. */
struct nl_net {
	struct nl_sock *orders;
};

void nlpriv_free_msg(struct nl_msg *msg); /* NULL is fine */
void nlpriv_free_sock(struct nl_sock *sock);
CLEAN_FN(msg, struct nl_msg, nlpriv_free_msg)
CLEAN_FN(sock, struct nl_sock, nlpriv_free_sock)

/* 0 or a negative errno for libnl's result. */
int nlpriv_errno(int r);

/* Sends and waits for the acknowledgement. */
int nlpriv_ask(struct nl_sock *sock, struct nl_msg *msg);

/* Room for one more of `size` bytes in the list at `list_at`; what was there stays. 0 or -ENOMEM. */
int nlpriv_grow(void *list_at, size_t *room, size_t count, size_t size);

/* What takes a dump in: `each` is given every answer, `begin` comes before the first (NULL: nothing to forget). */
struct nlpriv_reader {
	int (*each)(struct nl_msg *msg, void *data);
	void (*begin)(void *data);
	void *data;
};

/*
 * Sends a dump request on a socket of its own (a reader that ends early cannot upset other requests). The kernel is
 * held to the fields of the request, so that only what matches crosses over. A dump that was interrupted by a change
 * is worth nothing and is begun anew; -EAGAIN when that never ends.
 */
int nlpriv_dump(int protocol, struct nl_msg *msg, const struct nlpriv_reader *reader);

/* A message that begins with the header of its kind. NULL: out of memory. */
struct nl_msg *nlpriv_message(int type, int flags, const void *header, size_t len);

/*
 * Orders of either family: the message with what both families say, to which a family adds its own; then it is given. NULL:
 * out of memory. What is there already, or gone already, is no failure.
 */
struct nlpriv_address {
	int family, ifindex;
	const void *bytes; /* struct in_addr or in6_addr, as all addresses below */
	unsigned len;
};
struct nl_msg *nlpriv_address_message(enum nl_order order, const struct nlpriv_address *address);
int nlpriv_address(struct nl_net *n, enum nl_order order, const struct nlpriv_address *address,
		   struct nl_msg *msg, struct fault *why);

struct nlpriv_route {
	struct rtmsg info;
	uint32_t table, metric;   /* 0: the kernel's own */
	int ifindex;              /* 0: none */
	const void *to, *gateway; /* `gateway` NULL: none */
};
struct nl_msg *nlpriv_route_message(enum nl_order order, const struct nlpriv_route *route);
int nlpriv_route(struct nl_net *n, enum nl_order order, const struct nlpriv_route *route,
		 struct nl_msg *msg, struct fault *why);

/* A route in a dump, as far as both families say the same. */
struct nlpriv_route_seen {
	struct nlattr *attrs[RTA_MAX + 1]; /* what is the family's own: RTA_DST, RTA_GATEWAY … */
	const struct rtmsg *info;
	uint32_t table, metric; /* 0: none */
	int ifindex;            /* 0: none */
	bool unreachable;
};
/* False: it is no route of ours, or of another family. `out` points into `msg`. */
bool nlpriv_route_see(struct nl_msg *msg, int family, struct nlpriv_route_seen *out);

/* A list of the kernel's network: what its dump asks for, and how a failure calls it. */
struct nlpriv_list {
	int type, family; /* of AF_INET6 a kernel without it has none */
	const void *header;
	size_t len;
	const char *fault, *what;
};
int nlpriv_read(const struct nlpriv_list *list, const struct nlpriv_reader *reader,
		struct fault *why);

/* NUD_ state of a neighbour; 0 when there is no entry. */
int nlpriv_neighbour(int family, int ifindex, const void *address);

/* Which uplink a connection of the box goes over stands in its tracked twin: two uplinks may have the same address. */
int nlpriv_ask_mark(struct nl_batch *ask, int family, const struct inet_diag_sockid *id);
uint32_t nlpriv_read_mark(struct nlmsghdr *answer); /* PLAN_MARK_UPLINK bits; 0 none */
