// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/layout.h"
#include "cache/store.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"

/* Objects whose bytes a number decides. */
enum { CHUNK = OBJMAP_CHUNK_BYTES, SEED = 5 };

static const struct store_limits unlimited;

static inline struct store *opened(void **state, const struct store_limits *limits)
{
	struct fault why = { 0 };
	struct store *s = NULL;
	if (store_open(*state, limits, &s, &why))
		fail_msg("%s", why.text);
	return s;
}

static inline struct store_object *object(struct store *s, uint64_t size)
{
	struct fault why = { 0 };
	struct store_object *o = NULL;
	struct objmap *map = sample_map(SEED, size);
	assert_non_null(map);
	if (store_object_open(s, map, "video/mp4", &o, &why))
		fail_msg("%s", why.text);
	objmap_free(map);
	return o;
}

static inline void put(struct store_object *o, uint64_t chunk)
{
	static uint8_t bytes[CHUNK];
	const uint64_t left = store_object_size(o) - chunk * CHUNK;
	const size_t len = left < CHUNK ? (size_t)left : CHUNK;
	sample_fill(SEED, chunk * CHUNK, bytes, len);
	assert_int_equal(store_object_put(o, chunk, bytes, len, NULL), 0);
}

/* What readers would be given really is what was asked for. */
static inline void check_bytes(const struct store_object *o, uint64_t chunk)
{
	static uint8_t want[CHUNK], got[CHUNK];
	const uint64_t left = store_object_size(o) - chunk * CHUNK;
	const size_t len = left < CHUNK ? (size_t)left : CHUNK;
	sample_fill(SEED, chunk * CHUNK, want, len);
	assert_int_equal(pread(store_object_fd(o), got, len, (off_t)(chunk * CHUNK)), len);
	assert_memory_equal(want, got, len);
}

static inline struct layout file_of(const struct store_object *o, const char *suffix)
{
	return layout_object(objmap_get_id(store_object_map(o)), suffix);
}
