// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "firmware/agent/courier.h"
#include "firmware/agent/grant.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct span {
	const uint8_t *from, *to;
	size_t taken;
};

static void within(void *data, const void *bytes, size_t len)
{
	struct span *s = data;
	const uint8_t *at = bytes;
	if (at < s->from || len < 1 || len > (size_t)(s->to - at))
		abort();
	s->taken += 4 + len;
}

/* What a hub, or whoever sits in its place, may send: frames of records, and a grant from the disk. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span s = { bytes, bytes + len, 0 };
	if (courier_frames(bytes, len, within, &s, NULL) == 0 && s.taken != len)
		abort();
	struct grant g;
	if (grant_reread(bytes, len, &g, NULL) == 0 && (g.epoch < 1 || !g.school_code[0]))
		abort();
	return 0;
}
