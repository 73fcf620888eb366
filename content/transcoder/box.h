// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Boxes of ISO/IEC 14496-12, written and read. Numbers are big-endian.
 *
 * Writing: a buffer that grows. After the first failure (no memory, a box above 4 GiB) everything is a no-op
 * and `bad` is a negative errno: check once, at the end.
 */
struct box_out {
	uint8_t *bytes; /* malloc'ed: free() it, or hand it over */
	size_t len, room;
	int bad;
};

void box_put(struct box_out *o, const void *bytes, size_t len);
void box_u8(struct box_out *o, unsigned value);
void box_u16(struct box_out *o, unsigned value);
void box_u32(struct box_out *o, uint32_t value);
void box_u64(struct box_out *o, uint64_t value);
void box_zero(struct box_out *o, size_t count);

/* Opens a box; the value goes to box_end(), which writes the length. */
size_t box_begin(struct box_out *o, const char type[static 4]);
size_t box_begin_full(struct box_out *o, const char type[static 4], unsigned version,
		      uint32_t flags);
void box_end(struct box_out *o, size_t begun);
void box_patch32(struct box_out *o, size_t at, uint32_t value);
void box_done(struct box_out *o); /* frees */

/* Reading: a window on bytes of somebody else. Nothing is trusted beyond `len`; reading past the end gives 0 and sets `bad`. */
struct box_in {
	const uint8_t *bytes;
	size_t len, at;
	int bad;
};

#define BOX_TYPE(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

unsigned box_get8(struct box_in *in);
unsigned box_get16(struct box_in *in);
uint32_t box_get32(struct box_in *in);
uint64_t box_get64(struct box_in *in);
void box_skip(struct box_in *in, size_t count);

/*
 * The next box inside `in`: its type, and its body (after type and length; 64-bit lengths understood).
 * 1 when there is one, 0 at the end, -EBADMSG when it does not fit. *at (may be NULL) is where it begins.
 */
int box_next(struct box_in *in, uint32_t *type, struct box_in *body, size_t *at);

/* The first box of `type` directly inside; `in` is not moved. 0, -ENOENT or -EBADMSG. */
int box_find(const struct box_in *in, uint32_t type, struct box_in *body);
