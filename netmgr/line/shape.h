// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The queues that a line should have, so that it is full in the box, where classes can pass each other, and not in
 * somebody's modem. Pure: nl_tc.c compares a plan with what the kernel has.
 *
 * On the way up: one HTB of the line's rate, below it a class for each enum shape_class with a share that it always gets; what
 * is left goes to the smallest number first. On the way down, where a rate is known: everything that comes in is led
 * through another device (ifb) and queued there at a little less than the line brings, so that senders slow down: in one cake,
 * else in an HTB with the same classes, where nftables can tell what comes in apart (arrive.h), else all in one queue. The queue
 * itself is cake, fq_codel or a short pfifo, by what the kernel has.
 */
enum shape_class {
	SHAPE_CONTROL, /* control messages, receipts, questions */
	SHAPE_LIVE,    /* live classes, and what a pupil waits for */
	SHAPE_BROWSE,  /* everything that says nothing of itself */
	SHAPE_SYNC,    /* lessons that nobody waits for */
	SHAPE_FIRMWARE,
	SHAPE_CLASSES
};

enum shape_leaf { SHAPE_CAKE, SHAPE_FQ_CODEL, SHAPE_PFIFO, SHAPE_LEAVES };
const char *shape_leaf_name(enum shape_leaf leaf); /* as the kernel calls it */
const char *shape_class_name(enum shape_class class);

/* The DSCP values of a class, 0 at the end; none for SHAPE_BROWSE. */
const uint8_t *shape_dscp(enum shape_class class);

enum {
	SHAPE_MAJOR = 0x50, /* of the root; the queues of classes follow it */
	SHAPE_ROOT = SHAPE_MAJOR << 16,
	SHAPE_MINOR = 0x10, /* of the first class */
	SHAPE_FILTER = (int)0x80000800,
	SHAPE_OBJECTS = 2 * (2 + 2 * SHAPE_CLASSES),
	SHAPE_DOWN_PERCENT = 90, /* of the line's rate: its own queue stays empty */
};

/* "50:12", for nftables: where packets of a class go. */
uint32_t shape_handle(enum shape_class class);

enum shape_what {
	SHAPE_IS_HTB,
	SHAPE_IS_HTB_CLASS,
	SHAPE_IS_CAKE,
	SHAPE_IS_FQ_CODEL,
	SHAPE_IS_PFIFO,
	SHAPE_IS_INGRESS,
	SHAPE_IS_MIRROR, /* a filter that leads all that comes in to another device */
};

struct shape_object {
	enum shape_what what;
	int ifindex;
	uint32_t handle, parent;
	uint64_t rate, ceil;     /* bytes a second; of a cake 0 is no limit */
	uint32_t burst, quantum; /* bytes */
	uint32_t prio;
	uint32_t limit;    /* packets of a pfifo or fq_codel */
	uint32_t fallback; /* of an HTB: minor of the class for what has none */
	bool ingress;      /* of a cake: queues what has crossed the line already */
	int to_ifindex;    /* of a mirror */
};

/* What leads arriving packets to the other device: a filter that cannot tell them apart, or rules that can. */
enum shape_lead { SHAPE_LEAD_MIRROR, SHAPE_LEAD_RULES };

struct shape_wish {
	int ifindex;
	int ifb_ifindex;             /* 0: what comes in is not shaped */
	uint32_t up_kbps, down_kbps; /* of the line; 0: that direction is left alone */
	enum shape_leaf leaf;
	enum shape_lead lead; /* the best that this kernel has */
};

struct shape_plan {
	struct shape_object objects[SHAPE_OBJECTS]; /* parents before their children */
	size_t count;
};

void shape_make(const struct shape_wish *wish, struct shape_plan *out);

/* Whether rules lead what comes in: the plan has classes for it then, and no filter. A cake wants none. */
bool shape_by_rules(const struct shape_wish *wish);

/* The name of an object's kind, as the kernel calls it. */
const char *shape_kind(enum shape_what what);

/* Whether the kernel has what is wanted, as far as it tells. */
bool shape_same(const struct shape_object *wanted, const struct shape_object *found);

/* Whether a handle is of a queue of ours. */
bool shape_is_ours(uint32_t handle);
