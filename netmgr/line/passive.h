// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/uplink.h"

/*
 * What real transfers say of each line: speed, round trip, what had to be sent again. No bytes are spent on it. Pure: told every
 * few seconds what the kernel knows of the box's own TCP connections (TCP_INFO; netmgr/kernel/nl_passive.c asks), and only while bytes move.
 *
 * Upward a rate counts while a connection is pressed: it had bytes under way nearly all the time, and neither its program nor the
 * far side's buffer held it back. Downward nobody tells us what the sender could have done more: the rate is what arrived while a
 * stream was coming in, so the line carries that much at least.
 *
 * Round trips are those of connections: the box's own queue is a part of them. Whoever wants to know how full somebody else's
 * queue is (shape_learn.h) may ask that only of a line on which the box has none.
 */
enum {
	PASSIVE_LOOK_S = 2,
	PASSIVE_FLOWS = 128, /* of one look; more are not looked at */
	PASSIVE_FRESH_MS = 5000,
	PASSIVE_SLOT_MS = 300000, /* what was best stands for one to two of these */
	PASSIVE_NOWHERE = -1,     /* a connection that goes over no line */
	PASSIVE_NEW = -2,         /* nobody has looked over which line it goes */
};

/* A connection as it stands. */
struct passive_flow {
	uint64_t id; /* the kernel's, never used twice */
	int line;    /* an uplink, or PASSIVE_NOWHERE */
	uint64_t acked_bytes, received_bytes, sent_bytes, resent_bytes;
	uint64_t busy_us, held_us; /* with bytes under way; of that, held back by a buffer */
	uint32_t rtt_us, least_rtt_us, receiver_rtt_us; /* 0: not known */
	uint32_t heard_ms_ago;                          /* since bytes came in */
};

struct passive_best {
	uint32_t now, before; /* of this slot, and of the one before it */
};

struct passive_line {
	uint64_t seen_ms; /* when a connection last told something; 0: never */
	uint64_t slot_ms;
	uint32_t rtt_us;  /* of late */
	uint32_t late_us; /* how much longer than at its best a round trip took at the last look */
	struct passive_best up_kbps, down_kbps, floor_us; /* most, most, least */
	uint64_t sent_bytes, resent_bytes;                /* of late: halved with each slot */
	uint32_t flows;                                   /* that moved bytes at the last look */
};

struct passive {
	struct passive_line lines[UPLINK_MAX];
	struct passive_flow flows[PASSIVE_FLOWS];
	size_t flow_count;
	uint64_t looked_ms;
};

/* Over which line a connection goes, as it was told before: an uplink, PASSIVE_NOWHERE or PASSIVE_NEW. */
int passive_line_of(const struct passive *p, uint64_t id);

/* All connections as they stand; zeroed memory has seen none. */
void passive_take(struct passive *p, const struct passive_flow *flows, size_t count,
		  uint64_t now_ms);

/* What there is to say now; 0 for what nobody knows. */
struct passive_view {
	bool known, fresh;
	uint64_t age_ms;
	uint32_t rtt_us, floor_us, late_us;
	uint32_t up_kbps, down_kbps;
	uint32_t resent_ppm; /* of a million bytes sent */
	uint32_t flows;
};
void passive_look(const struct passive *p, unsigned uplink, uint64_t now_ms,
		  struct passive_view *out);
