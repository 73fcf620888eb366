// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/grant.h"

#include <errno.h>

#include "tests/agent/kit_box.h"

static struct device_keys box_keys(unsigned number)
{
	struct device_keys keys;
	uint8_t seed[32];
	memset(seed, (int)number, sizeof(seed));
	keys.sign = kit_key(number);
	crypto_box_seed_keypair(keys.box_public, keys.box_secret, seed);
	return keys;
}

static void takes_a_good_grant(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	struct device_keys me = box_keys(5);
	struct signed_key sealing = kit_sealing();
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct grant g, again;
	kit_grant(&me, 3, 1, "https://hub.example/",
		  (const unsigned[]){ kit_role_key(TRUST_ENROL, 0), 0 }, &bytes, &len);
	assert_int_equal(grant_open(t, bytes, len, &me, &g, NULL), 0);
	assert_int_equal(g.epoch, 3);
	assert_int_equal(g.first_seq, 1);
	assert_true(g.has_probe_key);
	assert_int_equal(g.probe_key[31], KIT_ECHO_KEY);
	assert_string_equal(g.school_code, "TN0001");
	assert_string_equal(g.hub_url, "https://hub.example/");
	assert_int_equal(g.sealing_version, 4);
	assert_memory_equal(g.sealing_public, sealing.public_key, 32); /* the last of the list */
	assert_int_equal(grant_reread(bytes, len, &again, NULL), 0);
	assert_memory_equal(&g, &again, sizeof(g));
}

static void refuses_every_flipped_byte_and_truncation(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	struct device_keys me = box_keys(5);
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct grant g;
	kit_grant(&me, 1, 1, "https://hub.example/",
		  (const unsigned[]){ kit_role_key(TRUST_ENROL, 0), 0 }, &bytes, &len);
	uint8_t *at = bytes;
	for (size_t i = 0; i < len; i++) {
		at[i] ^= (uint8_t)(1u << i % 8);
		assert_true(grant_open(t, bytes, len, &me, &g, NULL) < 0);
		at[i] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t n = 0; n < len; n++)
		assert_true(grant_open(t, bytes, n, &me, &g, NULL) < 0);
}

static void refuses_grants_that_are_not_ours(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	struct device_keys me = box_keys(5), other = box_keys(6);
	struct grant g;
	static const enum trust_role wrong[] = { TRUST_RECEIPT, TRUST_MANAGE, TRUST_REPORT };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		AUTO_FREE void *bytes = NULL;
		size_t len = 0;
		kit_grant(&me, 1, 1, "https://hub/",
			  (const unsigned[]){ kit_role_key(wrong[i], 0), 0 }, &bytes, &len);
		assert_int_equal(grant_open(t, bytes, len, &me, &g, NULL), -EKEYREJECTED);
	}
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	kit_grant(&other, 1, 1, "https://hub/",
		  (const unsigned[]){ kit_role_key(TRUST_ENROL, 0), 0 }, &bytes, &len);
	assert_int_equal(grant_open(t, bytes, len, &me, &g, &why), -EPERM);
	assert_string_equal(why.id, "grant.device");
}

/* Signed by the ministry, and useless all the same. `how` spoils one field. */
static int opened(unsigned how)
{
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	struct device_keys me = box_keys(5);
	const unsigned by_enrol[] = { kit_role_key(TRUST_ENROL, 0), 0 },
		       by_report[] = { kit_role_key(TRUST_REPORT, 0), 0 };
	wasl_SealingKeys list = { .version = 1, .keys_count = how == 1 ? 0 : 1 };
	memset(list.keys[0].public_key, how == 2 ? 0 : 9, 32);
	AUTO_FREE void *list_body = NULL, *list_record = NULL, *body = NULL, *record = NULL;
	size_t list_body_len = 0, list_len = 0, body_len = 0, len = 0;
	assert_int_equal(codec_encode(wasl_SealingKeys_fields, &list, &list_body, &list_body_len,
				      NULL),
			 0);
	kit_sign(SIGNED_SEALING_KEYS, list_body, list_body_len, how == 3 ? by_enrol : by_report,
		 &list_record, &list_len);
	wasl_Grant grant = { .epoch = how == 4 ? 0 : 1 };
	device_id(me.sign.public_key, me.box_public, grant.device);
	memcpy(grant.sign_public, me.sign.public_key, 32);
	snprintf(grant.school_code, sizeof(grant.school_code), "%s", how == 5 ? "" : "TN0001");
	if (how != 6)
		assert_int_equal(codec_bytes(list_record, list_len, &grant.sealing_keys, NULL), 0);
	assert_int_equal(codec_encode(wasl_Grant_fields, &grant, &body, &body_len, NULL), 0);
	pb_release(wasl_Grant_fields, &grant);
	kit_sign(SIGNED_GRANT, body, body_len, by_enrol, &record, &len);
	struct grant g;
	return grant_open(t, record, len, &me, &g, NULL);
}

static void refuses_grants_that_cannot_be_used(void **state)
{
	(void)state;
	static const int want[] = { 0,        -EBADMSG, -EBADMSG, -EKEYREJECTED,
				    -EBADMSG, -EBADMSG, -EBADMSG };
	for (unsigned how = 0; how < ARRAY_LEN(want); how++)
		assert_int_equal(opened(how), want[how]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_grant),
		cmocka_unit_test(refuses_every_flipped_byte_and_truncation),
		cmocka_unit_test(refuses_grants_that_are_not_ours),
		cmocka_unit_test(refuses_grants_that_cannot_be_used),
	};
	return cmocka_run_group_tests_name("agent/grant", tests, NULL, NULL);
}
