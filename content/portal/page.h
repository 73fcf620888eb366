// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "firmware/web/strings.h"

struct fault;

/*
 * Pages from templates. A template is HTML with places:
 *	{{name}} {{a.b}} {{.}}		a value of the context, escaped for text and quoted attributes; inner sections hide outer ones
 *	{{t("id")}}			a text in the page's language; its {places} are filled from the context, escaped
 *	{{p("id", name)}}		its plural form for the number `name`, {n} filled with it
 *	{{#name}} … {{/name}}		once for each element of a list, once for an object or a true value
 *	{{^name}} … {{/name}}		when there is none, false, 0, "" or an empty list
 *	{{>file}} {{>*name}}		another template; the second form takes its name from the context
 * There is no place that is not escaped. Pure: templates and context in, text out.
 */
struct page_source {
	/* The template `name` (len bytes, not terminated), or NULL. */
	const char *(*find)(void *data, const char *name, size_t name_len, size_t *len);
	void *data;
};

/* *out is malloc'ed and terminated. -EINVAL: a template is wrong, the sentence says where. */
int page_render(const struct page_source *source, const char *name, enum strings_lang lang,
		json_t *context, char **out, size_t *len, struct fault *why);
