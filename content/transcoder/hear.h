// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/mono.h"
#include "content/transcoder/source.h"

struct fault;

/*
 * The sound of a file as one unbroken run of mono samples at 48 kHz, counted from `start_us` of the container's clock:
 * holes are silence, overlaps are cut, and after the end silence goes on for as long as one asks.
 */
struct hear {
	struct source source;
	struct source_reader reader;
	struct mono mono;
	AVFrame *frame;
	int64_t origin;                            /* start_us in samples */
	int64_t at;                                /* next sample to hand out, from origin */
	int64_t piece_at, piece_used, piece_count; /* what mono.pcm holds */
	bool ended;
};
/* `first_only` 1: of two channels the first alone. */
int hear_open(struct hear *h, const struct source *file, int stream, int64_t start_us,
	      int first_only, struct fault *why);
void hear_close(struct hear *h);
int hear_read(struct hear *h, float *out, int64_t count, struct fault *why);
