// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/book/minutes.h"

/*
 * Connectivity checks every five minutes, as Giga Meter has them: was the school connected, who was at fault, how long did an answer
 * take. Pure: made of the minutes that are kept anyway, so a check costs no byte and no flash, and is kept as long as they are.
 *
 * A minute knows what an unmetered line answered (its hub or far machines are asked in each of them) and, of a metered one, what its
 * traffic said. The school was connected when some line was up in most of the check's first minute. A minute in which
 * nobody knows (the box was without power or did not run) is no check: nobody's phone would have made one.
 */
enum { CHECKS_EVERY_MIN = 5, CHECKS_DAY = 1440 / CHECKS_EVERY_MIN, CHECKS_BOX_BYTES = 16 };

struct check_result {
	bool made, connected;
	uint8_t layer;   /* enum uplink_layer: who was at fault; none when connected */
	uint32_t rtt_us; /* 0: not known */
	uint64_t bytes;  /* of the line that it is of */
};

struct checks {
	int32_t day; /* since 1970, UTC */
	struct check_result list[CHECKS_DAY];
};

void checks_begin(struct checks *c, int32_t day);

/* One minute of one line (count 1), in any order; those of other days and between two checks are passed over. */
void checks_add(struct checks *c, const struct minute_row *row);

/* Unix minute of the nth check. */
int64_t checks_minute(const struct checks *c, size_t nth);

/* "0190…": the same check of the same box always has the same one, and no other has. RFC 9562, version 8. */
enum { CHECKS_ID_ROOM = 37 };
void checks_id(const uint8_t box[static CHECKS_BOX_BYTES], int64_t minute,
	       char out[static CHECKS_ID_ROOM]);
/* Of the box itself: a random number, which says nothing of it. */
void checks_box_id(const uint8_t box[static CHECKS_BOX_BYTES], char out[static CHECKS_ID_ROOM]);
