// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/names.h"
#include "cache/store.h"

/*
 * What can be known of renditions without opening one: rows, and notes that whoever uses the store keeps beside them. A
 * note speaks of bytes that are there: it goes with the rendition, and as soon as any of its segments is withdrawn.
 */

/*
 * Finds the rendition's number or gives it one; its files are made when it is opened. *used: whether there are files already,
 * so that its table may say more than its rows (what failed).
 */
int store_rendition_reserve(struct store *s, const char *lesson, const char *generation,
			    const char *rung, uint32_t segment_count, uint64_t *number, bool *used,
			    struct fault *why);
/* Whether it has a number already. */
bool store_rendition_known(struct store *s, const char *lesson, const char *generation,
			   const char *rung);
/* Each segment that is there, by its row; the init segment, too. */
int store_rendition_rows(struct store *s, uint64_t number,
			 void (*each)(void *data, uint32_t segment), void *data, struct fault *why);

int store_note_put(struct store *s, uint64_t number, int kind, const void *bytes, size_t len,
		   struct fault *why);
/* -ENOENT when there is none of exactly this length. */
int store_note_get(struct store *s, uint64_t number, int kind, void *bytes, size_t len,
		   struct fault *why);

/* Many reservations and notes as one commit. Nothing is removed and nothing scrubbed in between. */
int store_group_begin(struct store *s, struct fault *why);
int store_group_end(struct store *s, struct fault *why);

/* The index that readers use now; the caller unmaps it. */
int store_names(struct store *s, struct names **out, struct fault *why);
