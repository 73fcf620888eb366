// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/floor.h"

#define AGREES_S 120 /* whole seconds, a slow line, clocks that drift */
#define REFILL 400   /* seconds of budget for a second of running */

void floor_begin(struct floor *f, int64_t kept_s, int64_t kept_budget_s, uint64_t mono_ms)
{
	*f = (struct floor){
		.at_s = kept_s > FLOOR_BUILD_S ? kept_s : FLOOR_BUILD_S,
		.budget_s = kept_budget_s >= 0 && kept_budget_s < FLOOR_BUDGET_S ? kept_budget_s
										 : FLOOR_BUDGET_S,
		.mono_ms = mono_ms,
		.quality = CLOCK_FLOOR,
	};
}

static int64_t ran_s(const struct floor *f, uint64_t mono_ms)
{
	return mono_ms > f->mono_ms ? (int64_t)((mono_ms - f->mono_ms) / 1000) : 0;
}

int64_t floor_now(const struct floor *f, uint64_t mono_ms)
{
	return f->at_s + ran_s(f, mono_ms);
}

int64_t floor_budget(const struct floor *f, uint64_t mono_ms)
{
	int64_t ran = ran_s(f, mono_ms);
	if (ran >= FLOOR_BUDGET_S / REFILL || f->budget_s + ran * REFILL > FLOOR_BUDGET_S)
		return FLOOR_BUDGET_S;
	return f->budget_s + ran * REFILL;
}

enum floor_step floor_hear(struct floor *f, int64_t hub_s, uint64_t mono_ms)
{
	int64_t now = floor_now(f, mono_ms), budget = floor_budget(f, mono_ms);
	if (hub_s <= now) {
		/* Further back, one of the two is wrong, and nobody vouches. */
		if (hub_s >= now - AGREES_S && f->quality == CLOCK_FLOOR)
			f->quality = CLOCK_HUB;
		return FLOOR_BEHIND;
	}
	int64_t step = hub_s - now < budget ? hub_s - now : budget;
	f->at_s = now + step;
	f->budget_s = budget - step;
	/*
	 * What the millisecond clock has run beyond whole seconds must not be lost, or the floor
	 * would fall behind.
	 */
	f->mono_ms += (uint64_t)ran_s(f, mono_ms) * 1000;
	if (f->at_s < hub_s) {
		f->quality = CLOCK_FLOOR;
		return FLOOR_CUT;
	}
	if (f->quality == CLOCK_FLOOR || step > AGREES_S)
		f->quality = CLOCK_HUB;
	return FLOOR_MOVED;
}

void floor_see_ntp(struct floor *f, int64_t wall_s, uint64_t mono_ms)
{
	int64_t now = floor_now(f, mono_ms);
	if (f->quality == CLOCK_HUB && wall_s <= now + AGREES_S && wall_s >= now - AGREES_S)
		f->quality = CLOCK_NTP;
}

int64_t floor_guess(const struct floor *f, int64_t wall_s, uint64_t mono_ms)
{
	int64_t now = floor_now(f, mono_ms);
	return f->quality == CLOCK_FLOOR && wall_s > now ? wall_s : now;
}
