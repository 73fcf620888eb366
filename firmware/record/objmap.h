// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * Object = immutable bytes in chunks of 64 KiB. Its map lists the BLAKE2b-256 of each chunk:
 *	map bytes = size u64le, then 32 bytes per chunk
 *	object id = BLAKE2b-256("wasl:object:1\0" + map bytes)
 * Whoever has the id can verify the map, then each chunk alone. An empty object has no chunk.
 */
#define OBJMAP_CHUNK_BYTES 65536u
#define OBJMAP_MAX_SIZE (UINT64_C(64) << 30) /* larger objects are refused */

struct objmap_id {
	uint8_t b[32];
};

struct objmap; /* a verified map */

uint64_t objmap_chunk_count(uint64_t size_bytes);
size_t objmap_bytes(uint64_t size_bytes); /* length of the map of an object of that size */

/* Builds the map of bytes fed in order. */
struct objmap_maker;
struct objmap_maker *objmap_maker_new(void);
int objmap_maker_feed(struct objmap_maker *m, const void *bytes, size_t len);
int objmap_maker_finish(struct objmap_maker *m,
			struct objmap **out); /* the maker stays to be freed */
void objmap_maker_free(struct objmap_maker *m);
/* The map of bytes that are all there. */
int objmap_of(const void *bytes, size_t len, struct objmap **out);

/* Checks that `bytes` are the map of `id`; -EBADMSG otherwise. */
int objmap_verify(const struct objmap_id *id, const void *bytes, size_t len, struct objmap **out,
		  struct fault *why);
void objmap_free(struct objmap *map); /* NULL is fine */

const struct objmap_id *objmap_get_id(const struct objmap *map);
uint64_t objmap_size(const struct objmap *map);
const void *objmap_raw(const struct objmap *map, size_t *len);
/* 0 when `bytes` are chunk `index` (length as the size says), else -EBADMSG. */
int objmap_check_chunk(const struct objmap *map, uint64_t index, const void *bytes, size_t len);

void objmap_id_hex(const struct objmap_id *id, char out[static 65]);
int objmap_id_parse(const char *hex, struct objmap_id *out); /* 64 lower-case digits */
