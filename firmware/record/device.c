// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/device.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "firmware/base/text.h"

#define CLAIM_BITS 80
#define CLAIM_CHARS (CLAIM_BITS / 5)

static void hash_publics(const char *domain, size_t domain_len, const uint8_t *sign_public,
			 const uint8_t *box_public, uint8_t out[static 32])
{
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, 32);
	crypto_generichash_update(&st, (const uint8_t *)domain, domain_len);
	crypto_generichash_update(&st, sign_public, 32);
	crypto_generichash_update(&st, box_public, 32);
	crypto_generichash_final(&st, out, 32);
}

int device_keys_make(struct device_keys *out)
{
	int r = signed_key_make(&out->sign);
	if (r)
		return r;
	return crypto_box_keypair(out->box_public, out->box_secret) ? -EIO : 0;
}

void device_keys_wipe(struct device_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

void device_id(const uint8_t sign_public[static 32], const uint8_t box_public[static 32],
	       uint8_t out[static 16])
{
	static const char domain[] = "wasl:device:1"; /* the NUL counts */
	uint8_t hash[32];
	hash_publics(domain, sizeof(domain), sign_public, box_public, hash);
	memcpy(out, hash, 16);
}

void device_claim_code(const uint8_t sign_public[static 32], const uint8_t box_public[static 32],
		       char out[static 20])
{
	static const char domain[] = "wasl:claim:1"; /* the NUL counts */
	uint8_t hash[32];
	hash_publics(domain, sizeof(domain), sign_public, box_public, hash);
	char plain[CLAIM_CHARS + 1];
	text_crockford(hash, CLAIM_BITS, plain);
	char *to = out;
	for (size_t i = 0; i < CLAIM_CHARS; i++) {
		if (i && i % 4 == 0)
			*to++ = '-';
		*to++ = plain[i];
	}
	*to = '\0';
}
