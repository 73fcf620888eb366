// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/restart.h"

int64_t restart_after(struct restart *r, uint64_t ready_ms)
{
	if (ready_ms > 0)
		r->was_ready = true;
	if (ready_ms >= RESTART_WELL_MS)
		r->in_a_row = 0;
	r->in_a_row++;
	if (!r->was_ready && r->in_a_row >= RESTART_TRIES)
		return -1;
	r->total++;
	int64_t wait_ms = RESTART_FIRST_MS;
	for (unsigned i = 1; i < r->in_a_row && wait_ms < RESTART_LAST_MS; i++)
		wait_ms *= 2;
	return wait_ms < RESTART_LAST_MS ? wait_ms : RESTART_LAST_MS;
}
