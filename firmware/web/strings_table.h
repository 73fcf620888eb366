// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

#include "firmware/web/strings.h"

/* The generated array, sorted by id (strcmp order). Use strings_get(). */
struct strings_row {
	const char *id;
	const char *text[STRINGS_LANG_COUNT];
};
extern const struct strings_row strings_table[];
extern const size_t strings_table_count;
