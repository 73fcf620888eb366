// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/libav.h"

struct fault;

/*
 * What kind of pictures a segment has, from pictures half a second apart: a still slide, a screen that changes in places, or a
 * camera whose every block moves. The kitchen tunes its encoder by it.
 */
enum still_class { STILL_UNKNOWN, STILL_STATIC, STILL_SCREEN, STILL_CAMERA };
struct still {
	AVFrame *before;
	uint64_t compared, changed; /* blocks */
};
int still_add(struct still *s, const AVFrame *picture); /* 0 or -ENOMEM; keeps a reference */
enum still_class still_end(struct still *s);            /* and begins anew */
void still_done(struct still *s);

/* Share of 16x16 luma blocks that differ by more than noise, as two counts. Pictures of one size. */
void still_compare(const AVFrame *a, const AVFrame *b, uint64_t *compared, uint64_t *changed);

/* How much there is to see: higher for slides with writing than for black or a lone title. */
uint64_t still_detail(const AVFrame *picture);

/* As JPEG (`quality` of the picture, yuvj420p): a packet. libav's codes. */
int still_encode(const AVFrame *picture, AVPacket *out);

/* A JPEG of at most 640 pixels on the long side, written to `fd`. */
int still_jpeg(const AVFrame *picture, int fd, struct fault *why);
