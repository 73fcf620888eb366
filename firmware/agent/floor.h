// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/base/clock.h"

/*
 * The time that a box with a dead clock may rely on: "it is not earlier than this". Pure; the
 * caller says what the monotonic clock shows and keeps floor and budget across power cuts.
 *
 * The floor goes on with the monotonic clock and is moved forward by signed answers to our own
 * questions. Steps are paid from a budget of at most 400 days that fills up in one day of
 * running. So whoever stole the time key cannot send a box into the next century in an afternoon,
 * a box that was off for the night is right again at once, and one that was off for three years
 * is right after two days.
 */
#define FLOOR_BUILD_S INT64_C(1793491200) /* 2026-11-01: no box is older than its program */
#define FLOOR_BUDGET_S (INT64_C(400) * 86400)

struct floor {
	int64_t at_s;     /* the floor when the monotonic clock showed `mono_ms` */
	int64_t budget_s; /* at that moment */
	uint64_t mono_ms;
	enum clock_quality quality;
};

enum floor_step {
	FLOOR_MOVED,  /* the floor is at the hub's time now */
	FLOOR_CUT,    /* moved as far as the budget went; the hub's time is further */
	FLOOR_BEHIND, /* the hub's time is not later: the floor stays */
};

/* At start, with what was kept; INT64_MIN, INT64_MIN when nothing was. */
void floor_begin(struct floor *f, int64_t kept_s, int64_t kept_budget_s, uint64_t mono_ms);
int64_t floor_now(const struct floor *f, uint64_t mono_ms);
/* To be kept together with floor_now(). */
int64_t floor_budget(const struct floor *f, uint64_t mono_ms);

/* A signed time that answers our nonce. */
enum floor_step floor_hear(struct floor *f, int64_t hub_s, uint64_t mono_ms);
/* NTP says that it is synchronised, and the wall clock shows this. */
void floor_see_ntp(struct floor *f, int64_t wall_s, uint64_t mono_ms);

/*
 * The best guess of now, for naming days: the floor once the hub vouched for it, else the wall
 * clock where that is later.
 */
int64_t floor_guess(const struct floor *f, int64_t wall_s, uint64_t mono_ms);
