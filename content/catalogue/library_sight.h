// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/catalogue/library.h"

struct fault;
struct sprites;

/*
 * The preview of a lesson: small pictures for the seek bar, their times, chapters, and a poster for lessons that came without
 * one. All of it is one segment of a rendition of its own, so that it is there whole or not at all, is looked at for rot,
 * leaves when room is needed and is made again. What lies where is a note beside it.
 */

/* What the store has of it: nothing is opened. What is left of one that a power cut interrupted is removed. */
void library_sight_load(struct library *l, size_t lesson);
/* It can be made now: a picture of the lesson is whole, and there is none yet. */
bool library_sight_lacks(const struct library_lesson *it);
/* The slot of the picture that it is made from: the largest that is whole, up to 480p; LIBRARY_SLOTS: none is. */
unsigned library_sight_source(const struct library_lesson *it);
/* Puts it into the store: -ENOSPC when there is no room. */
int library_sight_put(struct library *l, size_t lesson, const struct sprites *found,
		      struct fault *why);
/* It left the store, or rotted there: it is made again. Names and pages are to be published again. */
void library_sight_lost(struct library *l, size_t lesson);

/* The lesson whose preview has this number; false when there is none. */
bool library_find_sight(const struct library *l, uint64_t number, size_t *lesson);
