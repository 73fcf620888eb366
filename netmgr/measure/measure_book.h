// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/measure/measure_plan.h"
#include "netmgr/measure/ndt_said.h"
#include "netmgr/line/uplink.h"

struct fault;

/* Measurements as they were, in a database of their own: some a day. Durable when they are given out. */
struct measure_book;

struct measure_row {
	int64_t cursor, at_s;
	char uplink[UPLINK_NAME_ROOM];
	enum measure_by by;
	bool proved;                       /* it was the hub that was measured against */
	struct ndt_result way[NDT_UP + 1]; /* NDT_END_RUNS: was not begun */
};

bool measure_row_good(const struct measure_row *r);      /* both directions have a rate */
bool measure_row_truncated(const struct measure_row *r); /* not the ten seconds of ndt7 */

int measure_book_open(const char *path, struct measure_book **out, struct fault *why);
void measure_book_close(struct measure_book *b); /* NULL is fine */

/* r->cursor is given here. Rows from before `keep_from_s` are forgotten. */
int measure_book_add(struct measure_book *b, struct measure_row *r, int64_t keep_from_s,
		     struct fault *why);
/* At most `limit` rows after the cursor; how many, or -errno. */
int measure_book_read(struct measure_book *b, int64_t after, unsigned limit,
		      void (*each)(void *data, const struct measure_row *row), void *data,
		      struct fault *why);
/* 1 the newest good one of this line, 0 none. */
int measure_book_last(struct measure_book *b, const char *uplink, struct measure_row *out,
		      struct fault *why);
/* Bytes of both directions since then; when the last one was, however it ended (0: never). */
int measure_book_spent(struct measure_book *b, const char *uplink, int64_t since_s, uint64_t *bytes,
		       int64_t *last_s, struct fault *why);
