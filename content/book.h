// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/want.h"

struct fault;

/*
 * What happened, kept across power cuts: events, and how lessons were used (counts, no people). Rows are numbered and
 * never change; others read them with ?after= (firmware/SOCKETS.md).
 */
struct book;
int book_open(const char *path, struct book **out, struct fault *why);
void book_close(struct book *b); /* NULL is fine */

/* `reason` names the layer: "origin", "kitchen", "store". The oldest beyond 20000 are forgotten. */
int book_event(struct book *b, int64_t at_s, const char *kind, const char *subject,
	       const char *reason, struct fault *why);

/*
 * Counts tallies of one worker process in one commit; those with a sequence that was counted before are passed over.
 * *through receives the last sequence that is on disk now.
 */
int book_tally(struct book *b, uint64_t worker, const struct want_tally *tallies, size_t count,
	       uint64_t *through, struct fault *why);

/* {"rows":[…],"next":CURSOR}; NULL and *why when the database cannot be read. `limit` is brought into 1 … 1000. */
json_t *book_events(struct book *b, int64_t after, int64_t limit, struct fault *why);
json_t *book_usage(struct book *b, int64_t after, int64_t limit, struct fault *why);
