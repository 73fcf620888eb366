// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/agent/keyfile.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/record/device.h"
#include "firmware/record/enrol.pb.h"
#include "tests/unit/record/kit.h"

#define KIT_ECHO_KEY 0x5a /* each byte of the key for echoes */

/*
 * What a test box needs from the ministry: sealing keys and a grant, signed by the kit's keys.
 */

/* An X25519 pair in the shape of a signing key: public_key and the first half of secret_key. */
static inline struct signed_key kit_sealing(void)
{
	struct signed_key pair = { { 0 }, { 0 } };
	uint8_t seed[32] = { 77 };
	crypto_box_seed_keypair(pair.public_key, pair.secret_key, seed);
	return pair;
}

/* The keys that wasl-agentd made below WASL_ROOT. */
static inline struct device_keys kit_box_keys(void)
{
	struct device_keys keys;
	assert_int_equal(keyfile_read(paths_at("/var/lib/wasl/agent/device.key").at, &keys, NULL),
			 0);
	return keys;
}

/* A grant for `keys`; *out malloc'ed. `signers` end with 0. */
static inline void kit_grant(const struct device_keys *keys, uint32_t epoch, uint64_t first_seq,
			     const char *hub_url, const unsigned *signers, void **out, size_t *len)
{
	struct signed_key sealing = kit_sealing();
	wasl_SealingKeys list = { .version = 4, .keys_count = 2 };
	memset(list.keys[0].public_key, 1, 32);
	memcpy(list.keys[1].public_key, sealing.public_key, 32);
	AUTO_FREE void *list_body = NULL, *list_record = NULL, *body = NULL;
	size_t list_body_len = 0, list_len = 0, body_len = 0;
	assert_int_equal(codec_encode(wasl_SealingKeys_fields, &list, &list_body, &list_body_len,
				      NULL),
			 0);
	kit_sign(SIGNED_SEALING_KEYS, list_body, list_body_len,
		 (const unsigned[]){ kit_role_key(TRUST_REPORT, 0), 0 }, &list_record, &list_len);
	wasl_Grant grant = { .epoch = epoch,
			     .first_seq = first_seq,
			     .hub_unix_s = INT64_C(1795400000) };
	device_id(keys->sign.public_key, keys->box_public, grant.device);
	memcpy(grant.sign_public, keys->sign.public_key, 32);
	grant.probe_key.size = 32;
	memset(grant.probe_key.bytes, KIT_ECHO_KEY, 32);
	snprintf(grant.school_code, sizeof(grant.school_code), "TN0001");
	snprintf(grant.school_name, sizeof(grant.school_name), "مدرسة النور");
	snprintf(grant.hub_url, sizeof(grant.hub_url), "%s", hub_url);
	assert_int_equal(codec_bytes(list_record, list_len, &grant.sealing_keys, NULL), 0);
	assert_int_equal(codec_encode(wasl_Grant_fields, &grant, &body, &body_len, NULL), 0);
	pb_release(wasl_Grant_fields, &grant);
	kit_sign(SIGNED_GRANT, body, body_len, signers, out, len);
}
