// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/fields.h"
#include "content/transcoder/probe.h"
#include "content/transcoder/still.h"

struct fault;

/*
 * A look at a whole file that costs a part of decoding it: half a second after a key frame every few seconds. What kind of
 * pictures it has where (static, screen, camera), and whether they are interlaced, whatever their flags say.
 */
struct survey_spot {
	int64_t at_us; /* from the lesson's start */
	enum still_class kind;
	/*
	 * Parts in a hundred: of blocks, those that changed in half a second; of pixels, those of the most frequent shades; of edges,
	 * those of one pixel.
	 */
	uint8_t changed, few, sharp;
};
struct survey {
	struct survey_spot *spots; /* ascending; malloc'ed */
	size_t count;
	enum fields fields; /* for probe.form.fields */
	unsigned pictures,
		bad; /* packets that were decoded, and those that could not be, or only in part */
};
int survey_pictures(const struct source *file, const struct probe *p, struct survey *out,
		    struct fault *why);
void survey_done(struct survey *s);

/* Adds "probe.patchy" where more than two pictures in a hundred are damaged: pure. */
void survey_judge(const struct survey *s, struct verdict *v);

/* What the three parts in a hundred say: pure. */
enum still_class survey_kind(const struct survey_spot *s);

/* The kind that most of [from_us, to_us) has; between two spots, that of the one before. STILL_UNKNOWN without any. Pure. */
enum still_class survey_class(const struct survey *s, int64_t from_us, int64_t to_us);

/* Loudness of the whole sound, in LUFS; -HUGE_VAL when it is silent. The sound is decoded. */
int survey_sound(const struct source *file, const struct probe *p, double *lufs, struct fault *why);
