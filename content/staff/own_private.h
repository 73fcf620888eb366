// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* What own.c (rows) and own_merge.c (the catalogue made of them) share; nobody else. */

#include "content/staff/own.h"

struct own {
	char *folder;
	struct own_lesson *rows[OWN_MOST];
	size_t count;
	uint32_t stamp;
	wasl_Catalogue merged;
	size_t merged_own; /* items of it that are ours to release: the first ones */
};

void own_drop_merged(struct own *o);
/* Whether the item can be worked with, as a ministry's would be. */
int own_check_item(const struct own_lesson *l, const wasl_Item *item, struct fault *why);
