// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/offer.h"

#include "tests/unit/record/kit.h"

#include <errno.h>

static void names_what_is_said_both_ways(void **state)
{
	(void)state;
	for (int i = OFFER_UNSAID; i <= OFFER_DECLINED; i++) {
		enum offer_said back = OFFER_UNSAID;
		assert_int_equal(offer_said_parse(offer_said_name((enum offer_said)i), &back), 0);
		assert_int_equal(back, i);
	}
	enum offer_said none;
	assert_int_equal(offer_said_parse("perhaps", &none), -EINVAL);
	assert_string_equal(offer_said_name((enum offer_said)9), "");
	for (size_t i = 0; offer_reason(i); i++)
		assert_true(offer_reason_ok(offer_reason(i)));
	assert_false(offer_reason_ok(""));
	assert_false(offer_reason_ok("because"));
}

static void a_piece_comes_out_as_it_went_in(void **state)
{
	(void)state;
	uint8_t out[OFFER_PIECE_HEAD + 5];
	struct offer_piece got,
		p = { .film = { 1, 2, 3 }, .at = 70000, .bytes = "hello", .len = 5 };
	offer_piece_put(&p, out);
	assert_int_equal(offer_piece_get(out, sizeof(out), &got), 0);
	assert_memory_equal(got.film, p.film, sizeof(p.film));
	assert_int_equal(got.at, 70000);
	assert_int_equal(got.len, 5);
	assert_memory_equal(got.bytes, "hello", 5);
	assert_int_equal(offer_piece_get(out, OFFER_PIECE_HEAD, &got), 0);
	assert_int_equal(got.len, 0);
}

static void what_is_no_piece_is_refused(void **state)
{
	(void)state;
	AUTO_FREE uint8_t *big = calloc(1, OFFER_PIECE_HEAD + OFFER_PIECE_BYTES + 1);
	struct offer_piece got;
	const struct {
		uint64_t at;
		size_t len;
		int want;
	} rows[] = {
		{ 0, 0, -EBADMSG },
		{ 0, OFFER_PIECE_HEAD - 1, -EBADMSG },
		{ 0, OFFER_PIECE_HEAD + OFFER_PIECE_BYTES, 0 },
		{ 0, OFFER_PIECE_HEAD + OFFER_PIECE_BYTES + 1, -EBADMSG },
		{ OFFER_FILM_BYTES, OFFER_PIECE_HEAD, 0 },
		{ OFFER_FILM_BYTES, OFFER_PIECE_HEAD + 1, -EBADMSG },
		{ UINT64_MAX, OFFER_PIECE_HEAD + 2, -EBADMSG }, /* does not wrap */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct offer_piece head = { .at = rows[i].at };
		offer_piece_put(&head, big);
		assert_int_equal(offer_piece_get(big, rows[i].len, &got), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_is_said_both_ways),
		cmocka_unit_test(a_piece_comes_out_as_it_went_in),
		cmocka_unit_test(what_is_no_piece_is_refused),
	};
	return cmocka_run_group_tests_name("record/offer", tests, NULL, NULL);
}
