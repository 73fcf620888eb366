// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * When to try the hub again. Pure. Ten thousand schools that lost the hub at the same moment must
 * not come back at the same moment: each wait is drawn between half and the whole of a window
 * that doubles.
 */
#define COURIER_FIRST_MS 4000u
#define COURIER_REFUSED_MS 60000u /* the hub answered no: asking fast changes nothing */

struct courier_policy {
	uint32_t failures;      /* in a row */
	uint64_t not_before_ms; /* monotonic; 0: at once */
};

struct courier_outcome {
	int code;               /* negative errno of the transport, 0 when the hub answered */
	long status;            /* HTTP */
	bool progress;          /* a receipt covered more than before */
	uint32_t retry_after_s; /* as the hub asked, 0 when it did not */
};

enum courier_meaning {
	COURIER_DELIVERED, /* go on with the next envelopes */
	COURIER_NO_ANSWER, /* line or hub down */
	COURIER_BUSY,      /* 429, 5xx: the hub is there and asks for patience */
	COURIER_REFUSED,   /* 4xx, or an answer that receipts nothing */
};
enum courier_meaning courier_policy_meaning(const struct courier_outcome *o);

/* Moves the policy on; `max_ms` is the longest wait, `random` any 32 bits. */
enum courier_meaning courier_policy_after(struct courier_policy *p, const struct courier_outcome *o,
					  uint64_t now_ms, uint64_t max_ms, uint32_t random);

/* A person asked, or the line came back: forget the waiting. */
void courier_policy_reset(struct courier_policy *p);
