// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Where segments begin and end. Picture edges are the plan's own, in ticks. Sound cannot be cut there: AAC
 * comes in frames of 1,024 samples, so sound edges are the picture's edges moved to the nearest frame, and the
 * last one is moved up so that nothing is lost. Every segment's sound can then be encoded alone and joins exactly.
 */
#define GRID_RATE 48000u /* of every sound rung, Hz */
#define GRID_FRAME 1024u /* samples */

/* Sample at which sound begins that goes with a picture edge at `ticks`; a multiple of GRID_FRAME. */
uint64_t grid_sound_edge(uint64_t ticks, uint32_t timescale);
/* Sample at which the whole sound ends. */
uint64_t grid_sound_end(uint64_t ticks, uint32_t timescale);
/* Microseconds, rounded to the nearest. */
uint64_t grid_us(uint64_t units, uint32_t per_second);
/* value * num / den, rounded down, without overflow for any result that fits. den > 0. */
uint64_t grid_scale(uint64_t value, uint64_t num, uint64_t den);

/*
 * How publishing cuts a lesson: frames of the next segment (numbered from 1) when `left` frames are left.
 * 4 s, so that a pupil waits little, and 6 s, so that the next is made while the first plays; the rest in as few of at most 10 s
 * as can be, of one length, because key frames are what costs. No beginning leaves less than 2 s.
 */
uint64_t grid_cut(uint32_t segment, uint64_t left, uint32_t fps_num, uint32_t fps_den);

/*
 * The same for a file that was not made for the grid: `at` is the frame at which the segment begins, `keys` (ascending frames,
 * `count` of them) are where its pictures can be decoded from. A key frame from three to five seconds after `at` (five to seven
 * in the second, eight to ten later) ends the segment: the next one then costs no frame that is thrown away.
 */
uint64_t grid_cut_at_key(uint32_t segment, uint64_t at, uint64_t left, uint32_t fps_num,
			 uint32_t fps_den, const uint64_t *keys, size_t count);
