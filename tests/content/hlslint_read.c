// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/content/hlslint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/text.h"

void lint_say(struct lint *l, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	printf("%s:%u: ", l->url, l->line);
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
	l->found++;
}

/* --- fetching -------------------------------------------------------------------------------------- */

static size_t take(char *from, size_t size, size_t n, void *data)
{
	struct bytes *b = data;
	uint8_t *more = realloc(b->at, b->len + size * n + 1);
	if (!more)
		return 0;
	b->at = more;
	memcpy(b->at + b->len, from, size * n);
	b->len += size * n;
	b->at[b->len] = 0;
	return size * n;
}

/* `range` NULL: the whole. False when it cannot be had. */
bool lint_fetch(struct lint *l, const char *url, const char *range, struct bytes *out)
{
	*out = (struct bytes){ calloc(1, 1), 0 };
	curl_easy_setopt(l->curl, CURLOPT_URL, url);
	curl_easy_setopt(l->curl, CURLOPT_RANGE, range);
	curl_easy_setopt(l->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(l->curl, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(l->curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(l->curl, CURLOPT_TIMEOUT, 120L);
	CURLcode rc = curl_easy_perform(l->curl);
	if (!rc)
		return true;
	lint_say(l, "'%s' cannot be had: %s", url, curl_easy_strerror(rc));
	free(out->at);
	*out = (struct bytes){ 0 };
	return false;
}

/* `reference` as seen from `base`; malloc'ed. */
char *lint_resolve(const char *base, const char *reference)
{
	char *out = NULL;
	char *part = NULL;
	CURLU *u = curl_url();
	if (!curl_url_set(u, CURLUPART_URL, base, 0) &&
	    !curl_url_set(u, CURLUPART_URL, reference, 0) &&
	    !curl_url_get(u, CURLUPART_URL, &part, 0))
		out = strdup(part);
	curl_free(part);
	curl_url_cleanup(u);
	return out;
}

/* --- attribute lists (section 4.2) ----------------------------------------------------------------- */

static bool is_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

const struct attribute *lint_find(const struct attributes *a, const char *name)
{
	for (size_t i = 0; i < a->count; i++)
		if (!strcmp(a->all[i].name, name))
			return &a->all[i];
	return NULL;
}

const char *lint_value_of(const struct attributes *a, const char *name)
{
	const struct attribute *one = lint_find(a, name);
	return one ? one->value : NULL;
}

/* Takes `text` apart in place. */
void lint_read_attributes(struct lint *l, char *text, struct attributes *out)
{
	static const char *const quoted[] = { "URI",       "CODECS",   "GROUP-ID", "NAME",
					      "LANGUAGE",  "AUDIO",    "VIDEO",    "CHANNELS",
					      "SUBTITLES", "BYTERANGE" };
	out->count = 0;
	for (char *at = text; *at;) {
		struct attribute one = { .name = at };
		while (is_name(*at))
			at++;
		if (at == one.name || *at != '=' || out->count == ATTRIBUTES_MAX) {
			lint_say(l, "no attribute list at '%.20s'", one.name);
			return;
		}
		*at++ = '\0';
		one.quoted = *at == '"';
		at += one.quoted;
		one.value = at;
		at += strcspn(at, one.quoted ? "\"" : ", \t\"");
		if (one.quoted) {
			if (*at != '"')
				lint_say(l, "%s: a quote is not closed", one.name);
			else
				*at++ = '\0';
		}
		if (lint_find(out, one.name))
			lint_say(l, "%s is there twice", one.name);
		for (size_t i = 0; i < ARRAY_LEN(quoted); i++)
			if (!strcmp(one.name, quoted[i]) && !one.quoted)
				lint_say(l, "%s has to be in quotes", one.name);
		out->all[out->count++] = one;
		if (*at && *at != ',') {
			lint_say(l, "'%.10s' after an attribute", at);
			return;
		}
		if (*at == ',')
			*at++ = '\0';
	}
}

uint64_t lint_number_of(struct lint *l, const struct attributes *a, const char *name, bool needed)
{
	const char *text = lint_value_of(a, name);
	if (!text) {
		if (needed)
			lint_say(l, "%s is missing", name);
		return 0;
	}
	if (!*text || strspn(text, "0123456789") != strlen(text))
		lint_say(l, "%s is no decimal integer: '%s'", name, text);
	return strtoull(text, NULL, 10);
}

/* --- lines ----------------------------------------------------------------------------------------- */

char *lint_next_line(struct lint *l, char **at)
{
	char *line = *at;
	if (!*line)
		return NULL;
	char *end = line + strcspn(line, "\n");
	*at = *end ? end + 1 : end;
	*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	l->line++;
	return line;
}

/* What follows the tag's name; NULL: another tag. */
char *lint_after(char *line, const char *tag)
{
	size_t len = strlen(tag);
	return strncmp(line, tag, len) ? NULL : line + len;
}

bool lint_begin_list(struct lint *l, const struct bytes *b)
{
	l->line = 1;
	if (b->len >= 3 && !memcmp(b->at, "\xef\xbb\xbf", 3))
		lint_say(l, "a byte order mark");
	if (!text_is_utf8((const char *)b->at, b->len))
		lint_say(l, "not UTF-8");
	if (strncmp((const char *)b->at, "#EXTM3U", 7) || (b->at[7] != '\n' && b->at[7] != '\r')) {
		lint_say(l, "does not begin with #EXTM3U");
		return false;
	}
	l->line = 0;
	return true;
}
