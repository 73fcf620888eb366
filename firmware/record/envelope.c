// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/envelope.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/record/bytes.h"

#define SUITE 1u
#define PAD_BYTES 256u
#define HASH_BYTES 32u
#define SIGNATURE_BYTES 64u
#define FIXED_BYTES (ENVELOPE_HEADER_BYTES + SIGNATURE_BYTES)

static const char magic[4] = { 'W', 'E', 'N', 'V' };
static const char domain[] = "wasl:envelope:1"; /* the NUL counts */

/* Where each header field stands. */
enum {
	AT_TYPE = 4,
	AT_SUITE = 5,
	AT_FLAGS = 6,
	AT_DEVICE = 8,
	AT_EPOCH = 24,
	AT_BOOT_COUNT = 28,
	AT_SEQ = 32,
	AT_PREVIOUS = 40,
	AT_SEALING_KEY = 72,
	AT_FLOOR = 80,
	AT_QUALITY = 88,
	AT_ZERO = 89,
	AT_FIRST_DAY = 96,
	AT_LAST_DAY = 100,
	AT_BODY_LEN = 104,
	AT_MINUTES = 108,
	AT_MINUTES_HEAD = 116,
	AT_TAIL = 148,
};

static void header_put(const struct envelope_header *h, uint8_t out[static ENVELOPE_HEADER_BYTES])
{
	memset(out, 0, ENVELOPE_HEADER_BYTES);
	memcpy(out, magic, sizeof(magic));
	out[AT_TYPE] = (uint8_t)h->type;
	out[AT_SUITE] = SUITE;
	memcpy(out + AT_DEVICE, h->device, sizeof(h->device));
	bytes_put_u32(out + AT_EPOCH, h->epoch);
	bytes_put_u32(out + AT_BOOT_COUNT, h->boot_count);
	bytes_put_u64(out + AT_SEQ, h->seq);
	memcpy(out + AT_PREVIOUS, h->previous, sizeof(h->previous));
	memcpy(out + AT_SEALING_KEY, h->sealing_key_id, sizeof(h->sealing_key_id));
	bytes_put_u64(out + AT_FLOOR, (uint64_t)h->time_floor_s);
	out[AT_QUALITY] = h->time_quality;
	bytes_put_u32(out + AT_FIRST_DAY, (uint32_t)h->first_day);
	bytes_put_u32(out + AT_LAST_DAY, (uint32_t)h->last_day);
	bytes_put_u32(out + AT_BODY_LEN, h->body_len);
	bytes_put_u64(out + AT_MINUTES, h->minutes_through);
	memcpy(out + AT_MINUTES_HEAD, h->minutes_head, sizeof(h->minutes_head));
}

static void header_get(const uint8_t *at, struct envelope_header *out)
{
	*out = (struct envelope_header){
		.type = (enum envelope_type)at[AT_TYPE],
		.epoch = bytes_get_u32(at + AT_EPOCH),
		.boot_count = bytes_get_u32(at + AT_BOOT_COUNT),
		.seq = bytes_get_u64(at + AT_SEQ),
		.time_floor_s = (int64_t)bytes_get_u64(at + AT_FLOOR),
		.time_quality = at[AT_QUALITY],
		.first_day = (int32_t)bytes_get_u32(at + AT_FIRST_DAY),
		.last_day = (int32_t)bytes_get_u32(at + AT_LAST_DAY),
		.body_len = bytes_get_u32(at + AT_BODY_LEN),
		.minutes_through = bytes_get_u64(at + AT_MINUTES),
	};
	memcpy(out->minutes_head, at + AT_MINUTES_HEAD, sizeof(out->minutes_head));
	memcpy(out->device, at + AT_DEVICE, sizeof(out->device));
	memcpy(out->previous, at + AT_PREVIOUS, sizeof(out->previous));
	memcpy(out->sealing_key_id, at + AT_SEALING_KEY, sizeof(out->sealing_key_id));
}

/* What a header may say; the sentence names what is wrong, NULL when nothing is. */
static const char *header_flaw(const struct envelope_header *h)
{
	if (h->type < ENVELOPE_REPORT || h->type > ENVELOPE_FILM)
		return "its type is unknown";
	if (h->seq < 1)
		return "numbers start at 1";
	if (h->seq == 1 && !sodium_is_zero(h->previous, sizeof(h->previous)))
		return "number 1 has no predecessor";
	if (h->time_quality > CLOCK_NTP)
		return "its time quality is unknown";
	if (h->first_day > h->last_day)
		return "its first day comes after its last";
	if ((h->minutes_through == 0) != !!sodium_is_zero(h->minutes_head, sizeof(h->minutes_head)))
		return "a head of minutes and its number go together";
	if (h->minutes_through > INT64_MAX)
		return "no minute has such a number";
	return NULL;
}

static int seal_body(const uint8_t *head, const void *rows, size_t rows_len,
		     const uint8_t *sealing_public, uint8_t *to, size_t padded)
{
	AUTO_FREE
	uint8_t *plain = malloc(padded);
	if (!plain)
		return -ENOMEM;
	crypto_generichash(plain, HASH_BYTES, head, ENVELOPE_HEADER_BYTES, NULL, 0);
	if (rows_len)
		memcpy(plain + HASH_BYTES, rows, rows_len);
	size_t got = 0;
	int r = sodium_pad(&got, plain, HASH_BYTES + rows_len, PAD_BYTES, padded) ||
				got != padded || crypto_box_seal(to, plain, padded, sealing_public)
			? -EINVAL
			: 0;
	sodium_memzero(plain, padded);
	return r;
}

/* Ed25519 over domain + header + body; `signed_len` counts header and body. */
static uint8_t *covered(const void *bytes, size_t signed_len)
{
	uint8_t *message = malloc(sizeof(domain) + signed_len);
	if (!message)
		return NULL;
	memcpy(message, domain, sizeof(domain));
	memcpy(message + sizeof(domain), bytes, signed_len);
	return message;
}

int envelope_seal(const struct envelope_header *header, const void *rows, size_t rows_len,
		  const uint8_t sealing_public[static 32], const struct signed_key *device_key,
		  void **out, size_t *len, uint8_t *hash, struct fault *why)
{
	if (sodium_init() < 0)
		return fault_set(why, -EIO, "envelope.seal",
				 "no random numbers: libsodium did not start");
	const char *flaw = header_flaw(header);
	if (flaw)
		return fault_set(why, -EINVAL, "envelope.header",
				 "envelope %llu cannot be sealed: %s",
				 (unsigned long long)header->seq, flaw);
	if (rows_len > ENVELOPE_LIMIT_BYTES)
		return fault_set(why, -EFBIG, "envelope.big",
				 "%zu bytes of rows do not fit into one envelope", rows_len);
	size_t padded = ((HASH_BYTES + rows_len) / PAD_BYTES + 1) * PAD_BYTES;
	size_t body_len = padded + crypto_box_SEALBYTES;
	if (FIXED_BYTES + body_len > ENVELOPE_LIMIT_BYTES)
		return fault_set(why, -EFBIG, "envelope.big",
				 "%zu bytes of rows do not fit into one envelope", rows_len);

	struct envelope_header h = *header;
	h.body_len = (uint32_t)body_len;
	envelope_sealing_key_id(sealing_public, h.sealing_key_id);
	size_t signed_len = ENVELOPE_HEADER_BYTES + body_len;
	AUTO_FREE
	uint8_t *made = malloc(signed_len + SIGNATURE_BYTES);
	if (!made)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	header_put(&h, made);
	int r = seal_body(made, rows, rows_len, sealing_public, made + ENVELOPE_HEADER_BYTES,
			  padded);
	if (r)
		return fault_set(why, r, "envelope.seal",
				 "envelope %llu cannot be sealed: the sealing key is no X25519 key",
				 (unsigned long long)header->seq);
	AUTO_FREE
	uint8_t *message = covered(made, signed_len);
	if (!message)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	crypto_sign_detached(made + signed_len, NULL, message, sizeof(domain) + signed_len,
			     device_key->secret_key);
	if (hash)
		envelope_hash(made, signed_len + SIGNATURE_BYTES, hash);
	*len = signed_len + SIGNATURE_BYTES;
	*out = MOVE_PTR(made);
	return 0;
}

int envelope_peek(const void *bytes, size_t len, struct envelope_header *out, size_t *total,
		  struct fault *why)
{
	const uint8_t *at = bytes;
	if (len < ENVELOPE_HEADER_BYTES)
		return fault_set(why, -EBADMSG, "envelope.short", "an envelope of only %zu bytes",
				 len);
	if (memcmp(at, magic, sizeof(magic)) != 0)
		return fault_set(why, -EBADMSG, "envelope.magic", "these bytes are no envelope");
	if (at[AT_SUITE] != SUITE || bytes_get_u16(at + AT_FLAGS))
		return fault_set(why, -EBADMSG, "envelope.suite",
				 "an envelope of suite %u, flags %u; this program knows suite %u",
				 at[AT_SUITE], bytes_get_u16(at + AT_FLAGS), SUITE);
	if (!sodium_is_zero(at + AT_ZERO, AT_FIRST_DAY - AT_ZERO) ||
	    !sodium_is_zero(at + AT_TAIL, ENVELOPE_HEADER_BYTES - AT_TAIL))
		return fault_set(why, -EBADMSG, "envelope.header",
				 "an envelope whose reserved bytes are not zero");
	struct envelope_header h;
	header_get(at, &h);
	const char *flaw = header_flaw(&h);
	if (flaw)
		return fault_set(why, -EBADMSG, "envelope.header",
				 "an envelope that is not well formed: %s", flaw);
	if (h.body_len > ENVELOPE_LIMIT_BYTES - FIXED_BYTES ||
	    h.body_len < PAD_BYTES + crypto_box_SEALBYTES ||
	    (h.body_len - crypto_box_SEALBYTES) % PAD_BYTES)
		return fault_set(why, -EBADMSG, "envelope.length",
				 "an envelope with a body of %u bytes, which none can have",
				 h.body_len);
	*out = h;
	*total = FIXED_BYTES + h.body_len;
	return 0;
}

/* The header of one envelope, with nothing behind it. */
static int read_whole(const void *bytes, size_t len, struct envelope_header *out, struct fault *why)
{
	size_t total = 0;
	int r = envelope_peek(bytes, len, out, &total, why);
	if (r == 0 && len != total)
		r = fault_set(why, -EBADMSG, "envelope.length",
			      "an envelope of %zu bytes where %zu belong", len, total);
	return r;
}

int envelope_verify(const void *bytes, size_t len, const uint8_t device_public[static 32],
		    struct envelope_header *out, struct fault *why)
{
	struct envelope_header h;
	int r = read_whole(bytes, len, &h, why);
	if (r)
		return r;
	size_t signed_len = len - SIGNATURE_BYTES;
	AUTO_FREE
	uint8_t *message = covered(bytes, signed_len);
	if (!message)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (crypto_sign_verify_detached((const uint8_t *)bytes + signed_len, message,
					sizeof(domain) + signed_len, device_public))
		return fault_set(
			why, -EKEYREJECTED, "envelope.signature",
			"envelope %llu of epoch %u: not signed by the key of this box; refused",
			(unsigned long long)h.seq, h.epoch);
	*out = h;
	return 0;
}

int envelope_open(const void *bytes, size_t len, const uint8_t sealing_public[static 32],
		  const uint8_t sealing_secret[static 32], void **rows, size_t *rows_len,
		  struct fault *why)
{
	struct envelope_header h;
	int r = read_whole(bytes, len, &h, why);
	if (r)
		return r;
	size_t padded = h.body_len - crypto_box_SEALBYTES;
	AUTO_FREE
	uint8_t *plain = malloc(padded);
	if (!plain)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	const uint8_t *body = (const uint8_t *)bytes + ENVELOPE_HEADER_BYTES;
	if (crypto_box_seal_open(plain, body, h.body_len, sealing_public, sealing_secret))
		return fault_set(why, -EBADMSG, "envelope.sealed",
				 "envelope %llu: it was not sealed for this key",
				 (unsigned long long)h.seq);
	uint8_t inner[HASH_BYTES];
	crypto_generichash(inner, sizeof(inner), bytes, ENVELOPE_HEADER_BYTES, NULL, 0);
	size_t plain_len = 0;
	if (sodium_memcmp(inner, plain, HASH_BYTES) != 0)
		r = fault_set(why, -EBADMSG, "envelope.inner",
			      "envelope %llu: its contents belong to another header",
			      (unsigned long long)h.seq);
	else if (sodium_unpad(&plain_len, plain, padded, PAD_BYTES) || plain_len < HASH_BYTES)
		r = fault_set(why, -EBADMSG, "envelope.padding",
			      "envelope %llu: its contents are not padded as they must be",
			      (unsigned long long)h.seq);
	if (!r) {
		*rows_len = plain_len - HASH_BYTES;
		memmove(plain, plain + HASH_BYTES, *rows_len);
		*rows = MOVE_PTR(plain);
	}
	return r;
}

void envelope_hash(const void *bytes, size_t len, uint8_t out[static 32])
{
	crypto_generichash(out, HASH_BYTES, bytes, len, NULL, 0);
}

void envelope_sealing_key_id(const uint8_t sealing_public[static 32], uint8_t out[static 8])
{
	signed_key_id(sealing_public, out);
}
