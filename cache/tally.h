// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/uses.h"
#include "cache/want.h"

/*
 * What one worker has counted and contentd has not yet put on disk: one row per day, lesson and rung. Pure; bounded.
 * Rows wait while contentd is away.
 */
struct tally;

enum { TALLY_MAX_ROWS = 4096 };

struct tally *tally_new(void);
void tally_free(struct tally *t); /* NULL is fine */
/* -ENOMEM, -ENOBUFS: not counted. */
int tally_add(struct tally *t, int32_t day, const char *lesson, const char *rung,
	      const struct uses_gain *gain, uint64_t sent_bytes);
/*
 * The next packet to send; false when there is none. It is closed then: what is counted from now on goes into a later one.
 * Call tally_sent() when it left; it is kept, to be sent again after tally_disconnected(), until tally_heard() says
 * that it, or a later one, is on contentd's disk.
 */
bool tally_next(struct tally *t, struct want_tally *out);
void tally_sent(struct tally *t);
void tally_heard(struct tally *t, uint64_t sequence);
void tally_disconnected(struct tally *t);
