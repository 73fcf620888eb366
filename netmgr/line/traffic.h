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
	bool loud;            /* a stream was coming in */
	uint32_t credit; /* bytes that questions may cost: one in a hundred that were carried */
	/* Bytes of our own questions: that may come in because the router answers, and that may leave because we ask. Nobody
	 * is served by the ones, nobody else waits for the others. Both are guesses: what is left is void once all is said. */
	uint32_t own, asked;
	uint64_t asked_until_ms;
};

/* How long it may last before it is said. */
struct traffic_limits {
	uint32_t silence_ms; /* bytes leave and none return */
	uint32_t stream_ms;  /* a stream breaks off; its own pauses count more */
};

/* Counters as they stand; true: bytes leave and none return, or a stream broke off. Said at each look, until bytes come. */
bool traffic_see(struct traffic *t, uint64_t rx_bytes, uint64_t tx_bytes,
		 const struct traffic_limits *limits, uint64_t now_ms);

/* Whether a look at the same counters as before would change nothing: nobody waits, and no stream may break off. */
bool traffic_at_rest(const struct traffic *t, uint64_t rx_bytes, uint64_t tx_bytes);

/* All our questions have been answered, or given up. */
void traffic_told(struct traffic *t, uint64_t now_ms);
void traffic_forget_waiting(struct traffic *t);
