// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_rate.h"

#define SMALL_BYTES 4096u /* a transfer this short measures the way there and back */

void live_rate_saw(struct live_rate *r, uint64_t bytes, uint64_t took_ms, uint32_t duration_ms,
		   uint64_t now_ms)
{
	bool fresh = r->seen_at_ms && now_ms - r->seen_at_ms < LIVE_RATE_FRESH_MS;
	uint64_t kbps = bytes * 8 / (took_ms ? took_ms : 1);
	if (bytes < SMALL_BYTES)
		return;
	if (kbps > UINT32_MAX)
		kbps = UINT32_MAX;
	/* Bad news counts in full, good news half. */
	if (fresh && kbps > r->seen_kbps)
		kbps = ((uint64_t)r->seen_kbps + kbps) / 2;
	r->seen_kbps = (uint32_t)kbps;
	r->seen_at_ms = now_ms;
	r->slow = took_ms * 10 > (uint64_t)duration_ms * 9;
}

void live_rate_waits(struct live_rate *r, uint32_t need_kbps, uint64_t waited_ms,
		     uint32_t duration_ms, uint64_t now_ms)
{
	if (waited_ms * 2 < (uint64_t)duration_ms * 3)
		return;
	uint64_t most = (uint64_t)need_kbps * duration_ms / waited_ms;
	if (!r->seen_at_ms || most < r->seen_kbps)
		r->seen_kbps = (uint32_t)most;
	r->slow = true;
	r->seen_at_ms = now_ms;
}

/* Room that a version needs to begin: a third more than its rate. */
static uint64_t to_begin(uint32_t need)
{
	return (uint64_t)need * 4 / 3;
}

/* Whether the line still carries the version in force. */
static bool holds(const struct live_rate *r, const struct live_rate_ask *ask, uint32_t need,
		  bool fresh)
{
	if (fresh && (r->slow || r->seen_kbps < need))
		return false;
	bool easy = fresh && r->seen_kbps >= (uint64_t)need * 2;
	return easy || ask->line_kbps == 0 || ask->line_kbps >= need;
}

static int most(const struct live_rate_ask *ask, uint64_t kbps)
{
	int best = LIVE_RATE_SOUND;
	for (size_t i = 0; i < ask->count; i++)
		if (to_begin(ask->need_kbps[i]) <= kbps &&
		    (!ask->most_kbps || ask->need_kbps[i] <= ask->most_kbps))
			best = (int)i;
	return best;
}

/* Where there is no sound alone, the least picture is what there is. */
static int settle(struct live_rate *r, const struct live_rate_ask *ask, int to)
{
	if (to == LIVE_RATE_SOUND && !ask->has_sound)
		to = 0;
	if (!r->chosen || to != r->at) {
		r->fits_ms = 0;
		r->slow = false;
	}
	r->chosen = true;
	r->at = to;
	return to;
}

int live_rate_choose(struct live_rate *r, const struct live_rate_ask *ask)
{
	bool fresh = r->seen_at_ms && ask->now_ms - r->seen_at_ms < LIVE_RATE_FRESH_MS;
	uint64_t line = fresh && r->seen_kbps > ask->line_kbps ? r->seen_kbps : ask->line_kbps;
	if (ask->count == 0)
		return settle(r, ask, LIVE_RATE_SOUND);
	/* Nothing known: the least picture shows what the line can do. */
	int fit = line ? most(ask, line) : 0;
	if (!r->chosen || r->at >= (int)ask->count)
		return settle(r, ask, fit);
	if (r->at > LIVE_RATE_SOUND && !holds(r, ask, ask->need_kbps[r->at], fresh)) {
		uint64_t now = fresh && r->seen_kbps < line ? r->seen_kbps : line;
		int lower = most(ask, now);
		return settle(r, ask, lower < r->at ? lower : r->at - 1);
	}
	if (!line || fit <= r->at) {
		r->fits_ms = 0;
		return r->at;
	}
	if (r->fits_ms == 0)
		r->fits_ms = ask->now_ms;
	if (ask->now_ms - r->fits_ms < ask->settle_ms)
		return r->at;
	return settle(r, ask, r->at + 1);
}
