// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/libav.h"

struct fault;

/* Coded packets of one stream in their order, kept until they are written. */
struct reel_packets {
	AVPacket **at;
	size_t count, room;
};
void reel_packets_done(struct reel_packets *p);
/* Takes all that the encoder has ready. `shift` is added to the time stamps. */
int reel_packets_take(struct reel_packets *p, AVCodecContext *codec, int64_t shift,
		      struct fault *why);

/*
 * Pictures of the mezzanine: AV1 by SVT-AV1. A new encoder for each segment: it then begins with a key frame exactly on the
 * grid and leans on nothing before it (SVT-AV1 1.4 places key frames only at a fixed distance).
 */
struct reel_form {
	uint32_t width, height, fps_num, fps_den;
	int preset, crf;
	bool thrifty;
};
int reel_open(const struct reel_form *form, AVCodecContext **out, struct fault *why);
/* Picture `index` of the lesson; NULL ends the segment. */
int reel_feed(AVCodecContext *codec, const AVFrame *picture, uint64_t index, struct fault *why);

/* Sound of the mezzanine: Opus, mono. */
int reel_open_sound(uint32_t rate_bps, AVCodecContext **out, struct fault *why);
int reel_feed_sound(AVCodecContext *codec, const float *samples, int count, int64_t at,
		    struct fault *why);
