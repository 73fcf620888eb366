// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/signed.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/bytes.h"

#define HEAD_BYTES 12u
#define KEY_ID_BYTES 8u
#define SIGNATURE_BYTES 64u
#define ENTRY_BYTES (KEY_ID_BYTES + SIGNATURE_BYTES)
#define MAX_SIGNATURES 16u
#define FORMAT_VERSION 1u

static const char magic[4] = { 'W', 'S', 'L', 'R' };

const char *signed_kind_name(enum signed_kind kind)
{
	switch (kind) {
	case SIGNED_ROOT:
		return "root";
	case SIGNED_CATALOGUE:
		return "catalogue";
	case SIGNED_ORDER:
		return "order";
	case SIGNED_ENROL_REQUEST:
		return "enrol-request";
	case SIGNED_GRANT:
		return "grant";
	case SIGNED_RECEIPT:
		return "receipt";
	case SIGNED_SETTINGS:
		return "settings";
	case SIGNED_RELEASE:
		return "release";
	case SIGNED_SEALING_KEYS:
		return "sealing-keys";
	case SIGNED_CLOSE:
		return "close";
	case SIGNED_TIME:
		return "time";
	case SIGNED_REVOCATIONS:
		return "revocations";
	case SIGNED_INSTALL_REPORT:
		return "install-report";
	case SIGNED_OFFER_ANSWERS:
		return "offer-answers";
	}
	return NULL;
}

int signed_kind_parse(const char *name, enum signed_kind *out)
{
	for (int k = SIGNED_ROOT; k <= SIGNED_OFFER_ANSWERS; k++) {
		if (strcmp(signed_kind_name((enum signed_kind)k), name) == 0) {
			*out = (enum signed_kind)k;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *kind_text(unsigned kind)
{
	const char *name = signed_kind_name((enum signed_kind)kind);
	return name ? name : "unknown record";
}

/* The bytes a signature covers: "wasl:KIND:1\0" + body. malloc'ed; NULL without memory. */
static uint8_t *covered(enum signed_kind kind, const void *body, size_t body_len, size_t *len)
{
	char domain[48];
	int n = snprintf(domain, sizeof(domain), "wasl:%s:1", kind_text(kind)) + 1;
	uint8_t *out = malloc((size_t)n + body_len);
	if (!out)
		return NULL;
	memcpy(out, domain, (size_t)n);
	if (body_len)
		memcpy(out + n, body, body_len);
	*len = (size_t)n + body_len;
	return out;
}

int signed_open(const void *bytes, size_t len, enum signed_kind expected, struct signed_view *out,
		struct fault *why)
{
	const uint8_t *at = bytes;
	const char *name = kind_text(expected);
	if (len < HEAD_BYTES)
		return fault_set(why, -EBADMSG, "record.short",
				 "%s: only %zu bytes; fetch it again", name, len);
	if (len > SIGNED_LIMIT_BYTES)
		return fault_set(why, -EBADMSG, "record.big",
				 "%s: %zu bytes, more than any record may have", name, len);
	if (memcmp(at, magic, sizeof(magic)) != 0)
		return fault_set(why, -EBADMSG, "record.magic",
				 "%s: this is no Wasl record; check where it came from", name);
	if (at[4] != (uint8_t)expected)
		return fault_set(why, -EBADMSG, "record.kind",
				 "a record of kind %s where a record of kind %s belongs",
				 kind_text(at[4]), name);
	if (at[5] != FORMAT_VERSION)
		return fault_set(why, -EBADMSG, "record.version",
				 "%s: format %u; this firmware knows format %u, update it", name,
				 at[5], FORMAT_VERSION);
	size_t count = bytes_get_u16(at + 6);
	size_t body_len = bytes_get_u32(at + 8);
	if (count < 1 || count > MAX_SIGNATURES)
		return fault_set(why, -EBADMSG, "record.signatures",
				 "%s: %zu signatures, 1 to %u are allowed", name, count,
				 MAX_SIGNATURES);
	if (len != HEAD_BYTES + count * ENTRY_BYTES + body_len)
		return fault_set(why, -EBADMSG, "record.length",
				 "%s: %zu bytes where %zu belong; fetch it again", name, len,
				 HEAD_BYTES + count * ENTRY_BYTES + body_len);
	*out = (struct signed_view){
		.kind = expected,
		.signatures = at + HEAD_BYTES,
		.signature_count = count,
		.body = at + HEAD_BYTES + count * ENTRY_BYTES,
		.body_len = body_len,
	};
	return 0;
}

static int key_signed(const struct signed_view *view, const uint8_t *message, size_t len,
		      const uint8_t key[static 32])
{
	uint8_t id[KEY_ID_BYTES];
	signed_key_id(key, id);
	for (size_t i = 0; i < view->signature_count; i++) {
		const uint8_t *entry = view->signatures + i * ENTRY_BYTES;
		if (memcmp(entry, id, KEY_ID_BYTES) == 0 &&
		    crypto_sign_verify_detached(entry + KEY_ID_BYTES, message, len, key) == 0)
			return 1;
	}
	return 0;
}

size_t signed_count_good(const struct signed_view *view, const uint8_t (*public_keys)[32],
			 size_t count)
{
	size_t len = 0;
	AUTO_FREE
	uint8_t *message = covered(view->kind, view->body, view->body_len, &len);
	if (!message)
		return 0;
	size_t good = 0;
	for (size_t k = 0; k < count; k++) {
		size_t earlier = 0;
		while (earlier < k && memcmp(public_keys[earlier], public_keys[k], 32) != 0)
			earlier++;
		if (earlier == k && key_signed(view, message, len, public_keys[k]))
			good++;
	}
	return good;
}

int signed_sign_raw(enum signed_kind kind, const void *body, size_t len,
		    const struct signed_key *key, uint8_t out[static 64])
{
	if (!signed_kind_name(kind))
		return -EINVAL;
	size_t message_len = 0;
	AUTO_FREE
	uint8_t *message = covered(kind, body, len, &message_len);
	if (!message)
		return -ENOMEM;
	return crypto_sign_detached(out, NULL, message, message_len, key->secret_key) ? -EIO : 0;
}

int signed_assemble(enum signed_kind kind, const void *body, size_t body_len,
		    const uint8_t (*public_keys)[32], const uint8_t (*signatures)[64], size_t count,
		    void **out, size_t *len, struct fault *why)
{
	if (!signed_kind_name(kind))
		return fault_set(why, -EINVAL, "record.kind", "record kind %u is unknown",
				 (unsigned)kind);
	if (count < 1 || count > MAX_SIGNATURES)
		return fault_set(why, -EINVAL, "record.signatures",
				 "%s: %zu signatures, 1 to %u are allowed", kind_text(kind), count,
				 MAX_SIGNATURES);
	size_t head = HEAD_BYTES + count * ENTRY_BYTES;
	if (body_len > SIGNED_LIMIT_BYTES - head)
		return fault_set(why, -EFBIG, "record.big", "%s: %zu bytes, a record may have %u",
				 kind_text(kind), body_len, SIGNED_LIMIT_BYTES);
	uint8_t *record = malloc(head + body_len);
	if (!record)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	memcpy(record, magic, sizeof(magic));
	record[4] = (uint8_t)kind;
	record[5] = FORMAT_VERSION;
	bytes_put_u16(record + 6, (uint16_t)count);
	bytes_put_u32(record + 8, (uint32_t)body_len);
	for (size_t i = 0; i < count; i++) {
		uint8_t *entry = record + HEAD_BYTES + i * ENTRY_BYTES;
		signed_key_id(public_keys[i], entry);
		memcpy(entry + KEY_ID_BYTES, signatures[i], SIGNATURE_BYTES);
	}
	if (body_len)
		memcpy(record + head, body, body_len);
	*out = record;
	*len = head + body_len;
	return 0;
}

int signed_make(enum signed_kind kind, const void *body, size_t body_len,
		const struct signed_key *keys, size_t count, void **out, size_t *len,
		struct fault *why)
{
	uint8_t public_keys[MAX_SIGNATURES][32], signatures[MAX_SIGNATURES][64];
	for (size_t i = 0; i < count && i < MAX_SIGNATURES; i++) {
		memcpy(public_keys[i], keys[i].public_key, 32);
		int r = signed_sign_raw(kind, body, body_len, &keys[i], signatures[i]);
		if (r)
			return fault_set(why, r, "record.sign", "%s: cannot be signed (%s)",
					 kind_text(kind), strerror(-r));
	}
	return signed_assemble(kind, body, body_len, public_keys, signatures, count, out, len, why);
}

void signed_key_id(const uint8_t public_key[static 32], uint8_t out[static 8])
{
	uint8_t hash[32];
	crypto_generichash(hash, sizeof(hash), public_key, 32, NULL, 0);
	memcpy(out, hash, KEY_ID_BYTES);
}

int signed_key_make(struct signed_key *out)
{
	if (sodium_init() < 0)
		return -EIO;
	return crypto_sign_keypair(out->public_key, out->secret_key) ? -EIO : 0;
}

void signed_key_wipe(struct signed_key *key)
{
	sodium_memzero(key, sizeof(*key));
}
