// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * What the bytes of a quota period mean. Pure. From 80 % on people are warned; from 95 % on the rest is for them and for
 * receipts, and lessons that nobody waits for stay where they are; at 100 % the line carries control messages alone.
 */
enum quota_level {
	QUOTA_NONE, /* no quota */
	QUOTA_FREE,
	QUOTA_LOW,  /* 80 % */
	QUOTA_HOLD, /* 95 % */
	QUOTA_USED_UP,
};

enum quota_level quota_level(uint64_t used_bytes, uint64_t quota_bytes);
const char *quota_level_name(enum quota_level level); /* "low"; "" for QUOTA_NONE */

/* What the period has cost, in the same hundredths of a currency as the price of 10^9 bytes; begun ones are counted whole. */
uint64_t quota_cost(uint64_t used_bytes, uint64_t price_per_gb);
