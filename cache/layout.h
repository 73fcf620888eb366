// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/record/objmap.h"

/* Where the store's files are, relative to its folder; writer and readers build names in this one place. */
struct layout {
	char at[96];
};

#define LAYOUT_NAMES "names.idx"

struct layout layout_object(const struct objmap_id *id,
			    const char *suffix);                     /* obj/ab/ID, .map, .bits */
struct layout layout_object_folder(const struct objmap_id *id);      /* obj/ab */
struct layout layout_rendition(uint64_t number, const char *suffix); /* rend/NUMBER.mp4, .tab */
