// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/reply.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

void reply_etag(uint64_t etag, char out[static REPLY_ETAG_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	/* By hand: this is on the way of every reply, and snprintf costs more than the rest of a head together. */
	char *at = out;
	*at++ = '"';
	for (int shift = 60; shift >= 0; shift -= 4)
		*at++ = digits[etag >> shift & 15];
	*at++ = '"';
	*at = '\0';
}

/*
 * Is `etag` in a list of entity tags, or the list "*"? Ours are strong; a weak one in the list (W/"…") counts only where
 * the RFC compares weakly.
 */
static bool in_list(const struct reply_text *list, const char *etag, bool weak_too)
{
	const char *at = list->at, *end = at + list->len;
	while (at < end) {
		if (*at == ' ' || *at == '\t' || *at == ',') {
			at++;
			continue;
		}
		if (*at == '*')
			return true;
		const bool weak = end - at > 2 && at[0] == 'W' && at[1] == '/';
		if (weak)
			at += 2;
		if (*at != '"')
			return false;
		const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
		if (!close)
			return false;
		if ((!weak || weak_too) && close + 1 - at == REPLY_ETAG_LEN &&
		    !memcmp(at, etag, REPLY_ETAG_LEN))
			return true;
		at = close + 1;
	}
	return false;
}

/* Digits from *at on; a number too big for anything stays the biggest. False when there is no digit. */
static bool number(const char **at, const char *end, uint64_t *out)
{
	const char *from = *at;
	uint64_t n = 0;
	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		n = n > UINT64_MAX / 10 - 1 ? UINT64_MAX / 10 : n * 10 + (uint64_t)(**at - '0');
	*out = n;
	return *at > from;
}

static void skip_space(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
}

/* One range of bytes. What cannot be understood is ignored: the whole is sent. */
static enum reply_kind cut(const struct reply_text *range, uint64_t size, uint64_t *from,
			   uint64_t *len)
{
	const char *at = range->at, *end = at + range->len;
	uint64_t first = 0, last = UINT64_MAX;
	if (range->len < 6 || strncasecmp(at, "bytes=", 6))
		return REPLY_WHOLE;
	at += 6;
	skip_space(&at, end);
	const bool has_first = number(&at, end, &first);
	if (at == end || *at++ != '-')
		return REPLY_WHOLE;
	const bool has_last = number(&at, end, &last);
	skip_space(&at, end);
	if (at != end || (!has_first && !has_last) || (has_first && has_last && last < first))
		return REPLY_WHOLE;
	if (!has_first) { /* the last so many bytes */
		if (!last || !size)
			return REPLY_UNSATISFIABLE;
		first = last < size ? size - last : 0;
		last = size - 1;
	} else if (!has_last || last >= size) {
		last = size - 1;
	}
	if (first >= size)
		return REPLY_UNSATISFIABLE;
	*from = first;
	*len = last - first + 1;
	return REPLY_PART;
}

enum reply_kind reply_decide(const struct reply_ask *ask, const struct reply_thing *thing,
			     uint64_t *from, uint64_t *len)
{
	char etag[REPLY_ETAG_LEN + 1] = "";
	const bool dated = thing->modified_s >= 0;
	*from = 0;
	*len = thing->size;
	if (ask->if_match.at || ask->if_none_match.at || ask->if_range.at)
		reply_etag(thing->etag, etag);
	if (ask->if_match.at) {
		if (!in_list(&ask->if_match, etag, false))
			return REPLY_FAILED;
	} else if (dated && ask->if_unmodified_since >= 0 &&
		   thing->modified_s > ask->if_unmodified_since) {
		return REPLY_FAILED;
	}
	if (ask->if_none_match.at) {
		if (in_list(&ask->if_none_match, etag, true))
			return REPLY_NOT_MODIFIED;
	} else if (dated && ask->if_modified_since >= 0 &&
		   thing->modified_s == ask->if_modified_since) {
		/* exactly: another file may come under the name, with a date before it, from a clock that was wrong */
		return REPLY_NOT_MODIFIED;
	}
	if (!ask->range.at)
		return REPLY_WHOLE;
	if (ask->if_range.at && !(dated && ask->if_range_date == thing->modified_s) &&
	    !(ask->if_range.len == REPLY_ETAG_LEN &&
	      !memcmp(ask->if_range.at, etag, REPLY_ETAG_LEN)))
		return REPLY_WHOLE;
	return cut(&ask->range, thing->size, from, len);
}

bool reply_named_weakly(const struct reply_text *if_none_match, uint64_t etag)
{
	char text[REPLY_ETAG_LEN + 1];
	if (!if_none_match->at)
		return false;
	reply_etag(etag, text);
	return in_list(if_none_match, text, true) && !in_list(if_none_match, text, false);
}

bool reply_compressible(const char *media_type)
{
#define TYPE(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}
	static const struct {
		const char *text;
		size_t len;
	} types[] = {
		TYPE("text/"),
		TYPE("application/vnd.apple.mpegurl"),
		TYPE("application/json"),
		TYPE("application/manifest+json"),
		TYPE("image/svg+xml"),
	};
#undef TYPE
	/* Films first: they are asked for most. */
	if (*media_type == 'v')
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strncmp(media_type, types[i].text, types[i].len))
			return true;
	return false;
}

const char *reply_cache_control(enum names_cache cache)
{
	switch (cache) {
	case NAMES_CACHE_SHORT:
		return "public, max-age=10";
	case NAMES_CACHE_IMMUTABLE:
		return "public, max-age=31536000, immutable";
	case NAMES_CACHE_NONE:
		break;
	}
	return "no-cache";
}

static bool plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '.' || c == '-' || c == '_';
}

size_t reply_disposition(const char *name, char *out, size_t room)
{
	static const char digits[] = "0123456789ABCDEF";
	const size_t len = strlen(name);
	bool all_plain = true;
	if (room < 64 || len > (room - 64) / 6)
		return 0;
	static const char head[] = "attachment; filename=\"";
	memcpy(out, head, sizeof(head) - 1);
	char *at = out + sizeof(head) - 1;
	for (size_t i = 0; i < len; i++) {
		all_plain &= plain(name[i]);
		*at++ = plain(name[i]) ? name[i] : '_';
	}
	*at++ = '"';
	if (!all_plain) {
		memcpy(at, "; filename*=UTF-8''", 19);
		at += 19;
		for (size_t i = 0; i < len; i++) {
			const unsigned char c = (unsigned char)name[i];
			if (plain(name[i])) {
				*at++ = name[i];
				continue;
			}
			*at++ = '%';
			*at++ = digits[c >> 4];
			*at++ = digits[c & 15];
		}
	}
	*at = '\0';
	return (size_t)(at - out);
}
