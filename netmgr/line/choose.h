// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/uplink.h"

/*
 * Which uplink new flows take. Pure. A dead uplink is left at once; every other move waits until it is
 * worth it, and longer each time that such a move was regretted (the uplink moved to was left soon after),
 * so that a flapping line cannot make the box oscillate.
 */
enum choose_fitness {
	CHOOSE_UNFIT,       /* carries nothing */
	CHOOSE_NAMELESS,    /* answers, but finds nobody whose name one says */
	CHOOSE_LAST_RESORT, /* answers, not trusted yet (hold-down) */
	CHOOSE_LAME,        /* answers, but is of little use: a fifth of everything is lost */
	CHOOSE_LIMPING,     /* degraded or suspected */
	CHOOSE_FIT,
};

struct choose_candidate {
	enum choose_fitness fitness;
	unsigned rank;     /* smaller is preferred; equal ranks: the earlier one */
	uint64_t since_ms; /* monotonic time since which the fitness holds */
};

struct choose_rules {
	uint64_t dwell_ms;  /* no voluntary move sooner than this after any move */
	uint64_t better_ms; /* a limping choice is left when a fit one has been fit this long */
	uint64_t
		regret_ms; /* leaving this soon after a voluntary move is regretted; also the first wait */
	uint64_t patience_ms; /* waiting time grows to this at most */
	uint64_t window_ms;   /* in which CHOOSE_SWITCHES are the most; 0: no bound */
};

/*
 * So many from one uplink to another in window_ms, whatever happens: two lines that fall by turns. A return to the
 * better line never is the last of them, as nothing would be left when it falls again.
 */
enum { CHOOSE_SWITCHES = 3 };

struct choose {
	int preferred; /* index, -1 none */
	int last;      /* the last that was not -1 */
	uint64_t switched_ms
		[CHOOSE_SWITCHES]; /* ring: from one uplink to another, also by way of none */
	unsigned switches;
	int chosen_before; /* the very first choice binds nobody: the better line may be a second slower */
	uint64_t moved_ms;     /* last move of any kind */
	uint64_t voluntary_ms; /* last voluntary move */
	uint64_t wait_ms;      /* between voluntary moves; 0 while nothing was regretted */
	int last_was_voluntary;
};

void choose_init(struct choose *c);

/*
 * Returns the preferred uplink or -1, and in *next_ms the time at which the answer may change by
 * itself (UINT64_MAX: never).
 */
int choose_step(struct choose *c, const struct choose_rules *rules,
		const struct choose_candidate *all, size_t count, uint64_t now_ms,
		uint64_t *next_ms);
