// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"

struct fault;

/*
 * names.idx: URL path -> what to send. Written whole by contentd (cache/names_builder.h), swapped by rename, mapped
 * read-only by nginx workers: no database and no JSON in the serving path. Lookup is one hash probe.
 */
enum names_kind {
	NAMES_BYTES = 1,  /* small text kept in the index itself: playlists */
	NAMES_OBJECT = 2, /* a store object, whole or still arriving */
	NAMES_RENDITION =
		3, /* a folder "/m/LESSON/GEN/RUNG/": init.mp4 and N.m4s from a segment table */
	NAMES_VIRTUAL =
		4, /* header bytes, then extents of rendition files: MP4 and M4A downloads */
	NAMES_REDIRECT = 5,
	NAMES_MAP =
		6, /* never in an index: the map of an object, which a neighbour asks for by its id */
};

enum names_cache { NAMES_CACHE_SHORT = 0, NAMES_CACHE_IMMUTABLE = 1, NAMES_CACHE_NONE = 2 };

struct names_extent {
	uint64_t rendition; /* number: file rend/NUMBER.mp4 */
	uint64_t offset, length;
};

enum {
	NAMES_MAX_PATH = 512,
	NAMES_MAX_BYTES = 1 << 20,   /* of one body or header kept in the index */
	NAMES_MAX_EXTENTS = 1 << 20, /* of one virtual file */
};
#define NAMES_MAX_FILE (UINT64_C(1) << 30)

struct names;
/* Checks magic, version, sizes and the CRC of the whole; -EBADMSG for anything else. `dir` as in openat(). */
int names_map(int dir, const char *path, struct names **out, struct fault *why);
void names_unmap(struct names *n);                /* NULL is fine */
bool names_superseded(const struct names *n);     /* one atomic load; true: map again */
uint64_t names_generation(const struct names *n); /* grows with each names_write() */
uint64_t names_count(const struct names *n);

struct names_entry { /* points into the mapping */
	enum names_kind kind;
	enum names_cache cache;
	const char *media_type;
	const char *lesson, *rung; /* "" when none */
	const char *download_name; /* "" when none */
	const void *bytes;         /* NAMES_BYTES body, NAMES_VIRTUAL header */
	uint64_t bytes_len;
	uint64_t size;       /* whole length (bytes, object, virtual) */
	struct objmap_id id; /* NAMES_OBJECT */
	uint64_t rendition;  /* NAMES_RENDITION */
	uint32_t segment;    /* NAMES_RENDITION: which one the path asks (0 = init.mp4) */
	const struct names_extent *extents;
	size_t extent_count;
	const char *redirect; /* "" when none */
	uint64_t etag;        /* never 0; other bytes, other value */
	int64_t modified_s; /* Unix time when this path first had this etag, by the box's clock; later than its last */
};
/*
 * A record, with all that belongs to it, is checked when it is found the first time, and again after each call
 * of names_recheck(): about once a second, so that what rotted is not sent for longer; a text, whose
 * bytes are here, each time. 0, or -EBADMSG: the file is not as long
 * as it was when it was mapped; what is still whole can be found.
 */
int names_recheck(struct names *n);
/*
 * 0, -ENOENT (the index says so, in a part that is whole), -EBADMSG (what leads to the record, the record, or what it points at,
 * rotted) or -EIO (the disk does not give it). Resolves "/m/…/12.m4s" to its rendition and segment (whether that segment exists is the
 * segment table's to say). Never allocates.
 */
int names_find(struct names *n, const char *path, size_t len, struct names_entry *out);
/*
 * Copies the texts of the entry to `room` and points it there, for who needs them longer than a moment: their pages may
 * leave memory, and may not come back. `room` NULL: *len becomes what is needed. -EIO, or -ENOBUFS for more than *len; the
 * entry is of no use then.
 */
int names_keep_texts(struct names_entry *e, char *room, size_t *len);
