// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/libav.h"

struct fault;

/* Decoded sound of any form made into ours: one channel (an average, or the first of two), 48 kHz, float, each piece with its place in time. */
struct mono {
	SwrContext *swr;
	int rate, format; /* what swr was made for */
	uint64_t layout;
	int first_only; /* 1: of two channels the first; kept by mono_done() */
	int64_t next;   /* place after the last piece; INT64_MIN: not known */
	float *pcm;     /* the last piece; valid until the next call */
	int64_t room;
};
void mono_init(struct mono *m);
void mono_done(struct mono *m);

/*
 * m->pcm receives *count samples, the first of which belongs at *at (samples of 48 kHz on the stream's clock). A piece
 * that has no time because no stamp came yet has *at = INT64_MIN.
 */
int mono_take(struct mono *m, const AVFrame *f, AVRational tb, int64_t *at, int64_t *count,
	      struct fault *why);
