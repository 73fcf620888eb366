// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/grid.h"

#include <stdbool.h>

#include "firmware/base/clean.h"

#define LATER_S 8u
#define LATER_MOST_S 10u
#define LAST_MIN_S 2u

/* A lesson begins in small steps: each segment lasts at most half as long again as the one that plays while it is made. */
static const struct {
	unsigned want_s, least_s, most_s;
} early[] = { { 4, 3, 5 }, { 6, 5, 7 } };

uint64_t grid_scale(uint64_t value, uint64_t num, uint64_t den)
{
	return (uint64_t)((unsigned __int128)value * num / den);
}

static uint64_t nearest(uint64_t value, uint64_t num, uint64_t den)
{
	return (uint64_t)(((unsigned __int128)value * num + den / 2) / den);
}

uint64_t grid_us(uint64_t units, uint32_t per_second)
{
	return nearest(units, 1000000, per_second);
}

uint64_t grid_sound_edge(uint64_t ticks, uint32_t timescale)
{
	return nearest(ticks, GRID_RATE, (uint64_t)timescale * GRID_FRAME) * GRID_FRAME;
}

uint64_t grid_sound_end(uint64_t ticks, uint32_t timescale)
{
	unsigned __int128 den = (unsigned __int128)timescale * GRID_FRAME;
	return (uint64_t)(((unsigned __int128)ticks * GRID_RATE + den - 1) / den) * GRID_FRAME;
}

/* An even number of frames, so that a rung at half the rate is cut at the same places. */
static uint64_t even_frames(uint64_t seconds, uint32_t fps_num, uint32_t fps_den)
{
	uint64_t pairs = nearest(seconds, fps_num, (uint64_t)fps_den * 2);
	return pairs ? pairs * 2 : 2;
}

static bool is_early(uint32_t segment)
{
	return segment <= ARRAY_LEN(early);
}

/* Key frames are what costs: as few as the longest segment allows, evenly. */
static uint64_t even_share(uint64_t left, uint32_t fps_num, uint32_t fps_den)
{
	uint64_t most = even_frames(LATER_MOST_S, fps_num, fps_den);
	uint64_t count = (left + most - 1) / most;
	uint64_t share = count ? (left + count - 1) / count : 0;
	return share + share % 2 < left ? share + share % 2 : left;
}

uint64_t grid_cut(uint32_t segment, uint64_t left, uint32_t fps_num, uint32_t fps_den)
{
	if (!is_early(segment))
		return even_share(left, fps_num, fps_den);
	uint64_t want = even_frames(early[segment - 1].want_s, fps_num, fps_den);
	uint64_t tail = even_frames(LAST_MIN_S, fps_num, fps_den);
	return left <= want + tail ? left : want;
}

/* The first of `keys` that is not below `at`. */
static size_t first_from(const uint64_t *keys, size_t count, uint64_t at)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (keys[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t grid_cut_at_key(uint32_t segment, uint64_t at, uint64_t left, uint32_t fps_num,
			 uint32_t fps_den, const uint64_t *keys, size_t count)
{
	const bool soon = is_early(segment);
	uint64_t want = grid_cut(segment, left, fps_num, fps_den);
	uint64_t least = even_frames(soon ? early[segment - 1].least_s : LATER_S, fps_num, fps_den);
	uint64_t most =
		even_frames(soon ? early[segment - 1].most_s : LATER_MOST_S, fps_num, fps_den);
	if (want == left)
		return left;
	uint64_t best = 0;
	for (size_t i = first_from(keys, count, at + least); i < count && keys[i] <= at + most;
	     i++) {
		uint64_t cut = keys[i] - at;
		uint64_t far = cut > want ? cut - want : want - cut;
		uint64_t best_far = best > want ? best - want : want - best;
		/* Halves of the frame rate are cut at the same places; nothing too short may be left. */
		if (cut % 2 || left - cut < even_frames(LAST_MIN_S, fps_num, fps_den))
			continue;
		if (!best || far < best_far)
			best = cut;
	}
	return best ? best : want;
}
