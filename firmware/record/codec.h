// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <pb.h>
#include <stddef.h>

struct fault;

/*
 * Protocol Buffers in and out of memory. Repeated and long fields are pointers (nanopb
 * FT_POINTER), so a decoded message is released with pb_release() (pb_decode.h); pb_release()
 * also frees a message that was built by hand from malloc'ed parts. Limits are in the .options
 * files beside the .proto files.
 */

/* *out malloc'ed (also when *len is 0). -EINVAL: a text or byte field is longer than its limit. */
int codec_encode(const pb_msgdesc_t *fields, const void *message, void **out, size_t *len,
		 struct fault *why);

/*
 * Reads at most SIGNED_LIMIT_BYTES into *message, which need not be initialised. -EBADMSG: no
 * such message, a field beyond its limit, or a text that is not UTF-8; then nothing is left to
 * release.
 */
int codec_decode(const pb_msgdesc_t *fields, const void *bytes, size_t len, void *message,
		 struct fault *why);

/*
 * Counts and byte fields have 16 bits in Debian's nanopb, and a plain assignment would cut
 * silently: -EFBIG above 65,535.
 */
int codec_count(size_t count, pb_size_t *out, struct fault *why);
int codec_bytes(const void *bytes, size_t len, pb_bytes_array_t **out,
		struct fault *why); /* *out malloc'ed copy */
