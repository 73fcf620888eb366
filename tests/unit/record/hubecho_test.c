// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/hubecho.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/text.h"

static const uint8_t secret[HUBECHO_KEY] = "the hub's secret, 32 bytes long.";
static const uint8_t device[HUBECHO_DEVICE] = "a box, by its id";
static const uint8_t nonce[HUBECHO_NONCE] = "twelve bytes";

/* These bytes are in boxes and in hubs that were not updated together: they never change. */
static void the_bytes_are_what_they_were(void **state)
{
	(void)state;
	uint8_t key[HUBECHO_KEY], ask[HUBECHO_ASK], answer[HUBECHO_ANSWER];
	char hex[2 * HUBECHO_ASK + 1];
	hubecho_key(secret, device, key);
	text_hex(key, sizeof(key), hex);
	assert_string_equal(hex,
			    "0f62241330c921abce1aa110d97dae0732302bc0a6f56cf2ef12f025f8d89f3a");
	hubecho_ask(key, device, nonce, ask);
	text_hex(ask, sizeof(ask), hex);
	assert_string_equal(
		hex, "6120626f782c206279206974732069647477656c76652062797465730535f884908a7986");
	assert_int_equal(hubecho_reply(ask, sizeof(ask), secret, answer), 0);
	text_hex(answer, sizeof(answer), hex);
	assert_string_equal(hex, "7477656c7665206279746573bcf151b00f21c34d");
}

static void an_answer_answers_its_ask(void **state)
{
	(void)state;
	uint8_t key[HUBECHO_KEY], ask[HUBECHO_ASK], answer[HUBECHO_ANSWER];
	hubecho_key(secret, device, key);
	hubecho_ask(key, device, nonce, ask);
	assert_int_equal(hubecho_reply(ask, sizeof(ask), secret, answer), 0);
	assert_int_equal(hubecho_answers(answer, sizeof(answer), key, ask), 0);
	assert_true(sizeof(answer) < sizeof(ask));
	assert_int_equal(hubecho_answers(answer, sizeof(answer) - 1, key, ask), -EAGAIN);
	assert_int_equal(hubecho_answers(ask, sizeof(ask), key, ask), -EAGAIN);
	/* Somebody who sends the question back is not the hub. */
	assert_int_equal(hubecho_answers(ask + HUBECHO_DEVICE, sizeof(answer), key, ask), -EAGAIN);
	for (unsigned bit = 0; bit < sizeof(answer) * 8; bit++) {
		answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(hubecho_answers(answer, sizeof(answer), key, ask), -EAGAIN);
		answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void whoever_has_no_key_is_not_answered(void **state)
{
	(void)state;
	uint8_t key[HUBECHO_KEY], ask[HUBECHO_ASK], out[HUBECHO_ANSWER] = { 0 },
						    zero[HUBECHO_ANSWER] = { 0 };
	hubecho_key(secret, device, key);
	hubecho_ask(key, device, nonce, ask);
	for (unsigned bit = 0; bit < sizeof(ask) * 8; bit++) {
		ask[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(hubecho_reply(ask, sizeof(ask), secret, out), -EKEYREJECTED);
		ask[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* Another box's key, another hub's secret. */
	uint8_t other[HUBECHO_DEVICE] = { 1 }, other_secret[HUBECHO_KEY] = { 2 };
	hubecho_ask(key, other, nonce, ask);
	assert_int_equal(hubecho_reply(ask, sizeof(ask), secret, out), -EKEYREJECTED);
	hubecho_ask(key, device, nonce, ask);
	assert_int_equal(hubecho_reply(ask, sizeof(ask), other_secret, out), -EKEYREJECTED);
	for (size_t len = 0; len < sizeof(ask); len++)
		assert_int_equal(hubecho_reply(ask, len, secret, out), -EBADMSG);
	uint8_t longer[HUBECHO_ASK + 1] = { 0 };
	memcpy(longer, ask, sizeof(ask));
	assert_int_equal(hubecho_reply(longer, sizeof(longer), secret, out), -EBADMSG);
	assert_memory_equal(out, zero, sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_what_they_were),
		cmocka_unit_test(an_answer_answers_its_ask),
		cmocka_unit_test(whoever_has_no_key_is_not_answered),
	};
	return cmocka_run_group_tests_name("record/hubecho", tests, NULL, NULL);
}
