// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What an uplink's byte counters say about it: whether somebody is waiting in vain. Pure. Our own questions,
 * the router's answers and a neighbour's broadcasts are on the same counters, so a few bytes are as good as none.
 */
struct traffic {
	bool counted; /* there was a look before */
	uint64_t rx_bytes, tx_bytes;
	uint64_t heard_ms;    /* when more than a few bytes last came in; 0 never */
	uint64_t waiting_ms;  /* since when somebody waits; 0: nobody */
	uint64_t slot_ms;     /* when the bytes below began to be counted */
	uint32_t now, before; /* that came in, in this slot and the one before */
	uint32_t gap_ms;      /* pauses that the stream had and came back from */
	bool loud;            /* a stream was coming in, and has not been missed yet */
	uint32_t credit; /* bytes that questions may cost: one in a hundred that were carried */
};

/*
 * Counters as they stand; true: bytes leave and none return, or a stream broke off, for `limit_ms`. Said once for a
 * stream, again and again for bytes that leave.
 */
bool traffic_see(struct traffic *t, uint64_t rx_bytes, uint64_t tx_bytes, uint32_t limit_ms,
		 uint64_t now_ms);
void traffic_forget_waiting(struct traffic *t);
