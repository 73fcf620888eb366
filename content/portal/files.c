// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/files.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const char *files_find(const char *name, size_t name_len, size_t *len)
{
	for (size_t i = 0; i < files_table_count; i++) {
		const struct files_row *f = &files_table[i];
		if (strlen(f->name) == name_len && memcmp(f->name, name, name_len) == 0) {
			*len = (size_t)(f->to - f->from);
			return f->from;
		}
	}
	return NULL;
}

static const char *find(void *data, const char *name, size_t name_len, size_t *len)
{
	(void)data;
	const char *text = files_find(name, name_len, len);
	if (text)
		return text;
	/* {{>row}} stands for row.html */
	char file[80];
	int n = snprintf(file, sizeof(file), "%.*s.html", (int)name_len, name);
	return n > 0 && (size_t)n < sizeof(file) ? files_find(file, (size_t)n, len) : NULL;
}

const struct page_source files_pages = { find, NULL };

/* FNV-1a: told apart, not protected. */
void files_version(char out[static 17])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < files_table_count; i++)
		for (const char *c = files_table[i].from; c < files_table[i].to; c++)
			hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	snprintf(out, 17, "%08" PRIx32, (uint32_t)(hash ^ hash >> 32));
}
