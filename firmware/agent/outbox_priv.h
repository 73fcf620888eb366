// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/agent/outbox.h"
#include "firmware/base/db.h"

/* Shared by outbox.c, outbox_seal.c and outbox_receipt.c only. */
struct outbox {
	struct db *db;
	uint8_t device[16];
};

#define OUTBOX_HOUR_COLUMNS                                                                       \
	"id, day, hour, uplink, kind, up_s, down_s, unpowered_s, unknown_s, rx_bytes, tx_bytes, " \
	"rtts, kbps"
#define OUTBOX_USE_COLUMNS \
	"id, day, lesson, rung, starts, completions, watched_s, sent_bytes, devices"

void outbox_read_hour(sqlite3_stmt *s, int64_t *id, struct aggregate_hour *h);
void outbox_read_use(sqlite3_stmt *s, int64_t *id, struct aggregate_use *u);
void outbox_read_text(sqlite3_stmt *s, int column, char *out, size_t room);
/* What the envelope's header says of the chain of minutes; 0 also where the envelope is not kept. */
int outbox_minutes_of(struct outbox *o, uint32_t epoch, uint64_t seq, int64_t *out,
		      struct fault *why);
int64_t outbox_whole(uint64_t n); /* SQLite's integers end at INT64_MAX */
