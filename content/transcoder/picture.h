// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/colour.h"
#include "content/transcoder/matrix.h"
#include "content/transcoder/libav.h"

struct fault;

/*
 * Pictures of any form made into ours: 8-bit 4:2:0, BT.709, limited range, a given size, by Lanczos. Those made for other screens
 * (HDR, wide primaries) go through a table (colour.h) in the size that is wanted. A scaler keeps its last result, so that smaller rungs are made from the next larger one and not each from the source.
 */
struct picture_scaler {
	int width, height;
	struct SwsContext *sws;
	AVFrame *out;
	uint64_t serial; /* of the picture in `out`; 0: none */
	/* what sws was made for */
	int from_width, from_height, from_format, from_space, from_range;
	/* for pictures in another matrix */
	struct matrix matrix;
	int turned; /* 1: needed */
	/* for pictures made for other screens */
	struct colour_light light;
	struct colour_map *map; /* NULL: not needed */
	AVFrame *wide;
};
void picture_scaler_init(struct picture_scaler *p, int width, int height);
void picture_scaler_done(struct picture_scaler *p);

/*
 * *out is borrowed from the scaler (or is `in` itself when it already has our form) until the next call. `serial` names
 * the picture, from 1: asked again with the same one, nothing is computed.
 */
int picture_scale(struct picture_scaler *p, const AVFrame *in, uint64_t serial, const AVFrame **out,
		  struct fault *why);
