// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/box.h"
#include "content/transcoder/job.h"
#include "content/transcoder/source.h"

struct fault;

/*
 * One segment of the sound rung: AAC-LC, mono, 48 kHz, on the 1,024-sample grid. Samples before and after the segment
 * are encoded too and discarded, so that neighbours made by other encoders join without a click. Where the source has
 * no sound (it ended early, a hole) there is silence: the grid is always full.
 */
int tone_make(struct source *source, int stream, const struct job_order *order, uint32_t rate_bps,
	      struct box_out *init, struct box_out *media, struct fault *why);

/* Samples of 48 kHz that a segment's sound needs before and after it, in the source. */
#define TONE_BEFORE 8192u
#define TONE_AFTER 3072u
