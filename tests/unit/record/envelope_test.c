// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/envelope.h"

#include <errno.h>

#include "tests/unit/record/kit.h"

struct sealing {
	uint8_t public_key[32], secret_key[32];
};

static struct sealing sealing_pair(unsigned number)
{
	struct sealing pair;
	uint8_t seed[32];
	memset(seed, (int)number, sizeof(seed));
	crypto_box_seed_keypair(pair.public_key, pair.secret_key, seed);
	return pair;
}

static struct envelope_header header(uint64_t seq)
{
	struct envelope_header h = {
		.type = ENVELOPE_REPORT,
		.epoch = 3,
		.boot_count = 17,
		.seq = seq,
		.time_floor_s = INT64_C(1790000000),
		.time_quality = 1,
		.first_day = 20600,
		.last_day = 20717,
	};
	memset(h.device, 0xd1, sizeof(h.device));
	if (seq > 1)
		memset(h.previous, 0xab, sizeof(h.previous));
	return h;
}

static void seal(const struct envelope_header *h, const void *rows, size_t rows_len, void **out,
		 size_t *len)
{
	struct signed_key device = kit_key(1);
	struct sealing ministry = sealing_pair(50);
	assert_int_equal(envelope_seal(h, rows, rows_len, ministry.public_key, &device, out, len,
				       NULL, NULL),
			 0);
}

static void seals_verifies_and_opens(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 223, 224, 255, 256, 10000 };
	struct signed_key device = kit_key(1);
	struct sealing ministry = sealing_pair(50);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO_FREE
		uint8_t *rows = malloc(sizes[i] + 1);
		memset(rows, (int)i + 1, sizes[i] + 1);
		struct envelope_header h = header(2), back;
		AUTO_FREE
		void *bytes = NULL, *opened = NULL;
		size_t len = 0, total = 0, opened_len = 99;
		uint8_t hash[32], again[32], key_id[8];
		assert_int_equal(envelope_seal(&h, rows, sizes[i], ministry.public_key, &device,
					       &bytes, &len, hash, NULL),
				 0);
		envelope_hash(bytes, len, again);
		assert_memory_equal(hash, again, 32);
		assert_int_equal(envelope_peek(bytes, len, &back, &total, NULL), 0);
		assert_int_equal(total, len);
		assert_int_equal((len - 160 - 64 - 48) % 256,
				 0); /* the size says little about the contents */
		assert_int_equal(envelope_verify(bytes, len, device.public_key, &back, NULL), 0);
		assert_int_equal(back.type, ENVELOPE_REPORT);
		assert_int_equal(back.epoch, 3);
		assert_int_equal(back.boot_count, 17);
		assert_int_equal(back.seq, 2);
		assert_int_equal(back.time_floor_s, INT64_C(1790000000));
		assert_int_equal(back.time_quality, 1);
		assert_int_equal(back.first_day, 20600);
		assert_int_equal(back.last_day, 20717);
		assert_int_equal(back.body_len, len - 160 - 64);
		assert_memory_equal(back.device, h.device, 16);
		assert_memory_equal(back.previous, h.previous, 32);
		envelope_sealing_key_id(ministry.public_key, key_id);
		assert_memory_equal(back.sealing_key_id, key_id, 8);
		assert_int_equal(envelope_open(bytes, len, ministry.public_key, ministry.secret_key,
					       &opened, &opened_len, NULL),
				 0);
		assert_int_equal(opened_len, sizes[i]);
		assert_memory_equal(opened, rows, sizes[i]);
	}
}

static void keeps_negative_days_and_times(void **state)
{
	(void)state;
	struct envelope_header h = header(1), back;
	h.first_day = -3;
	h.last_day = -1;
	h.time_floor_s = -5;
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0, total = 0;
	seal(&h, "x", 1, &bytes, &len);
	assert_int_equal(envelope_peek(bytes, len, &back, &total, NULL), 0);
	assert_int_equal(back.first_day, -3);
	assert_int_equal(back.time_floor_s, -5);
}

static void refuses_every_flipped_bit_and_every_truncation(void **state)
{
	(void)state;
	struct signed_key device = kit_key(1);
	struct envelope_header h = header(1), back;
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	seal(&h, "rows", 4, &bytes, &len);
	uint8_t *at = bytes;
	for (size_t bit = 0; bit < len * 8; bit++) {
		at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(envelope_verify(bytes, len, device.public_key, &back, NULL) < 0);
		at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < len; n++)
		assert_int_equal(envelope_verify(bytes, n, device.public_key, &back, NULL),
				 -EBADMSG);
	assert_int_equal(envelope_verify(bytes, len, device.public_key, &back, NULL), 0);
}

static void refuses_the_signature_of_another_box(void **state)
{
	(void)state;
	struct signed_key other = kit_key(2);
	struct envelope_header h = header(1), back;
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	seal(&h, "rows", 4, &bytes, &len);
	struct fault why = { 0 };
	assert_int_equal(envelope_verify(bytes, len, other.public_key, &back, &why), -EKEYREJECTED);
	assert_string_equal(why.id, "envelope.signature");
}

static void opens_only_with_the_key_it_was_sealed_for(void **state)
{
	(void)state;
	struct sealing ministry = sealing_pair(50), other = sealing_pair(51);
	struct envelope_header h = header(1);
	AUTO_FREE
	void *bytes = NULL;
	void *rows = NULL;
	size_t len = 0, rows_len = 0;
	seal(&h, "rows", 4, &bytes, &len);
	struct fault why = { 0 };
	assert_int_equal(envelope_open(bytes, len, other.public_key, other.secret_key, &rows,
				       &rows_len, &why),
			 -EBADMSG);
	assert_string_equal(why.id, "envelope.sealed");
	assert_int_equal(envelope_open(bytes, len, ministry.public_key, other.secret_key, &rows,
				       &rows_len, NULL),
			 -EBADMSG);
	assert_null(rows);
}

/*
 * Somebody who takes a sealed body, puts it under a header of his own and signs that: the inner
 * hash tells.
 */
static void refuses_contents_under_another_header(void **state)
{
	(void)state;
	struct sealing ministry = sealing_pair(50);
	struct signed_key thief = kit_key(9);
	struct envelope_header victim = header(1), his = header(1), back;
	memset(his.device, 0x66, sizeof(his.device));
	AUTO_FREE
	void *stolen = NULL, *own = NULL;
	void *rows = NULL;
	size_t len = 0, own_len = 0, rows_len = 0;
	seal(&victim, "rows", 4, &stolen, &len);
	assert_int_equal(envelope_seal(&his, "ROWS", 4, ministry.public_key, &thief, &own, &own_len,
				       NULL, NULL),
			 0);
	assert_int_equal(len, own_len);
	uint8_t *forged = own;
	memcpy(forged + 160, (uint8_t *)stolen + 160, len - 160 - 64);
	uint8_t message[16 + 2048] = "wasl:envelope:1";
	assert_true(len - 64 <= 2048);
	memcpy(message + 16, forged, len - 64);
	crypto_sign_detached(forged + len - 64, NULL, message, 16 + len - 64, thief.secret_key);
	assert_int_equal(envelope_verify(forged, len, thief.public_key, &back, NULL), 0);
	struct fault why = { 0 };
	assert_int_equal(envelope_open(forged, len, ministry.public_key, ministry.secret_key, &rows,
				       &rows_len, &why),
			 -EBADMSG);
	assert_string_equal(why.id, "envelope.inner");
	assert_null(rows);
}

/* A device with a key of its own may still send nonsense inside. */
static void refuses_contents_without_padding(void **state)
{
	(void)state;
	struct sealing ministry = sealing_pair(50);
	struct envelope_header h = header(1);
	AUTO_FREE
	void *bytes = NULL;
	void *rows = NULL;
	size_t len = 0, rows_len = 0;
	seal(&h, "rows", 4, &bytes, &len);
	uint8_t plain[256] = { 0 };
	crypto_generichash(plain, 32, bytes, 160, NULL, 0);
	assert_int_equal(crypto_box_seal((uint8_t *)bytes + 160, plain, sizeof(plain),
					 ministry.public_key),
			 0);
	struct fault why = { 0 };
	assert_int_equal(envelope_open(bytes, len, ministry.public_key, ministry.secret_key, &rows,
				       &rows_len, &why),
			 -EBADMSG);
	assert_string_equal(why.id, "envelope.padding");
	/* Padding that would reach back into the hash. */
	plain[20] = 0x80;
	memset(plain + 21, 0, sizeof(plain) - 21);
	crypto_generichash(plain, 32, bytes, 160, NULL, 0);
	memset(plain + 32, 0, sizeof(plain) - 32);
	assert_int_equal(crypto_box_seal((uint8_t *)bytes + 160, plain, sizeof(plain),
					 ministry.public_key),
			 0);
	assert_int_equal(envelope_open(bytes, len, ministry.public_key, ministry.secret_key, &rows,
				       &rows_len, NULL),
			 -EBADMSG);
	assert_null(rows);
}

static const struct {
	size_t at;
	uint8_t value;
	const char *id;
} bad_bytes[] = {
	{ 0, 'w', "envelope.magic" },
	{ 4, 0, "envelope.header" },
	{ 4, 5, "envelope.header" },
	{ 5, 2, "envelope.suite" },
	{ 6, 1, "envelope.suite" },
	{ 7, 1, "envelope.suite" },
	{ 32, 0, "envelope.header" }, /* seq 0 */
	{ 40, 1, "envelope.header" }, /* seq 1 with a predecessor */
	{ 88, 3, "envelope.header" },
	{ 89, 1, "envelope.header" },
	{ 95, 1, "envelope.header" },
	{ 97, 0xff, "envelope.header" }, /* first day after last day */
	{ 104, 1, "envelope.length" },
	{ 107, 1, "envelope.length" },
	{ 108, 1, "envelope.header" },
	{ 115, 0x80, "envelope.header" },
	{ 116, 1, "envelope.header" }, /* a head without a number, and the other way round at 108 */
	{ 147, 1, "envelope.header" },
	{ 148, 1, "envelope.header" },
	{ 159, 1, "envelope.header" },
};

static void refuses_headers_that_say_nonsense(void **state)
{
	(void)state;
	struct envelope_header h = header(1), back;
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0, total = 0;
	seal(&h, "rows", 4, &bytes, &len);
	uint8_t *at = bytes;
	for (size_t i = 0; i < ARRAY_LEN(bad_bytes); i++) {
		uint8_t was = at[bad_bytes[i].at];
		at[bad_bytes[i].at] = bad_bytes[i].value;
		struct fault why = { 0 };
		assert_int_equal(envelope_peek(bytes, len, &back, &total, &why), -EBADMSG);
		assert_string_equal(why.id, bad_bytes[i].id);
		at[bad_bytes[i].at] = was;
	}
	assert_int_equal(envelope_peek(bytes, 160, &back, &total, NULL), 0);
	assert_int_equal(total, len); /* a header alone says how much follows */
	assert_int_equal(envelope_peek(bytes, 159, &back, &total, NULL), -EBADMSG);
}

static void carries_the_head_of_the_minutes(void **state)
{
	(void)state;
	struct signed_key device = kit_key(1);
	struct envelope_header h = header(2), back;
	AUTO_FREE
	void *bytes = NULL;
	size_t len = 0;
	h.minutes_through = 120391;
	memset(h.minutes_head, 0x5a, sizeof(h.minutes_head));
	seal(&h, "rows", 4, &bytes, &len);
	assert_int_equal(envelope_verify(bytes, len, device.public_key, &back, NULL), 0);
	assert_int_equal(back.minutes_through, 120391);
	assert_memory_equal(back.minutes_head, h.minutes_head, sizeof(h.minutes_head));
	((uint8_t *)bytes)[120] ^= 1;
	assert_int_equal(envelope_verify(bytes, len, device.public_key, &back, NULL),
			 -EKEYREJECTED);
}

static void will_not_seal_what_it_would_refuse(void **state)
{
	(void)state;
	struct signed_key device = kit_key(1);
	struct sealing ministry = sealing_pair(50);
	void *bytes = NULL;
	size_t len = 0;
	struct envelope_header h = header(0);
	assert_int_equal(envelope_seal(&h, "x", 1, ministry.public_key, &device, &bytes, &len, NULL,
				       NULL),
			 -EINVAL);
	h = header(1);
	h.first_day = h.last_day + 1;
	assert_int_equal(envelope_seal(&h, "x", 1, ministry.public_key, &device, &bytes, &len, NULL,
				       NULL),
			 -EINVAL);
	h = header(1);
	h.type = (enum envelope_type)9;
	assert_int_equal(envelope_seal(&h, "x", 1, ministry.public_key, &device, &bytes, &len, NULL,
				       NULL),
			 -EINVAL);
	h = header(1);
	uint8_t zero[32] = { 0 };
	assert_int_equal(envelope_seal(&h, "x", 1, zero, &device, &bytes, &len, NULL, NULL),
			 -EINVAL);
	AUTO_FREE
	uint8_t *big = calloc(1, ENVELOPE_LIMIT_BYTES + 1);
	struct fault why = { 0 };
	assert_int_equal(envelope_seal(&h, big, ENVELOPE_LIMIT_BYTES - 300, ministry.public_key,
				       &device, &bytes, &len, NULL, &why),
			 -EFBIG);
	assert_int_equal(envelope_seal(&h, big, SIZE_MAX - 10, ministry.public_key, &device, &bytes,
				       &len, NULL, NULL),
			 -EFBIG);
	assert_null(bytes);
	assert_int_equal(envelope_seal(&h, big, ENVELOPE_LIMIT_BYTES - 1024, ministry.public_key,
				       &device, &bytes, &len, NULL, NULL),
			 0);
	assert_true(len <= ENVELOPE_LIMIT_BYTES);
	free(bytes);
}

static void seals_differently_each_time(void **state)
{
	(void)state;
	struct envelope_header h = header(1);
	AUTO_FREE
	void *a = NULL, *b = NULL;
	size_t a_len = 0, b_len = 0;
	seal(&h, "rows", 4, &a, &a_len);
	seal(&h, "rows", 4, &b, &b_len);
	assert_int_equal(a_len, b_len);
	assert_memory_not_equal(a, b,
				a_len); /* which is why the sealed bytes are stored and resent */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seals_verifies_and_opens),
		cmocka_unit_test(keeps_negative_days_and_times),
		cmocka_unit_test(refuses_every_flipped_bit_and_every_truncation),
		cmocka_unit_test(refuses_the_signature_of_another_box),
		cmocka_unit_test(opens_only_with_the_key_it_was_sealed_for),
		cmocka_unit_test(refuses_contents_under_another_header),
		cmocka_unit_test(refuses_contents_without_padding),
		cmocka_unit_test(refuses_headers_that_say_nonsense),
		cmocka_unit_test(carries_the_head_of_the_minutes),
		cmocka_unit_test(will_not_seal_what_it_would_refuse),
		cmocka_unit_test(seals_differently_each_time),
	};
	return cmocka_run_group_tests_name("record/envelope", tests, NULL, NULL);
}
