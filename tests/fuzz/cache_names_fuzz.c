// SPDX-License-Identifier: GPL-2.0-or-later
/* First byte odd: the frame is mended, so that what lies behind the check is reached. The rest is a names.idx. */
#include <string.h>

#include "firmware/base/crc32c.h"
#include "cache/names.h"
#include "cache/names_format.h"
#include "firmware/base/clean.h"
#include "tests/fuzz/cache_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char *const paths[] = {
	"/a", "/m/l/g/240p/1.m4s", "/m/l/g/240p/init.mp4", "/m/l/d.mp4", "/m/l/x.pdf", "/old", "/",
	"",
};

/* So are the buckets' and the records': what they point at is the fuzzer's to choose. */
static void mend_records(uint8_t *file, size_t len, const struct names_header *head)
{
	const uint64_t from =
		sizeof(*head) + (uint64_t)head->bucket_count * sizeof(struct names_bucket);
	const uint64_t heap = from + (uint64_t)head->record_count * sizeof(struct names_record);
	if (heap >= len || file[len - 1])
		return;
	for (uint32_t i = 0; i < head->bucket_count; i++) {
		struct names_bucket b;
		uint8_t *at = file + sizeof(*head) + i * sizeof(b);
		memcpy(&b, at, sizeof(b));
		b.check = names_bucket_check(&b, i, head->generation);
		memcpy(at, &b, sizeof(b));
	}
	for (uint64_t at = from; at < heap; at += sizeof(struct names_record)) {
		struct names_record r;
		memcpy(&r, file + at, sizeof(r));
		names_record_check(&r, (const char *)file + heap, len - heap, &r.check);
		memcpy(file + at, &r, sizeof(r));
	}
}

static void mend(uint8_t *file, size_t len)
{
	struct names_header head;
	memcpy(&head, file, sizeof(head));
	mend_records(file, len, &head);
	head.magic = NAMES_FORMAT_MAGIC;
	head.file_bytes = len;
	memcpy(file, &head, sizeof(head));
	const size_t from = offsetof(struct names_header, generation);
	head.crc = crc32c(0, file + from, len - from);
	memcpy(file, &head, sizeof(head));
}

/* Everything that an entry points at can be read. */
static uint64_t read_all(const struct names_entry *e)
{
	uint64_t sum = strlen(e->media_type) + strlen(e->lesson) + strlen(e->rung) +
		       strlen(e->download_name) + strlen(e->redirect);
	for (uint64_t i = 0; i < e->bytes_len; i++)
		sum += ((const uint8_t *)e->bytes)[i];
	for (size_t i = 0; i < e->extent_count; i++)
		sum += e->extents[i].rendition + e->extents[i].length;
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 1 + sizeof(struct names_header) || len > 1 << 20)
		return 0;
	AUTO_FREE uint8_t *file = malloc(len - 1);
	memcpy(file, bytes + 1, len - 1);
	if (bytes[0] & 1)
		mend(file, len - 1);
	struct names *n;
	if (names_map(AT_FDCWD, cache_file(file, len - 1), &n, NULL))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct names_entry e;
		if (!names_find(n, paths[i], strlen(paths[i]), &e))
			__asm__ volatile("" : : "r"(read_all(&e))); /* not left out */
	}
	names_unmap(n);
	return 0;
}
