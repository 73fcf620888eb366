// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/catalogue.pb.h"

struct fault;

/*
 * Objects of the origin that no lesson of a catalogue names: of lessons withdrawn or replaced, and what an interrupted run
 * brought. Whoever removes them holds the publisher's lock, and `c` is in force and durable.
 */
struct unnamed {
	unsigned objects;
	uint64_t bytes;
};

/* UNNAMED_ENCODED: also the encoded film below DIR/mezzanine/ that an object is a second name of. */
enum unnamed_reach { UNNAMED_ORIGIN, UNNAMED_ENCODED };

/* Removes them, each with its map. Files that are no objects stay. On failure some may be gone: the next run goes on. */
int unnamed_remove(const char *dir, const wasl_Catalogue *c, enum unnamed_reach reach,
		   struct unnamed *out, struct fault *why);
