// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/fault.h"
#include "provisioning/enrol.h"

/*
 * Where a box stands on its way from the carton to being a school's box. Pure: the daemon tells what
 * happened, saves the claim when told to, and asks claim_next() what to do.
 *
 *	unclaimed --order--> ordered --grant--> granted --agentd keeps it--> enrolled
 *	              ^         |  hub says no                                  |
 *	              +-- refused <+              an order with a higher epoch --+
 *
 * Saved before anything leaves the box, so a kill at any moment only repeats a step that may be repeated:
 * the hub answers a spent ticket of the same box with a grant again, agentd keeps a grant twice.
 */
enum claim_state { CLAIM_UNCLAIMED, CLAIM_ORDERED, CLAIM_GRANTED, CLAIM_ENROLLED, CLAIM_REFUSED };

struct claim {
	enum claim_state state;
	struct enrol_order order; /* of the last order accepted; zero before */
	bool provisional;
	struct fault last; /* why refused, or why it has not gone on; code 0 = nothing */
	void *order_bytes; /* malloc'ed; while ordered */
	size_t order_len;
	void *grant_bytes; /* malloc'ed; while granted */
	size_t grant_len;
	uint8_t nonce[32]; /* that the grant echoes */

	/* not saved */
	bool busy; /* a step is under way */
	unsigned failures;
	uint64_t retry_at_ms;
};

void claim_done(struct claim *c); /* frees what is held */

/* "unclaimed", "ordered" (granted too), "enrolled", "refused" */
const char *claim_state_name(const struct claim *c);

/* At start, after agentd said who this box is. Returns true when the claim must be saved. */
bool claim_reconcile(struct claim *c, const struct enrol_identity *me);

enum claim_outcome {
	CLAIM_SAVE_AND_GO, /* save, then claim_next() */
	CLAIM_JOIN,        /* this order is under way: answer with its end */
	CLAIM_ALREADY,     /* this order was carried out: answer now */
};
/* A verified order arrived; `bytes` are copied. -EEXIST, -EAGAIN, -ENOMEM with a sentence. */
int claim_offer(struct claim *c, const struct enrol_identity *me, const struct enrol_order *order,
		const void *bytes, size_t len, enum claim_outcome *out, struct fault *why);

enum claim_step { CLAIM_STEP_NONE, CLAIM_STEP_ENROL, CLAIM_STEP_HAND_OVER };
/* What to do now. NONE: *wake_ms is when to ask again, UINT64_MAX when something must happen first. */
enum claim_step claim_next(const struct claim *c, uint64_t now_ms, uint64_t *wake_ms);

void claim_begin(struct claim *c); /* the step has been started */
/* It did not work for now (no hub, no agentd): try again later, at the earliest after `after_s`. */
void claim_later(struct claim *c, const struct fault *why, unsigned after_s, uint64_t now_ms);
/* The hub said no. Save. */
void claim_refuse(struct claim *c, const struct fault *why);
/* A verified grant; `bytes` are copied. Save. -ENOMEM. */
int claim_grant(struct claim *c, const struct enrol_grant *grant, const void *bytes, size_t len,
		const uint8_t nonce[static 32]);
/* agentd has the grant. Save. */
void claim_keep(struct claim *c);

/* Answer to GET /v1/claim; `me` may be NULL when agentd does not answer. NULL without memory. */
json_t *claim_json(const struct claim *c, const struct enrol_identity *me, uint64_t now_ms);

/* As a file, and back. *out malloc'ed. -EBADMSG: not a claim file; *c is untouched then. */
#define CLAIM_FILE_LIMIT_BYTES (1u << 20)
int claim_encode(const struct claim *c, char **out, size_t *len);
int claim_decode(const void *bytes, size_t len, struct claim *c, struct fault *why);
