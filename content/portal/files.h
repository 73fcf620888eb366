// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

#include "content/portal/page.h"

/*
 * The portal's templates and assets, part of the program: pages and program cannot come from different versions.
 */
struct files_row {
	const char *name; /* "home.html", "portal.css" */
	const char *from, *to;
};
extern const struct files_row files_table[]; /* made by content/portal/mkfiles, sorted by name */
extern const size_t files_table_count;

const char *files_find(const char *name, size_t name_len, size_t *len); /* NULL: there is none */
extern const struct page_source files_pages;
/* A short name that changes whenever one of the assets does; `out` has 17 bytes. */
void files_version(char out[static 17]);
