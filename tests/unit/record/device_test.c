// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/device.h"

#include "tests/unit/record/kit.h"

/* Values that never change: every enrolled box and every printed claim code depends on them. */
static void knows_ids_and_claim_codes(void **state)
{
	(void)state;
	uint8_t sign_public[32], box_public[32], id[16];
	memset(sign_public, 1, 32);
	memset(box_public, 2, 32);
	device_id(sign_public, box_public, id);
	char hex[33], code[20];
	sodium_bin2hex(hex, sizeof(hex), id, sizeof(id));
	assert_string_equal(hex, "e6138a7b720c7614ba55038667c052e7");
	device_claim_code(sign_public, box_public, code);
	assert_string_equal(code, "ZCYR-X6ZB-TK0Y-1J94");
	/* Both keys count, each in its place. */
	uint8_t other[16];
	device_id(box_public, sign_public, other);
	assert_memory_not_equal(id, other, 16);
}

static void makes_keys_that_work(void **state)
{
	(void)state;
	struct device_keys a, b;
	assert_int_equal(device_keys_make(&a), 0);
	assert_int_equal(device_keys_make(&b), 0);
	assert_memory_not_equal(a.sign.public_key, b.sign.public_key, 32);
	assert_memory_not_equal(a.box_public, b.box_public, 32);
	assert_memory_not_equal(a.box_public, a.sign.public_key, 32);
	uint8_t sealed[4 + crypto_box_SEALBYTES], opened[4];
	assert_int_equal(crypto_box_seal(sealed, (const uint8_t *)"test", 4, a.box_public), 0);
	assert_int_equal(crypto_box_seal_open(opened, sealed, sizeof(sealed), a.box_public,
					      a.box_secret),
			 0);
	assert_memory_equal(opened, "test", 4);
	device_keys_wipe(&a);
	assert_true(sodium_is_zero((const uint8_t *)&a, sizeof(a)));
	device_keys_wipe(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_ids_and_claim_codes),
		cmocka_unit_test(makes_keys_that_work),
	};
	return cmocka_run_group_tests_name("record/device", tests, NULL, NULL);
}
