// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/pack.h"

/*
 * Reads what pack.c writes, and nothing else: a child that read foreign bytes made it, so every length is
 * checked before it is used. Pointers in results lead into the caller's bytes.
 */
struct frag_init {
	enum pack_kind kind;
	uint32_t timescale;
	uint32_t width, height;
	const uint8_t *entry; /* stsd, the whole box */
	size_t entry_len;
	const uint8_t *config; /* avcC body; NULL for sound */
	size_t config_len;
};
int frag_init(const void *bytes, size_t len, struct frag_init *out); /* 0 or -EBADMSG */

#define FRAG_HEAD_MAX 131072u /* a fragment's moof and the head of its mdat lie within */
#define FRAG_SAMPLES_MAX 8192u
#define FRAG_PARTS_MAX 2u /* fragments of a segment */

struct frag {              /* one fragment, or a segment of several as if it were one */
	uint32_t number;   /* sequence number (of the first) */
	uint64_t begin;    /* decoding time of the first sample */
	uint64_t duration; /* of all samples */
	size_t count;
	uint64_t data_at, data_len; /* samples (of the first), counted from the first byte */
	uint64_t size;              /* bytes, head and samples */
};
/*
 * The fragment that `bytes` begins with; `len` of them are given, and `whole` (>= len) follow until the segment ends. Fills at most
 * `room` samples; a fragment with more is -E2BIG. 0 or -EBADMSG otherwise.
 */
int frag_part(const void *bytes, size_t len, uint64_t whole, struct frag *out,
	      struct pack_sample *samples, size_t room);
/*
 * A whole segment, all of it given: one fragment, or a key frame's and that of the rest, which goes on where the first ends. *key_bytes
 * (may be NULL): the length of the first. -EBADMSG or -E2BIG.
 */
int frag_segment(const void *bytes, size_t len, struct frag *out, struct pack_sample *samples,
		 size_t room, uint32_t *key_bytes);
/* Does `next` go on where `f` ends? Then *f covers both. 0 or -EBADMSG. */
int frag_join(struct frag *f, const struct frag *next);
