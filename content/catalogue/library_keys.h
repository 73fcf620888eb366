// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "content/catalogue/library.h"

struct kitchen_track;

/*
 * Where each segment's key frame ends, of a picture that is whole: what iframes.m3u8 and the preview are made from. Read
 * once from the segments, then kept beside the rendition.
 */
int library_keys_read(struct library *l, struct library_lesson *it, unsigned slot,
		      const struct kitchen_track *track, struct fault *why);
/* False: there is no note for this stamp. Sound has none, and is true. */
bool library_keys_load(struct library *l, struct library_lesson *it, unsigned slot);
void library_keys_drop(struct library_rung *r);
