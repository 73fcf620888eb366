// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/record/signed.h"

/*
 * A box's identity: Ed25519 for signing, a separate X25519 pair for what is sealed to it.
 *	device id = first 16 bytes of BLAKE2b-256("wasl:device:1\0" + both public keys)
 *	claim code = 80 bits of BLAKE2b-256("wasl:claim:1\0" + both public keys), Ed25519 first,
 *		as 16 Crockford characters in groups of 4
 */
struct device_keys {
	struct signed_key sign;
	uint8_t box_public[32], box_secret[32];
};

int device_keys_make(struct device_keys *out);
void device_keys_wipe(struct device_keys *keys);
void device_id(const uint8_t sign_public[static 32], const uint8_t box_public[static 32],
	       uint8_t out[static 16]);
void device_claim_code(const uint8_t sign_public[static 32], const uint8_t box_public[static 32],
		       char out[static 20]); /* "ABCD-EFGH-JKMN-PQRS" */
