// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"

struct fault;

/*
 * names.idx: URL path -> what to send. Written whole by contentd, swapped by rename, mapped read-only by
 * nginx workers: no database and no JSON in the serving path. Lookup is one hash probe.
 */
enum names_kind {
	NAMES_BYTES = 1,	/* small text kept in the index itself: playlists */
	NAMES_OBJECT = 2,	/* a store object, whole or still arriving */
	NAMES_RENDITION = 3,	/* a folder "/m/LESSON/GEN/RUNG/": init.mp4 and N.m4s from a segment table */
	NAMES_VIRTUAL = 4,	/* header bytes, then extents of rendition files: MP4 and M4A downloads */
	NAMES_REDIRECT = 5,
};

enum names_cache { NAMES_CACHE_SHORT = 0, NAMES_CACHE_IMMUTABLE = 1, NAMES_CACHE_NONE = 2 };

struct names_extent {
	uint64_t rendition;	/* number: file rend/NUMBER.mp4 */
	uint64_t offset, length;
};

/* Building (contentd). Paths are at most 512 bytes, begin with "/", no query. A path added twice: the later wins. */
struct names_builder;
struct names_builder *names_builder_new(void);
void names_builder_free(struct names_builder *b);
int names_add_bytes(struct names_builder *b, const char *path, const char *media_type, enum names_cache cache,
		    const void *bytes, size_t len);		/* <= 1 MiB */
int names_add_object(struct names_builder *b, const char *path, const char *media_type, enum names_cache cache,
		     const struct objmap_id *id, uint64_t size, const char *download_name);
/* `lesson` and `rung` are for counting; video segments carry their durations in the segment table. */
int names_add_rendition(struct names_builder *b, const char *folder, uint64_t number, const char *lesson,
			const char *rung, const char *media_type);
int names_add_virtual(struct names_builder *b, const char *path, const char *media_type, const char *lesson,
		      const char *rung, const char *download_name, const void *header, size_t header_len,
		      const struct names_extent *extents, size_t count);
int names_add_redirect(struct names_builder *b, const char *path, const char *to);
/* Writes PATH.new, fdatasync, rename, then flags the old mapping superseded. */
int names_write(struct names_builder *b, const char *path, struct fault *why);

/* Reading (nginx workers, tests). */
struct names;
int names_map(const char *path, struct names **out, struct fault *why);	/* checks magic, version, sizes, CRC */
void names_unmap(struct names *n);
bool names_superseded(const struct names *n);	/* one atomic load; then map again */
uint64_t names_generation(const struct names *n);

struct names_entry {		/* points into the mapping */
	enum names_kind kind;
	enum names_cache cache;
	const char *media_type;
	const char *lesson, *rung;	/* "" when none */
	const char *download_name;	/* "" when none */
	const void *bytes;		/* NAMES_BYTES body, NAMES_VIRTUAL header */
	uint64_t bytes_len;
	uint64_t size;			/* whole length (bytes, object, virtual) */
	struct objmap_id id;		/* NAMES_OBJECT */
	uint64_t rendition;		/* NAMES_RENDITION */
	uint32_t segment;		/* NAMES_RENDITION: which one the path asks (0 = init.mp4) */
	const struct names_extent *extents;
	size_t extent_count;
	const char *redirect;
	uint64_t etag;			/* never 0 */
};
/* 0, or -ENOENT. Resolves "/m/…/12.m4s" to its rendition and segment. Never allocates. */
int names_find(const struct names *n, const char *path, size_t len, struct names_entry *out);
