// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/counters.h"
#include "cache/tally.h"

/*
 * The memory that worker processes share: a berth for each of them, where it alone writes. What a worker leaves there when it
 * is killed is taken over by the next one that comes, or by one that looks around. Pure: who a process is (cache/process.h), and
 * whether it lives, come from the caller.
 */
enum {
	CREW_BERTHS = 64
}; /* workers at a time, those of earlier configurations that still serve included */

struct crew_berth {
	_Atomic uint64_t owner;   /* process; 0: nobody */
	_Atomic uint64_t beat_ms; /* when its owner last said that it goes on; 0: not yet */
	_Atomic uint32_t used;    /* what follows was begun */
	struct counters counters;
	struct tally_sheet sheet;
};

struct crew {
	uint64_t magic;
	struct crew_berth berths[CREW_BERTHS];
};

/* Takes over memory of at least sizeof(struct crew), 64-aligned; what an earlier crew left there is kept. */
struct crew *crew_at(void *memory);

/*
 * A berth for process `who`: its own, else one whose owner is dead, else one that nobody has; NULL when all are taken. Its
 * counters go on from where they were, without gauges.
 */
struct crew_berth *crew_join(struct crew *c, uint64_t who, bool (*alive)(uint64_t who));
void crew_leave(struct crew_berth *b);
/*
 * A berth that nobody living has and whose sheet holds counts, now in the hands of `who`, who carries them and then leaves it;
 * NULL when there is none.
 */
struct crew_berth *crew_adopt(struct crew *c, uint64_t who, bool (*alive)(uint64_t who));

/* Counts of use, of all, that are not on contentd's disk yet. */
size_t crew_rows(const struct crew *c);
/* What all have counted, those who are gone included. */
void crew_sum(const struct crew *c, struct counters *out);

/* The owner goes on. Times are of the monotonic clock, which all processes share. */
void crew_beat(struct crew_berth *b, uint64_t now_ms);
/* A living process that said it goes on, but not in the last `most_ms`; 0 when there is none. */
uint64_t crew_stuck(const struct crew *c, uint64_t now_ms, uint64_t most_ms,
		    bool (*alive)(uint64_t who));
