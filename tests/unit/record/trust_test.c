// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/record/kit.h"

#include <errno.h>

static void names_roles_both_ways(void **state)
{
	(void)state;
	for (unsigned r = 0; r < TRUST_ROLE_COUNT; r++) {
		enum trust_role back;
		assert_int_equal(trust_role_parse(trust_role_name((enum trust_role)r), &back), 0);
		assert_int_equal(back, r);
	}
	enum trust_role none;
	assert_null(trust_role_name(TRUST_ROLE_COUNT));
	assert_int_equal(trust_role_parse("king", &none), -EINVAL);
	assert_int_equal(trust_role_for((enum signed_kind)77), TRUST_ROLE_COUNT);
}

/* Root keys of the kit are first_key … first_key + 4; three of five must agree. */
static const struct {
	struct kit_root plan;
	int want;
} firsts[] = {
	{ { 1, 10, 3, { 10, 11, 12 } }, 0 },
	{ { 1, 10, 3, { 10, 11, 12, 13, 14 } }, 0 },
	{ { 1, 10, 3, { 14, 12, 10 } }, 0 },
	{ { 1, 10, 3, { 10, 11 } }, -EKEYREJECTED },             /* below the threshold */
	{ { 1, 10, 3, { 10, 10, 10, 11, 11 } }, -EKEYREJECTED }, /* the same two again and again */
	{ { 1, 10, 3, { 20, 21, 22 } }, -EKEYREJECTED },         /* strangers */
	{ { 1, 10, 3, { 110, 120, 130 } }, -EKEYREJECTED },      /* keys of other roles */
	{ { 1, 10, 0, { 10, 11, 12 } }, -EBADMSG },              /* a threshold of nobody */
	{ { 1, 10, 6, { 10, 11, 12, 13, 14 } }, -EBADMSG },      /* more than there are keys */
	{ { 0, 10, 3, { 10, 11, 12 } }, -EBADMSG },
	{ { 7, 10, 3, { 10, 11, 12 } }, 0 }, /* an image of later years pins a later root */
};

static void opens_the_first_root(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0;
		kit_root_bytes(&firsts[i].plan, &bytes, &len);
		CLEANUP(clean_trust) struct trust *t = NULL;
		struct fault why = { 0 };
		assert_int_equal(trust_open(bytes, len, &t, &why), firsts[i].want);
		assert_int_equal(t != NULL, firsts[i].want == 0);
		assert_int_equal(why.text[0] != 0, firsts[i].want != 0);
		if (!t)
			continue;
		assert_int_equal(trust_version(t), firsts[i].plan.version);
		assert_string_equal(trust_country(t), "TN");
		assert_string_equal(trust_ministry(t), "Ministry of tests");
		const uint8_t(*pins)[32];
		assert_int_equal(trust_tls_pins(t, &pins), 0);
	}
}

/* What a root may not say, however well it is signed. */
static void spoil(wasl_Root *root, unsigned how)
{
	wasl_RoleKeys *content = &root->roles[TRUST_CONTENT];
	switch (how) {
	case 0: /* the role root is missing */
		pb_release(wasl_RoleKeys_fields, &root->roles[0]);
		root->roles[0] = root->roles[--root->roles_count];
		break;
	case 1:
		content->public_keys[1]->bytes[0] ^= 1;
		break; /* harmless: another key */
	case 2:
		memcpy(content->public_keys[1], content->public_keys[0],
		       PB_BYTES_ARRAY_T_ALLOCSIZE(32));
		break;
	case 3:
		content->public_keys[2]->size = 31;
		break;
	case 4:
		content->role = TRUST_MANAGE;
		break;
	case 5:
		content->threshold = 4;
		break;
	case 6:
		content->role = 99;
		break; /* harmless: newer firmware knows it */
	case 7:
		snprintf(content->scope, sizeof(content->scope), "region:KEF");
		break; /* harmless: narrower */
	case 8:
		kit_role(&root->roles[root->roles_count++], TRUST_ROLE_COUNT + 1, 9, 1, 0);
		break;
	}
}

static void refuses_roots_that_contradict_themselves(void **state)
{
	(void)state;
	static const int want[] = { -EBADMSG, 0, -EBADMSG, -EBADMSG, -EBADMSG, -EBADMSG, 0, 0, 0 };
	static const struct kit_root plan = { 1, 10, 3, { 10, 11, 12 } };
	for (unsigned how = 0; how < ARRAY_LEN(want); how++) {
		wasl_Root root = kit_root_message(&plan);
		spoil(&root, how);
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0;
		kit_root_sign(&root, plan.signers, &bytes, &len);
		CLEANUP(clean_trust) struct trust *t = NULL;
		assert_int_equal(trust_open(bytes, len, &t, NULL), want[how]);
	}
}

static void refuses_a_first_root_with_any_flipped_bit_or_cut_short(void **state)
{
	(void)state;
	/* One small role: the loop stays short. */
	wasl_Root root = { .version = 1 };
	kit_role(&root.roles[root.roles_count++], TRUST_ROOT, 1, 10, 1);
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	kit_root_sign(&root, (const unsigned[]){ 10, 0 }, &bytes, &len);
	uint8_t *at = bytes;
	struct trust *t = NULL;
	for (size_t bit = 0; bit < len * 8; bit++) {
		at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(trust_open(bytes, len, &t, NULL) < 0);
		at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < len; n++)
		assert_int_equal(trust_open(bytes, n, &t, NULL), -EBADMSG);
	assert_null(t);
}

/* From root 1 (keys 10-14) or wherever earlier rows have led. */
static const struct {
	struct kit_root plan;
	int want;
	uint32_t then;
} steps[] = {
	{ { 1, 10, 3, { 10, 11, 12 } }, -ESTALE, 1 },
	{ { 3, 10, 3, { 10, 11, 12 } }, -EPROTO, 1 },       /* skips 2 */
	{ { 3, 20, 3, { 20, 21, 22 } }, -EKEYREJECTED, 1 }, /* skips 2, and 1 does not know it */
	{ { 2, 20, 3, { 20, 21, 22 } }, -EKEYREJECTED, 1 }, /* only its own keys */
	{ { 2, 20, 3, { 10, 11, 12 } }, -EKEYREJECTED, 1 }, /* only the old keys */
	{ { 2, 20, 3, { 10, 11, 20, 21, 22 } }, -EKEYREJECTED, 1 }, /* two old ones */
	{ { 2, 20, 3, { 10, 11, 12, 20, 21 } }, -EKEYREJECTED, 1 }, /* two new ones */
	{ { 2, 20, 0, { 10, 11, 12, 20, 21, 22 } }, -EBADMSG, 1 },
	{ { 2, 20, 3, { 10, 11, 12, 20, 21, 22 } }, 0, 2 },
	{ { 2, 20, 3, { 10, 11, 12, 20, 21, 22 } }, -ESTALE, 2 }, /* the same again */
	{ { 1, 10, 3, { 10, 11, 12, 20, 21, 22 } }, -ESTALE, 2 }, /* back */
	{ { 3, 20, 2, { 10, 11, 12 } },
	  -EKEYREJECTED,
	  2 },                                          /* keys of root 1 are worth nothing now */
	{ { 3, 20, 2, { 20, 24 } }, -EKEYREJECTED, 2 }, /* enough for 3, not for 2 */
	{ { 3, 20, 2, { 20, 21, 24 } }, 0, 3 },
	{ { 5, 20, 2, { 20, 21, 24 } }, -EPROTO, 3 },
	{ { 4, 30, 1, { 20, 21, 30 } }, 0, 4 },
};

static void steps_from_root_to_root(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0;
		kit_root_bytes(&steps[i].plan, &bytes, &len);
		struct fault why = { 0 };
		assert_int_equal(trust_advance(t, bytes, len, &why), steps[i].want);
		assert_int_equal(trust_version(t), steps[i].then);
		assert_int_equal(why.text[0] != 0, steps[i].want != 0);
	}
}

static void refuses_a_next_root_with_any_flipped_byte(void **state)
{
	(void)state;
	static const struct kit_root plan = { 2, 20, 3, { 10, 11, 12, 20, 21, 22 } };
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	kit_root_bytes(&plan, &bytes, &len);
	uint8_t *at = bytes;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	for (size_t i = 0; i < len; i++) {
		at[i] ^= (uint8_t)(1u << i % 8);
		assert_true(trust_advance(t, bytes, len, NULL) < 0);
		at[i] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t n = 0; n < len; n += 7)
		assert_true(trust_advance(t, bytes, n, NULL) < 0);
	assert_int_equal(trust_version(t), 1);
	assert_int_equal(trust_advance(t, bytes, len, NULL), 0);
}

static const enum signed_kind by_role[] = {
	SIGNED_CATALOGUE, SIGNED_ORDER,       SIGNED_GRANT,         SIGNED_RECEIPT,
	SIGNED_SETTINGS,  SIGNED_RELEASE,     SIGNED_CLOSE,         SIGNED_SEALING_KEYS,
	SIGNED_TIME,      SIGNED_REVOCATIONS, SIGNED_OFFER_ANSWERS,
};

static void lets_only_the_right_role_sign(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	for (size_t k = 0; k < ARRAY_LEN(by_role); k++) {
		enum trust_role mine = trust_role_for(by_role[k]);
		for (unsigned r = TRUST_ROOT; r < TRUST_ROLE_COUNT; r++) {
			unsigned first = r == TRUST_ROOT ? 10 : kit_role_key((enum trust_role)r, 0);
			AUTO_FREE
			void *bytes = NULL;
			size_t len = 0, body_len = 0;
			const void *body = NULL;
			kit_sign(by_role[k], "body", 4,
				 (const unsigned[]){ first, first + 1, first + 2, 0 }, &bytes,
				 &len);
			struct fault why = { 0 };
			int got = trust_check(t, by_role[k], bytes, len, &body, &body_len, &why);
			assert_int_equal(got, r == mine ? 0 : -EKEYREJECTED);
			if (r != mine)
				continue;
			assert_int_equal(body_len, 4);
			assert_memory_equal(body, "body", 4);
			assert_true((const uint8_t *)body > (uint8_t *)bytes &&
				    (const uint8_t *)body < (uint8_t *)bytes + len);
		}
	}
}

static void asks_for_the_threshold_of_the_role(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	for (size_t k = 0; k < ARRAY_LEN(by_role); k++) {
		enum trust_role role = trust_role_for(by_role[k]);
		unsigned a = kit_role_key(role, 0), c = kit_role_key(role, 2);
		const unsigned one[] = { a, 0 }, twice[] = { a, a, a, 0 }, two[] = { c, a, 0 };
		const unsigned *const signers[] = { one, twice, two };
		for (size_t s = 0; s < ARRAY_LEN(signers); s++) {
			AUTO_FREE
			void *bytes = NULL;
			size_t len = 0, body_len = 0;
			const void *body = NULL;
			kit_sign(by_role[k], "body", 4, signers[s], &bytes, &len);
			int want = s == 2 || kit_threshold(role) == 1 ? 0 : -EKEYREJECTED;
			assert_int_equal(trust_check(t, by_role[k], bytes, len, &body, &body_len,
						     NULL),
					 want);
		}
	}
}

static void refuses_every_flipped_bit_and_truncation_of_every_kind(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	for (size_t k = 0; k < ARRAY_LEN(by_role); k++) {
		enum trust_role role = trust_role_for(by_role[k]);
		const unsigned signers[] = { kit_role_key(role, 0),
					     kit_threshold(role) > 1 ? kit_role_key(role, 1) : 0,
					     0 };
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0, body_len = 0;
		const void *body = NULL;
		kit_sign(by_role[k], "body", 4, signers, &bytes, &len);
		uint8_t *at = bytes;
		for (size_t bit = 0; bit < len * 8; bit++) {
			at[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_true(trust_check(t, by_role[k], bytes, len, &body, &body_len, NULL) <
				    0);
			at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (size_t n = 0; n < len; n++)
			assert_true(trust_check(t, by_role[k], bytes, n, &body, &body_len, NULL) <
				    0);
		assert_int_equal(trust_check(t, by_role[k], bytes, len, &body, &body_len, NULL), 0);
	}
}

static void leaves_device_records_to_the_device_key(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *t = kit_trust();
	static const enum signed_kind kinds[] = { SIGNED_ENROL_REQUEST, SIGNED_INSTALL_REPORT };
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0, body_len = 0;
		const void *body = NULL;
		kit_sign(kinds[i], "body", 4, (const unsigned[]){ 10, 11, 12, 110, 111, 0 }, &bytes,
			 &len);
		assert_int_equal(trust_check(t, kinds[i], bytes, len, &body, &body_len, NULL),
				 -EKEYREJECTED);
	}
}

static void lets_a_scoped_role_sign_for_nobody(void **state)
{
	(void)state;
	static const struct kit_root plan = { 1, 10, 3, { 10, 11, 12 } };
	wasl_Root root = kit_root_message(&plan);
	snprintf(root.roles[TRUST_CONTENT].scope, sizeof(root.roles[0].scope), "region:KEF");
	AUTO_FREE
	void *bytes = NULL, *record = NULL;
	size_t len = 0, record_len = 0, body_len = 0;
	const void *body = NULL;
	kit_root_sign(&root, plan.signers, &bytes, &len);
	CLEANUP(clean_trust) struct trust *t = NULL;
	assert_int_equal(trust_open(bytes, len, &t, NULL), 0);
	unsigned first = kit_role_key(TRUST_CONTENT, 0);
	kit_sign(SIGNED_CATALOGUE, "body", 4, (const unsigned[]){ first, first + 1, 0 }, &record,
		 &record_len);
	assert_int_equal(trust_check(t, SIGNED_CATALOGUE, record, record_len, &body, &body_len,
				     NULL),
			 -EKEYREJECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_roles_both_ways),
		cmocka_unit_test(opens_the_first_root),
		cmocka_unit_test(refuses_roots_that_contradict_themselves),
		cmocka_unit_test(refuses_a_first_root_with_any_flipped_bit_or_cut_short),
		cmocka_unit_test(steps_from_root_to_root),
		cmocka_unit_test(refuses_a_next_root_with_any_flipped_byte),
		cmocka_unit_test(lets_only_the_right_role_sign),
		cmocka_unit_test(asks_for_the_threshold_of_the_role),
		cmocka_unit_test(refuses_every_flipped_bit_and_truncation_of_every_kind),
		cmocka_unit_test(leaves_device_records_to_the_device_key),
		cmocka_unit_test(lets_a_scoped_role_sign_for_nobody),
	};
	return cmocka_run_group_tests_name("record/trust", tests, NULL, NULL);
}
