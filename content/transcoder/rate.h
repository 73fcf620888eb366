// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/libav.h"

/* What a lesson's pictures become, from what the file says: pure. */

/*
 * Frames a second, at most 30: 50 becomes 25 and 59.94 becomes 29.97 (every second picture), a slow film the usual rate that is two to
 * four times its own (7.5 becomes 15), a screen recording of uneven pace the next usual one. `base` is the container's r_frame_rate, `average` its avg_frame_rate; 0/0 where it does not know.
 */
AVRational rate_pick(AVRational base, AVRational average);

/* Ticks a second for a plan: a whole number of them for each picture. */
uint32_t rate_timescale(AVRational fps);

/*
 * Size as shown: pixels made square, turned by `turn`, the short side at most `lines` and the long one at most four times
 * that, even. Lines are added to nothing but pictures with a side below RATE_SIDE_MIN, which the mezzanine's encoder does not
 * take: both sides reach it then, unless the long one would be too long. `sar` 0/x is 1.
 */
#define RATE_SIDE_MIN 64u
void rate_size(int width, int height, AVRational sar, unsigned turn, uint32_t lines,
	       uint32_t *out_width, uint32_t *out_height);
