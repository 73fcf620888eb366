// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"

/*
 * The bytes of names.idx, for cache/names.c (reading) and cache/names_builder.c (writing) alone. Host byte order:
 * the file never leaves the box.
 *	header (128)	bucket[bucket_count] (16)	record[record_count]	heap
 * Offsets are from the start of the heap, whose first byte is a NUL (offset 0 is the empty text); every text is
 * followed by a NUL. Extents are 8-aligned.
 */
#define NAMES_FORMAT_MAGIC 0x0003584449534d4eull /* "NMSIDX" 3 */

struct names_header {
	uint64_t magic;
	uint32_t crc; /* crc32c of the file from `generation` on */
	_Atomic uint32_t superseded;
	uint64_t generation;
	uint64_t file_bytes;
	uint32_t bucket_count; /* power of two, more than record_count */
	uint32_t record_count;
	uint64_t reserved[11];
};

/*
 * Each bucket is checked by itself, the free ones too: only then is "no such name" something that the index said, and not a page that
 * was lost.
 */
struct names_bucket {
	uint64_t hash;  /* of the record's path */
	uint32_t index; /* of the record, and 1; 0: free */
	uint32_t check; /* names_bucket_check(); never 0, as lost bytes are */
};

struct names_record {
	uint64_t hash; /* names_hash() of the path */
	uint32_t path, path_len;
	uint8_t kind, cache, reserved0[2];
	uint32_t media_type, lesson, rung, download_name; /* texts; 0: "" */
	uint32_t bytes, bytes_len; /* body, header, or where a redirect leads */
	uint32_t extents, extent_count;
	uint32_t check; /* names_record_check() */
	uint32_t reserved1[2];
	uint64_t size;
	uint64_t rendition;
	uint64_t etag;
	int64_t modified_s;
	struct objmap_id id;
};

_Static_assert(sizeof(struct names_header) == 128, "layout is a file format");
_Static_assert(sizeof(struct names_bucket) == 16, "layout is a file format");
_Static_assert(sizeof(struct names_record) == 128, "layout is a file format");

/* FNV-1a with a final mix (from MurmurHash3's published finalizer), so that low bits choose the bucket well. */
static inline uint64_t names_hash(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t h = 0xcbf29ce484222325ull;
	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * 0x100000001b3ull;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	return h ^ h >> 33;
}

/*
 * crc32c of a record (`check` as 0) and of everything that it points at in the heap. False when it points outside.
 * The CRC of the file is looked at once, when it is mapped; this one again and again, because pages leave memory and come back.
 */
bool names_record_check(const struct names_record *r, const char *heap, size_t heap_bytes,
			uint32_t *out);

/* Of the bucket `at`, in the index of this generation: one that stood elsewhere, or in another index, is no good. */
uint32_t names_bucket_check(const struct names_bucket *b, uint32_t at, uint64_t generation);

struct names;
/*
 * The record of exactly this path, a rendition's folder included: 0, -ENOENT, -EBADMSG (what is looked for may be in a part that
 * rotted) or -EIO.
 */
int names_record_of(struct names *n, const char *path, size_t len, struct names_record *out);
