// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "firmware/agent/outbox.h"

struct fault;

/*
 * The lists that other daemons give out (firmware/SOCKETS.md), read strictly: a page whose
 * cursors do not grow is no page at all, because rows and cursor are committed together.
 */
#define FEED_LIMIT 1000u

struct feed_page {
	const json_t *rows; /* borrowed from the answer */
	size_t count;
	int64_t next;
	bool began_again; /* the other side lost its list: read it from its beginning */
};

/* A whole answer to ?after=`after`. -EBADMSG. */
int feed_open(const json_t *answer, int64_t after, struct feed_page *out, struct fault *why);

/* One row each; -EBADMSG when it makes no sense, then it is passed over. */
int feed_minute(const json_t *row, struct aggregate_minute *out, struct fault *why);
int feed_use(const json_t *row, struct aggregate_use *out, struct fault *why);
int feed_event(const json_t *row, struct outbox_event *out, struct fault *why);

/*
 * contentd's GET /v1/offers into at most OUTBOX_OFFERS; what makes no sense is passed over. -EBADMSG: no such list, or
 * longer, and nothing is known.
 */
int feed_offers(const json_t *answer, struct outbox_offer *out, size_t *count, struct fault *why);

/* netmgrd's GET /v1/chain. -EBADMSG. */
int feed_chain(const json_t *answer, struct outbox_minutes *out, struct fault *why);

/* contentd's GET /v1/health, as far as a report wants it; what is missing is 0. */
struct feed_health {
	uint64_t disk_free_bytes;
	uint32_t lessons_ready, lessons_total, catalogue_version,
		settings_version; /* that it runs */
	uint64_t disk_bad, disk_unreadable, disk_read_bytes, disk_read_s;
};
void feed_health(const json_t *answer, struct feed_health *out);
