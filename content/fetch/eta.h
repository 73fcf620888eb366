// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * When a lesson will be whole, roughly: bytes to fetch and dishes to cook, its own and those that come before it. Pure.
 * Rounded as people say it, so that pages do not change every second: 0 (under a minute), 1, 2, 3, 5, 10, 15, 20, 30, 45, 60,
 * 90, 120 …; -1 when it cannot be known.
 */
struct eta {
	uint64_t bytes, bps;        /* still to fetch; measured rate, 0 not known */
	uint64_t dishes, ms_a_dish; /* still to cook; measured, 0 not known */
	unsigned workers;
};
int eta_minutes(const struct eta *e);
int eta_round(int64_t seconds); /* the same of seconds that are known */
/* Seconds, not rounded; -1 when it cannot be known. */
int64_t eta_seconds(const struct eta *e);
