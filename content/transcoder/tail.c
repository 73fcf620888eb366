// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/tail.h"

#include <string.h>

#include "firmware/base/fileio.h"

#define BOXES_MAX 200000u /* fragments of six hours, and to spare */
#define HEAD 8u
#define LARGE_HEAD 16u

static uint64_t big_endian(const uint8_t *bytes, unsigned count)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < count; i++)
		n = n << 8 | bytes[i];
	return n;
}

/* Length of the box at `at`, of which `left` bytes are there; 0 when none begins there. */
static uint64_t box_at(int fd, uint64_t at, uint64_t left, char type[4])
{
	uint8_t head[LARGE_HEAD] = { 0 };
	if (left < HEAD || fileio_pread_all(fd, head, left < LARGE_HEAD ? HEAD : LARGE_HEAD, at))
		return 0;
	memcpy(type, head + 4, 4);
	uint64_t len = big_endian(head, 4);
	if (len == 0) /* to the end of the file */
		return left;
	if (len != 1)
		return len >= HEAD ? len : 0;
	len = left < LARGE_HEAD ? UINT64_MAX : big_endian(head + 8, 8);
	return len >= LARGE_HEAD ? len : 0;
}

bool tail_lacks_media(int fd, uint64_t size)
{
	uint64_t at = 0;
	bool in_pieces = false;
	for (unsigned n = 0; at < size && n < BOXES_MAX; n++) {
		char type[4];
		uint64_t len = box_at(fd, at, size - at, type);
		if (!len || (n == 0 && memcmp(type, "ftyp", 4) && memcmp(type, "moov", 4)))
			return false;
		if (len > size - at)
			return in_pieces && !memcmp(type, "mdat", 4);
		in_pieces = !memcmp(type, "moof", 4);
		at += len;
	}
	return false;
}

uint64_t tail_whole(int fd, uint64_t size)
{
	uint64_t at = 0;
	for (unsigned n = 0; at < size && n < BOXES_MAX; n++) {
		char type[4];
		uint64_t len = box_at(fd, at, size - at, type);
		if (n == 0 && (!len || (memcmp(type, "ftyp", 4) && memcmp(type, "moov", 4))))
			return 0;
		if (!len)
			return at;
		if (len > size - at)
			return memcmp(type, "mdat", 4) ? at : size;
		at += len;
	}
	return at;
}
