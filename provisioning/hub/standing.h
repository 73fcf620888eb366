// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "provisioning/hub/coverage.h"

/*
 * How a school stands: one of six states and the reason, as a pure decision over what was reported.
 * School hours count where they are known, else the whole of the last 24 reported hours.
 */
enum standing {
	STANDING_GOOD,
	STANDING_MODERATE,
	STANDING_NO,
	STANDING_UNPOWERED,
	STANDING_UNKNOWN,
	STANDING_NEVER,
	STANDING_COUNT
};
const char *standing_name(enum standing s); /* "good"; string table "state.good" */

#define STANDING_SILENT_S \
	(48 * 3600) /* boxes report at least daily: after two days silence is unknown */
#define STANDING_STEADY_PPM 950000 /* "good" needs the uplink up for 95 % of the known time */

struct standing_rules {
	uint32_t
		standard_kbps; /* what the ministry calls enough: download, median of school hours */
	unsigned school_from, school_to; /* hours of the day in UTC, from included, to not */
};

struct standing_facts {
	bool enrolled;       /* a box is bound to the school */
	int64_t last_seen_s; /* when the hub last took an envelope from it; 0 never */
	int64_t as_of_s;     /* end of the last hour that a report speaks of; 0 none */
	struct coverage_s day,
		school; /* the 24 hours before as_of: all of them, and those within school hours */
	uint32_t
		down_kbps; /* median of 7 days, of school hours where they were measured; 0 not measured */
	char layer[32]; /* of the last uplink that went down: "isp"; "" when not told */
};

struct standing_answer {
	enum standing state;
	char reason
		[48]; /* string table "reason.ID": "meets", "slow", "unsteady", "unmeasured", "offline",
				 * "power", "silent", "gap", "no-report", "no-box" */
	char layer[32]; /* with "offline" */
};

void standing_decide(const struct standing_facts *facts, const struct standing_rules *rules,
		     int64_t now_s, struct standing_answer *out);
