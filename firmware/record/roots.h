// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

struct fault;
struct trust;

/*
 * The roots that a box has on disk: root 1 pinned by the image at /etc/wasl/root.1, every later one at
 * /var/lib/wasl/roots/root.N. agentd adds them, everybody reads them. Nothing in the folder is trusted:
 * each step is checked with trust_advance().
 */
#define ROOTS_LIMIT_BYTES (256u << 10)

/*
 * Walks from root 1 to the newest root. Fails when root 1 cannot be used. A later root that cannot
 * be used ends the walk: *out stands at the one before, and *passed (may be NULL; code 0 otherwise) says why.
 */
int roots_load(struct trust **out, struct fault *passed, struct fault *why);

/* Steps `trust` with a root that arrived, then keeps the file durably. For the one writer. */
int roots_add(struct trust *trust, const void *bytes, size_t len, struct fault *why);
