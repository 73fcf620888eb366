// SPDX-License-Identifier: GPL-2.0-or-later
/* First byte odd: the header's check is mended. The second says how many chunks the object has. The rest is its .bits. */
#include <string.h>

#include "cache/bits.h"
#include "firmware/base/crc32c.h"
#include "firmware/base/clean.h"
#include "tests/fuzz/cache_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct objmap_id id = { { 7 } };
	if (len < 2 + sizeof(struct bits_header) || len > 1 << 20)
		return 0;
	const uint64_t chunks = bytes[1];
	AUTO_FREE uint8_t *file = malloc(len - 2);
	memcpy(file, bytes + 2, len - 2);
	if (bytes[0] & 1) {
		struct bits_header head;
		memcpy(&head, file, sizeof(head));
		head.magic = BITS_MAGIC;
		head.version = BITS_VERSION;
		head.chunk_count = chunks;
		head.id = id;
		head.crc = crc32c(0, &head, offsetof(struct bits_header, crc));
		memcpy(file, &head, sizeof(head));
	}
	struct bits b = { .fd = -1 };
	if (bits_open(AT_FDCWD, cache_file(file, len - 2), &id, chunks, &b))
		return 0;
	uint64_t words[8] = { 0 }, first, count;
	/* The lower halves of words say what was set; their checks are mended. */
	for (uint64_t i = 0; bytes[0] & 1 && i * 32 < chunks; i++) {
		const uint32_t wanted = (uint32_t)b.readable[i];
		bits_heal(&b, words, i * 32, i * 32);
		for (unsigned bit = 0; bit < 32; bit++)
			if (wanted >> bit & 1)
				bits_set(&b, i * 32 + bit);
	}
	bits_load_durable(&b, words);
	for (uint64_t at = 0; at <= chunks + 1; at++) {
		if (bits_run(&b, at) > chunks || (bits_run(&b, at) > 0) != bits_get(&b, at))
			abort();
		if (bits_gap(&b, at, &first, &count) &&
		    (first < at || !count || first + count > chunks))
			abort();
	}
	if (bits_save_durable(&b, words) || bits_load_durable(&b, words))
		abort();
	bits_unmap(&b);
	return 0;
}
