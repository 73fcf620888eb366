// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * Every sentence that a person reads, in Arabic, French and English, from firmware/web/strings/NAME.tsv
 * (id, ar, fr, en separated by tabs; "#" begins a comment line). The build turns the tables into a sorted array, and into
 * one JSON file per language for pages with scripts (build/FLAVOUR/gen/web/strings-LANG.json).
 * "{name}" in a text is a place to fill. Plural forms are ids with a CLDR suffix: "lessons.count.one", ".two", ".few", …, ".other".
 */
enum strings_lang { STRINGS_AR, STRINGS_FR, STRINGS_EN, STRINGS_LANG_COUNT };

/* "ar" … ; also accepts "fr_TN.UTF-8". -EINVAL when it is none of the three. */
int strings_lang_parse(const char *text, enum strings_lang *out);
const char *strings_lang_code(enum strings_lang lang); /* "ar" */
const char *strings_lang_dir(enum strings_lang lang);  /* "rtl" or "ltr" */

/* The text; the id itself when there is none (a lint test keeps that from happening). Never NULL. */
const char *strings_get(enum strings_lang lang, const char *id);

/*
 * The text with its places filled: pairs of name and value, NULL at the end. malloc'ed, NULL when out of memory.
 *	strings_fill(lang, "receipt.ok", "n", "2031", "date", "…", NULL)
 */
char *strings_fill(enum strings_lang lang, const char *id, ...) __attribute__((sentinel));

/*
 * What was said in English, as strings_fill() made it of `id`, in another language with the same values in its places; what
 * stands behind that sentence is passed over. NULL: it was not said like that, or out of memory. malloc'ed.
 */
char *strings_again(enum strings_lang lang, const char *id, const char *said);

/* The plural form of `id` for n (CLDR cardinal rules of the three languages), "{n}" not yet filled. */
const char *strings_plural(enum strings_lang lang, const char *id, uint64_t n);
/* The same with "{n}" and its other places filled: pairs as in strings_fill(). malloc'ed, NULL when out of memory. */
char *strings_fill_plural(enum strings_lang lang, const char *id, uint64_t n, ...)
	__attribute__((sentinel));
