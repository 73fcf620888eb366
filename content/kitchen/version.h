// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/catalogue/library.h"

/*
 * The two versions of a picture: what is made at once for whoever waits, and the better one that replaces it, made when nobody
 * does. Slot `rung` of a lesson is what players are offered, slot `rung + RUNG_COUNT` the other (library.h). Both keep
 * their addresses: who began with one goes on with it, and is made what is no longer there.
 */
#define VERSION_QUIET_MS 600000u /* so long unwatched, and nobody is in the middle of a lesson */

/* The generation that a slot belongs to. */
const char *version_generation(const struct library_lesson *it, unsigned slot);
/* Both slots of every picture get their points, before anything is loaded. */
void version_init(struct library_lesson *it);
/* What follows from how far the slots are: masks `slow`, `spare` and `to_better`. */
void version_settle(struct library_lesson *it);
/* Exchanges the two versions: numbers, masks and all. */
void version_swap(struct library *l, size_t lesson, enum kitchen_rung rung);
/*
 * The other version is whole: it is what players are offered from now on. False when it is not, or not better. *why: its
 * download could not be made.
 */
bool version_offer(struct library *l, size_t lesson, enum kitchen_rung rung, struct fault *why);
/* Finds what the store has of the other version; *open as library_load_rung(). 0 when there is nothing. */
int version_load(struct library *l, size_t lesson, enum kitchen_rung rung, bool *open);
/* Somebody watches it. */
void version_watched(struct library_lesson *it, uint64_t now_ms);
/*
 * The bytes of versions that were replaced leave once nobody has watched the lesson for VERSION_QUIET_MS. How many left: names
 * are to be published again.
 */
size_t version_retire(struct library *l, uint64_t now_ms);
