// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/kitchen/kitchen.h"
#include "content/catalogue/library.h"

struct pass;

/* Segments past a full disk: made from what passes through memory, and passed on the same way (cache/pass.h). */

/*
 * A read-only file in memory with the index and what `segment` is made from, holes elsewhere, for the kitchen. -EAGAIN: not
 * all of it is in memory now.
 */
int passing_lesson_source(const struct library *l, size_t lesson, uint32_t segment, int *fd);
/* Those slots of a segment that the disk has not and memory has. */
uint32_t passing_lesson_here(const struct pass *area, const struct library_lesson *it,
			     uint32_t segment);
/* -E2BIG: larger than half of the area; -ENOENT: its rendition has no number, so nobody can ask for it. */
int passing_lesson_put(struct pass *area, const struct library_lesson *it, unsigned slot,
		       const struct kitchen_dish *dish, uint32_t duration_ms);
