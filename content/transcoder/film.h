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
	uint64_t planned;    /* ticks of the rung's clock that this segment has */
	uint64_t tick;       /* the next one */
	uint64_t serial;     /* of the picture fed last, or found to be like it */
	AVFrame *kept;       /* the picture encoded last, in its own size */
	struct box_out data; /* coded pictures, in coding order */
	uint64_t *fed;       /* room for `planned`: tick of each picture, as fed */
	uint64_t fed_count;
	uint64_t *shown; /* tick of each coded picture, in coding order */
	uint32_t *sizes;
	uint8_t *keys;
	uint64_t coded;
};
int film_open(struct film *f, const struct job_order *order, const struct job_rung *rung,
	      struct fault *why);
void film_close(struct film *f);

/* Time of picture `index` of this segment, in ticks from the beginning of the lesson. */
uint64_t film_ticks(const struct film *f, uint64_t index);

/*
 * Whether the next tick needs a picture; `serial` names the one on show (from 1). A picture that stays is not encoded again: the one
 * before lasts longer, up to STAY_GAP_MS. The first and the last two ticks always have one: a segment begins with its key frame, and no
 * player finds a hole at its end.
 */
int film_wants(const struct film *f, uint64_t serial);
/* The next tick's picture: of the rung's size, 8-bit 4:2:0; NULL: the one before stays. */
int film_feed(struct film *f, const AVFrame *picture, uint64_t serial, struct fault *why);

/* After `planned` ticks: the rest, and both dishes. Appends to `init` and `media`. */
int film_finish(struct film *f, struct box_out *init, struct box_out *media, struct fault *why);
