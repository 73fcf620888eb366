// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "content/transcoder/libav.h"

/*
 * Interlaced pictures: two moments in one picture, line by line in turn. Of each picture the first moment is kept and the
 * lines of the other one are made anew, from lines above and below where something moves and from pictures before and after
 * where nothing does: stills keep all their lines, and nothing has combs.
 */
enum fields {
	FIELDS_AS_SAID, /* each picture's own flags */
	FIELDS_NONE,    /* whatever the flags say: pictures are whole */
	FIELDS_TOP_FIRST,
	FIELDS_BOTTOM_FIRST,
};
const char *fields_name(enum fields f); /* "as-said", "none", "top", "bottom" */

/* Is this picture to be made whole? FIELDS_NONE, or the order of its fields; never FIELDS_AS_SAID. */
enum fields fields_of(enum fields said, const AVFrame *f);

/*
 * `out` has the form and size of `now`, and is written. `before` and `after` are its neighbours in time; NULL, or one of another
 * form, where there is none. `order` is FIELDS_TOP_FIRST or FIELDS_BOTTOM_FIRST.
 */
void fields_fill(enum fields order, const AVFrame *before, const AVFrame *now, const AVFrame *after,
		 AVFrame *out);

/*
 * What the pictures themselves say, whatever the flags: two after each other are looked at, many times.
 * Where fields are of two moments, lines of this picture go better with some lines of the one before than with others.
 */
struct fields_vote {
	unsigned top, bottom, whole; /* pairs of pictures; others say nothing (nothing moved) */
	unsigned said;               /* pictures that are flagged as interlaced */
	unsigned seen;
};
void fields_look(struct fields_vote *v, const AVFrame *before, const AVFrame *now);
enum fields fields_elect(const struct fields_vote *v);
