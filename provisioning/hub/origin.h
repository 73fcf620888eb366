// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/catalogue.pb.h"
#include "firmware/record/objmap.h"

struct fault;

/*
 * The static tree that boxes fetch from: DIR/origin/wasl/v1/{root/N, map/ID, object/ID, catalogue/N, catalogue/latest}. Everything
 * appears whole, by rename, and objects are there before a catalogue names them. Any web server can serve it.
 */

/* Makes the folders, and removes what an interrupted run left behind. */
int origin_prepare(const char *dir, struct fault *why);

enum origin_source { ORIGIN_COPY, ORIGIN_LINK };

/*
 * Brings a file in as an object with its map. ORIGIN_LINK makes a second name for it where the file system allows (for files
 * that never change again), else copies. `out` gets id and size; its media type and name are the caller's.
 */
int origin_put(const char *dir, const char *path, enum origin_source source, wasl_ObjectRef *out,
	       struct fault *why);

/* The signed catalogue in force, malloc'ed; -ENOENT without a sentence when there is none yet. */
int origin_catalogue(const char *dir, void **out, size_t *len, struct fault *why);

/*
 * Writes catalogue/latest, then catalogue/N. In this order a number never changes its meaning: what an interrupted run leaves is
 * a catalogue in force without its numbered name, which origin_number() adds at the next run.
 */
int origin_publish(const char *dir, uint32_t version, const void *record, size_t len,
		   struct fault *why);
int origin_number(const char *dir, uint32_t version, const void *record, size_t len,
		  struct fault *why);
