// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>

#include "content/portal/site.h"

/*
 * What templates see. A value that could not be made for want of memory is missing, and the page is refused.
 */
void site_put(json_t *to, const char *key, json_t *value); /* steals value; NULL is fine */
void site_put_text(json_t *to, const char *key, const char *text);
/* What every page shows: language, school, status line. `here` is the page's address with "?lang=" or "&lang=" at its end. */
json_t *site_context(const struct site *s, enum strings_lang lang, const char *title,
		     const char *here);
json_t *site_row(const struct site *s, enum strings_lang lang, size_t lesson);
json_t *site_class_rows(const struct site *s, enum strings_lang lang); /* live classes */
const char *site_subject_of(const wasl_Item *item);                    /* its slug, or "other" */
const char *site_subject_title(const struct site *s, enum strings_lang lang, const char *subject);
const char *site_subject_icon(const char *subject); /* a template */
const char *site_state_icon(
	const char *state); /* of good, moderate, no, unpowered, unknown, never */
/* Renders and frees the context. */
int site_render(const struct site *s, enum strings_lang lang, const char *page, json_t *context,
		char **out, size_t *len, struct fault *why);
