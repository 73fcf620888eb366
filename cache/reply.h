// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/names.h"

/*
 * What the head of a reply says: which part of a thing a request gets, under the conditions that it names (RFC 9110,
 * sections 13 and 14). Pure. Of several ranges in one request the whole is sent: a server may ignore Range (14.2), no player
 * asks for several, and many small ones are an attack that this takes the point from.
 */
struct reply_text { /* a header's value as it came; `at` NULL when absent */
	const char *at;
	size_t len;
};

struct reply_ask {
	struct reply_text if_match, if_none_match, range, if_range;
	/* Unix seconds; -1 when absent or not a date. */
	int64_t if_modified_since, if_unmodified_since, if_range_date;
};

struct reply_thing {
	uint64_t etag;
	int64_t modified_s; /* -1: none, as for a thing whose bytes differ from one time to the next; then dates decide nothing */
	uint64_t size;
};

enum reply_kind {
	REPLY_WHOLE,         /* 200 */
	REPLY_PART,          /* 206 */
	REPLY_NOT_MODIFIED,  /* 304 */
	REPLY_FAILED,        /* 412: If-Match or If-Unmodified-Since */
	REPLY_UNSATISFIABLE, /* 416 */
};

/* Always sets *from and *len: the part, or the whole. */
enum reply_kind reply_decide(const struct reply_ask *ask, const struct reply_thing *thing,
			     uint64_t *from, uint64_t *len);

enum { REPLY_ETAG_LEN = 18 };
void reply_etag(uint64_t etag, char out[static REPLY_ETAG_LEN + 1]); /* "\"0123456789abcdef\"" */
/* Does the client name what it has only weakly: W/"…", as a compressed one is tagged? */
bool reply_named_weakly(const struct reply_text *if_none_match, uint64_t etag);
/* Is it worth compressing? Then what goes out depends on Accept-Encoding, and caches must know that. */
bool reply_compressible(const char *media_type);
const char *reply_cache_control(enum names_cache cache);

/*
 * `attachment; filename="…"`, for a name that is not plain ASCII also filename*= (RFC 6266). Returns the length
 * without the terminator; cuts nothing: 0 when `room` is too small (6 bytes per byte of name and 64 always do).
 */
size_t reply_disposition(const char *name, char *out, size_t room);
