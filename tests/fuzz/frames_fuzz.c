// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "firmware/record/envelope.h"
#include "provisioning/hub/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The body of POST /v1/envelopes: framing, then each envelope's header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame frames[FRAMES_MAX];
	size_t count = 0, sum = 0;
	if (frames_read(data, size, ENVELOPE_LIMIT_BYTES, frames, &count, NULL))
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct envelope_header header;
		size_t total = 0;
		uint8_t hash[32];
		sum += 4 + frames[i].len;
		if (envelope_peek(frames[i].bytes, frames[i].len, &header, &total, NULL) == 0)
			envelope_hash(frames[i].bytes, frames[i].len, hash);
	}
	if (sum != size)
		abort();
	return 0;
}
