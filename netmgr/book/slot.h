// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/evidence.h"
#include "netmgr/book/gap.h"
#include "netmgr/book/meter.h"
#include "netmgr/book/minutes.h"

/*
 * One entry of the ledger as bytes: what is known now (the mark) and the rows and events that are new
 * since the entry before. Fixed size, little-endian, CRC-32C over everything before it, so that it can be
 * overwritten in place and a write torn by a power cut is recognised.
 */
enum {
	SLOT_BYTES = 4096,
	SLOT_ROWS = MINUTES_LINES,
	SLOT_EVENTS = 6,
	EVENT_KIND_ROOM = 24,
	EVENT_REASON_ROOM = 32,
};

enum mark_life {
	MARK_LIVE,
	MARK_RETIRED, /* taken out of the configuration, its day is not over */
	MARK_ENDED,   /* only named because rows of this entry are its */
};

struct mark_line {
	char name[UPLINK_NAME_ROOM];     /* "" where the line is not used */
	uint8_t kind;                    /* enum uplink_kind */
	uint8_t life;                    /* enum mark_life */
	uint8_t seconds[UPLINK_CLASSES]; /* of the open minute */
	struct meter meter;
	struct mark_rate {
		uint32_t up_kbps; /* what the line carries upward, as it was learned; 0 not known */
		int64_t at_s;     /* named time when it was last seen to */
	} rate;
};

struct mark {
	struct gap_mark gap;
	bool ever_synced, proved_cut;
	uint32_t boots;                  /* of this box, as far as this daemon has seen */
	int64_t next_cursor, next_event; /* never given out yet */
	/* The chain of firmware/record/evidence.h before and after this entry's rows; zero: not begun. */
	uint8_t before[EVIDENCE_HEAD_BYTES], head[EVIDENCE_HEAD_BYTES];
	struct mark_line lines[MINUTES_LINES];
};

struct ledger_row {
	int64_t cursor; /* of the first of row.count */
	struct minute_row row;
	char uplink[UPLINK_NAME_ROOM];
	uint8_t kind;
	uint8_t before
		[EVIDENCE_HEAD_BYTES]; /* head of the chain before this row; zero: older than it */
};

struct ledger_event {
	int64_t cursor;
	int64_t at_s;                   /* Unix seconds, named time */
	char kind[EVENT_KIND_ROOM];     /* "uplink.down" */
	char subject[UPLINK_NAME_ROOM]; /* "adsl" */
	char reason[EVENT_REASON_ROOM]; /* "ISP" */
};

struct slot {
	uint64_t seq; /* 1, 2, 3 ... */
	struct mark mark;
	size_t row_count, event_count;
	struct ledger_row rows[SLOT_ROWS];
	struct ledger_event events[SLOT_EVENTS];
};

void slot_encode(const struct slot *slot, uint8_t out[static SLOT_BYTES]);

/* 0, -ENODATA for a slot never written (zeroes), -EBADMSG for a torn or foreign one. */
int slot_decode(const uint8_t *bytes, size_t len, struct slot *out);

/* The mark alone, as it stands in the database. SLOT_MARK_BYTES is enough room; returns the length used. */
enum { SLOT_MARK_BYTES = 2048 };
size_t slot_encode_mark(const struct mark *mark, uint8_t out[static SLOT_MARK_BYTES]);
int slot_decode_mark(const uint8_t *bytes, size_t len, struct mark *out);
