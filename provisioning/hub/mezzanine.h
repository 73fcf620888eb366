// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/record/catalogue.pb.h"

struct fault;

/*
 * A lesson's mezzanine, its plan and a poster, made by wasl-transcoder in a process of its own and kept below
 * DIR/mezzanine/ by what went in and how: the same input with the same recipe is encoded once.
 */
struct mezzanine {
	char path[4096];   /* finished, never changed again */
	char poster[4096]; /* a JPEG; "" when the film has no picture */
	wasl_Plan plan;    /* release with mezzanine_done() */
	uint64_t bytes, duration_ms;
	double ssim; /* of luma, beside its source; 0: it was not compared */
	int crf;     /* that this took; 0: not said */
};
void mezzanine_done(struct mezzanine *m);

/* What it must have in common with its source at least: encoded better until it has, or refused. */
#define MEZZANINE_LEAST_SSIM 0.99

/* Who makes it, and how slowly: SVT-AV1's preset, 4 (slow) to 13 (fast). */
struct mezzanine_maker {
	const char *program; /* path of wasl-transcoder */
	int preset;
};
/*
 * A lesson is encoded once and crosses hundreds of lines, a night for each 45 MB: preset 6 takes three times as long as the
 * transcoder's own 10, which a school's box has to use, and a third fewer bytes.
 */
#define MEZZANINE_PRESET 6

/*
 * Bytes of a plain H.264 ladder of a lesson as long and as high: 480p, 360p, 240p and 144p at 1200, 700, 350 and 150 kbit/s as
 * far as they are not larger than it, and sound at 64 kbit/s once. Pure.
 */
uint64_t mezzanine_ladder_bytes(const wasl_Plan *plan, uint64_t duration_ms);

/*
 * `progress` (may be NULL) hears whole per cents. -EBADMSG: it is no video that
 * could be read, in the transcoder's own words; -ENOSPC: the disk is full.
 */
int mezzanine_make(const char *dir, const struct mezzanine_maker *maker, const char *video,
		   void (*progress)(void *data, int percent), void *data, struct mezzanine *out,
		   struct fault *why);

/*
 * Captions that are no WebVTT yet (SubRip, ASS), made WebVTT by the same program: `out` has 4096 bytes and becomes the path of a
 * file below DIR/mezzanine/ that is the caller's to remove. -EBADMSG: nobody can read them.
 */
int mezzanine_captions(const char *dir, const char *program, const char *captions,
		       char out[static 4096], struct fault *why);

/* wasl-transcoder beside the running program, for callers that are not told another one. `out` has 4096 bytes. */
void mezzanine_program(char out[static 4096]);
