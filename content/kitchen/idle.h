// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/kitchen/rest.h"

struct contentd;
struct fault;
struct idle;

/*
 * Once a second: may something be cooked for nobody (content/kitchen/rest.h)? And now and then: which versions that were replaced
 * may leave (content/kitchen/version.h)?
 */
int idle_start(struct contentd *c, struct idle **out, struct fault *why);
void idle_free(struct idle *i); /* NULL is fine */

struct idle_view {
	struct rest_verdict verdict;
	int warm_c;
	enum rest_power power;
	uint64_t better, left; /* rungs that became better, and old ones that left */
};
struct idle_view idle_now(const struct idle *i);
