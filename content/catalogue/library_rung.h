// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cache/names.h"
#include "content/catalogue/library.h"

/* Between library.c, library_rung.c and library_sight.c: makes a rendition's number findable. `slot` LIBRARY_SIGHT: the preview's. */
#define LIBRARY_SIGHT LIBRARY_SLOTS
void library_note_number(struct library *l, size_t lesson, unsigned slot);
void library_forget_number(struct library *l, uint64_t number);

/*
 * What the rows and notes of the store say of a rung, without opening its files; *open: they must be opened for the rest,
 * by library_refresh_rung(). Rungs that are not in the store yet get their number.
 */
int library_load_rung(struct library *l, size_t lesson, unsigned slot, bool *open,
		      struct fault *why);
/* Takes the download of a complete rung from the index that is in use, where that has it; else makes it again. */
int library_load_download(struct library *l, size_t lesson, enum kitchen_rung rung,
			  struct names *index, struct fault *why);
/* The download of what is offered is another, or none. */
void library_drop_download(struct library_rung *r);
/* Makes it, where rung and sound are whole. */
int library_download_rung(struct library *l, size_t lesson, enum kitchen_rung rung,
			  struct fault *why);
