// SPDX-License-Identifier: GPL-2.0-or-later
/* First byte odd: the header's check is mended. The rest is a segment table of rendition 7. */
#include <string.h>

#include "firmware/base/crc32c.h"
#include "cache/segtab.h"
#include "firmware/base/clean.h"
#include "tests/fuzz/cache_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 1 + sizeof(struct segtab_header) || len > 1 << 20)
		return 0;
	AUTO_FREE uint8_t *file = malloc(len - 1);
	memcpy(file, bytes + 1, len - 1);
	if (bytes[0] & 1) {
		struct segtab_header head;
		memcpy(&head, file, sizeof(head));
		head.magic = SEGTAB_MAGIC;
		head.version = SEGTAB_VERSION;
		head.rendition = 7;
		const uint64_t said[] = { head.magic, head.version, head.segment_count,
					  head.rendition };
		head.crc = crc32c(0, said, sizeof(said));
		memcpy(file, &head, sizeof(head));
	}
	struct segtab t = { 0 };
	if (segtab_map(AT_FDCWD, cache_file(file, len - 1), 7, &t))
		return 0;
	struct segtab_segment s;
	for (uint32_t i = 0; i <= t.segment_count + 2; i++)
		if (segtab_get(&t, i, &s) == SEGTAB_READY &&
		    (s.offset % 4096 || s.offset + s.length < s.offset || i > t.segment_count))
			abort();
	/* What covers a withdrawn place, covers it in all its parts. */
	for (uint64_t at = 0; at < 32768; at += 1024)
		if (segtab_withdrawn(&t, at, 1024) && !segtab_withdrawn(&t, 0, 32768))
			abort();
	segtab_unmap(&t);
	return 0;
}
