// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/staff/people.h"

struct fault;
struct sd_event;

/*
 * argon2id (RFC 9106, by libsodium) takes a tenth of a second and 64 MiB: in a thread of its own, one at a time, so that nobody's
 * film waits for it. What is being worked on is never freed before its thread is done.
 */
#define PIN_QUEUE 8u

struct pins;
int pins_new(struct sd_event *loop, struct pins **out, struct fault *why);
void pins_free(
	struct pins
		*p); /* NULL is fine; waits for the one under way; no answer is given any more */

/*
 * `done` is called once, later. `code` 0: it is the PIN, or *hash is its hash; -EKEYREJECTED: it is another; -ENOMEM.
 * `hash` "" makes one. -EAGAIN: too many wait already.
 */
typedef void pins_done(void *data, int code, const char *hash);
int pins_ask(struct pins *p, const char *pin, const char *hash, pins_done *done, void *data,
	     struct fault *why);
void pins_leave(struct pins *p, void *data); /* nobody waits for this answer any more */
