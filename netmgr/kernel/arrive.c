// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/arrive.h"

#include <arpa/inet.h>

#include "firmware/base/clean.h"
#include "firmware/base/sheet.h"
#include "netmgr/line/shape.h"

enum { FLOWS = 16384, NOTED_S = 30 };

static const struct {
	const char *type, *word;
	int number;
} families[] = {
	{ "ipv4_addr", "ip", 4 },
	{ "ipv6_addr", "ip6", 6 },
};

/* One for each class, so that who fills one leaves the others alone. */
static void add_sets(struct sheet *t)
{
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		for (size_t i = 0; c != SHAPE_BROWSE && i < ARRAY_LEN(families); i++)
			sheet_add(t,
				  "\tset %s%d {\n\t\ttype inet_proto . %s . inet_service . "
				  "inet_service\n\t\tsize %d\n\t\tflags dynamic,timeout\n"
				  "\t\ttimeout %ds\n\t}\n",
				  shape_class_name((enum shape_class)c), families[i].number,
				  families[i].type, FLOWS, NOTED_S);
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
	/* Each question has a port of its own: their answers are known by where they come from. */
	sheet_add(t, "\t\tmeta l4proto { tcp, udp } th dport { 53, 123 } accept\n");
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		for (size_t i = 0; c != SHAPE_BROWSE && i < ARRAY_LEN(families); i++) {
			add_class(t, "\t\tmeta priority ", (enum shape_class)c);
			sheet_add(t,
				  " meta l4proto { tcp, udp } update @%s%d { meta l4proto . %s "
				  "daddr . th dport . th sport }\n",
				  shape_class_name((enum shape_class)c), families[i].number,
				  families[i].word);
		}
	sheet_add(t, "\t}\n");
}

/*
 * What a line needs to work at all is not noted: who has an address, and what answers questions. Anybody can send that:
 * more of it than a line needs is browsing.
 */
static void add_needed(struct sheet *t, const char *ifb)
{
	static const char *const needed[] = {
		"meta protocol arp limit rate 4 kbytes/second burst 8 kbytes",
		"icmp type echo-reply limit rate 8 kbytes/second burst 16 kbytes",
		"icmpv6 type echo-reply limit rate 8 kbytes/second burst 16 kbytes",
		("icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } "
		 "limit rate 4 kbytes/second burst 8 kbytes"),
		"udp sport { 53, 123 } limit rate 16 kbytes/second burst 32 kbytes",
	};
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		sheet_add(t, "\t\t%s fwd to \"%s\"\n", needed[i], ifb);
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
				  "\t\tmeta l4proto { tcp, udp } meta l4proto . %s saddr . th "
				  "sport . th dport @%s%d fwd to \"%s\"\n",
				  families[i].word, shape_class_name((enum shape_class)c),
				  families[i].number, a->ifb);
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
