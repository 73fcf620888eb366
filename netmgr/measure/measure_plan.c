// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/measure_plan.h"

#include <stddef.h>

enum { DAY_MS = 86400000, MONTH_DAYS = 30, QUIET_KBPS = 64, QUIET_PART = 20, WAYS = 2 };

/* Of a line that costs nothing: a gigabit for two seconds, early; ten seconds of it, whole. */
#define FREE_EARLY_BYTES (UINT64_C(250) << 20)
#define FREE_FULL_BYTES (UINT64_C(1500) << 20)

const char *measure_no_name(enum measure_no no)
{
	static const char *const names[MEASURE_NOS] = { "",      "down",   "suspect", "hub",
							"quota", "budget", "used" };
	return names[no];
}

enum measure_no measure_may(const struct measure_rules *r, const struct measure_line *l,
			    enum measure_by by)
{
	if (!l->works)
		return MEASURE_DOWN;
	if (l->suspect)
		return MEASURE_SUSPECT;
	if (!l->hub)
		return MEASURE_NO_HUB;
	if (l->level >= QUOTA_HOLD || l->left_bytes == 0)
		return MEASURE_QUOTA;
	if (by == MEASURE_BY_HAND)
		return MEASURE_GO;
	if (l->metered && l->spent_bytes + WAYS * r->most_bytes > r->month_bytes)
		return MEASURE_BUDGET;
	return l->quiet ? MEASURE_GO : MEASURE_USED;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t measure_cap(const struct measure_rules *r, const struct measure_line *l,
		     enum measure_how how)
{
	uint64_t cap = how == MEASURE_FULL ? FREE_FULL_BYTES
		       : l->metered        ? r->most_bytes
					   : FREE_EARLY_BYTES;
	/* Both directions, and what headers and a queue add. */
	if (l->left_bytes != UINT64_MAX)
		cap = least(cap, l->left_bytes / (WAYS + 1));
	return cap ? cap : 1;
}

/* -ln(x) for x from 1/2^32 to 1, well enough: halves are counted, the rest is a straight line between them. */
static double minus_ln(uint32_t lot)
{
	static const double ln2 = 0.6931471805599453;
	double x = ((double)lot + 1) / 4294967296.0, halves = 0;
	while (x <= 0.5) {
		x *= 2;
		halves++;
	}
	return (halves + 2 * (1 - x)) * ln2;
}

uint64_t measure_wait_ms(const struct measure_rules *r, bool metered, uint32_t lot)
{
	static const double shortest = 0.1, longest = 2.5;
	const uint64_t times =
		metered ? r->month_bytes / (WAYS * (r->most_bytes ? r->most_bytes : 1)) : r->a_day;
	if (!times)
		return UINT64_MAX;
	double part = minus_ln(lot);
	part = part < shortest ? shortest : part > longest ? longest : part;
	return (uint64_t)(part * (double)DAY_MS * (metered ? MONTH_DAYS : 1) / (double)times);
}

bool measure_is_quiet(struct measure_quiet *q, uint64_t bytes, uint32_t known_kbps)
{
	const uint32_t part = known_kbps / QUIET_PART;
	const uint64_t most = (uint64_t)(part > QUIET_KBPS ? part : QUIET_KBPS) * 125;
	const bool still = bytes >= q->bytes && bytes - q->bytes <= most;
	q->bytes = bytes;
	q->seconds = still ? q->seconds + 1 : 0;
	return q->seconds >= MEASURE_QUIET_S;
}
