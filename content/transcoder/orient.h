// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/libav.h"

/* The eight ways a picture can lie: bits say what has to be done to it, in this order. */
enum orient {
	ORIENT_SWAP = 1,   /* rows become columns */
	ORIENT_FLIP_X = 2, /* then left and right change */
	ORIENT_FLIP_Y = 4, /* then top and bottom */
};

/* From a display matrix (ISO/IEC 14496-12, 16.16); 0 for one that turns by no quarter. */
unsigned orient_of(const int32_t matrix[9]);

/* Copies 8-bit 4:2:0 `from` into `to`, which has the size that results. */
void orient_apply(unsigned how, const AVFrame *from, AVFrame *to);
