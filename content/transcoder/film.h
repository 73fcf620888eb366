// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/box.h"
#include "content/transcoder/job.h"
#include "content/transcoder/libav.h"
#include "content/transcoder/pack.h"

struct fault;

#define FILM_PICTURES_MAX 4000u /* 60 s at 60 a second, and room */

/*
 * One segment of one picture rung: pictures in, init and media segment out. H.264 by libx264 in one thread, one IDR at
 * the start, closed, with parameter sets that are the same for every segment of the rendition.
 */
struct film {
	const struct job_order *order; /* borrowed */
	const struct job_rung *rung;   /* borrowed */
	AVCodecContext *codec;
	AVPacket *packet;
	uint64_t planned; /* pictures this segment has */
	uint64_t fed;
	struct box_out data; /* coded pictures, in coding order */
	uint64_t *shown;     /* planned entries: display index of each coded picture */
	uint32_t *sizes;
	uint8_t *keys;
	uint64_t coded;
};
int film_open(struct film *f, const struct job_order *order, const struct job_rung *rung,
	      struct fault *why);
void film_close(struct film *f);

/* Time of picture `index` of this segment, in ticks from the beginning of the lesson. */
uint64_t film_ticks(const struct film *f, uint64_t index);

/* The next picture: of the rung's size, 8-bit 4:2:0. */
int film_feed(struct film *f, const AVFrame *picture, struct fault *why);

/* After `planned` pictures: the rest, and both dishes. Appends to `init` and `media`. */
int film_finish(struct film *f, struct box_out *init, struct box_out *media, struct fault *why);
