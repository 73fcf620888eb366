// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/orient.h"

#include <stdlib.h>
#include <string.h>

unsigned orient_of(const int32_t matrix[9])
{
	/* x' = a x + c y, y' = b x + d y */
	int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
	if (llabs(a) > llabs(b) && llabs(d) > llabs(c))
		return (a < 0 ? ORIENT_FLIP_X : 0u) | (d < 0 ? ORIENT_FLIP_Y : 0u);
	if (llabs(b) > llabs(a) && llabs(c) > llabs(d))
		return ORIENT_SWAP | (c < 0 ? ORIENT_FLIP_X : 0u) | (b < 0 ? ORIENT_FLIP_Y : 0u);
	return 0;
}

struct plane {
	const uint8_t *from;
	uint8_t *to;
	int from_stride, to_stride;
	int width, height; /* of the result */
};

static void turn_plane(unsigned how, const struct plane *p)
{
	for (int y = 0; y < p->height; y++) {
		int sy = how & ORIENT_FLIP_Y ? p->height - 1 - y : y;
		uint8_t *row = p->to + (ptrdiff_t)y * p->to_stride;
		for (int x = 0; x < p->width; x++) {
			int sx = how & ORIENT_FLIP_X ? p->width - 1 - x : x;
			row[x] = how & ORIENT_SWAP ? p->from[(ptrdiff_t)sx * p->from_stride + sy]
						   : p->from[(ptrdiff_t)sy * p->from_stride + sx];
		}
	}
}

void orient_apply(unsigned how, const AVFrame *from, AVFrame *to)
{
	for (int i = 0; i < 3; i++) {
		struct plane p = {
			.from = from->data[i],
			.to = to->data[i],
			.from_stride = from->linesize[i],
			.to_stride = to->linesize[i],
			.width = i ? (to->width + 1) / 2 : to->width,
			.height = i ? (to->height + 1) / 2 : to->height,
		};
		turn_plane(how, &p);
	}
}
