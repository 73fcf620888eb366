// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "content/transcoder/libav.h"

struct fault;

/*
 * Pictures for other screens than ours (HDR by PQ or HLG, wide primaries) made into BT.709 for ordinary ones. Light up to what a white
 * page has there stays as it is, brighter light is bent into the room that is left (ITU-R BT.2390), colours that our screens do not
 * have lose saturation, not hue. The way is computed once, as a table, for all pictures of a film.
 */
struct colour_light {
	enum AVColorSpace space;
	enum AVColorPrimaries primaries;
	enum AVColorTransferCharacteristic transfer;
	unsigned peak_nits; /* brightest light of the film, 0: not known */
};

/* What the picture says of itself. */
struct colour_light colour_light_of(const AVFrame *f);
/* Is a table needed? Not for what ordinary players show as it is. */
bool colour_is_foreign(const struct colour_light *l);
/* The same light: one table serves both. A peak that is not said is no difference. */
bool colour_is_same(const struct colour_light *a, const struct colour_light *b);

struct colour_map;
struct colour_map *colour_map_new(const struct colour_light *l); /* NULL: out of memory */
void colour_map_free(struct colour_map *m);

/* From AV_PIX_FMT_YUV444P16LE, limited range, to 8-bit 4:2:0, limited range, of the same size. */
void colour_map_run(const struct colour_map *m, const AVFrame *in, AVFrame *out);
