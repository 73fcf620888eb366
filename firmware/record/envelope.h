// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/signed.h"

struct fault;

/*
 * One sealed report. Bytes, little-endian:
 *	header (160 bytes): "WENV" | type u8 | suite u8 = 1 | flags u16 = 0 | device 16 |
 *		epoch u32 | boot count u32 | seq u64 | previous envelope's hash 32 |
 *		sealing key id 8 | time floor i64 (Unix s) | time quality u8 | zero 7 |
 *		first row day i32 | last row day i32 | body length u32 |
 *		number u64 and head 32 of the chain of minutes (evidence.h) | zero to 160
 *	body: crypto_box_seal(sodium_pad(BLAKE2b-256(header) + rows, 256))
 *	signature: Ed25519 over "wasl:envelope:1\0" + header + body
 * An envelope's hash = BLAKE2b-256 over all of its bytes, signature included. Verify before parse.
 */
#define ENVELOPE_HEADER_BYTES 160u
#define ENVELOPE_LIMIT_BYTES (1u << 20)

/*
 * All but a piece of film (offer.h) are numbered in one chain. That goes outside of it: nothing but POST /v1/films takes it, and
 * that takes nothing else.
 */
enum envelope_type {
	ENVELOPE_REPORT = 1,
	ENVELOPE_DIAGNOSIS = 2,
	ENVELOPE_DOCUMENT = 3,
	ENVELOPE_FILM = 4,
};

struct envelope_header {
	enum envelope_type type;
	uint8_t device[16];
	uint32_t epoch, boot_count;
	uint64_t seq;              /* from 1 in each epoch */
	uint8_t previous[32];      /* zero for seq 1 */
	uint8_t sealing_key_id[8]; /* first 8 bytes of BLAKE2b-256 of the X25519 public key */
	int64_t time_floor_s;
	uint8_t time_quality;        /* enum clock_quality */
	int32_t first_day, last_day; /* days since 1970; what the rows cover */
	uint32_t body_len;           /* filled by envelope_seal() */
	/*
	 * The last minute of the box's chain, as evidence.h numbers them, when this was sealed, and the head behind it. In the
	 * header, which a receipt covers and everybody can read, while the body is for the hub alone. 0 and zero: none.
	 */
	uint64_t minutes_through;
	uint8_t minutes_head[32];
};

/*
 * *out malloc'ed. `hash` (32 bytes, may be NULL) receives the envelope's hash. Randomised: seal
 * once, resend the same bytes.
 */
int envelope_seal(const struct envelope_header *header, const void *rows, size_t rows_len,
		  const uint8_t sealing_public[static 32], const struct signed_key *device_key,
		  void **out, size_t *len, uint8_t *hash, struct fault *why);

/*
 * Structure of the header only (to find out whose key to check with). `total` is what the lengths
 * add up to.
 */
int envelope_peek(const void *bytes, size_t len, struct envelope_header *out, size_t *total,
		  struct fault *why);

/* Signature, then nothing else: -EKEYREJECTED. */
int envelope_verify(const void *bytes, size_t len, const uint8_t device_public[static 32],
		    struct envelope_header *out, struct fault *why);

/*
 * Opens a verified envelope: -EBADMSG when it was not sealed for this key or the inner header
 * hash differs. *rows malloc'ed.
 */
int envelope_open(const void *bytes, size_t len, const uint8_t sealing_public[static 32],
		  const uint8_t sealing_secret[static 32], void **rows, size_t *rows_len,
		  struct fault *why);

void envelope_hash(const void *bytes, size_t len, uint8_t out[static 32]);
void envelope_sealing_key_id(const uint8_t sealing_public[static 32], uint8_t out[static 8]);
