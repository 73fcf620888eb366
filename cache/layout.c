// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/layout.h"

#include <inttypes.h>
#include <stdio.h>

#include "firmware/base/text.h"

struct layout layout_object(const struct objmap_id *id, const char *suffix)
{
	char hex[2 * sizeof(id->b) + 1];
	struct layout l;
	text_hex(id->b, sizeof(id->b), hex);
	snprintf(l.at, sizeof(l.at), "obj/%.2s/%s%s", hex, hex, suffix);
	return l;
}

struct layout layout_object_folder(const struct objmap_id *id)
{
	struct layout l;
	snprintf(l.at, sizeof(l.at), "obj/%02x", id->b[0]);
	return l;
}

struct layout layout_rendition(uint64_t number, const char *suffix)
{
	struct layout l;
	snprintf(l.at, sizeof(l.at), "rend/%" PRIu64 "%s", number, suffix);
	return l;
}
