// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/shape.h"

#include <linux/pkt_sched.h>
#include <string.h>

enum {
	MTU = 1514,
	BYTES_PER_KBIT = 125, /* a second */
	ALL_MS = 20,          /* longest queue of a plain pfifo that everybody shares */
	LEAST_PACKETS = 4,
	MOST_PACKETS = 1000,
	BURST_MS = 2, /* what a timer of the kernel may be late */
	FIRST_LEAF = SHAPE_MAJOR + 1,
};

static const struct {
	const char *name;
	uint8_t dscp[4];
	unsigned percent;        /* that it always gets */
	unsigned up_ms, down_ms; /* longest queue of a plain pfifo */
	unsigned down_most;      /* percent that it may fill: the provider's queue empties sooner */
} classes[SHAPE_CLASSES] = {
	[SHAPE_CONTROL] = { "control", { 48, 56 }, 8, 50, 50, 100 }, /* CS6, CS7 */
	[SHAPE_LIVE] = { "live", { 34, 46 }, 40, 50, 50, 100 },      /* AF41, EF */
	[SHAPE_BROWSE] = { "browsing", { 0 }, 30, 50, 50, 100 },     /* */
	[SHAPE_SYNC] = { "sync", { 8, 10 }, 15, 50, 20, 90 },        /* CS1, AF11 */
	[SHAPE_FIRMWARE] = { "firmware", { 1 }, 7, 50, 20, 90 },     /* LE, RFC 8622 */
};

const char *shape_class_name(enum shape_class class)
{
	return classes[class].name;
}

const uint8_t *shape_dscp(enum shape_class class)
{
	return classes[class].dscp;
}

const char *shape_leaf_name(enum shape_leaf leaf)
{
	static const char *const names[SHAPE_LEAVES] = { "cake", "fq_codel", "pfifo" };
	return names[leaf];
}

uint32_t shape_handle(enum shape_class class)
{
	return SHAPE_ROOT | (uint32_t)(SHAPE_MINOR + class);
}

const char *shape_kind(enum shape_what what)
{
	static const char *const names[] = {
		[SHAPE_IS_HTB] = "htb",     [SHAPE_IS_HTB_CLASS] = "htb",
		[SHAPE_IS_CAKE] = "cake",   [SHAPE_IS_FQ_CODEL] = "fq_codel",
		[SHAPE_IS_PFIFO] = "pfifo", [SHAPE_IS_INGRESS] = "ingress",
		[SHAPE_IS_MIRROR] = "u32",
	};
	return names[what];
}

bool shape_is_ours(uint32_t handle)
{
	const uint32_t major = handle >> 16;
	return major >= SHAPE_MAJOR && major <= FIRST_LEAF + SHAPE_CLASSES;
}

static void add(struct shape_plan *p, struct shape_object object)
{
	p->objects[p->count++] = object;
}

/* Packets that a queue holds for no longer than `ms`. */
static uint32_t packets_in(uint64_t rate, unsigned ms)
{
	const uint64_t packets = rate * ms / 1000 / MTU;
	return packets < LEAST_PACKETS  ? LEAST_PACKETS
	       : packets > MOST_PACKETS ? MOST_PACKETS
					: (uint32_t)packets;
}

static uint32_t burst_of(uint64_t rate)
{
	const uint64_t bytes = rate * BURST_MS / 1000 + MTU;
	return bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

static void add_class(struct shape_plan *p, int ifindex, uint32_t handle, uint32_t parent,
		      uint64_t rate, uint64_t ceil, uint32_t prio)
{
	const uint64_t least = 1000; /* bytes a second: HTB knows no class without a rate */
	add(p, (struct shape_object){ .what = SHAPE_IS_HTB_CLASS,
				      .ifindex = ifindex,
				      .handle = handle,
				      .parent = parent,
				      .rate = rate > least ? rate : least,
				      .ceil = ceil > least ? ceil : least,
				      .burst = burst_of(rate),
				      .quantum = MTU,
				      .prio = prio });
}

static void add_leaf(struct shape_plan *p, int ifindex, uint32_t handle, uint32_t parent,
		     enum shape_leaf leaf, uint32_t limit)
{
	static const enum shape_what what[SHAPE_LEAVES] = { SHAPE_IS_CAKE, SHAPE_IS_FQ_CODEL,
							    SHAPE_IS_PFIFO };
	add(p, (struct shape_object){ .what = what[leaf],
				      .ifindex = ifindex,
				      .handle = handle,
				      .parent = parent,
				      .limit = leaf == SHAPE_FQ_CODEL ? MOST_PACKETS
					       : leaf == SHAPE_PFIFO  ? limit
								      : 0 });
}

static void add_root(struct shape_plan *p, int ifindex)
{
	add(p, (struct shape_object){ .what = SHAPE_IS_HTB,
				      .ifindex = ifindex,
				      .handle = SHAPE_ROOT,
				      .parent = TC_H_ROOT,
				      .fallback = SHAPE_MINOR + SHAPE_BROWSE });
}

enum way { WAY_UP, WAY_DOWN };

static void add_classes(struct shape_plan *p, int ifindex, uint64_t rate, enum way way,
			enum shape_leaf leaf)
{
	const uint32_t all = SHAPE_ROOT | 1;
	add_root(p, ifindex);
	add_class(p, ifindex, all, TC_H_ROOT, rate, rate, 0);
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		add_class(p, ifindex, shape_handle((enum shape_class)c), all,
			  rate * classes[c].percent / 100,
			  rate * (way == WAY_UP ? 100 : classes[c].down_most) / 100, c);
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		add_leaf(p, ifindex, (FIRST_LEAF + c) << 16, shape_handle((enum shape_class)c),
			 leaf,
			 packets_in(rate, way == WAY_UP ? classes[c].up_ms : classes[c].down_ms));
}

/* What comes in, where nothing tells it apart. */
static void add_one(struct shape_plan *p, int ifindex, uint64_t rate, enum shape_leaf leaf)
{
	const uint32_t all = SHAPE_ROOT | (SHAPE_MINOR + SHAPE_BROWSE);
	if (leaf == SHAPE_CAKE) {
		add(p, (struct shape_object){ .what = SHAPE_IS_CAKE,
					      .ifindex = ifindex,
					      .handle = SHAPE_ROOT,
					      .parent = TC_H_ROOT,
					      .rate = rate,
					      .ingress = true });
		return;
	}
	add_root(p, ifindex);
	add_class(p, ifindex, all, TC_H_ROOT, rate, rate, 0);
	add_leaf(p, ifindex, FIRST_LEAF << 16, all, leaf, packets_in(rate, ALL_MS));
}

/* Last: from here on packets come. */
static void add_mirror(struct shape_plan *p, const struct shape_wish *w)
{
	const uint32_t arrival = TC_H_MAKE(TC_H_INGRESS, 0) & TC_H_MAJ_MASK;
	add(p, (struct shape_object){ .what = SHAPE_IS_INGRESS,
				      .ifindex = w->ifindex,
				      .handle = arrival,
				      .parent = TC_H_INGRESS });
	add(p, (struct shape_object){ .what = SHAPE_IS_MIRROR,
				      .ifindex = w->ifindex,
				      .handle = (uint32_t)SHAPE_FILTER,
				      .parent = arrival,
				      .to_ifindex = w->ifb_ifindex });
}

bool shape_by_rules(const struct shape_wish *w)
{
	return w->ifindex && w->down_kbps && w->ifb_ifindex && w->lead == SHAPE_LEAD_RULES &&
	       w->leaf != SHAPE_CAKE;
}

static void plan_down(struct shape_plan *p, const struct shape_wish *w)
{
	const uint64_t rate = (uint64_t)w->down_kbps * BYTES_PER_KBIT * SHAPE_DOWN_PERCENT / 100;
	if (shape_by_rules(w)) {
		add_classes(p, w->ifb_ifindex, rate, WAY_DOWN, w->leaf);
		return;
	}
	add_one(p, w->ifb_ifindex, rate, w->leaf);
	add_mirror(p, w);
}

void shape_make(const struct shape_wish *wish, struct shape_plan *out)
{
	memset(out, 0, sizeof(*out));
	if (!wish->ifindex)
		return;
	if (wish->up_kbps)
		add_classes(out, wish->ifindex, (uint64_t)wish->up_kbps * BYTES_PER_KBIT, WAY_UP,
			    wish->leaf);
	if (wish->down_kbps && wish->ifb_ifindex)
		plan_down(out, wish);
}

bool shape_same(const struct shape_object *wanted, const struct shape_object *found)
{
	return wanted->what == found->what && wanted->ifindex == found->ifindex &&
	       wanted->handle == found->handle && wanted->parent == found->parent &&
	       wanted->rate == found->rate && wanted->ceil == found->ceil &&
	       wanted->prio == found->prio && wanted->limit == found->limit &&
	       wanted->to_ifindex == found->to_ifindex;
}
