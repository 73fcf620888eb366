// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/codec.h"

#include <errno.h>
#include <pb_common.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/signed.h"

#define DEPTH_LIMIT 8u /* our schemas nest four deep */

int codec_encode(const pb_msgdesc_t *fields, const void *message, void **out, size_t *len,
		 struct fault *why)
{
	size_t need = 0;
	if (!pb_get_encoded_size(&need, fields, message))
		return fault_set(
			why, -EINVAL, "codec.encode",
			"a message cannot be encoded: a field is longer than its schema allows");
	if (need > SIGNED_LIMIT_BYTES)
		return fault_set(
			why, -EFBIG, "codec.big",
			"a message of %zu bytes is larger than the %u that a record may have", need,
			SIGNED_LIMIT_BYTES);
	AUTO_FREE
	void *bytes = malloc(need ? need : 1);
	if (!bytes)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	pb_ostream_t to = pb_ostream_from_buffer(bytes, need);
	if (!pb_encode(&to, fields, message) || to.bytes_written != need)
		return fault_set(why, -EINVAL, "codec.encode", "a message cannot be encoded: %s",
				 PB_GET_ERROR(&to));
	*out = MOVE_PTR(bytes);
	*len = need;
	return 0;
}

static int strings_ok(const pb_msgdesc_t *fields, const void *message, unsigned depth);

/* One element of a field: `at` is the text, or the embedded message. */
static int element_ok(const pb_field_iter_t *f, const void *at, unsigned depth)
{
	if (!at)
		return 1;
	if (PB_LTYPE(f->type) == PB_LTYPE_STRING)
		return text_is_utf8(at, strlen(at));
	return strings_ok(f->submsg_desc, at, depth + 1);
}

/*
 * Debian's nanopb was built without PB_VALIDATE_UTF8, and everything that prints or stores a text
 * further on (JSON, pages, SQLite) relies on it.
 */
static int strings_ok(const pb_msgdesc_t *fields, const void *message, unsigned depth)
{
	pb_field_iter_t f;
	if (depth > DEPTH_LIMIT)
		return 0;
	if (!pb_field_iter_begin_const(&f, fields, message))
		return 1; /* a message without fields */
	do {
		if (PB_LTYPE(f.type) != PB_LTYPE_STRING && !PB_LTYPE_IS_SUBMSG(f.type))
			continue;
		if (PB_HTYPE(f.type) != PB_HTYPE_REPEATED) {
			if (!element_ok(&f, f.pData, depth))
				return 0;
			continue;
		}
		size_t count = *(const pb_size_t *)f.pSize;
		int pointers =
			PB_ATYPE(f.type) == PB_ATYPE_POINTER && PB_LTYPE(f.type) == PB_LTYPE_STRING;
		for (size_t i = 0; i < count; i++) {
			const char *slot = (const char *)f.pData + i * f.data_size;
			if (!element_ok(&f, pointers ? *(char *const *)(const void *)slot : slot,
					depth))
				return 0;
		}
	} while (pb_field_iter_next(&f));
	return 1;
}

/*
 * nanopb 0.4.7 counts an element of a fixed array before it looks at its wire type, leaves the
 * element as it was, and pb_release() then frees whatever pointers stand there. Zeroed arrays
 * make that harmless.
 */
static void zero_arrays(const pb_msgdesc_t *fields, void *message, unsigned depth)
{
	pb_field_iter_t f;
	if (depth > DEPTH_LIMIT || !pb_field_iter_begin(&f, fields, message))
		return;
	do {
		if (PB_ATYPE(f.type) != PB_ATYPE_STATIC || !PB_LTYPE_IS_SUBMSG(f.type))
			continue;
		if (PB_HTYPE(f.type) == PB_HTYPE_REPEATED)
			memset(f.pField, 0, (size_t)f.array_size * f.data_size);
		else
			zero_arrays(f.submsg_desc, f.pField, depth + 1);
	} while (pb_field_iter_next(&f));
}

int codec_decode(const pb_msgdesc_t *fields, const void *bytes, size_t len, void *message,
		 struct fault *why)
{
	if (len > SIGNED_LIMIT_BYTES)
		return fault_set(why, -EBADMSG, "codec.big",
				 "a message of %zu bytes is larger than any record may be", len);
	zero_arrays(fields, message, 0);
	pb_istream_t from = pb_istream_from_buffer(bytes, len);
	if (!pb_decode(&from, fields, message)) /* releases what it had allocated */
		return fault_set(why, -EBADMSG, "codec.decode",
				 "a message of %zu bytes cannot be read: %s", len,
				 PB_GET_ERROR(&from));
	if (!strings_ok(fields, message, 0)) {
		pb_release(fields, message);
		return fault_set(why, -EBADMSG, "codec.utf8",
				 "a message of %zu bytes has a text that is not UTF-8", len);
	}
	return 0;
}

int codec_count(size_t count, pb_size_t *out, struct fault *why)
{
	if (count > PB_SIZE_MAX)
		return fault_set(why, -EFBIG, "codec.count",
				 "%zu entries in one list of a record, %u are allowed; split it",
				 count, (unsigned)PB_SIZE_MAX);
	*out = (pb_size_t)count;
	return 0;
}

int codec_bytes(const void *bytes, size_t len, pb_bytes_array_t **out, struct fault *why)
{
	pb_size_t size = 0;
	if (codec_count(len, &size, NULL))
		return fault_set(why, -EFBIG, "codec.bytes",
				 "%zu bytes in one field of a record, %u are allowed", len,
				 (unsigned)PB_SIZE_MAX);
	pb_bytes_array_t *made = malloc(PB_BYTES_ARRAY_T_ALLOCSIZE(len));
	if (!made)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	made->size = size;
	if (len)
		memcpy(made->bytes, bytes, len);
	*out = made;
	return 0;
}
