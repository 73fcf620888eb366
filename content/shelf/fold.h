// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

/*
 * Text as people search it: what differs only in how it was typed becomes the same. Words in lower case, separated by
 * single spaces.
 *	Arabic: vowel marks and tatweel go; alef forms, ya and alef maqsura, ta marbuta and ha, hamza seats are one;
 *		Arabic-Indic digits become 0-9; the article and its particles (wa-l, bi-l, fa-l, ka-l, li-l) go when
 *		at least three letters remain
 *	Latin: accents go, ligatures open, apostrophes part words
 * *out is malloc'ed and terminated; invalid UTF-8 counts as spaces. -ENOMEM is the only failure.
 */
int fold_text(const char *text, size_t len, char **out);
