// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/stay.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libavutil/pixelutils.h>
#include <stdbool.h>
#include <stdlib.h>

#define BLOCK 8
#define BLOCK_BITS 3
/*
 * Mean difference of a block, in quarters of a step of 255. Coding noise of a still scene lies below one step; a stroke of a
 * pen, a pixel wide and a block long, changes its block by three and more.
 */
#define NOISE_QUARTERS 5u

static unsigned sad_8(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride,
		      int width, int height)
{
	unsigned sum = 0;
	for (int y = 0; y < height; y++, a += a_stride, b += b_stride)
		for (int x = 0; x < width; x++)
			sum += (unsigned)abs(a[x] - b[x]);
	return sum;
}

/* Samples of 9 to 16 bits, brought to 8. */
static unsigned sad_16(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride,
		       int width, int height, int shift)
{
	unsigned sum = 0;
	for (int y = 0; y < height; y++, a += a_stride, b += b_stride) {
		const uint16_t *p = (const uint16_t *)(const void *)a;
		const uint16_t *q = (const uint16_t *)(const void *)b;
		for (int x = 0; x < width; x++)
			sum += (unsigned)abs(p[x] - q[x]);
	}
	return sum >> shift;
}

struct plane {
	const uint8_t *a, *b;
	ptrdiff_t a_stride, b_stride;
	int width, height; /* samples, each of `bytes` */
	int bytes, shift;
};

static unsigned block_sad(const struct plane *p, int x, int y, int width, int height,
			  av_pixelutils_sad_fn fast)
{
	const uint8_t *a = p->a + y * p->a_stride + (ptrdiff_t)x * p->bytes;
	const uint8_t *b = p->b + y * p->b_stride + (ptrdiff_t)x * p->bytes;
	if (p->bytes == 2)
		return sad_16(a, p->a_stride, b, p->b_stride, width, height, p->shift);
	if (fast && width == BLOCK && height == BLOCK)
		return (unsigned)fast(a, p->a_stride, b, p->b_stride);
	return sad_8(a, p->a_stride, b, p->b_stride, width, height);
}

static bool plane_alike(const struct plane *p)
{
	av_pixelutils_sad_fn fast = av_pixelutils_get_sad_fn(BLOCK_BITS, BLOCK_BITS, 0, NULL);
	for (int y = 0; y < p->height; y += BLOCK)
		for (int x = 0; x < p->width; x += BLOCK) {
			int width = p->width - x < BLOCK ? p->width - x : BLOCK;
			int height = p->height - y < BLOCK ? p->height - y : BLOCK;
			if (block_sad(p, x, y, width, height, fast) * 4 >
			    NOISE_QUARTERS * (unsigned)(width * height))
				return false;
		}
	return true;
}

/* Planar forms, whose planes hold one component each; packed ones are compared as bytes, which is as good. */
int stay_alike(const AVFrame *a, const AVFrame *b)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)a->format);
	if (!d || a->format != b->format || a->width != b->width || a->height != b->height ||
	    d->flags & (AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_PAL |
			AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BE))
		return 0;
	int planes = av_pix_fmt_count_planes((enum AVPixelFormat)a->format);
	for (int i = 0; i < planes; i++) {
		int line = av_image_get_linesize((enum AVPixelFormat)a->format, a->width, i);
		bool chroma = (i == 1 || i == 2) && !(d->flags & AV_PIX_FMT_FLAG_RGB);
		int bytes = d->comp[0].depth > 8 ? 2 : 1;
		struct plane p = { .a = a->data[i],
				   .b = b->data[i],
				   .a_stride = a->linesize[i],
				   .b_stride = b->linesize[i],
				   .width = line / bytes,
				   .height = chroma ? AV_CEIL_RSHIFT(a->height, d->log2_chroma_h)
						    : a->height,
				   .bytes = bytes,
				   .shift = d->comp[0].depth - 8 };
		if (line <= 0 || !plane_alike(&p))
			return 0;
	}
	return 1;
}

int stay_look(struct stay *s, const AVFrame *picture, uint64_t at_ms)
{
	if (s->kept && at_ms < s->since_ms + STAY_FRESH_MS && stay_alike(s->kept, picture))
		return 0;
	AVFrame *mine = av_frame_clone(picture);
	if (!mine)
		return -ENOMEM;
	av_frame_free(&s->kept);
	s->kept = mine;
	s->since_ms = at_ms;
	return 1;
}

void stay_done(struct stay *s)
{
	av_frame_free(&s->kept);
	*s = (struct stay){ 0 };
}
