// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/record/kit.h"

#include <errno.h>

static const enum signed_kind kinds[] = {
	SIGNED_ROOT,           SIGNED_CATALOGUE,     SIGNED_ORDER,    SIGNED_ENROL_REQUEST,
	SIGNED_GRANT,          SIGNED_RECEIPT,       SIGNED_SETTINGS, SIGNED_RELEASE,
	SIGNED_SEALING_KEYS,   SIGNED_CLOSE,         SIGNED_TIME,     SIGNED_REVOCATIONS,
	SIGNED_INSTALL_REPORT, SIGNED_OFFER_ANSWERS,
};

static size_t good(const void *bytes, size_t len, enum signed_kind kind, const uint8_t (*keys)[32],
		   size_t count)
{
	struct signed_view view;
	return signed_open(bytes, len, kind, &view, NULL) ? 0
							  : signed_count_good(&view, keys, count);
}

static void names_kinds_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		enum signed_kind back;
		assert_int_equal(signed_kind_parse(signed_kind_name(kinds[i]), &back), 0);
		assert_int_equal(back, kinds[i]);
	}
	enum signed_kind none;
	assert_null(signed_kind_name((enum signed_kind)0));
	assert_null(signed_kind_name((enum signed_kind)15));
	assert_int_equal(signed_kind_parse("letter", &none), -EINVAL);
}

static void signs_and_opens_every_kind(void **state)
{
	(void)state;
	struct signed_key key = kit_key(1), other = kit_key(2);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0;
		assert_int_equal(signed_make(kinds[i], "body", 4, &key, 1, &bytes, &len, NULL), 0);
		assert_int_equal(len, 12 + 72 + 4);
		struct signed_view view;
		assert_int_equal(signed_open(bytes, len, kinds[i], &view, NULL), 0);
		assert_int_equal(view.body_len, 4);
		assert_memory_equal(view.body, "body", 4);
		assert_int_equal(signed_count_good(&view, &key.public_key, 1), 1);
		assert_int_equal(signed_count_good(&view, &other.public_key, 1), 0);
		/* The kind is part of what is signed: a receipt never passes for a grant. */
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
			if (k == i)
				continue;
			assert_int_equal(signed_open(bytes, len, kinds[k], &view, NULL), -EBADMSG);
			((uint8_t *)bytes)[4] = (uint8_t)kinds[k];
			assert_int_equal(good(bytes, len, kinds[k], &key.public_key, 1), 0);
			((uint8_t *)bytes)[4] = (uint8_t)kinds[i];
		}
	}
}

static void refuses_every_flipped_bit_and_every_truncation_of_every_kind(void **state)
{
	(void)state;
	struct signed_key key = kit_key(1);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0;
		assert_int_equal(signed_make(kinds[i], "a small body", 12, &key, 1, &bytes, &len,
					     NULL),
				 0);
		uint8_t *at = bytes;
		for (size_t bit = 0; bit < len * 8; bit++) {
			at[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(good(bytes, len, kinds[i], &key.public_key, 1), 0);
			at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (size_t n = 0; n < len; n++)
			assert_int_equal(good(bytes, n, kinds[i], &key.public_key, 1), 0);
		assert_int_equal(good(bytes, len, kinds[i], &key.public_key, 1), 1);
	}
}

static void counts_each_key_once(void **state)
{
	(void)state;
	struct signed_key keys[4] = { kit_key(1), kit_key(2), kit_key(3), kit_key(4) };
	uint8_t public_keys[4][32];
	for (size_t i = 0; i < 4; i++)
		memcpy(public_keys[i], keys[i].public_key, 32);
	static const struct {
		unsigned signers[8];
		size_t want;
	} rows[] = {
		{ { 1 }, 1 },          { { 1, 1, 1 }, 1 }, /* the same signature three times */
		{ { 1, 2, 1, 2 }, 2 }, { { 1, 2, 3, 4 }, 4 }, { { 5, 6 }, 0 }, /* strangers */
		{ { 5, 1, 6 }, 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE
		void *bytes = NULL;
		size_t len = 0;
		kit_sign(SIGNED_RELEASE, "x", 1, rows[i].signers, &bytes, &len);
		assert_int_equal(good(bytes, len, SIGNED_RELEASE, public_keys, 4), rows[i].want);
	}
	/* A key listed twice by whoever asks still counts once. */
	uint8_t twice[2][32];
	memcpy(twice[0], keys[0].public_key, 32);
	memcpy(twice[1], keys[0].public_key, 32);
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	assert_int_equal(signed_make(SIGNED_TIME, "x", 1, keys, 1, &bytes, &len, NULL), 0);
	assert_int_equal(good(bytes, len, SIGNED_TIME, twice, 2), 1);
}

static void refuses_wrong_structure(void **state)
{
	(void)state;
	struct signed_key key = kit_key(1);
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	assert_int_equal(signed_make(SIGNED_GRANT, "body", 4, &key, 1, &bytes, &len, NULL), 0);
	static const struct {
		size_t at;
		uint8_t value;
		const char *id;
	} rows[] = {
		{ 0, 'w', "record.magic" },    { 4, 6, "record.kind" },
		{ 4, 200, "record.kind" },     { 5, 2, "record.version" },
		{ 6, 0, "record.signatures" }, { 6, 17, "record.signatures" },
		{ 7, 1, "record.signatures" }, { 6, 2, "record.length" },
		{ 8, 5, "record.length" },     { 11, 255, "record.length" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t copy[88];
		assert_int_equal(len, sizeof(copy));
		memcpy(copy, bytes, len);
		copy[rows[i].at] = rows[i].value;
		struct signed_view view;
		struct fault why = { 0 };
		assert_int_equal(signed_open(copy, len, SIGNED_GRANT, &view, &why), -EBADMSG);
		assert_string_equal(why.id, rows[i].id);
	}
	AUTO_FREE
	uint8_t *big = calloc(1, SIGNED_LIMIT_BYTES + 1);
	struct signed_view view;
	assert_int_equal(signed_open(big, SIGNED_LIMIT_BYTES + 1, SIGNED_GRANT, &view, NULL),
			 -EBADMSG);
	void *out = NULL;
	assert_int_equal(signed_make(SIGNED_GRANT, big, SIGNED_LIMIT_BYTES, &key, 1, &out, &len,
				     NULL),
			 -EFBIG);
	assert_int_equal(signed_make(SIGNED_GRANT, "", 0, &key, 0, &out, &len, NULL), -EINVAL);
	struct signed_key many[17];
	for (size_t i = 0; i < 17; i++)
		many[i] = key;
	assert_int_equal(signed_make(SIGNED_GRANT, "", 0, many, 17, &out, &len, NULL), -EINVAL);
	assert_int_equal(signed_make((enum signed_kind)99, "", 0, &key, 1, &out, &len, NULL),
			 -EINVAL);
	assert_null(out);
}

static void puts_together_what_was_signed_elsewhere(void **state)
{
	(void)state;
	struct signed_key keys[2] = { kit_key(7), kit_key(8) };
	uint8_t public_keys[2][32], signatures[2][64];
	for (size_t i = 0; i < 2; i++) {
		memcpy(public_keys[i], keys[i].public_key, 32);
		assert_int_equal(signed_sign_raw(SIGNED_ENROL_REQUEST, "req", 3, &keys[i],
						 signatures[i]),
				 0);
	}
	AUTO_FREE
	void *a = NULL, *b = NULL;
	size_t a_len = 0, b_len = 0;
	assert_int_equal(signed_assemble(SIGNED_ENROL_REQUEST, "req", 3, public_keys, signatures, 2,
					 &a, &a_len, NULL),
			 0);
	assert_int_equal(signed_make(SIGNED_ENROL_REQUEST, "req", 3, keys, 2, &b, &b_len, NULL), 0);
	assert_int_equal(a_len, b_len);
	assert_memory_equal(a, b, a_len);
	assert_int_equal(good(a, a_len, SIGNED_ENROL_REQUEST, public_keys, 2), 2);
	assert_int_equal(signed_sign_raw((enum signed_kind)99, "req", 3, &keys[0], signatures[0]),
			 -EINVAL);
}

static void makes_and_wipes_keys(void **state)
{
	(void)state;
	struct signed_key a, b, zero = { { 0 }, { 0 } };
	assert_int_equal(signed_key_make(&a), 0);
	assert_int_equal(signed_key_make(&b), 0);
	assert_memory_not_equal(a.public_key, b.public_key, 32);
	signed_key_wipe(&a);
	assert_memory_equal(&a, &zero, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_kinds_both_ways),
		cmocka_unit_test(signs_and_opens_every_kind),
		cmocka_unit_test(refuses_every_flipped_bit_and_every_truncation_of_every_kind),
		cmocka_unit_test(counts_each_key_once),
		cmocka_unit_test(refuses_wrong_structure),
		cmocka_unit_test(puts_together_what_was_signed_elsewhere),
		cmocka_unit_test(makes_and_wipes_keys),
	};
	return cmocka_run_group_tests_name("record/signed", tests, NULL, NULL);
}
