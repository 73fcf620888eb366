// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct view_file;

/*
 * What segments that were begun from memory (cache/pass.h) are on the disk: the tags of their bytes, read once however many replies
 * go on with them. A place in an opening of a file has the same bytes for ever, so what was read is never wrong; what was read
 * longest ago makes room. Zero it before the first use.
 */
enum { LANDED_MOST = 64 };

struct landed {
	struct landed_place {
		uint64_t serial, offset, length; /* as in struct view_file; serial 0: free */
		uint64_t tag;
	} places[LANDED_MOST];
	uint64_t count; /* ever */
};

bool landed_find(const struct landed *l, const struct view_file *file, uint64_t *tag);
void landed_note(struct landed *l, const struct view_file *file, uint64_t tag);
