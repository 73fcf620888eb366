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

#define FRAG_HEAD_MAX 131072u /* moof and the head of mdat lie within */
#define FRAG_SAMPLES_MAX 8192u

struct frag {
	uint32_t number;
	uint64_t begin;    /* decoding time of the first sample */
	uint64_t duration; /* of all samples */
	size_t count;
	uint64_t data_at, data_len; /* samples, counted from the segment's first byte */
};
/*
 * `bytes` are the first `len` bytes of a segment that is `whole` bytes long (len <= whole). Fills at most `room` samples;
 * a segment with more is -E2BIG. 0 or -EBADMSG otherwise.
 */
int frag_segment(const void *bytes, size_t len, uint64_t whole, struct frag *out,
		 struct pack_sample *samples, size_t room);
