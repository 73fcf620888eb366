// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;
struct jsonout;
struct signed_key;
struct store;

/* Lessons of schools that are on offer now, as pages and `waslhub offers --json` get them; what was told last first, of each school as many. */
enum { OFFERS_SHOWN = 1000 };
int offers_json(struct store *s, int64_t now_s, struct jsonout *out, struct fault *why);

/* A box that is being answered. */
struct offers_listener {
	const uint8_t *device; /* 16 bytes */
	const uint8_t *nonce;  /* of its request */
	size_t nonce_len;
};
/*
 * Appends to the frames of an answer the signed record of what the ministry says of this box's lessons, all that stands (at most 32,
 * what was said last first). Nothing for a box that never offered any.
 */
int offers_answer(struct store *s, const struct signed_key *key, const struct offers_listener *to,
		  void **frames, size_t *len, struct fault *why);
