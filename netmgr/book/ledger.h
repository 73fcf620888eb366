// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netmgr/book/slot.h"

struct fault;

/*
 * Minutes, events and meters on disk. Each entry is durable when ledger_put() returns: it overwrites a slot
 * of a small preallocated file in place (one 4 KiB page), and ledger_commit() moves what the slots hold into
 * the database, every hour or when they are full, so that flash is written little. A kill or a power cut at any moment
 * loses nothing that was acknowledged. Cursors are never given twice, rows never change, and each row is a link of
 * a chain whose head is as durable as the row. A book from before there was a chain begins one with its next row.
 */
struct ledger;

enum { LEDGER_SLOTS = 64 };

/* What was found at opening. */
struct ledger_found {
	int has_mark; /* 0: this is the very first start */
	struct mark mark;
	unsigned replayed; /* slots that had not reached the database */
	unsigned torn;     /* slots that a power cut or rot has spoilt */
};

/* `folder` is made when missing: minutes.db and minutes.slots. */
int ledger_open(const char *folder, struct ledger **out, struct ledger_found *found,
		struct fault *why);
void ledger_close(struct ledger *l); /* NULL is fine; does not commit */

/*
 * Stores rows, events and the mark as one entry. Cursors are given here (rows[i].cursor, events[i].cursor and
 * the mark's next_cursor and next_event are outputs). More rows or events than a slot holds go straight to
 * the database. On failure nothing was stored, and the same may be tried again.
 */
int ledger_put(struct ledger *l, struct ledger_row *rows, size_t row_count,
	       struct ledger_event *events, size_t event_count, struct mark *mark,
	       struct fault *why);

/* Moves the slots into the database; rows of minutes before `keep_from_minute` are forgotten. */
int ledger_commit(struct ledger *l, int64_t keep_from_minute, struct fault *why);

/* Calls `each` for at most `limit` rows after the cursor, in order, with count = 1. Returns how many, or -errno. */
int ledger_minutes(struct ledger *l, int64_t after, unsigned limit,
		   void (*each)(void *data, const struct ledger_row *row), void *data,
		   struct fault *why);
int ledger_events(struct ledger *l, int64_t after, unsigned limit,
		  void (*each)(void *data, const struct ledger_event *event), void *data,
		  struct fault *why);

/* The last cursors given so far, 0 when none: a reader who is beyond them knows an earlier book. */
int64_t ledger_last_minute(const struct ledger *l);
int64_t ledger_last_event(const struct ledger *l);

/* --- the chain over the rows: firmware/record/evidence.h --- */
struct ledger_chain {
	int64_t through; /* the last cursor before the head; 0: the chain has not begun */
	uint8_t head[EVIDENCE_HEAD_BYTES];
	int64_t first, last; /* of the rows that touch the days that were asked for; 0: none */
};

/* The head, and where rows of the days (since 1970) `from` to `until` stand. `from` > `until`: no day. */
int ledger_chain(struct ledger *l, int32_t from, int32_t until, struct ledger_chain *out,
		 struct fault *why);

/* At most `limit` rows of the chain whose cursor is above `after`, runs as they stand. How many, or -errno. */
int ledger_links(struct ledger *l, int64_t after, unsigned limit,
		 void (*each)(void *data, const struct ledger_row *row), void *data,
		 struct fault *why);
