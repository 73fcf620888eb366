// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/frames.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/fault.h"

int frames_read(const void *body, size_t len, uint32_t limit, struct frame out[static FRAMES_MAX],
		size_t *count, struct fault *why)
{
	const uint8_t *at = body;
	size_t left = len, found = 0;
	while (left > 0) {
		uint32_t size = 0;
		if (left < sizeof(size))
			return fault_set(why, -EBADMSG, "frames.cut",
					 "the body ends inside a length; send the batch again");
		memcpy(&size, at, sizeof(size));
		size = le32toh(size);
		at += sizeof(size);
		left -= sizeof(size);
		if (size == 0 || size > limit)
			return fault_set(why, -EBADMSG, "frames.size",
					 "frame %zu says %u bytes; allowed are 1 to %u", found + 1,
					 size, limit);
		if (size > left)
			return fault_set(
				why, -EBADMSG, "frames.cut",
				"frame %zu says %u bytes, %zu are left; send the batch again",
				found + 1, size, left);
		if (found == FRAMES_MAX)
			return fault_set(why, -EBADMSG, "frames.many",
					 "more than %u frames; send smaller batches", FRAMES_MAX);
		out[found++] = (struct frame){ at, size };
		at += size;
		left -= size;
	}
	*count = found;
	return 0;
}

int frames_append(void **body, size_t *len, const void *bytes, uint32_t count)
{
	uint8_t *grown = realloc(*body, *len + sizeof(count) + count);
	if (!grown)
		return -ENOMEM;
	uint32_t size = htole32(count);
	memcpy(grown + *len, &size, sizeof(size));
	memcpy(grown + *len + sizeof(size), bytes, count);
	*body = grown;
	*len += sizeof(size) + count;
	return 0;
}

int frames_extend(void **body, size_t *len, const void *frames, size_t count)
{
	if (!count)
		return 0;
	uint8_t *grown = realloc(*body, *len + count);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + *len, frames, count);
	*body = grown;
	*len += count;
	return 0;
}
