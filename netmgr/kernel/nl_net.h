// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "netmgr/kernel/plan.h"

struct fault;

/*
 * Questions and orders to the kernel over netlink, one after the other and each acknowledged: links, addresses,
 * routes, rules, neighbours. Every order may be given again: what is there already is no failure.
 */
struct nl_net;

int nl_net_open(struct nl_net **out, struct fault *why);
void nl_net_close(struct nl_net *n);          /* NULL is fine */
uint32_t nl_net_port(const struct nl_net *n); /* of our orders: events they cause carry it */

struct nl_look {
	int ifindex;
	char device[16];
	bool up, carrier;
	uint64_t rx_bytes, tx_bytes;
};

/* -ENODEV when there is no such device. */
int nl_net_look(struct nl_net *n, const char *device, struct nl_look *out);

/*
 * The first device that begins with `begins`, bears a name that may be used, and that `taken` does not say no to (true:
 * it belongs to somebody else). -ENODEV when there is none.
 */
int nl_net_find(const char *begins, bool (*taken)(void *data, const char *device), void *data,
		char out[static 16]);

/*
 * Switches the device on and its reverse path filter off: answers to probes come back over lines that are not preferred.
 * On its wire the device answers for its own address only, and asks with it: two lines may be on the same wire.
 */
int nl_net_link_up(struct nl_net *n, int ifindex, struct fault *why);

/* The same for a network of the house: its reverse path filter is left as strict as it is. */
int nl_net_lan_up(struct nl_net *n, int ifindex, struct fault *why);

/* NL_PUT_NEAR: an address together with the kernel's own route to its network. */
enum nl_order { NL_PUT, NL_PUT_NEAR, NL_REMOVE };
int nl_net_address(struct nl_net *n, enum nl_order order, int ifindex, struct in_addr address,
		   unsigned prefix_len, struct fault *why);
int nl_net_route(struct nl_net *n, enum nl_order order, const struct plan_route *route,
		 struct fault *why);
int nl_net_rule(struct nl_net *n, enum nl_order order, const struct plan_rule *rule,
		struct fault *why);

/*
 * What is there and ours (PLAN_PROTOCOL): 0 or -errno. The lists are the caller's to free(); they are whole, and of one
 * moment.
 */
struct nl_routes {
	struct plan_route *list;
	size_t count, room;
};
struct nl_rules {
	struct plan_rule *list;
	size_t count, room;
};
int nl_net_routes(struct nl_routes *out, struct fault *why);
int nl_net_rules(struct nl_rules *out, struct fault *why);

/* NUD_ state of a neighbour; 0 when there is no entry. */
int nl_net_neighbour(struct nl_net *n, int ifindex, struct in_addr address);

/*
 * Resets the TCP connections of this machine from `address` that go over an uplink by their mark (PLAN_MARK_UPLINK bits):
 * two uplinks may have the same address. -EOPNOTSUPP where the kernel cannot (INET_DIAG_DESTROY).
 */
int nl_net_release_own(struct in_addr address, uint32_t mark, unsigned *count);

/*
 * Forgets what else is stuck on an uplink; its next packet begins anew over another one. TCP that is forwarded stays known:
 * nftables resets it by its mark. The kernel walks its whole table for it, some 30 ms: those who wait come before.
 */
int nl_net_forget_flows(uint32_t mark, unsigned *count);
