// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * A record with its signatures, as one file or HTTP body:
 *	"WSLR" | kind u8 | version u8 = 1 | signature count u16le (1..16) | body length u32le |
 *	count x { key id 8 bytes, Ed25519 signature 64 bytes } | body (Protocol Buffers)
 * Key id = first 8 bytes of BLAKE2b-256 of the public key. Each signature covers "wasl:KIND:1\0"
 * + body, KIND as in signed_kind_name(). Verified before it is parsed, always.
 */
enum signed_kind {
	SIGNED_ROOT = 1,
	SIGNED_CATALOGUE = 2,
	SIGNED_ORDER = 3,
	SIGNED_ENROL_REQUEST = 4, /* by the device key */
	SIGNED_GRANT = 5,
	SIGNED_RECEIPT = 6,
	SIGNED_SETTINGS = 7,
	SIGNED_RELEASE = 8,
	SIGNED_SEALING_KEYS = 9,
	SIGNED_CLOSE = 10,
	SIGNED_TIME = 11,
	SIGNED_REVOCATIONS = 12,
	SIGNED_INSTALL_REPORT = 13,
	SIGNED_OFFER_ANSWERS = 14,
};

#define SIGNED_LIMIT_BYTES (16u << 20)
const char *signed_kind_name(enum signed_kind kind); /* "catalogue" … or NULL */
int signed_kind_parse(const char *name,
		      enum signed_kind *out); /* -EINVAL when there is no such kind */

struct signed_key { /* a private key held in memory; wipe with signed_key_wipe() */
	uint8_t public_key[32];
	uint8_t secret_key[64];
};

struct signed_view { /* a record taken apart; points into the caller's bytes */
	enum signed_kind kind;
	const uint8_t *signatures;
	size_t signature_count;
	const void *body;
	size_t body_len;
};

/* Structure only: lengths, kind, counts. Trust nothing yet. */
int signed_open(const void *bytes, size_t len, enum signed_kind expected, struct signed_view *out,
		struct fault *why);

/* How many *different* keys of `public_keys` (32 bytes each) signed it correctly. */
size_t signed_count_good(const struct signed_view *view, const uint8_t (*public_keys)[32],
			 size_t count);

/* Signs with every key; *out malloc'ed. */
int signed_make(enum signed_kind kind, const void *body, size_t body_len,
		const struct signed_key *keys, size_t count, void **out, size_t *len,
		struct fault *why);

void signed_key_id(const uint8_t public_key[static 32], uint8_t out[static 8]);
int signed_key_make(struct signed_key *out);
void signed_key_wipe(struct signed_key *key);

/* Raw signature over "wasl:KIND:1\0" + body, for the one signer on a box (POST /v1/sign). */
int signed_sign_raw(enum signed_kind kind, const void *body, size_t len,
		    const struct signed_key *key, uint8_t out[static 64]);
/* Puts a record together from signatures made elsewhere. */
int signed_assemble(enum signed_kind kind, const void *body, size_t body_len,
		    const uint8_t (*public_keys)[32], const uint8_t (*signatures)[64], size_t count,
		    void **out, size_t *len, struct fault *why);
