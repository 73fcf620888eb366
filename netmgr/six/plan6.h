// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/kernel/plan.h"

/*
 * The routes of IPv6: the same tables as in plan.h and for the same reasons, beside the rules there. A line without a way
 * over IPv6 has `unreachable` alone, and where most traffic's line has none there is none: a program turns to IPv4 at once, and nothing leaves by a line that nobody
 * chose. Pure: kernel6.c compares it with what is there.
 */
enum {
	PLAN6_NETS = 4,
	PLAN6_METRIC = 1024, /* as the kernel has it where nothing is said */
	PLAN6_ROUTES = UPLINK_MAX * (PLAN6_NETS + 3) + PLAN6_NETS + 1,
};

/* A line over IPv6; ifindex 0: its device is not there, or off. */
struct plan6_uplink {
	bool unknown; /* not looked at yet: what an earlier life left in its table stays */
	int ifindex;
	struct in6_addr router; /* ::: none */
	uint32_t mtu;           /* 0: the device's */
	bool begins;            /* has an address that new flows may have */
	struct plan6_net {
		struct in6_addr prefix;
		unsigned len;
	} nets[PLAN6_NETS]; /* on its wire */
	size_t net_count;
};

struct plan6_route {
	uint32_t table;
	struct in6_addr to;
	unsigned to_len;
	int ifindex;             /* 0 with unreachable */
	struct in6_addr gateway; /* ::: none */
	uint32_t metric, mtu;
	bool unreachable;
};

struct plan6 {
	struct plan6_route routes[PLAN6_ROUTES];
	size_t route_count;
	bool spared[UPLINK_MAX], near_spared, class_spared; /* tables whose strays stay for now */
};

void plan6_make(const struct plan6_uplink *uplinks, size_t count, const struct prefer_ways *ways,
		struct plan6 *out);

bool plan6_same(const struct plan6_route *a, const struct plan6_route *b);

/* Same table, destination and metric: the kernel would have both. */
bool plan6_same_place(const struct plan6_route *a, const struct plan6_route *b);

/* Whether a stray in this table stays. */
bool plan6_spares(const struct plan6 *plan, uint32_t table);

/* Whether new flows have a way beyond the box by it. */
bool plan6_leads(const struct plan6_uplink *u);
