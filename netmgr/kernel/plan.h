// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/prefer.h"
#include "netmgr/line/shape.h"
#include "netmgr/line/uplink.h"

/*
 * The routes and rules that the kernel should have for a given set of uplinks, and the nftables text that goes
 * with them. Pure: kernel_nl.c compares a plan with what is there.
 *
 * Table 100+u leads over uplink u only and ends in `unreachable`, so that nothing marked for it can leak onto
 * another line; connected routes live there too, so that two lines may have the same subnet. Table 200 leads
 * over the uplink that most traffic takes, the base of prefer.h; a class that takes another one is sent to that one's table by
 * its mark, and a class that none may carry is refused by nftables at once: a routing table's answer to a packet that was
 * marked on its way out reaches nobody. Table 190 has the wires of all uplinks and no way beyond: with no uplink that works, the
 * box still answers whoever is on the same wire (a school whose pupils and router share it). IPv6 has the same rules over
 * the same tables (plan6.h has its routes): what main knows by a router that announces itself is no uplink that anybody
 * chose. Marks: bits 8-15 hold uplink+1, bits 16-19 class+1 (shape.h; 0: it says
 * nothing of itself), bit 20 a probe.
 */
enum {
	PLAN_PROTOCOL = 80, /* ours, and nothing else is touched */
	PLAN_TABLE_UPLINK = 100,
	PLAN_TABLE_NEAR = 190,
	PLAN_TABLE_CLASS = 200,
	PLAN_MARK_SHIFT = 8,
	PLAN_MARK_UPLINK = 0xff00,
	PLAN_MARK_CLASS_SHIFT = 16,
	PLAN_MARK_CLASS = 0xf0000,
	PLAN_MARK_PROBE = 1 << 20,
	PLAN_RULE_PROBE = 500,
	PLAN_RULE_MAIN = 900,
	PLAN_RULE_MARK = 1000,
	PLAN_RULE_CHOICE = 1900, /* of a class that takes another line than most */
	PLAN_RULE_CLASS = 2000,
	PLAN_RULE_NEAR = 8000,
	PLAN_RULE_END = 9000,
	PLAN_ROUTES = UPLINK_MAX * 4 + 2,
	PLAN_RULES = 2 * (UPLINK_MAX * 2 + 4 + SHAPE_CLASSES), /* of both families */
};

/* An uplink as far as the plan cares; ifindex 0: the device is not there. */
struct plan_uplink {
	int ifindex;
	char device[16];
	bool addressed; /* the rest is known */
	struct in_addr address, gateway;
	unsigned prefix_len;
	bool fell;   /* established connections over it are reset at their next packet */
	bool leads6; /* over IPv6, too */
	bool shared; /* a zone's people are on its wire: what goes to them is not the line's */
};

struct plan_route {
	uint32_t table;
	struct in_addr to;
	unsigned to_len;
	int ifindex;                    /* 0 with unreachable */
	struct in_addr gateway, source; /* 0 none */
	uint32_t metric;
	bool unreachable;
};

struct plan_rule {
	uint32_t priority, mark, mask, table; /* table 0: unreachable */
	bool not_default;                     /* the table's default routes are passed over */
	bool six;                             /* a rule of IPv6 */
};

struct plan {
	struct plan_route routes[PLAN_ROUTES];
	struct plan_rule rules[PLAN_RULES];
	size_t route_count, rule_count;
};

void plan_make(const struct plan_uplink *uplinks, size_t count, const struct prefer_ways *ways,
	       struct plan *out);

/* Same table, destination and metric: a later one replaces an earlier one. */
bool plan_same_place(const struct plan_route *a, const struct plan_route *b);
bool plan_same_rule(const struct plan_rule *a, const struct plan_rule *b);

uint32_t plan_mark(unsigned uplink);
uint32_t plan_probe_mark(unsigned uplink);
uint32_t plan_class_mark(enum shape_class class);

/* The table `inet wasl`, whole, as one transaction that replaces what is there. Length, or -ENOSPC. */
enum { PLAN_NFT_ROOM = 20480 };
extern const char plan_nft_none[]; /* takes the table away, whether or not it is there */
int plan_nft(const struct plan_uplink *uplinks, size_t count, const struct prefer_ways *ways,
	     char out[static PLAN_NFT_ROOM]);

/* Only which uplinks fell and what they carry, for a table that is there. The same room, and as one transaction. */
int plan_nft_sets(const struct plan_uplink *uplinks, size_t count, const struct prefer_ways *ways,
		  char out[static PLAN_NFT_ROOM]);
