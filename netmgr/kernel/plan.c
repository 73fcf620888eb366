// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/plan.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/sheet.h"

enum { MAIN_TABLE = 254 };

uint32_t plan_mark(unsigned uplink)
{
	return (uplink + 1) << PLAN_MARK_SHIFT;
}

uint32_t plan_probe_mark(unsigned uplink)
{
	return PLAN_MARK_PROBE | plan_mark(uplink);
}

uint32_t plan_class_mark(enum shape_class class)
{
	return ((uint32_t) class + 1) << PLAN_MARK_CLASS_SHIFT;
}

static void add_route(struct plan *p, struct plan_route route)
{
	p->routes[p->route_count++] = route;
}

/* Of both families: the tables have the same numbers. */
static void add_rule(struct plan *p, struct plan_rule rule)
{
	p->rules[p->rule_count++] = rule;
	rule.six = true;
	p->rules[p->rule_count++] = rule;
}

/* Whoever is on the uplink's own wire. Where two uplinks have the same subnet, the first of them in a table is it. */
static void add_near(struct plan *p, uint32_t table, const struct plan_uplink *u)
{
	uint32_t mask = u->prefix_len ? UINT32_MAX << (32 - u->prefix_len) : 0;
	struct plan_route near = { .table = table,
				   .to.s_addr = u->address.s_addr & htonl(mask),
				   .to_len = u->prefix_len,
				   .ifindex = u->ifindex,
				   .source = u->address };
	for (size_t i = 0; i < p->route_count; i++)
		if (plan_same_place(&p->routes[i], &near))
			return;
	if (u->prefix_len < 32)
		add_route(p, near);
}

/* The way over one uplink: its own subnet, and everything else through its gateway. */
static void add_way(struct plan *p, uint32_t table, const struct plan_uplink *u)
{
	add_near(p, table, u);
	add_route(p, (struct plan_route){ .table = table,
					  .ifindex = u->ifindex,
					  .gateway = u->gateway,
					  .source = u->address });
}

/* What says nothing of itself has no mark: it takes the base. Established connections stay where they are: their rules come first. */
static void add_choices(struct plan *p, const struct prefer_ways *ways)
{
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		if (c != SHAPE_BROWSE && ways->line[c] >= 0 && ways->line[c] != ways->base)
			add_rule(p, (struct plan_rule){
					    .priority = PLAN_RULE_CHOICE + c,
					    .mark = plan_class_mark((enum shape_class)c),
					    .mask = PLAN_MARK_CLASS,
					    .table = PLAN_TABLE_UPLINK + (uint32_t)ways->line[c] });
}

void plan_make(const struct plan_uplink *uplinks, size_t count, const struct prefer_ways *ways,
	       struct plan *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < count; i++) {
		uint32_t table = PLAN_TABLE_UPLINK + i;
		if (uplinks[i].ifindex && uplinks[i].addressed) {
			add_way(out, table, &uplinks[i]);
			add_near(out, PLAN_TABLE_NEAR, &uplinks[i]);
		}
		add_route(out, (struct plan_route){
				       .table = table, .metric = UINT32_MAX, .unreachable = true });
		add_rule(out, (struct plan_rule){ .priority = PLAN_RULE_PROBE + i,
						  .mark = plan_probe_mark(i),
						  .mask = PLAN_MARK_PROBE | PLAN_MARK_UPLINK,
						  .table = table });
		add_rule(out, (struct plan_rule){ .priority = PLAN_RULE_MARK + i,
						  .mark = plan_mark(i),
						  .mask = PLAN_MARK_UPLINK,
						  .table = table });
	}
	const int base = ways->base;
	if (base >= 0 && uplinks[base].ifindex && uplinks[base].addressed)
		add_way(out, PLAN_TABLE_CLASS, &uplinks[base]);
	add_rule(out, (struct plan_rule){ .priority = PLAN_RULE_MAIN,
					  .table = MAIN_TABLE,
					  .not_default = true });
	add_choices(out, ways);
	add_rule(out, (struct plan_rule){ .priority = PLAN_RULE_CLASS, .table = PLAN_TABLE_CLASS });
	add_rule(out, (struct plan_rule){ .priority = PLAN_RULE_NEAR, .table = PLAN_TABLE_NEAR });
	add_rule(out, (struct plan_rule){ .priority = PLAN_RULE_END });
}

bool plan_same_place(const struct plan_route *a, const struct plan_route *b)
{
	return a->table == b->table && a->to.s_addr == b->to.s_addr && a->to_len == b->to_len &&
	       a->metric == b->metric;
}

bool plan_same_rule(const struct plan_rule *a, const struct plan_rule *b)
{
	return a->priority == b->priority && a->mark == b->mark && a->mask == b->mask &&
	       a->table == b->table && a->not_default == b->not_default && a->six == b->six;
}

/* --- nftables --- */

const char plan_nft_none[] = "add table inet wasl\ndelete table inet wasl\n";

/* One line for each uplink; %s is its device, %x its mark. */
static void add_each(struct sheet *t, const struct plan_uplink *uplinks, size_t count,
		     const char *before, const char *after)
{
	for (unsigned i = 0; i < count; i++)
		if (uplinks[i].device[0])
			sheet_add(t,
				  "\t\t%s \"%s\" %s ct mark set ct mark and 0xffff00ff or 0x%x\n",
				  before, uplinks[i].device, after, plan_mark(i));
}

static void add_restore(struct sheet *t, size_t count)
{
	for (unsigned i = 0; i < count; i++)
		sheet_add(
			t,
			"\t\tct mark and 0xff00 == 0x%x meta mark set meta mark and 0xffff00ff or "
			"0x%x\n",
			plan_mark(i), plan_mark(i));
}

/* What the box answers has what the far side chose: Linux copies its TOS into a reset. */
static const char began[] = "ct direction original ";

/* Which class a packet is of, by what it says of itself; `of` says whose packets are believed. */
static void add_class(struct sheet *t, const char *of, enum shape_class class)
{
	static const char *const families[] = { "ip", "ip6" };
	const uint8_t *dscp = shape_dscp(class);
	if (!dscp[0])
		return;
	for (size_t family = 0; family < ARRAY_LEN(families); family++) {
		sheet_add(t, "\t\t%s%s dscp { %u", of, families[family], dscp[0]);
		for (size_t i = 1; dscp[i]; i++)
			sheet_add(t, ", %u", dscp[i]);
		sheet_add(t, " } meta mark set meta mark and 0xfff0ffff or 0x%x\n",
			  plan_class_mark(class));
	}
}

/* What the box needs so that reports get through: names, the time, an address. */
static void add_needed(struct sheet *t)
{
	sheet_add(t,
		  "\t\t%smeta l4proto { tcp, udp } th dport { 53, 67, 123 } meta mark set meta "
		  "mark and 0xfff0ffff or 0x%x\n",
		  began, plan_class_mark(SHAPE_CONTROL));
}

/* The queue of its class, for whatever leaves by an uplink; what is of none takes the queue's own default. */
static void add_queues(struct sheet *t)
{
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		sheet_add(t, "\t\tmeta mark and 0x%x == 0x%x meta priority set %x:%x\n",
			  PLAN_MARK_CLASS, plan_class_mark((enum shape_class)c),
			  shape_handle((enum shape_class)c) >> 16,
			  shape_handle((enum shape_class)c) & 0xffff);
	sheet_add(t, "\t\tmeta mark and 0x%x != 0 meta priority set %x:%x\n", PLAN_MARK_PROBE,
		  shape_handle(SHAPE_CONTROL) >> 16, shape_handle(SHAPE_CONTROL) & 0xffff);
}

/* Whoever is on the line's own wire, with the box: straight through, past the line's rate. */
static void add_wire(struct sheet *t, const struct plan_uplink *u)
{
	char network[INET_ADDRSTRLEN];
	const uint32_t direct = SHAPE_ROOT;
	if (!u->shared || !u->device[0])
		return;
	if (u->address.s_addr && u->prefix_len && u->prefix_len < 32) {
		const struct in_addr first = { u->address.s_addr &
					       htonl(UINT32_MAX << (32 - u->prefix_len)) };
		inet_ntop(AF_INET, &first, network, sizeof(network));
		sheet_add(t, "\t\toifname \"%s\" ip daddr %s/%u meta priority set %x:0\n",
			  u->device, network, u->prefix_len, direct >> 16);
	}
	sheet_add(t,
		  "\t\toifname \"%s\" ip6 daddr { fe80::/10, ff02::/16 } meta priority set %x:0\n",
		  u->device, direct >> 16);
}

/* A modem that was never there has no device: a set of none is refused. */
static bool any_device(const struct plan_uplink *uplinks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (uplinks[i].device[0])
			return true;
	return false;
}

static void add_devices(struct sheet *t, const struct plan_uplink *uplinks, size_t count)
{
	const char *comma = "";
	sheet_add(t, "{ ");
	for (size_t i = 0; i < count; i++) {
		if (!uplinks[i].device[0])
			continue;
		sheet_add(t, "%s\"%s\"", comma, uplinks[i].device);
		comma = ", ";
	}
	sheet_add(t, " }");
}

static void add_fallen(struct sheet *t, const struct plan_uplink *uplinks, size_t count)
{
	for (unsigned i = 0; i < count; i++)
		if (uplinks[i].fell)
			sheet_add(t, "add element inet wasl fell { 0x%x }\n", plan_mark(i));
}

/*
 * Whoever is stuck on an uplink that fell is told so, instead of waiting for an answer that never comes: what is
 * forwarded by its next packet, the box's own connections (only those that it began, not those of people on the
 * uplink's wire) where the kernel cannot destroy sockets.
 */
static void add_stuck(struct sheet *t)
{
	sheet_add(t, "\tset fell {\n\t\ttype mark\n\t}\n");
	sheet_add(t, "\tchain stuck {\n\t\ttype filter hook forward priority filter\n"
		     "\t\tmeta l4proto tcp ct mark and 0xff00 @fell reject with tcp reset\n\t}\n");
	sheet_add(t,
		  "\tchain stuck_own {\n\t\ttype filter hook output priority filter\n"
		  "\t\tmeta mark and 0x%x == 0 ct direction original meta l4proto tcp "
		  "ct mark and 0xff00 @fell reject with tcp reset\n\t}\n",
		  PLAN_MARK_PROBE);
}

static void add_barred_of(struct sheet *t, const char *set, uint32_t line, unsigned classes)
{
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		if (classes & PREFER_BIT(c))
			sheet_add(t, "add element inet wasl %s { 0x%x }\n", set,
				  line | (c == SHAPE_BROWSE
						  ? 0
						  : plan_class_mark((enum shape_class)c)));
}

/* Classes that take a line of their own which has no IPv6, while most traffic's may have. */
static unsigned without_six(const struct plan_uplink *uplinks, size_t count,
			    const struct prefer_ways *ways)
{
	unsigned classes = 0;
	for (unsigned c = 0; c < SHAPE_CLASSES; c++) {
		const int line = ways->line[c];
		if (c != SHAPE_BROWSE && line >= 0 && line != ways->base && (size_t)line < count &&
		    !uplinks[line].leads6)
			classes |= PREFER_BIT(c);
	}
	return classes;
}

/* What belongs to no uplink yet: with an uplink's mark of 0. */
static void add_barred(struct sheet *t, const struct plan_uplink *uplinks, size_t count,
		       const struct prefer_ways *ways)
{
	add_barred_of(t, "barred", 0, ways->held);
	for (unsigned i = 0; i < count; i++)
		add_barred_of(t, "barred", plan_mark(i), ways->barred[i]);
	add_barred_of(t, "barred6", 0, without_six(uplinks, count, ways));
}

/*
 * What may not take its line any more, or none at all, is told so at once: both ways an own connection would wait for minutes,
 * as the kernel asks for a route before there are marks. Who began it on the line's own wire is answered, and a reset goes out.
 */
static void add_refusal(struct sheet *t, const struct plan_uplink *uplinks, size_t count)
{
	static const char *const ways[] = {
		"meta l4proto tcp tcp flags & rst == 0",
		"meta l4proto != tcp",
	};
	static const char *const sets[] = { "meta mark", "meta nfproto ipv6 meta mark" };
	for (size_t i = 0; any_device(uplinks, count) && i < 4; i++) {
		sheet_add(t, "\t\toifname ");
		add_devices(t, uplinks, count);
		sheet_add(t, " ct direction original %s and 0x%x @barred%s %s reject%s\n",
			  sets[i / 2], PLAN_MARK_UPLINK | PLAN_MARK_CLASS, i / 2 ? "6" : "",
			  ways[i % 2], i % 2 ? "" : " with tcp reset");
	}
}

int plan_nft_sets(const struct plan_uplink *uplinks, size_t count, const struct prefer_ways *ways,
		  char out[static PLAN_NFT_ROOM])
{
	struct sheet t = { .at = out, .room = PLAN_NFT_ROOM };
	sheet_add(&t, "flush set inet wasl fell\nflush set inet wasl barred\n"
		      "flush set inet wasl barred6\n");
	add_fallen(&t, uplinks, count);
	add_barred(&t, uplinks, count, ways);
	return sheet_end(&t);
}

int plan_nft(const struct plan_uplink *uplinks, size_t count, const struct prefer_ways *ways,
	     char out[static PLAN_NFT_ROOM])
{
	struct sheet t = { .at = out, .room = PLAN_NFT_ROOM };
	/* "add" first, so that "delete" finds a table whether or not there was one: one transaction. */
	sheet_add(&t, "add table inet wasl\ndelete table inet wasl\ntable inet wasl {\n");
	sheet_add(&t, "\tset barred {\n\t\ttype mark\n\t}\n"
		      "\tset barred6 {\n\t\ttype mark\n\t}\n");

	/* What came in over an uplink is answered over it; what the house sends stays where it began. */
	sheet_add(&t, "\tchain arrive {\n\t\ttype filter hook prerouting priority mangle\n");
	add_each(&t, uplinks, count, "iifname", "ct state new");
	if (any_device(uplinks, count)) {
		sheet_add(&t, "\t\tiifname ");
		add_devices(&t, uplinks, count);
		sheet_add(&t, " accept\n");
	}
	add_restore(&t, count);
	/* A pupil's machine may say that it has time; that it is worth more than others is not believed. */
	add_class(&t, "", SHAPE_SYNC);
	add_class(&t, "", SHAPE_FIRMWARE);
	sheet_add(&t, "\t}\n");

	/* The box's own packets; a probe carries its own mark. */
	sheet_add(&t, "\tchain own {\n\t\ttype route hook output priority mangle\n");
	sheet_add(&t, "\t\tmeta mark and 0x%x != 0 accept\n", PLAN_MARK_PROBE);
	add_restore(&t, count);
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		add_class(&t, began, (enum shape_class)c);
	add_needed(&t);
	add_refusal(&t, uplinks, count);
	sheet_add(&t, "\t}\n");

	sheet_add(&t, "\tchain refuse {\n\t\ttype filter hook forward priority filter\n");
	add_refusal(&t, uplinks, count);
	sheet_add(&t, "\t}\n");

	/* A new flow belongs to the uplink that it leaves by. */
	sheet_add(&t, "\tchain leave {\n\t\ttype filter hook postrouting priority mangle\n");
	add_each(&t, uplinks, count, "oifname", "ct mark and 0xff00 == 0");
	add_queues(&t);
	for (size_t i = 0; i < count; i++)
		add_wire(&t, &uplinks[i]);
	sheet_add(&t, "\t}\n");

	add_stuck(&t);

	sheet_add(&t, "\tchain nat {\n\t\ttype nat hook postrouting priority srcnat\n");
	if (any_device(uplinks, count)) {
		sheet_add(&t, "\t\toifname ");
		add_devices(&t, uplinks, count);
		sheet_add(&t, " masquerade\n");
	}
	sheet_add(&t, "\t}\n}\n");
	add_fallen(&t, uplinks, count);
	add_barred(&t, uplinks, count, ways);
	return sheet_end(&t);
}
