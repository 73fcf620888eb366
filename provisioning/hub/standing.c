// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/standing.h"

#include <stdio.h>

static const char *const names[STANDING_COUNT] = {
	[STANDING_GOOD] = "good",       [STANDING_MODERATE] = "moderate",
	[STANDING_NO] = "no",           [STANDING_UNPOWERED] = "unpowered",
	[STANDING_UNKNOWN] = "unknown", [STANDING_NEVER] = "never",
};

const char *standing_name(enum standing s)
{
	return s < STANDING_COUNT ? names[s] : "unknown";
}

static void answer(struct standing_answer *out, enum standing state, const char *reason)
{
	*out = (struct standing_answer){ .state = state };
	snprintf(out->reason, sizeof(out->reason), "%s", reason);
}

static uint32_t known(const struct coverage_s *s)
{
	return s->up + s->down + s->unpowered;
}

void standing_decide(const struct standing_facts *f, const struct standing_rules *rules,
		     int64_t now_s, struct standing_answer *out)
{
	if (f->last_seen_s == 0) {
		answer(out, STANDING_NEVER, f->enrolled ? "no-report" : "no-box");
		return;
	}
	/* A report that comes late tells of the past: what counts is the time it speaks of. */
	if (f->as_of_s == 0 || now_s - f->as_of_s > STANDING_SILENT_S) {
		answer(out, STANDING_UNKNOWN, f->as_of_s == 0 ? "gap" : "silent");
		return;
	}
	const struct coverage_s *s = known(&f->school) > 0 ? &f->school : &f->day;
	if (known(s) == 0) {
		answer(out, STANDING_UNKNOWN, "gap");
		return;
	}
	if (s->unpowered > s->up + s->down) {
		answer(out, STANDING_UNPOWERED, "power");
		return;
	}
	if (s->up == 0) {
		answer(out, STANDING_NO, "offline");
		snprintf(out->layer, sizeof(out->layer), "%s", f->layer);
		return;
	}
	if (coverage_uptime_ppm(s) < STANDING_STEADY_PPM)
		answer(out, STANDING_MODERATE, "unsteady");
	else if (f->down_kbps == 0)
		answer(out, STANDING_MODERATE, "unmeasured");
	else if (f->down_kbps < rules->standard_kbps)
		answer(out, STANDING_MODERATE, "slow");
	else
		answer(out, STANDING_GOOD, "meets");
}
