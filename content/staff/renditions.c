// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/renditions.h"

#include <stddef.h>
#include <string.h>

#include "cache/store_list.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

/* What was made of it for phones. */
struct renditions {
	const char *lesson;
	uint64_t numbers[64];
	size_t count;
};

static int note_rendition(void *data, const struct store_list_row *row)
{
	struct renditions *r = data;
	if (row->kind == STORE_LIST_RENDITION && strcmp(row->lesson, r->lesson) == 0 &&
	    r->count < ARRAY_LEN(r->numbers))
		r->numbers[r->count++] = row->number;
	return 0;
}

void renditions_drop(struct store *store, const char *lesson)
{
	struct renditions r = { .lesson = lesson };
	struct fault why = { 0 };
	if (store_list_each(store, note_rendition, &r, &why))
		log_fault(LOG_LEVEL_WARN, "staff.delete", &why);
	for (size_t i = 0; i < r.count; i++)
		if (store_rendition_drop(store, r.numbers[i], &why))
			log_fault(LOG_LEVEL_WARN, "staff.delete", &why);
}
