// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/agent/courier_policy.h"

struct fault;
struct http;
struct outbox;

/*
 * Carries waiting envelopes to the hub over an uplink and brings back what the hub answers. One
 * request at a time, each with a nonce of its own; when to try again is courier_policy's.
 */
#define COURIER_NONCE_BYTES 32u

struct courier;

struct courier_calls {
	/*
	 * One record of the hub's answer. Returns whether it covered envelopes that were waiting.
	 */
	bool (*record)(void *data, const void *bytes, size_t len,
		       const uint8_t nonce[static COURIER_NONCE_BYTES]);
	/* The request is over; `why` (code 0 when delivered) says what went wrong. */
	void (*done)(void *data, enum courier_meaning meaning, const struct fault *why);
	void *data;
};

int courier_new(struct http *http, struct outbox *outbox, const struct courier_calls *calls,
		uint64_t max_wait_ms, struct courier **out, struct fault *why);
void courier_free(struct courier *c);

bool courier_busy(const struct courier *c);
/* Monotonic time before which nothing is sent. */
uint64_t courier_not_before_ms(const struct courier *c);
void courier_patience(struct courier *c, uint64_t max_wait_ms); /* from the next failure on */
void courier_hurry(struct courier *c); /* a person asked: forget the waiting */

/*
 * Sends what waits. `pin` as CURLOPT_PINNEDPUBLICKEY, NULL for none. *sent: envelopes on their
 * way, 0 when nothing waits. `done` follows when *sent > 0.
 */
int courier_send(struct courier *c, const char *hub_url, const char *pin, size_t *sent,
		 struct fault *why);

/*
 * Takes the hub's answer apart: u32le length + record, repeated. Calls `each`; -EBADMSG when it
 * is not whole (what came before the flaw has been given out, every record proves itself).
 */
int courier_frames(const void *body, size_t len,
		   void (*each)(void *data, const void *bytes, size_t len), void *data,
		   struct fault *why);

/*
 * "https://hub/x/" -> "https://hub/x/v1/envelopes". -EINVAL when it is no http or https address
 * or too long.
 */
int courier_url(const char *hub_url, char *out, size_t room, struct fault *why);
int courier_url_of(const char *hub_url, const char *call, char *out, size_t room,
		   struct fault *why); /* "films" */
