// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/token.h"

#include <sodium.h>
#include <string.h>

#include "firmware/base/text.h"

void token_make(char out[static TOKEN_TEXT])
{
	uint8_t bits[20];
	randombytes_buf(bits, sizeof(bits));
	text_crockford(bits, 160, out);
	sodium_memzero(bits, sizeof(bits));
}

void token_hash(const char *text, uint8_t out[static 32])
{
	static const char domain[] = "wasl:token:1"; /* with its NUL */
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, 32);
	crypto_generichash_update(&state, (const uint8_t *)domain, sizeof(domain));
	crypto_generichash_update(&state, (const uint8_t *)text, strlen(text));
	crypto_generichash_final(&state, out, 32);
}
