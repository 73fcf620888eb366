// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/objmap.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/bytes.h"

#define HASH_BYTES 32u
#define SIZE_BYTES 8u

static const char domain[] = "wasl:object:1"; /* the NUL counts */

struct objmap {
	struct objmap_id id;
	uint64_t size;
	size_t len;
	uint8_t raw[];
};

struct objmap_maker {
	crypto_generichash_state chunk;
	size_t in_chunk; /* bytes fed into `chunk` */
	uint64_t size;
	uint8_t *raw; /* the map so far; its size field is written at the end */
	size_t len, room;
};

uint64_t objmap_chunk_count(uint64_t size_bytes)
{
	return size_bytes / OBJMAP_CHUNK_BYTES + (size_bytes % OBJMAP_CHUNK_BYTES != 0);
}

size_t objmap_bytes(uint64_t size_bytes)
{
	return SIZE_BYTES + (size_t)objmap_chunk_count(size_bytes) * HASH_BYTES;
}

static void map_id(const void *bytes, size_t len, struct objmap_id *out)
{
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&st, (const uint8_t *)domain, sizeof(domain));
	crypto_generichash_update(&st, bytes, len);
	crypto_generichash_final(&st, out->b, HASH_BYTES);
}

static struct objmap *map_new(const void *bytes, size_t len)
{
	struct objmap *map = malloc(sizeof(*map) + len);
	if (!map)
		return NULL;
	memcpy(map->raw, bytes, len);
	map->len = len;
	map->size = bytes_get_u64(map->raw);
	map_id(bytes, len, &map->id);
	return map;
}

struct objmap_maker *objmap_maker_new(void)
{
	struct objmap_maker *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->room = 4096;
	m->len = SIZE_BYTES;
	m->raw = calloc(1, m->room);
	if (!m->raw) {
		free(m);
		return NULL;
	}
	crypto_generichash_init(&m->chunk, NULL, 0, HASH_BYTES);
	return m;
}

static int close_chunk(struct objmap_maker *m)
{
	if (m->len + HASH_BYTES > m->room) {
		uint8_t *more = realloc(m->raw, m->room * 2);
		if (!more)
			return -ENOMEM;
		m->raw = more;
		m->room *= 2;
	}
	crypto_generichash_final(&m->chunk, m->raw + m->len, HASH_BYTES);
	m->len += HASH_BYTES;
	crypto_generichash_init(&m->chunk, NULL, 0, HASH_BYTES);
	m->in_chunk = 0;
	return 0;
}

int objmap_maker_feed(struct objmap_maker *m, const void *bytes, size_t len)
{
	if (len > OBJMAP_MAX_SIZE - m->size)
		return -EFBIG;
	const uint8_t *at = bytes;
	while (len) {
		size_t room = OBJMAP_CHUNK_BYTES - m->in_chunk;
		size_t n = len < room ? len : room;
		crypto_generichash_update(&m->chunk, at, n);
		m->in_chunk += n;
		m->size += n;
		at += n;
		len -= n;
		int r = m->in_chunk == OBJMAP_CHUNK_BYTES ? close_chunk(m) : 0;
		if (r)
			return r;
	}
	return 0;
}

int objmap_maker_finish(struct objmap_maker *m, struct objmap **out)
{
	int r = m->in_chunk ? close_chunk(m) : 0;
	if (r)
		return r;
	bytes_put_u64(m->raw, m->size);
	struct objmap *map = map_new(m->raw, m->len);
	if (!map)
		return -ENOMEM;
	*out = map;
	return 0;
}

void objmap_maker_free(struct objmap_maker *m)
{
	if (!m)
		return;
	free(m->raw);
	free(m);
}

int objmap_of(const void *bytes, size_t len, struct objmap **out)
{
	struct objmap_maker *m = objmap_maker_new();
	int rc = m ? objmap_maker_feed(m, bytes, len) : -ENOMEM;
	if (rc == 0)
		rc = objmap_maker_finish(m, out);
	objmap_maker_free(m);
	return rc;
}

int objmap_verify(const struct objmap_id *id, const void *bytes, size_t len, struct objmap **out,
		  struct fault *why)
{
	char hex[65];
	objmap_id_hex(id, hex);
	if (len < SIZE_BYTES)
		return fault_set(why, -EBADMSG, "map.short",
				 "map of object %s: only %zu bytes; fetch it again", hex, len);
	uint64_t size = bytes_get_u64(bytes);
	if (size > OBJMAP_MAX_SIZE)
		return fault_set(
			why, -EBADMSG, "map.size",
			"map of object %s: claims %llu bytes, more than any object may have", hex,
			(unsigned long long)size);
	if (len != objmap_bytes(size))
		return fault_set(why, -EBADMSG, "map.length",
				 "map of object %s: %zu bytes where %zu belong; fetch it again",
				 hex, len, objmap_bytes(size));
	struct objmap *map = map_new(bytes, len);
	if (!map)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (sodium_memcmp(map->id.b, id->b, HASH_BYTES) != 0) {
		objmap_free(map);
		return fault_set(why, -EBADMSG, "map.hash",
				 "these bytes are not the map of object %s; fetch it again", hex);
	}
	*out = map;
	return 0;
}

void objmap_free(struct objmap *map)
{
	free(map);
}

const struct objmap_id *objmap_get_id(const struct objmap *map)
{
	return &map->id;
}

uint64_t objmap_size(const struct objmap *map)
{
	return map->size;
}

const void *objmap_raw(const struct objmap *map, size_t *len)
{
	*len = map->len;
	return map->raw;
}

int objmap_check_chunk(const struct objmap *map, uint64_t index, const void *bytes, size_t len)
{
	if (index >= objmap_chunk_count(map->size))
		return -EBADMSG;
	uint64_t left = map->size - index * OBJMAP_CHUNK_BYTES;
	if (len != (left < OBJMAP_CHUNK_BYTES ? left : OBJMAP_CHUNK_BYTES))
		return -EBADMSG;
	uint8_t hash[HASH_BYTES];
	crypto_generichash(hash, sizeof(hash), bytes, len, NULL, 0);
	return memcmp(hash, map->raw + SIZE_BYTES + index * HASH_BYTES, HASH_BYTES) ? -EBADMSG : 0;
}

void objmap_id_hex(const struct objmap_id *id, char out[static 65])
{
	sodium_bin2hex(out, 65, id->b, sizeof(id->b));
}

int objmap_id_parse(const char *hex, struct objmap_id *out)
{
	if (strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64)
		return -EINVAL;
	size_t got = 0;
	return sodium_hex2bin(out->b, sizeof(out->b), hex, 64, NULL, &got, NULL) || got != 32
		       ? -EINVAL
		       : 0;
}
