// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * Several byte strings in one HTTP body: u32le length, bytes, repeated. Used both ways by POST /v1/envelopes.
 */
#define FRAMES_MAX 256u

struct frame {
	const uint8_t *bytes; /* inside the body */
	uint32_t len;
};

/*
 * Takes a whole body apart; nothing is used of a body that is not whole. At most FRAMES_MAX frames, each from 1 to
 * `limit` bytes. *count is 0 for an empty body.
 */
int frames_read(const void *body, size_t len, uint32_t limit, struct frame out[static FRAMES_MAX],
		size_t *count, struct fault *why);

/* Appends one frame to a growing malloc'ed body. 0 or -ENOMEM, then the body is as before. */
int frames_append(void **body, size_t *len, const void *bytes, uint32_t count);
/* Appends another body, whole. */
int frames_extend(void **body, size_t *len, const void *frames, size_t count);
