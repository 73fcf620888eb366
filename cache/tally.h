// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/uses.h"
#include "cache/want.h"

/*
 * What one worker has counted and contentd has not yet put on disk: one row per day, lesson and rung. Pure; bounded. The rows
 * are a sheet in memory that workers share: when a worker is killed, another one opens its sheet and goes on where it stopped,
 * under the same instance, so that contentd counts each row once. One process at a time writes a sheet (cache/crew.h); a kill
 * in a call costs at most the count that was being added. Rows wait while contentd is away.
 */
enum { TALLY_MAX_ROWS = 512 };

struct tally_sheet {       /* all zero: not begun */
	uint64_t instance; /* of the worker that began it; 0: nobody yet */
	uint64_t last_sequence;
	_Atomic uint64_t keys[TALLY_MAX_ROWS];  /* 0: free */
	struct want_tally rows[TALLY_MAX_ROWS]; /* sequence 0: still counted into */
};

struct tally { /* a process's hold on a sheet */
	struct tally_sheet *sheet;
	uint64_t carried; /* by this connection: sequences up to here */
};

/* `instance`: random, not 0; taken when the sheet has none yet. All that the sheet holds will be sent again. */
struct tally tally_open(struct tally_sheet *sheet, uint64_t instance);
/* -EINVAL (no lesson, or texts too long), -ENOBUFS: not counted. */
int tally_add(struct tally *t, int32_t day, const char *lesson, const char *rung,
	      const struct uses_gain *gain, uint64_t sent_bytes);
/*
 * The next packet to send; false when there is none. It is closed then: what is counted from now on goes into a later one.
 * Call tally_sent() when it left; it is kept, to be sent again after tally_disconnected(), until tally_heard() says
 * that it, or a later one, is on contentd's disk.
 */
bool tally_next(struct tally *t, struct want_tally *out);
void tally_sent(struct tally *t, const struct want_tally *packet);
void tally_heard(struct tally *t, uint64_t sequence);
void tally_disconnected(struct tally *t);

size_t tally_rows(const struct tally_sheet *sheet); /* not heard to be on disk */
