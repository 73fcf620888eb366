// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pb_decode.h>
#include <sodium.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/record/root.pb.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust.h"

/*
 * Keys and roots for tests, the same at every run. Key number n is made from the seed n, n, n… In
 * every root of the kit the role R has the keys 100 + 10 R + {0, 1, 2}, threshold 2 for content,
 * firmware and revoke, else 1.
 */
static inline struct signed_key kit_key(unsigned number)
{
	struct signed_key key;
	uint8_t seed[32];
	memset(seed, (int)number, sizeof(seed));
	crypto_sign_seed_keypair(key.public_key, key.secret_key, seed);
	return key;
}

static inline unsigned kit_role_key(enum trust_role role, unsigned which)
{
	return 100 + 10 * (unsigned)role + which;
}

static inline uint32_t kit_threshold(enum trust_role role)
{
	return role == TRUST_CONTENT || role == TRUST_FIRMWARE || role == TRUST_REVOKE ? 2 : 1;
}

struct kit_root {
	uint32_t version;
	unsigned first_key; /* root keys first_key … first_key + 4 */
	uint32_t threshold;
	unsigned signers[8]; /* key numbers, 0 at the end */
};

static inline void kit_role(wasl_RoleKeys *to, uint32_t role, uint32_t threshold, unsigned first,
			    size_t count)
{
	*to = (wasl_RoleKeys){ .role = role, .threshold = threshold, .version = 1 };
	to->public_keys = calloc(count ? count : 1, sizeof(*to->public_keys));
	assert_non_null(to->public_keys);
	for (size_t i = 0; i < count; i++) {
		struct signed_key key = kit_key(first + (unsigned)i);
		assert_int_equal(codec_bytes(key.public_key, 32, &to->public_keys[i], NULL), 0);
	}
	to->public_keys_count = (pb_size_t)count;
}

static inline wasl_Root kit_root_message(const struct kit_root *plan)
{
	wasl_Root root = { .version = plan->version, .made_unix_s = 1790000000, .country = "TN" };
	snprintf(root.ministry, sizeof(root.ministry), "Ministry of tests");
	kit_role(&root.roles[root.roles_count++], TRUST_ROOT, plan->threshold, plan->first_key, 5);
	for (unsigned r = TRUST_CONTENT; r < TRUST_ROLE_COUNT; r++)
		kit_role(&root.roles[root.roles_count++], r, kit_threshold((enum trust_role)r),
			 kit_role_key((enum trust_role)r, 0), 3);
	return root;
}

/* Signs with the keys of `numbers` (0 at the end); *out malloc'ed. */
static inline void kit_sign(enum signed_kind kind, const void *body, size_t body_len,
			    const unsigned *numbers, void **out, size_t *len)
{
	struct signed_key keys[16];
	size_t count = 0;
	while (numbers[count]) {
		keys[count] = kit_key(numbers[count]);
		count++;
	}
	assert_int_equal(signed_make(kind, body, body_len, keys, count, out, len, NULL), 0);
}

static inline void kit_root_sign(wasl_Root *root, const unsigned *signers, void **out, size_t *len)
{
	AUTO_FREE
	void *body = NULL;
	size_t body_len = 0;
	assert_int_equal(codec_encode(wasl_Root_fields, root, &body, &body_len, NULL), 0);
	pb_release(wasl_Root_fields, root);
	kit_sign(SIGNED_ROOT, body, body_len, signers, out, len);
}

static inline void kit_root_bytes(const struct kit_root *plan, void **out, size_t *len)
{
	wasl_Root root = kit_root_message(plan);
	kit_root_sign(&root, plan->signers, out, len);
}

static inline struct trust *kit_trust(void)
{
	static const struct kit_root plan = { 1, 10, 3, { 10, 11, 12 } };
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	kit_root_bytes(&plan, &bytes, &len);
	struct trust *t = NULL;
	assert_int_equal(trust_open(bytes, len, &t, NULL), 0);
	return t;
}

CLEAN_FN(trust, struct trust, trust_free)
