// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/gap.h"

#include <string.h>

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* The machine ran on: the monotonic clock knows how long, whatever the wall clock says. */
static struct gap_plan same_boot(const struct gap_mark *mark, const struct gap_now *now)
{
	int64_t away_s = 0;
	if (now->boottime_ms > mark->boottime_ms)
		away_s = (int64_t)((now->boottime_ms - mark->boottime_ms) / 1000);
	int64_t until = clamp(now->wall_s, mark->named_s, mark->named_s + away_s);
	return (struct gap_plan){ .unknown_until_s = mark->named_s,
				  .class_until_s = until,
				  .class = UPLINK_CLASS_UNKNOWN,
				  .rest_until_s = until };
}

struct gap_plan gap_judge(const struct gap_mark *mark, const struct gap_now *now)
{
	if (memcmp(mark->boot_id, now->boot_id, sizeof(mark->boot_id)) == 0)
		return same_boot(mark, now);

	bool cut = mark->ending == GAP_ALIVE && !now->died && !now->watchdog_reset;
	bool unpowered = cut || mark->ending == GAP_POWEROFF;
	/* A mark is made at least every two minutes: what came after it was seen, and lost. */
	int64_t lost_s = mark->ending == GAP_ALIVE ? 120 - mark->named_s % 60 : 0;
	int64_t end = now->wall_s > mark->named_s ? now->wall_s : mark->named_s;
	int64_t booted =
		clamp(now->wall_s - (int64_t)(now->boottime_ms / 1000), mark->named_s, end);
	return (struct gap_plan){
		.unknown_until_s = clamp(mark->named_s + lost_s, mark->named_s, booted),
		.class_until_s = booted,
		.class = unpowered ? UPLINK_CLASS_UNPOWERED : UPLINK_CLASS_UNKNOWN,
		.rest_until_s = end,
		.proved_cut = unpowered && mark->synced && !now->synced,
		.power_return = unpowered,
	};
}
