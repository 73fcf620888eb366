// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/record/ndtmsg.h"
#include "netmgr/book/quota.h"

/*
 * Whether a line may be measured now, when it is to be measured next, and what that may cost. Pure; whoever draws lots does it.
 * A line that costs nothing is measured some times a day, in a quiet minute; one that costs money seldom, within its own budget.
 */
struct measure_rules {
	uint32_t a_day;       /* on lines that cost nothing; 0: never by itself */
	uint64_t month_bytes; /* on one that does; 0: never by itself */
	uint64_t most_bytes;  /* each direction there, at most */
};

enum measure_by { MEASURE_BY_ITSELF, MEASURE_BY_HAND };
enum measure_how { MEASURE_EARLY, MEASURE_FULL };

enum measure_no {
	MEASURE_GO,
	MEASURE_DOWN,    /* it does not work */
	MEASURE_SUSPECT, /* something about it is not well just now */
	MEASURE_NO_HUB,  /* the hub does not answer over it */
	MEASURE_QUOTA,   /* what is left of it is for people and reports */
	MEASURE_BUDGET,  /* the month's bytes for this are used up */
	MEASURE_USED,    /* somebody uses it */
	MEASURE_NOS
};
const char *measure_no_name(enum measure_no no); /* "quota" */

struct measure_line {
	bool works, suspect, hub, metered, quiet;
	enum quota_level level;
	uint64_t left_bytes;  /* until lessons are held back; UINT64_MAX: no quota */
	uint64_t spent_bytes; /* on this, in the last thirty days */
};

enum measure_no measure_may(const struct measure_rules *r, const struct measure_line *l,
			    enum measure_by by);

/* What one direction may cost; above 0. */
uint64_t measure_cap(const struct measure_rules *r, const struct measure_line *l,
		     enum measure_how how);

/*
 * How long until the next one: exponentially distributed and within a tenth and two and a half of its mean, as the ndt7
 * specification wants it of clients nobody watches. `lot` is evenly drawn. UINT64_MAX: never.
 */
uint64_t measure_wait_ms(const struct measure_rules *r, bool metered, uint32_t lot);

/* --- nobody uses it --- */
enum { MEASURE_QUIET_S = 60 };
struct measure_quiet {
	uint64_t bytes; /* when it was last looked at */
	uint32_t seconds;
};

/* Once a second. Quiet: for a minute no more than 64 kbit/s, or a twentieth of what it is known to carry. */
bool measure_is_quiet(struct measure_quiet *q, uint64_t bytes, uint32_t known_kbps);
