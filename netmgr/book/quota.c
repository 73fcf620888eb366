// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/quota.h"

enum { LOW_PERCENT = 80, HOLD_PERCENT = 95, GB = 1000000000 };

/* Rounded down: a warning comes rather a byte early than late. */
static uint64_t part_of(uint64_t quota_bytes, unsigned percent)
{
	return quota_bytes / 100 * percent + quota_bytes % 100 * percent / 100;
}

enum quota_level quota_level(uint64_t used_bytes, uint64_t quota_bytes)
{
	if (!quota_bytes)
		return QUOTA_NONE;
	if (used_bytes >= quota_bytes)
		return QUOTA_USED_UP;
	if (used_bytes >= part_of(quota_bytes, HOLD_PERCENT))
		return QUOTA_HOLD;
	return used_bytes >= part_of(quota_bytes, LOW_PERCENT) ? QUOTA_LOW : QUOTA_FREE;
}

const char *quota_level_name(enum quota_level level)
{
	static const char *const names[] = {
		[QUOTA_NONE] = "",     [QUOTA_FREE] = "free",       [QUOTA_LOW] = "low",
		[QUOTA_HOLD] = "hold", [QUOTA_USED_UP] = "used_up",
	};
	return names[level];
}

uint64_t quota_cost(uint64_t used_bytes, uint64_t price_per_gb)
{
	if (!price_per_gb)
		return 0;
	const uint64_t whole = used_bytes / GB, rest = used_bytes % GB;
	return whole * price_per_gb + (rest * price_per_gb + GB - 1) / GB;
}
