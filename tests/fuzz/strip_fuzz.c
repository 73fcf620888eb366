// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/strip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What was stripped once has nothing left to go, and is not longer. */
static void check_picture(const uint8_t *bytes, size_t len, unsigned length_bytes)
{
	struct box_out once = { 0 }, twice = { 0 };
	size_t gone = 0, more = 0;
	if (strip_picture(bytes, len, length_bytes, &once, &gone) == 0 &&
	    (once.len + gone != len ||
	     strip_picture(once.bytes, once.len, length_bytes, &twice, &more) || more ||
	     twice.len != once.len))
		abort();
	box_done(&once);
	box_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct box_out once = { 0 }, twice = { 0 };
	unsigned length_bytes = 0;
	for (unsigned n = 1; n <= 4; n += n)
		check_picture(bytes, len, n);
	if (strip_avcc(bytes, len, &once, &length_bytes) == 0 &&
	    (once.len > len + 1 || strip_avcc(once.bytes, once.len, &twice, &length_bytes) ||
	     twice.len != once.len))
		abort();
	box_done(&once);
	box_done(&twice);
	uint8_t *mine = malloc(len + 1);
	if (!mine)
		return 0;
	memcpy(mine, bytes, len);
	mine[len] = 0x5a;
	strip_sound(mine, len);
	if (mine[len] != 0x5a)
		abort();
	free(mine);
	return 0;
}
