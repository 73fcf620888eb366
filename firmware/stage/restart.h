// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * When a daemon that ended is started again, as systemd does with Restart=always: soon, then later and later.
 * A daemon that was well for RESTART_WELL_MS starts over with the shortest wait.
 */
enum {
	RESTART_FIRST_MS = 100,
	RESTART_LAST_MS = 5000,
	RESTART_WELL_MS = 10000,
	RESTART_TRIES = 3, /* of a daemon that was never ready in this run */
};

struct restart {
	unsigned in_a_row; /* ends since it was well */
	unsigned total;    /* times it was started again */
	bool was_ready;    /* at least once */
};

/*
 * The daemon ended after `ready_ms` of being ready (0: it never got there). Milliseconds until the next start,
 * or -1 when it has never been ready and the tries are used up.
 */
int64_t restart_after(struct restart *r, uint64_t ready_ms);
