// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/fields.h"

#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN 4     /* pixels at the left and right edge that are only mixed straight */
#define LEAN_MAX 2   /* pixels sideways that an edge may run from line to line */
#define LOOK_STEP 4  /* every so many columns are looked at for a vote */
#define NOISE 6      /* steps of 8 bits that a pixel may change by itself */
#define PAIRS_MIN 4u /* votes for interlaced against the flags, at least */

static const char *const names[] = { "as-said", "none", "top", "bottom" };

const char *fields_name(enum fields f)
{
	return names[f];
}

/* Planes of one sample after another, of one or two bytes: what cameras with fields deliver. */
static bool can_fill(const AVFrame *f)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)f->format);
	return d && f->height >= 8 && !(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) &&
	       !(d->flags & (AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_BE)) &&
	       ((d->flags & AV_PIX_FMT_FLAG_PLANAR) || d->nb_components == 1) &&
	       d->comp[0].shift == 0 && d->comp[0].step == (d->comp[0].depth > 8 ? 2 : 1) &&
	       (d->nb_components < 2 || d->comp[1].step == d->comp[0].step);
}

enum fields fields_of(enum fields said, const AVFrame *f)
{
	if (!can_fill(f) || said == FIELDS_NONE)
		return FIELDS_NONE;
	if (said != FIELDS_AS_SAID)
		return said;
	if (!f->interlaced_frame)
		return FIELDS_NONE;
	return f->top_field_first ? FIELDS_TOP_FIRST : FIELDS_BOTTOM_FIRST;
}

/* --- one line ------------------------------------------------------------------------------------ */

/* Lines around the missing one, each as bytes; those of other pictures stand in for themselves where there is none. */
struct around {
	const uint8_t *up, *down;         /* of the kept field, next to it */
	const uint8_t *up_far, *down_far; /* and the next ones out */
	const uint8_t *then, *soon; /* the missing line half a picture ago, and in half a picture */
	const uint8_t *up_before, *down_before; /* the kept field's lines, a picture ago */
	const uint8_t *up_after, *down_after;   /* and in a picture */
};

static inline int at(const uint8_t *row, int x, int bytes)
{
	return bytes == 2 ? ((const uint16_t *)(const void *)row)[x] : row[x];
}

static inline void put(uint8_t *row, int x, int bytes, int value)
{
	if (bytes == 2)
		((uint16_t *)(void *)row)[x] = (uint16_t)value;
	else
		row[x] = (uint8_t)value;
}

static inline int apart(int a, int b)
{
	return a > b ? a - b : b - a;
}

/* How badly three pixels above fit three below, when the edge leans by `lean`. */
static inline int misfit(const struct around *r, int x, int lean, int bytes)
{
	int sum = 0;
	for (int i = -1; i <= 1; i++)
		sum += apart(at(r->up, x + i + lean, bytes), at(r->down, x + i - lean, bytes));
	return sum;
}

/* From above and below, along the edge that is there. */
static inline int guess(const struct around *r, int x, int width, int bytes)
{
	int up = at(r->up, x, bytes), down = at(r->down, x, bytes);
	if (x < MARGIN || x >= width - MARGIN)
		return (up + down + 1) / 2;
	int straight = misfit(r, x, 0, bytes), best = straight - straight / 4, lean = 0;
	for (int way = -1; way <= 1 && straight; way += 2)
		for (int l = way; apart(l, 0) <= LEAN_MAX; l += way) {
			int m = misfit(r, x, l, bytes);
			if (m >= best)
				break;
			best = m;
			lean = l;
		}
	if (lean)
		return (at(r->up, x + lean, bytes) + at(r->down, x - lean, bytes) + 1) / 2;
	int far = at(r->up_far, x, bytes) + at(r->down_far, x, bytes);
	int sharp = (9 * (up + down) - far + 8) / 16;
	/* Sharper than a mean, but never beyond what is there. */
	int low = up < down ? up : down, high = up < down ? down : up, room = (high - low) / 4;
	return sharp < low - room ? low - room : sharp > high + room ? high + room : sharp;
}

/* `least` is the motion that is taken for granted. */
static inline void fill_line(const struct around *r, uint8_t *out, int width, int bytes, int least,
			     int most)
{
	for (int x = 0; x < width; x++) {
		int then = at(r->then, x, bytes), soon = at(r->soon, x, bytes);
		int up = at(r->up, x, bytes), down = at(r->down, x, bytes);
		int still = (then + soon + 1) / 2;
		int moved = apart(then, soon) / 2;
		moved = moved < least ? least : moved;
		int m = (apart(at(r->up_before, x, bytes), up) +
			 apart(at(r->down_before, x, bytes), down)) /
			2;
		moved = m > moved ? m : moved;
		m = (apart(at(r->up_after, x, bytes), up) +
		     apart(at(r->down_after, x, bytes), down)) /
		    2;
		moved = m > moved ? m : moved;
		int value = still;
		if (moved) {
			value = guess(r, x, width, bytes);
			value = value < still - moved   ? still - moved
				: value > still + moved ? still + moved
							: value;
		}
		put(out, x, bytes, value < 0 ? 0 : value > most ? most : value);
	}
}

/* --- one picture --------------------------------------------------------------------------------- */

static const uint8_t *line(const AVFrame *f, int plane, int y, int height)
{
	/* Beyond an edge: the nearest line of the same field. */
	if (y < 0)
		y += 2;
	if (y >= height)
		y -= 2;
	return f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
}

static struct around around(const AVFrame *before, const AVFrame *now, const AVFrame *after,
			    int plane, int y, int height)
{
	int above = y ? y - 1 : y + 1, below = y + 1 < height ? y + 1 : y - 1;
	return (struct around){
		.up = line(now, plane, above, height),
		.down = line(now, plane, below, height),
		.up_far = line(now, plane, above - 2 >= 0 ? above - 2 : above, height),
		.down_far = line(now, plane, below + 2 < height ? below + 2 : below, height),
		.then = line(before, plane, y, height),
		.soon = line(now, plane, y, height),
		.up_before = line(before, plane, above, height),
		.down_before = line(before, plane, below, height),
		.up_after = line(after, plane, above, height),
		.down_after = line(after, plane, below, height),
	};
}

static bool is_like(const AVFrame *a, const AVFrame *b)
{
	return a && a->format == b->format && a->width == b->width && a->height == b->height;
}

void fields_fill(enum fields order, const AVFrame *before, const AVFrame *now, const AVFrame *after,
		 AVFrame *out)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)now->format);
	int bytes = d->comp[0].depth > 8 ? 2 : 1;
	int most = (1 << d->comp[0].depth) - 1;
	/* At an end of the film the one neighbour serves for both; a picture alone is made from its first moment only. */
	bool has_before = is_like(before, now), has_after = is_like(after, now);
	int least = has_before || has_after ? 0 : most;
	before = has_before ? before : has_after ? after : now;
	after = has_after ? after : before;
	int kept = order == FIELDS_TOP_FIRST ? 0 : 1;
	for (int p = 0; p < d->nb_components && p < 4 && now->data[p]; p++) {
		bool chroma = p == 1 || p == 2;
		int width = chroma ? AV_CEIL_RSHIFT(now->width, d->log2_chroma_w) : now->width;
		int height = chroma ? AV_CEIL_RSHIFT(now->height, d->log2_chroma_h) : now->height;
		for (int y = 0; y < height; y++) {
			uint8_t *to = out->data[p] + (ptrdiff_t)y * out->linesize[p];
			if ((y & 1) == kept || height < 4) {
				memcpy(to, line(now, p, y, height), (size_t)width * (size_t)bytes);
				continue;
			}
			const struct around r = around(before, now, after, p, y, height);
			if (bytes == 2)
				fill_line(&r, to, width, 2, least, most);
			else
				fill_line(&r, to, width, 1, least, most);
		}
	}
}

/* --- what the pictures say ------------------------------------------------------------------------- */

/* How rough a line is between others, of its own picture or the one before; where it moved, as all else is the same in each case. */
static uint64_t rough(const AVFrame *before, const AVFrame *mid, const AVFrame *out, int y,
		      int bytes)
{
	const uint8_t *was = line(before, 0, y, mid->height);
	int noise = bytes == 2 ? NOISE * 4 : NOISE;
	const uint8_t *up = line(out, 0, y - 1, mid->height), *here = line(mid, 0, y, mid->height),
		      *down = line(out, 0, y + 1, mid->height);
	uint64_t sum = 0;
	for (int x = 0; x < mid->width; x += LOOK_STEP)
		if (apart(at(here, x, bytes), at(was, x, bytes)) > noise)
			sum += (uint64_t)abs(at(up, x, bytes) - 2 * at(here, x, bytes) +
					     at(down, x, bytes));
	return sum;
}

void fields_look(struct fields_vote *v, const AVFrame *before, const AVFrame *now)
{
	v->seen++;
	v->said += now->interlaced_frame != 0;
	if (!can_fill(now) || !is_like(before, now))
		return;
	int bytes = av_pix_fmt_desc_get((enum AVPixelFormat)now->format)->comp[0].depth > 8 ? 2 : 1;
	/* within the picture; its top lines between the bottom ones before; its bottom lines between the top ones before */
	uint64_t own = 0, top = 0, bottom = 0;
	for (int y = 2; y + 3 < now->height; y += 2) {
		own += rough(before, now, now, y, bytes) + rough(before, now, now, y + 1, bytes);
		top += rough(before, now, before, y, bytes);
		bottom += rough(before, now, before, y + 1, bytes);
	}
	if (bottom * 2 > top * 3)
		v->top++;
	else if (top * 2 > bottom * 3)
		v->bottom++;
	else if ((top + bottom) * 10 > own * 13)
		v->whole++;
}

enum fields fields_elect(const struct fields_vote *v)
{
	unsigned most = v->top > v->bottom ? v->top : v->bottom;
	unsigned other = v->whole + (v->top > v->bottom ? v->bottom : v->top);
	if (most >= PAIRS_MIN && most > 2 * other)
		return v->top > v->bottom ? FIELDS_TOP_FIRST : FIELDS_BOTTOM_FIRST;
	/* Whole pictures in a stream that is flagged otherwise, as many editors write: nothing is to be made anew. */
	if (v->whole >= PAIRS_MIN && v->whole > 8 * most)
		return FIELDS_NONE;
	return FIELDS_AS_SAID;
}
