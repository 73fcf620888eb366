// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/vtt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/captions_private.h"
#include "firmware/base/clean.h"

static bool has_arrow(const struct captions_line *l)
{
	return memmem(l->at, l->len, "-->", 3) != NULL;
}

static char *put_entity(char *to, const char *at, size_t len, size_t *used)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = { { "&amp;", '&' },  { "&lt;", '<' },  { "&gt;", '>' },
			 { "&nbsp;", ' ' }, { "&lrm;", ' ' }, { "&rlm;", ' ' } };
	for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
		size_t n = strlen(entities[i].name);
		if (len >= n && memcmp(at, entities[i].name, n) == 0) {
			*to = entities[i].c;
			*used = n;
			return to + 1;
		}
	}
	*to = '&';
	*used = 1;
	return to + 1;
}

static char *put_words(char *to, const struct captions_line *l)
{
	for (size_t i = 0; i < l->len;) {
		size_t used = 1;
		if (l->at[i] == '<') {
			const char *close = memchr(l->at + i, '>', l->len - i);
			used = close ? (size_t)(close - l->at) - i + 1 : l->len - i;
		} else if (l->at[i] == '&') {
			to = put_entity(to, l->at + i, l->len - i, &used);
		} else if (l->at[i]) {
			*to++ = l->at[i];
		}
		i += used;
	}
	*to++ = '\n';
	return to;
}

int vtt_words(const char *bytes, size_t len, char **out)
{
	const char *at = bytes, *end = bytes + len;
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	struct captions_line l;
	if (!captions_next_line(&at, end, &l) || l.len < 6 || memcmp(l.at, "WEBVTT", 6) != 0 ||
	    (l.len > 6 && l.at[6] != ' ' && l.at[6] != '\t'))
		return -EBADMSG;
	char *words = malloc(len + 1);
	if (!words)
		return -ENOMEM;
	char *to = words;
	bool cue = false; /* after a line with times, until an empty one */
	while (captions_next_line(&at, end, &l)) {
		if (has_arrow(&l))
			cue = true;
		else if (l.len == 0)
			cue = false;
		else if (cue)
			to = put_words(to, &l);
	}
	*to = '\0';
	*out = words;
	return 0;
}
