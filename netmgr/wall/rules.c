// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/sheet.h"

const char rules_none[] = "add table inet wasl_wall\ndelete table inet wasl_wall\n";
const char rules_none_bridge[] = "add table bridge wasl_wall\ndelete table bridge wasl_wall\n";

static void network_of(const struct rules_zone *z, char out[static INET_ADDRSTRLEN + 4])
{
	const struct in_addr first = { z->address.s_addr & htonl(UINT32_MAX << (32 - z->len)) };
	char text[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &first, text, sizeof(text));
	snprintf(out, INET_ADDRSTRLEN + 4, "%s/%u", text, z->len);
}

/* A zone whose network is known, and whose wire is its own. */
static bool own_wire(const struct rules_zone *z)
{
	return z->len && !z->shared;
}

/* --- who may say that he is who --- */

static void add_spoof(struct sheet *t, const struct rules_spec *s)
{
	sheet_add(t,
		  "\tchain spoof {\n\t\ttype filter hook prerouting priority raw; policy accept\n");
	for (size_t i = 0; i < s->zone_count; i++) {
		const struct rules_zone *z = &s->zones[i];
		char network[INET_ADDRSTRLEN + 4], box[INET_ADDRSTRLEN];
		if (!own_wire(z))
			continue;
		network_of(z, network);
		inet_ntop(AF_INET, &z->address, box, sizeof(box));
		if (z->dhcp)
			sheet_add(t, "\t\tiifname \"%s\" ip saddr 0.0.0.0 udp dport 67 accept\n",
				  z->device);
		sheet_add(t, "\t\tiifname \"%s\" ip saddr != %s drop\n", z->device, network);
		sheet_add(t, "\t\tiifname \"%s\" ip saddr %s drop\n", z->device, box);
		/* No zone has IPv6 beyond its wire: whoever has another address came by it elsewhere. */
		sheet_add(t, "\t\tiifname \"%s\" ip6 saddr != { ::, fe80::/10 } drop\n", z->device);
		sheet_add(t, "\t\tiifname != { \"%s\", \"lo\" } ip saddr %s drop\n", z->device,
			  network);
	}
	sheet_add(t, "\t}\n");
}

/* Telephones that ask a name server of their own choice find the box's pages nevertheless. */
static void add_names(struct sheet *t, const struct rules_spec *s)
{
	sheet_add(t,
		  "\tchain names {\n\t\ttype nat hook prerouting priority dstnat; policy accept\n");
	for (size_t i = 0; i < s->zone_count && s->mode != EMERGENCY_OPEN; i++) {
		const struct rules_zone *z = &s->zones[i];
		if (z->kind == ZONE_CLASSROOM && own_wire(z))
			sheet_add(t,
				  "\t\tiifname \"%s\" udp dport 53 redirect\n"
				  "\t\tiifname \"%s\" tcp dport 53 redirect\n",
				  z->device, z->device);
	}
	sheet_add(t, "\t}\n");
}

/* --- to the box --- */

static void add_serve(struct sheet *t, const struct rules_spec *s)
{
	sheet_add(t,
		  "\tset busy {\n\t\ttype ipv4_addr\n\t\tsize 65535\n\t\tflags dynamic,timeout\n"
		  "\t\ttimeout 10s\n\t}\n"
		  "\tset busy6 {\n\t\ttype ipv6_addr\n\t\tsize 65535\n\t\tflags dynamic,timeout\n"
		  "\t\ttimeout 10s\n\t}\n"
		  "\tchain serve {\n"
		  "\t\tct state new update @busy { ip saddr limit rate over 500/second "
		  "burst 2000 packets } drop\n"
		  "\t\tct state new update @busy6 { ip6 saddr limit rate over 500/second "
		  "burst 2000 packets } drop\n"
		  "\t\ticmp type echo-request limit rate 200/second burst 400 packets accept\n"
		  "\t\ticmpv6 type echo-request limit rate 200/second burst 400 packets accept\n"
		  "\t\tudp dport 53 accept\n"
		  "\t\ttcp dport { 53");
	for (size_t i = 0; i < s->page_count; i++)
		if (s->pages[i] != 53)
			sheet_add(t, ", %u", s->pages[i]);
	sheet_add(t, " } accept\n"
		     "\t\tmeta l4proto tcp limit rate 200/second burst 400 packets "
		     "reject with tcp reset\n\t}\n");
}

static void add_input_zone(struct sheet *t, const struct rules_zone *z)
{
	char from[96], network[INET_ADDRSTRLEN + 4];
	if (!z->len)
		return;
	network_of(z, network);
	if (z->shared)
		snprintf(from, sizeof(from), "iifname \"%s\" ip saddr %s", z->device, network);
	else
		snprintf(from, sizeof(from), "iifname \"%s\"", z->device);
	if (z->kind == ZONE_MANAGEMENT)
		sheet_add(t, "\t\t%s tcp dport 22 accept\n", from);
	if (z->dhcp && !z->shared)
		sheet_add(
			t,
			"\t\t%s udp sport 68 udp dport 67 limit rate 200/second burst 400 packets "
			"accept\n",
			from);
	sheet_add(t, "\t\t%s jump serve\n", from);
}

static void add_input(struct sheet *t, const struct rules_spec *s)
{
	sheet_add(t,
		  "\tchain input {\n\t\ttype filter hook input priority filter; policy drop\n"
		  "\t\tiifname \"lo\" accept\n"
		  "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 "
		  "accept\n"
		  "\t\ticmpv6 type mld-listener-query ip6 saddr fe80::/10 ip6 hoplimit 1 accept\n"
		  "\t\tct state invalid drop\n"
		  "\t\tct direction reply ct state established accept\n"
		  "\t\tmeta l4proto { icmp, icmpv6 } ct state related accept\n");
	for (size_t i = 0; i < s->uplink_count; i++)
		sheet_add(t,
			  "\t\tiifname \"%s\" udp sport 67 udp dport 68 accept\n"
			  "\t\tiifname \"%s\" icmpv6 type nd-router-advert ip6 saddr fe80::/10 "
			  "ip6 hoplimit 255 accept\n",
			  s->uplinks[i], s->uplinks[i]);
	for (size_t i = 0; i < s->zone_count; i++)
		add_input_zone(t, &s->zones[i]);
	sheet_add(t, "\t}\n");
}

/* --- through it --- */

enum zone_reach rules_reach(const struct rules_spec *s, const struct rules_zone *z)
{
	switch (s->mode) {
	case EMERGENCY_OPEN:
		return ZONE_REACH_ALL;
	case EMERGENCY_CLOSED:
		return z->kind == ZONE_MANAGEMENT ? z->reach : ZONE_REACH_BOX;
	case EMERGENCY_NONE:
	case EMERGENCY_MODES:
		break;
	}
	return z->reach;
}

static void add_reach(struct sheet *t)
{
	sheet_add(
		t,
		"\tchain refuse {\n"
		"\t\tmeta l4proto tcp limit rate 500/second burst 1000 packets "
		"reject with tcp reset\n"
		"\t\tmeta l4proto != tcp limit rate 500/second burst 1000 packets "
		"reject with icmpx admin-prohibited\n"
		"\t\tdrop\n\t}\n"
		/* The router's own pages, and whatever else is on the uplinks' side of the Internet. */
		"\tchain public {\n"
		"\t\tip daddr { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, "
		"169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 } goto refuse\n"
		"\t\tip6 daddr != 2000::/3 goto refuse\n\t}\n"
		"\tchain web {\n\t\tjump public\n"
		"\t\ttcp dport { 80, 443 } accept\n"
		"\t\tudp dport { 123, 443 } accept\n"
		"\t\ticmp type echo-request accept\n"
		"\t\ticmpv6 type echo-request accept\n"
		"\t\tgoto refuse\n\t}\n"
		"\tchain internet {\n\t\tjump public\n\t\taccept\n\t}\n");
}

static const char *verdict_of(enum zone_reach reach)
{
	switch (reach) {
	case ZONE_REACH_WEB:
		return "goto web";
	case ZONE_REACH_INTERNET:
		return "goto internet";
	case ZONE_REACH_ALL:
		return "accept";
	case ZONE_REACH_AUTO:
	case ZONE_REACH_BOX:
		break;
	}
	return NULL;
}

static void add_from(struct sheet *t, const struct rules_spec *s, size_t at)
{
	const struct rules_zone *z = &s->zones[at];
	const char *verdict = verdict_of(rules_reach(s, z));
	sheet_add(t, "\tchain from%zu {\n", at);
	if (!z->isolate && s->mode != EMERGENCY_CLOSED)
		sheet_add(t, "\t\toifname \"%s\" accept\n", z->device);
	for (size_t i = 0; verdict && i < s->uplink_count; i++)
		sheet_add(t, "\t\toifname \"%s\" %s\n", s->uplinks[i], verdict);
	sheet_add(t, "\t\tgoto refuse\n\t}\n");
}

static void add_forward(struct sheet *t, const struct rules_spec *s)
{
	add_reach(t);
	for (size_t i = 0; i < s->zone_count; i++)
		if (own_wire(&s->zones[i]))
			add_from(t, s, i);
	/* After `inet wasl` has told those on a fallen line. */
	sheet_add(t, "\tchain forward {\n"
		     "\t\ttype filter hook forward priority filter + 10; policy drop\n"
		     "\t\tct state invalid drop\n");
	if (s->mode == EMERGENCY_CLOSED) {
		for (size_t i = 0; i < s->zone_count; i++)
			if (s->zones[i].kind == ZONE_MANAGEMENT && own_wire(&s->zones[i]))
				sheet_add(
					t,
					"\t\toifname \"%s\" ct direction reply ct state "
					"established "
					"accept\n"
					"\t\toifname \"%s\" meta l4proto { icmp, icmpv6 } ct state "
					"related accept\n",
					s->zones[i].device, s->zones[i].device);
	} else {
		sheet_add(t, "\t\tct direction reply ct state established accept\n"
			     "\t\tmeta l4proto { icmp, icmpv6 } ct state related accept\n");
	}
	for (size_t i = 0; i < s->zone_count; i++)
		if (own_wire(&s->zones[i]))
			sheet_add(t, "\t\tiifname \"%s\" goto from%zu\n", s->zones[i].device, i);
	sheet_add(t, "\t}\n");
}

/* --- within one wire, where the box is its switch --- */

static void add_ports(struct sheet *t, const struct rules_zone *z)
{
	static const char *const ways[] = { "iifname", " oifname" };
	sheet_add(t, "\t\t");
	for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
		sheet_add(t, "%s { ", ways[w]);
		for (size_t i = 0; i < z->port_count; i++)
			sheet_add(t, "%s\"%s\"", i ? ", " : "", z->ports[i]);
		sheet_add(t, " }");
	}
	sheet_add(t, " drop\n");
}

static void add_bridge(struct sheet *t, const struct rules_spec *s)
{
	sheet_add(t,
		  "%stable bridge wasl_wall {\n\tchain isolate {\n"
		  "\t\ttype filter hook forward priority filter; policy accept\n",
		  rules_none_bridge);
	for (size_t i = 0; i < s->zone_count; i++) {
		const struct rules_zone *z = &s->zones[i];
		if (!z->isolate || z->shared)
			continue;
		if (s->bridge == RULES_BY_BRIDGE)
			sheet_add(t, "\t\tmeta ibrname \"%s\" drop\n", z->device);
		else if (z->port_count)
			add_ports(t, z);
	}
	sheet_add(t, "\t}\n}\n");
}

int rules_text(const struct rules_spec *s, char out[static RULES_ROOM])
{
	struct sheet t = { .at = out, .room = RULES_ROOM };
	sheet_add(&t, "%stable inet wasl_wall {\n", rules_none);
	add_spoof(&t, s);
	add_names(&t, s);
	add_serve(&t, s);
	add_input(&t, s);
	add_forward(&t, s);
	sheet_add(&t, "}\n");
	if (s->bridge != RULES_NO_BRIDGE)
		add_bridge(&t, s);
	return sheet_end(&t);
}
