// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/grid.h"

#define FIRST_S 4u
#define FIRST_COUNT 2u
#define LATER_S 8u
#define LAST_MIN_S 2u

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

uint64_t grid_cut(uint32_t segment, uint64_t left, uint32_t fps_num, uint32_t fps_den)
{
	uint64_t want = even_frames(segment <= FIRST_COUNT ? FIRST_S : LATER_S, fps_num, fps_den);
	uint64_t tail = even_frames(LAST_MIN_S, fps_num, fps_den);
	return left <= want + tail ? left : want;
}
