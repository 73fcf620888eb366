// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>

#include "firmware/base/db.h"
#include "netmgr/book/ledger.h"

/* Shared by ledger.c and ledger_chain.c only. */
enum {
	TAIL_ROWS = LEDGER_SLOTS * SLOT_ROWS,
	TAIL_EVENTS = LEDGER_SLOTS * SLOT_EVENTS,
};

/* Days of the first and of the last minute of a row, or of rows one after the other. */
struct ledger_span {
	int64_t day, until;
};

struct ledger {
	struct db *db;
	int fd;
	uint64_t seq;       /* of the newest entry */
	uint64_t committed; /* all up to this one are in the database */
	struct mark mark;
	struct ledger_span span; /* of the last row in the database */
	/* What the database does not have yet. */
	struct ledger_row rows[TAIL_ROWS];
	struct ledger_event events[TAIL_EVENTS];
	size_t row_count, event_count;
	struct slot slot;    /* work space: too large for the stack */
	char path[PATH_MAX]; /* of the slot file */
};

/* A whole row of the table of minutes. */
void ledger_row_of(sqlite3_stmt *s, struct ledger_row *out);
struct ledger_span ledger_span_of(const struct ledger_row *row);
