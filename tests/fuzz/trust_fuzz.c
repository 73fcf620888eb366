// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/clean.h"
#include "firmware/record/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

CLEAN_FN(trust, struct trust, trust_free)

static struct signed_key key_number(unsigned number)
{
	struct signed_key key;
	uint8_t seed[32];
	memset(seed, (int)number, sizeof(seed));
	crypto_sign_seed_keypair(key.public_key, key.secret_key, seed);
	return key;
}

static void open_and_step(const void *root, size_t root_len, const void *next, size_t next_len)
{
	CLEANUP(clean_trust) struct trust *t = NULL;
	if (trust_open(root, root_len, &t, NULL))
		return;
	uint32_t version = trust_version(t);
	const uint8_t(*pins)[32];
	if (version < 1 || trust_tls_pins(t, &pins) > 8 || strlen(trust_country(t)) > 3)
		abort();
	int r = trust_advance(t, next, next_len, NULL);
	if (trust_version(t) != version + (r == 0))
		abort();
	const void *body = NULL;
	size_t body_len = 0;
	trust_check(t, SIGNED_CATALOGUE, next, next_len, &body, &body_len, NULL);
}

/*
 * First byte 0: the bytes are a root. 1: the bytes are what a root says, signed here by the keys
 * 10 to 12, so that the fuzzer gets past the signatures; then offered to itself as its own
 * successor.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 1 || len > 65536)
		return 0;
	if (bytes[0] == 0) {
		open_and_step(bytes + 1, len - 1, bytes + 1, len - 1);
		return 0;
	}
	struct signed_key keys[3] = { key_number(10), key_number(11), key_number(12) };
	AUTO_FREE void *root = NULL;
	size_t root_len = 0;
	if (signed_make(SIGNED_ROOT, bytes + 1, len - 1, keys, 3, &root, &root_len, NULL) == 0)
		open_and_step(root, root_len, root, root_len);
	return 0;
}
