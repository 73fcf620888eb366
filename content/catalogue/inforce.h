// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

struct contentd;

/*
 * What the box works by: the library of the catalogue in force, given to every part of wasl-contentd that needs it.
 */
/* The kept catalogue, verified again; without one the box waits for the first. */
void inforce_begin(struct contentd *c);
/* Another catalogue: everything is built anew from it; what was under way ends, what it brought stays in the store. */
void inforce_use(struct contentd *c);
/* The ministry's next one: the same, and what the one before named and this one does not is given back. */
void inforce_next(struct contentd *c);
/* Once a second: what could not be built is tried again. */
void inforce_tick(struct contentd *c);
/* The words of a lesson's captions, for searching, once their file is here. */
void inforce_captions(struct contentd *c, size_t lesson, size_t which);
