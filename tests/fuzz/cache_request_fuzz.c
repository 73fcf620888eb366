// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a phone may say: lines of path, Range, If-Range, If-None-Match, If-Match and a download's name. The path is looked up,
 * and the rest decided for a thing of 1000 bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/names_builder.h"
#include "cache/reply.h"
#include "firmware/base/clean.h"
#include "tests/fuzz/cache_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct names *index_of_names(void)
{
	static struct names *n;
	if (n)
		return n;
	struct names_builder *b = names_builder_new();
	const char *path = cache_file(NULL, 0);
	if (!b || names_add_rendition(b, "/m/l/g/240p/", 7, "l", "240p", "video/mp4") ||
	    names_add_bytes(b, "/m/l/master.m3u8", "text/plain", NAMES_CACHE_SHORT, "x", 1) ||
	    names_write(b, path, NULL) || names_map(AT_FDCWD, path, &n, NULL))
		abort();
	unlink(path);
	names_builder_free(b);
	return n;
}

static struct reply_text line(const char **at, const char *end)
{
	const char *from = *at, *stop = memchr(from, '\n', (size_t)(end - from));
	if (!stop)
		stop = end;
	*at = stop < end ? stop + 1 : end;
	return (struct reply_text){ stop > from ? from : NULL, (size_t)(stop - from) };
}

static void try_name(const struct reply_text *name)
{
	AUTO_FREE char *text = strndup(name->at ? name->at : "", name->len);
	const size_t room = strlen(text) * 6 + 64;
	AUTO_FREE char *out = malloc(room);
	const size_t n = reply_disposition(text, out, room);
	if (!n || n >= room || strlen(out) != n)
		abort();
	for (size_t i = 0; i < n; i++)
		if (out[i] < 0x20 || out[i] > 0x7e)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *at = (const char *)bytes, *end = at + len;
	const struct reply_thing thing = { .etag = 0xab, .modified_s = 10, .size = 1000 };
	struct reply_ask ask = { .if_modified_since = -1,
				 .if_unmodified_since = -1,
				 .if_range_date = -1 };
	struct names_entry e;
	uint64_t from, n;
	if (!len)
		return 0;
	const struct reply_text path = line(&at, end);
	ask.range = line(&at, end);
	ask.if_range = line(&at, end);
	ask.if_none_match = line(&at, end);
	ask.if_match = line(&at, end);
	const struct reply_text name = line(&at, end);
	if (path.at && !names_find(index_of_names(), path.at, path.len, &e) &&
	    e.kind == NAMES_RENDITION && e.rendition != 7)
		abort();
	enum reply_kind kind = reply_decide(&ask, &thing, &from, &n);
	if (from > thing.size || n > thing.size - from || (kind == REPLY_PART && !n) ||
	    (kind != REPLY_PART && (from || n != thing.size)))
		abort();
	/* Whoever names it weakly has it. */
	if (reply_named_weakly(&ask.if_none_match, thing.etag) && !ask.if_match.at &&
	    kind != REPLY_NOT_MODIFIED)
		abort();
	try_name(&name);
	return 0;
}
