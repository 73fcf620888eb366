// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which version of a live stream the school's line carries: the box is the one player that looks at the line, and all phones get
 * what it takes. Down at once, up after a while: (state, what is known of the line, time) -> version. Pure.
 *
 * Two witnesses. The rate at which the class's own segments came in is the better one, while it is fresh; netmgrd's figure is
 * what came in during the line's last busy second, which is less than the line could carry when little was asked of it. So
 * the lower figure counts against a version only where the segments themselves do not come easily.
 */
#define LIVE_RATE_SOUND (-1) /* sound alone */

#define LIVE_RATE_FRESH_MS 15000u /* what is older says nothing of now */

struct live_rate {
	int at;              /* version in force: LIVE_RATE_SOUND, 0 … count-1 */
	bool chosen;         /* `at` means something */
	uint64_t fits_ms;    /* since when the next better one fits; 0: it does not */
	uint32_t seen_kbps;  /* at which the last segments came, while they came */
	uint64_t seen_at_ms; /* 0: never */
	bool slow;           /* the last one took nearly as long as it lasts */
};

struct live_rate_ask {
	const uint32_t *need_kbps; /* of each version, from the least */
	size_t count;
	bool has_sound;     /* there is a version of sound alone */
	uint32_t line_kbps; /* netmgrd's figure; 0 not known */
	uint32_t most_kbps; /* 0: no limit but the line */
	uint32_t settle_ms; /* a better version must fit this long */
	uint64_t now_ms;
};

/* A segment of `duration_ms` has come: `bytes` in `took_ms`. */
void live_rate_saw(struct live_rate *r, uint64_t bytes, uint64_t took_ms, uint32_t duration_ms,
		   uint64_t now_ms);
/* One of a version of `need_kbps` is under way for `waited_ms` already: what it says is not waited for. */
void live_rate_waits(struct live_rate *r, uint32_t need_kbps, uint64_t waited_ms,
		     uint32_t duration_ms, uint64_t now_ms);
/* The version to take from now on; it is r->at, too. */
int live_rate_choose(struct live_rate *r, const struct live_rate_ask *ask);
