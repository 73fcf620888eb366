// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

#include "firmware/record/signed.h"

struct fault;
struct trust;

/*
 * The roots that a box keeps, shared by its daemons: the pinned one in /etc/wasl/root.1, and
 * those that the ministry has published since in /var/lib/wasl/roots/N. contentd fetches and
 * keeps them; the others look again with trust_dir_refresh() when something newer is named, and
 * before they believe a record: trust_dir_check().
 */
#define TRUST_DIR_LIMIT_BYTES (1u << 20) /* one root */

/*
 * Walks root.1, then roots/2, roots/3 … as far as they go. Without a good root.1 it fails and
 * says what to do; a later file that is missing or does not verify ends the walk (trust_version()
 * says where) and is replaced when contentd keeps a good one.
 */
int trust_dir_open(struct trust **out, struct fault *why);

/* Steps over roots that have come since; how many. */
unsigned trust_dir_refresh(struct trust *t);

/* Steps to the next root as trust_advance() does, and keeps its bytes for the next start. */
int trust_dir_keep(struct trust *t, const void *bytes, size_t len, struct fault *why);

/*
 * trust_check() of what a carrier brings, after the roots that have come since: a key that the newest of them has withdrawn
 * signs nothing any more, also in a program that runs since before.
 */
int trust_dir_check(struct trust *t, enum signed_kind kind, const void *bytes, size_t len,
		    const void **body, size_t *body_len, struct fault *why);

/*
 * trust_check() for a record that was accepted before and is read back from this box's own disk:
 * good when any root from the pinned one to the newest accepts it, because it was checked against
 * the newest of its time. Never for what a carrier brings.
 */
int trust_dir_recheck(enum signed_kind kind, const void *bytes, size_t len, const void **body,
		      size_t *body_len, struct fault *why);
