// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/objmap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

CLEAN_FN(map, struct objmap, objmap_free)
CLEAN_FN(maker, struct objmap_maker, objmap_maker_free)

#define CHUNK OBJMAP_CHUNK_BYTES

static uint8_t *sample(size_t len)
{
	uint8_t *bytes = malloc(len ? len : 1);
	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 65536);
	return bytes;
}

static struct objmap *map_of(const uint8_t *bytes, size_t len, size_t step)
{
	CLEANUP(clean_maker) struct objmap_maker *m = objmap_maker_new();
	assert_non_null(m);
	for (size_t at = 0; at < len; at += step)
		assert_int_equal(objmap_maker_feed(m, bytes + at,
						   len - at < step ? len - at : step),
				 0);
	struct objmap *map = NULL;
	assert_int_equal(objmap_maker_finish(m, &map), 0);
	return map;
}

static const struct {
	size_t size;
	uint64_t chunks;
	size_t map_bytes;
} sizes
	[] = {
		{ 0, 0, 8 },
		{ 1, 1, 40 },
		{ CHUNK - 1, 1, 40 },
		{ CHUNK, 1, 40 },
		{ CHUNK + 1, 2, 72 },
		{ 3 * CHUNK, 3, 104 },
		{ 200 * CHUNK, 200, 6408 }, /* the maker's buffer grows */
	};

static void counts_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_int_equal(objmap_chunk_count(sizes[i].size), sizes[i].chunks);
		assert_int_equal(objmap_bytes(sizes[i].size), sizes[i].map_bytes);
	}
	assert_int_equal(objmap_chunk_count(OBJMAP_MAX_SIZE), 1u << 20);
	assert_int_equal(objmap_chunk_count(UINT64_MAX), (UINT64_MAX >> 16) + 1);
}

static void makes_the_same_map_however_it_is_fed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO_FREE
		uint8_t *bytes = sample(sizes[i].size);
		CLEANUP(clean_map) struct objmap *whole = NULL;
		assert_int_equal(objmap_of(bytes, sizes[i].size, &whole), 0);
		CLEANUP(clean_map) struct objmap *pieces = map_of(bytes, sizes[i].size, 4099);
		assert_memory_equal(objmap_get_id(whole), objmap_get_id(pieces), 32);
		assert_int_equal(objmap_size(whole), sizes[i].size);
		size_t len = 0;
		const void *raw = objmap_raw(whole, &len);
		assert_int_equal(len, sizes[i].map_bytes);
		CLEANUP(clean_map) struct objmap *again = NULL;
		assert_int_equal(objmap_verify(objmap_get_id(whole), raw, len, &again, NULL), 0);
		for (uint64_t c = 0; c < sizes[i].chunks; c++) {
			size_t from = (size_t)c * CHUNK;
			size_t n = sizes[i].size - from < CHUNK ? sizes[i].size - from : CHUNK;
			assert_int_equal(objmap_check_chunk(again, c, bytes + from, n), 0);
			if (n > 1)
				assert_int_equal(objmap_check_chunk(again, c, bytes + from, n - 1),
						 -EBADMSG);
			bytes[from + n - 1] ^= 1;
			assert_int_equal(objmap_check_chunk(again, c, bytes + from, n), -EBADMSG);
			bytes[from + n - 1] ^= 1;
		}
		assert_int_equal(objmap_check_chunk(again, sizes[i].chunks, bytes, 0), -EBADMSG);
		assert_int_equal(objmap_check_chunk(again, UINT64_MAX, bytes, 1), -EBADMSG);
	}
}

/* An id that never changes: whoever alters the format breaks every published lesson. */
static void knows_its_ids(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		const char *id;
	} rows[] = {
		{ "", "063acdfb72b24ee771497503b4dc9d3cb495476050137596fe073f3a257fc869" },
		{ "wasl", "f4728f387888e0faae1b813179fbed33c9736e0e3fc0b73a29bc3e95a7809adf" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_map)
		struct objmap *map =
			map_of((const uint8_t *)rows[i].bytes, strlen(rows[i].bytes), 1);
		char hex[65];
		objmap_id_hex(objmap_get_id(map), hex);
		assert_string_equal(hex, rows[i].id);
	}
}

static void refuses_every_flipped_bit_and_every_truncation(void **state)
{
	(void)state;
	AUTO_FREE
	uint8_t *bytes = sample(2 * CHUNK + 5);
	CLEANUP(clean_map) struct objmap *map = map_of(bytes, 2 * CHUNK + 5, CHUNK);
	size_t len = 0;
	const void *raw = objmap_raw(map, &len);
	uint8_t copy[200];
	assert_true(len < sizeof(copy));
	memcpy(copy, raw, len);
	copy[len] = 0;
	struct objmap *out = NULL;
	for (size_t bit = 0; bit < len * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		struct fault why = { 0 };
		assert_int_equal(objmap_verify(objmap_get_id(map), copy, len, &out, &why),
				 -EBADMSG);
		assert_true(why.text[0]);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < len; n++)
		assert_int_equal(objmap_verify(objmap_get_id(map), copy, n, &out, NULL), -EBADMSG);
	assert_int_equal(objmap_verify(objmap_get_id(map), copy, len + 1, &out, NULL), -EBADMSG);
	assert_null(out);
}

static void refuses_sizes_beyond_the_limit(void **state)
{
	(void)state;
	struct objmap_id id = { { 0 } };
	uint8_t raw[8];
	struct objmap *out = NULL;
	memset(raw, 0xff, sizeof(raw)); /* 2^64 - 1: its map's length would overflow */
	assert_int_equal(objmap_verify(&id, raw, sizeof(raw), &out, NULL), -EBADMSG);
	CLEANUP(clean_maker) struct objmap_maker *m = objmap_maker_new();
	assert_int_equal(objmap_maker_feed(m, raw, (size_t)OBJMAP_MAX_SIZE + 1), -EFBIG);
}

static void reads_ids(void **state)
{
	(void)state;
	struct objmap_id id;
	char hex[66] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", back[65];
	assert_int_equal(objmap_id_parse(hex, &id), 0);
	assert_int_equal(id.b[1], 0x11);
	objmap_id_hex(&id, back);
	assert_string_equal(back, hex);
	static const char *const bad[] = {
		"",
		"0011",
		"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0",
		"../../../../../../../../../../../../../../../../../../../../../.",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(objmap_id_parse(bad[i], &id), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_chunks),
		cmocka_unit_test(makes_the_same_map_however_it_is_fed),
		cmocka_unit_test(knows_its_ids),
		cmocka_unit_test(refuses_every_flipped_bit_and_every_truncation),
		cmocka_unit_test(refuses_sizes_beyond_the_limit),
		cmocka_unit_test(reads_ids),
	};
	return cmocka_run_group_tests_name("record/objmap", tests, NULL, NULL);
}
