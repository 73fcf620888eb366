// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Whom the portal has been shown to today. A phone that joins asks whether this network leads anywhere: until it has had a page of
 * the portal it is told that somebody wants to show it something, and opens it by itself; from then on that all is well, so that it
 * stays. A phone is a number of the day, made of its address under the salt that devices are counted with (cache/uses.h):
 * no address is kept, nothing is written anywhere, and all are forgotten when the day changes, or after WELCOME_LASTS_S
 * under a clock that stands still. Lives in memory that workers share; the caller serialises calls. Pure.
 */
enum {
	WELCOME_BYTES =
		64 *
		1024, /* of shared memory: some 4,000 phones, then whoever came first asks again */
	WELCOME_LASTS_S = 24 * 3600,
};

struct welcome;
struct welcome *welcome_at(
	void *memory); /* WELCOME_BYTES, 8-aligned; what an earlier worker left there is kept */

/* `day`: since 1970, as the salt's; seconds are monotonic. */
void welcome_shown(struct welcome *w, int32_t day, uint64_t phone, uint32_t now_s);
bool welcome_was_shown(struct welcome *w, int32_t day, uint64_t phone, uint32_t now_s);
