// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/job.h"
#include "content/transcoder/source.h"
#include "firmware/record/catalogue.pb.h"

struct fault;

/*
 * The sound of a file that was not made for the grid. Containers round time stamps, and resamplers round places: two
 * segments that begin to decode at different frames would put the same sound at slightly different samples, which is heard
 * where they join. So one walk over the whole file counts every sample (`foreign_listen`), and each segment is told
 * the exact place of one frame near its beginning, its anchor.
 */

/* Counts samples at the stream's own rate; a stamp is believed when it is more than 20 ms from the count. */
struct foreign_clock {
	int rate;
	int64_t start_us, next; /* INT64_MIN: nothing counted yet */
};
void foreign_clock_init(struct foreign_clock *c, int64_t start_us);
/* Place of a frame's first sample from the lesson's start; INT64_MIN when it has no stamp and none came before. */
int64_t foreign_clock_take(struct foreign_clock *c, const AVFrame *f, AVRational tb);

/* Fills plan->foreign.anchors and gain_centibel by decoding the whole sound; *end_us is where it ends. */
int foreign_listen(const struct source *file, wasl_Plan *plan, int64_t *end_us, struct fault *why);

/* Samples [from, from + count) of the lesson, 48 kHz, levelled; what the file does not have is silence. */
int foreign_sound(struct source *source, const struct job_foreign *f, int64_t from, int64_t count,
		  float *out, struct fault *why);
