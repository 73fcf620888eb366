// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/seal_policy.h"

enum seal_decision seal_policy(const struct seal_view *v)
{
	uint64_t age = v->now_ms - v->last_ms;
	if (!v->enrolled)
		return SEAL_NOT_YET;
	if (v->waiting)
		return v->ready_rows && age >= SEAL_DAY_MS ? SEAL_ROWS : SEAL_NOT_YET;
	if (v->ready_rows)
		return age >= v->interval_ms ? SEAL_ROWS : SEAL_NOT_YET;
	return age >= (v->interval_ms > SEAL_HOUR_MS ? v->interval_ms : SEAL_HOUR_MS)
		       ? SEAL_HEALTH
		       : SEAL_NOT_YET;
}

uint64_t seal_policy_begin(uint64_t now_ms, uint64_t interval_ms)
{
	return interval_ms > SEAL_START_MS ? now_ms - interval_ms + SEAL_START_MS : now_ms;
}

enum outbox_which seal_policy_which(uint64_t interval_ms)
{
	return interval_ms < SEAL_HOUR_MS ? OUTBOX_ALL : OUTBOX_COMPLETE;
}
