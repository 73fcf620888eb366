// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/record/objmap.h"

/* Bytes that anyone can make again from a seed: byte `at` of the stream `seed`. */
static inline uint8_t sample_byte(uint64_t seed, uint64_t at)
{
	uint64_t x = (seed + 1) * 0x9e3779b97f4a7c15ull + at / 8;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (uint8_t)((x ^ x >> 31) >> at % 8 * 8);
}

static inline void sample_fill(uint64_t seed, uint64_t from, void *out, size_t len)
{
	uint8_t *to = out;
	for (size_t i = 0; i < len; i++)
		to[i] = sample_byte(seed, from + i);
}

/* The map of the first `size` bytes of the stream; NULL when memory is out. */
static inline struct objmap *sample_map(uint64_t seed, uint64_t size)
{
	struct objmap *map = NULL;
	struct objmap_maker *m = objmap_maker_new();
	uint8_t room[4096];
	for (uint64_t at = 0; m && at < size; at += sizeof(room)) {
		size_t n = size - at < sizeof(room) ? (size_t)(size - at) : sizeof(room);
		sample_fill(seed, at, room, n);
		if (objmap_maker_feed(m, room, n))
			break;
	}
	if (m && objmap_maker_finish(m, &map))
		map = NULL;
	objmap_maker_free(m);
	return map;
}
