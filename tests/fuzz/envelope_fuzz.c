// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/clean.h"
#include "firmware/record/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The bytes as an envelope from the network. */
static void read_one(const uint8_t *bytes, size_t len, const uint8_t *box_public,
		     const uint8_t *box_secret, const uint8_t *device_public)
{
	struct envelope_header h;
	size_t total = 0;
	if (envelope_peek(bytes, len, &h, &total, NULL))
		return;
	if (total < ENVELOPE_HEADER_BYTES + 64 || total > ENVELOPE_LIMIT_BYTES || h.seq < 1)
		abort();
	if (envelope_verify(bytes, len, device_public, &h, NULL) == 0 && total != len)
		abort();
	AUTO_FREE void *rows = NULL;
	size_t rows_len = 0;
	if (envelope_open(bytes, len, box_public, box_secret, &rows, &rows_len, NULL) == 0 &&
	    rows_len > len)
		abort();
}

/* The bytes as rows: what was sealed comes out as it went in. */
static void there_and_back(const uint8_t *bytes, size_t len, const uint8_t *box_public,
			   const uint8_t *box_secret, const struct signed_key *device)
{
	struct envelope_header h = { .type = ENVELOPE_REPORT, .seq = 1 };
	AUTO_FREE void *made = NULL, *rows = NULL;
	size_t made_len = 0, rows_len = 0;
	if (envelope_seal(&h, bytes, len, box_public, device, &made, &made_len, NULL, NULL))
		return;
	if (envelope_verify(made, made_len, device->public_key, &h, NULL) ||
	    envelope_open(made, made_len, box_public, box_secret, &rows, &rows_len, NULL) ||
	    rows_len != len || (len && memcmp(rows, bytes, len) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t seed[32] = { 50 }, box_public[32], box_secret[32];
	struct signed_key device;
	crypto_box_seed_keypair(box_public, box_secret, seed);
	crypto_sign_seed_keypair(device.public_key, device.secret_key, seed);
	read_one(bytes, len, box_public, box_secret, device.public_key);
	if (len && bytes[0] == 'r')
		there_and_back(bytes, len, box_public, box_secret, &device);
	return 0;
}
