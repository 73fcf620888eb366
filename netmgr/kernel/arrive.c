// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/arrive.h"

#include <arpa/inet.h>

#include "firmware/base/clean.h"
#include "firmware/base/sheet.h"
#include "netmgr/line/shape.h"

enum { FLOWS = 4096, NOTED_S = 30 };

static const struct {
	const char *set, *type, *word;
} families[] = {
	{ "flows4", "ipv4_addr", "ip" },
	{ "flows6", "ipv6_addr", "ip6" },
};

static void add_sets(struct sheet *t)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		sheet_add(t,
			  "\tset %s {\n\t\ttype classid . %s . inet_service . inet_service\n"
			  "\t\tsize %d\n\t\tflags dynamic,timeout\n\t\ttimeout %ds\n\t}\n",
			  families[i].set, families[i].type, FLOWS, NOTED_S);
}

/* "50:13": browsing is what is noted nowhere. */
static void add_class(struct sheet *t, const char *before, enum shape_class class)
{
	const uint32_t handle = shape_handle(class);
	sheet_add(t, "%s%x:%x", before, handle >> 16, handle & 0xffff);
}

static void add_leave(struct sheet *t, const struct arrive *a)
{
	sheet_add(t,
		  "\tchain leave_%d {\n\t\ttype filter hook egress device \"%s\" "
		  "priority filter\n",
		  a->ifindex, a->device);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const char *before = "\t\tmeta priority { ";
		for (unsigned c = 0; c < SHAPE_CLASSES; c++) {
			if (c == SHAPE_BROWSE)
				continue;
			add_class(t, before, (enum shape_class)c);
			before = ", ";
		}
		sheet_add(t,
			  " } meta l4proto { tcp, udp } update @%s { meta priority . %s daddr "
			  ". th dport . th sport }\n",
			  families[i].set, families[i].word);
	}
	sheet_add(t, "\t}\n");
}

/* What a line needs to work at all has no ports: who has an address, and what answers the box's own questions. */
static void add_needed(struct sheet *t, const char *ifb)
{
	sheet_add(t,
		  "\t\tmeta protocol arp fwd to \"%s\"\n"
		  "\t\ticmp type echo-reply fwd to \"%s\"\n"
		  "\t\ticmpv6 type { echo-reply, nd-neighbor-solicit, nd-neighbor-advert, "
		  "nd-router-advert } fwd to \"%s\"\n",
		  ifb, ifb, ifb);
}

/* Who is on the wire is known by his address; of IPv6 only by one that no router gave. */
static void add_wire(struct sheet *t, const struct arrive *a)
{
	char network[INET_ADDRSTRLEN];
	if (!a->shared)
		return;
	sheet_add(t, "\t\tmeta protocol arp accept\n\t\tip6 saddr fe80::/10 accept\n");
	if (a->wire.len == 0 || a->wire.len >= 32)
		return;
	const struct in_addr first = { a->wire.address.s_addr &
				       htonl(UINT32_MAX << (32 - a->wire.len)) };
	inet_ntop(AF_INET, &first, network, sizeof(network));
	sheet_add(t, "\t\tip saddr %s/%u accept\n", network, a->wire.len);
}

/* A packet is tried with one class after the other. */
static void add_arrive(struct sheet *t, const struct arrive *a)
{
	sheet_add(t,
		  "\tchain arrive_%d {\n\t\ttype filter hook ingress device \"%s\" "
		  "priority filter\n",
		  a->ifindex, a->device);
	add_wire(t, a);
	for (unsigned c = 0; c < SHAPE_CLASSES; c++) {
		if (c == SHAPE_BROWSE)
			continue;
		add_class(t, "\t\tmeta priority set ", (enum shape_class)c);
		sheet_add(t, "\n");
		if (c == SHAPE_CONTROL)
			add_needed(t, a->ifb);
		for (size_t i = 0; i < ARRAY_LEN(families); i++)
			sheet_add(t,
				  "\t\tmeta l4proto { tcp, udp } meta priority . %s saddr . th "
				  "sport . th dport @%s fwd to \"%s\"\n",
				  families[i].word, families[i].set, a->ifb);
	}
	add_class(t, "\t\tmeta priority set ", SHAPE_BROWSE);
	sheet_add(t, "\n\t\tfwd to \"%s\"\n\t}\n", a->ifb);
}

int arrive_nft(const struct arrive *a, enum arrive_how how, char out[static ARRIVE_ROOM])
{
	struct sheet t = { .at = out, .room = ARRIVE_ROOM };
	/* "flush" leaves sets as they are. */
	sheet_add(&t, "add table netdev %s\n%s table netdev %s\ntable netdev %s {\n", a->ifb,
		  how == ARRIVE_KEEP ? "flush" : "delete", a->ifb, a->ifb);
	add_sets(&t);
	add_leave(&t, a);
	add_arrive(&t, a);
	sheet_add(&t, "}\n");
	return sheet_end(&t);
}

int arrive_nft_none(const char *ifb, char out[static ARRIVE_ROOM])
{
	struct sheet t = { .at = out, .room = ARRIVE_ROOM };
	sheet_add(&t, "add table netdev %s\ndelete table netdev %s\n", ifb, ifb);
	return sheet_end(&t);
}

int arrive_chain(const struct arrive *a, char out[static ARRIVE_ROOM])
{
	struct sheet t = { .at = out, .room = ARRIVE_ROOM };
	sheet_add(&t, "chain netdev %s arrive_%d", a->ifb, a->ifindex);
	return sheet_end(&t);
}
