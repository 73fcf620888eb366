// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/record/signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What is taken apart lies within the input, and a stranger's bytes are signed by nobody. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t seed[32] = { 0x5a }, keys[2][32], secret[64];
	crypto_sign_seed_keypair(keys[0], secret, seed);
	memcpy(keys[1], keys[0], sizeof(keys[1]));
	for (int kind = SIGNED_ROOT; kind <= SIGNED_INSTALL_REPORT; kind++) {
		struct signed_view view;
		if (signed_open(bytes, len, (enum signed_kind)kind, &view, NULL))
			continue;
		const uint8_t *body = view.body;
		if (view.signatures < bytes || body < view.signatures ||
		    body + view.body_len != bytes + len || view.signature_count < 1 ||
		    view.signature_count > 16 || (int)view.kind != kind)
			abort();
		if (signed_count_good(&view, keys, 2) > 1)
			abort();
	}
	return 0;
}
