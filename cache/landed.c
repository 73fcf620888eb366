// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/landed.h"

#include "cache/view.h"

bool landed_find(const struct landed *l, const struct view_file *file, uint64_t *tag)
{
	for (const struct landed_place *p = l->places; p < l->places + LANDED_MOST; p++) {
		if (p->serial != file->serial || p->offset != file->offset ||
		    p->length != file->length)
			continue;
		*tag = p->tag;
		return true;
	}
	return false;
}

void landed_note(struct landed *l, const struct view_file *file, uint64_t tag)
{
	l->places[l->count++ % LANDED_MOST] =
		(struct landed_place){ file->serial, file->offset, file->length, tag };
}
