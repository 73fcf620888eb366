// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void hex_there_and_back(void **state)
{
	(void)state;
	char out[9];
	uint8_t back[4];
	text_hex("\x00\x7f\xab\xff", 4, out);
	assert_string_equal(out, "007fabff");
	assert_int_equal(text_unhex("007FabfF", back, 4), 0);
	assert_memory_equal(back, "\x00\x7f\xab\xff", 4);
	static const char *const bad[] = { "",         "007fabf",  "007fabff0",
					   "007fabfg", "007fabf ", "0x7fabff" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(text_unhex(bad[i], back, 4), -EINVAL);
	assert_int_equal(text_unhex("", back, 0), 0);
}

static void base64_is_strict(void **state)
{
	(void)state;
	static const struct {
		const char *plain, *coded;
	} rows[] = {
		/* RFC 4648, section 10 */
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *coded = text_base64(rows[i].plain, strlen(rows[i].plain));
		assert_string_equal(coded, rows[i].coded);
		AUTO_FREE void *plain = NULL;
		size_t len = 99;
		assert_int_equal(text_unbase64(rows[i].coded, &plain, &len), 0);
		assert_int_equal(len, strlen(rows[i].plain));
		assert_memory_equal(plain, rows[i].plain, len);
	}
	static const char *const bad[] = { "Zg",      "Zg=",     "Zh==",       "Zm9v\n",
					   "Zm 9v",   "Zm9-",    "Zg==Zg==",   "=",
					   "Zm9\x80", "\xffm9v", "Zm\xc2\xaf=" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		void *plain = NULL;
		size_t len = 99;
		assert_int_equal(text_unbase64(bad[i], &plain, &len), -EINVAL);
		assert_null(plain);
		assert_int_equal(len, 99);
	}
}

static void crockford_forgives_what_people_write(void **state)
{
	(void)state;
	static const uint8_t bytes[10] = { 0x00, 0x44, 0x32, 0x14, 0xc7,
					   0x42, 0x54, 0xb6, 0x35, 0xcf };
	char out[17];
	text_crockford(bytes, 80, out);
	assert_string_equal(out, "0123456789ABCDEF");
	static const char *const good[] = { "0123456789ABCDEF", "0123-4567-89ab-cdef",
					    "o123456789ABCDEF", "OI23-456789ABCDEF",
					    "Ol23456789abCDEF", "OL23456789abCDEF-" };
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		uint8_t back[10];
		assert_int_equal(text_uncrockford(good[i], back, 80), 0);
		assert_memory_equal(back, bytes, 10);
	}
	static const char *const bad[] = { "", "0123456789ABCDE", "0123456789ABCDEF0",
					   "U123456789ABCDEF", "0123 456789ABCDE" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t back[10];
		assert_int_equal(text_uncrockford(bad[i], back, 80), -EINVAL);
	}
	text_crockford("\xf8", 5, out);
	assert_string_equal(out, "Z");
}

static void utf8_follows_the_rfc(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		size_t len;
		bool good;
	} rows[] = {
		{ "", 0, true },
		{ "abc", 3, true },
		{ "a\0b", 3, false },
		{ "درس", 6, true },
		{ "\xc3\xa9", 2, true },
		{ "\xf0\x9f\x93\x90", 4, true },
		{ "\xc3", 1, false },         /* cut */
		{ "\xc0\xaf", 2, false },     /* overlong '/' */
		{ "\xe0\x9f\xbf", 3, false }, /* overlong */
		{ "\xed\xa0\x80", 3, false }, /* surrogate */
		{ "\xed\x9f\xbf", 3, true },
		{ "\xf0\x8f\xbf\xbf", 4, false }, /* overlong */
		{ "\xf4\x8f\xbf\xbf", 4, true },  /* U+10FFFF */
		{ "\xf4\x90\x80\x80", 4, false }, /* above */
		{ "\x80", 1, false },
		{ "\xff", 1, false },
		{ "\xe2\x82", 2, false },
		{ "\xe2\x82\x28", 3, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* in a block of exactly this size, so that reading past the end is seen */
		AUTO_FREE char *exact = malloc(rows[i].len ? rows[i].len : 1);
		memcpy(exact, rows[i].s, rows[i].len);
		assert_int_equal(text_is_utf8(exact, rows[i].len), rows[i].good);
	}
}

static void mends_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *s, *want;
	} rows[] = {
		{ "", "" },
		{ "درس", "درس" },
		{ "abc\xd8", "abc" }, /* cut by a full buffer */
		{ "\xf0\x9f\x93", "" },
		{ "a\xd8z", "a?z" }, /* cut in the middle: something follows */
		{ "\xd8"
		  "abcd",
		  "?abcd" },
		{ "\x80\xff.", "??." },
		{ "x\xff", "x" },
		{ "x\x80", "x?" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char copy[32];
		snprintf(copy, sizeof(copy), "%s", rows[i].s);
		text_mend_utf8(copy);
		assert_string_equal(copy, rows[i].want);
		assert_true(text_is_utf8(copy, strlen(copy)));
	}
}

static void slugs(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		bool good;
	} rows[] = {
		{ "a", true },
		{ "fractions-1", true },
		{ "", false },
		{ "-a", false },
		{ "a-", false },
		{ "A", false },
		{ "a_b", false },
		{ "a/b", false },
		{ "..", false },
		{ "كسور", false },
		{ "012345678901234567890123456789012345678901234567890123456789012", true },
		{ "0123456789012345678901234567890123456789012345678901234567890123", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(text_is_slug(rows[i].s), rows[i].good);
}

static void percents(void **state)
{
	(void)state;
	static const struct {
		const char *s, *want;
	} rows[] = {
		{ "", "" },
		{ "AZaz09-._~", "AZaz09-._~" },
		{ "a b&c=d?#/%+", "a%20b%26c%3Dd%3F%23%2F%25%2B" },
		{ "@[`{:", "%40%5B%60%7B%3A" },
		{ "درس", "%D8%AF%D8%B1%D8%B3" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = NULL;
		size_t len;
		FILE *to = open_memstream(&text, &len);
		assert_non_null(to);
		text_put_percent(to, rows[i].s);
		assert_int_equal(fclose(to), 0);
		assert_string_equal(text, rows[i].want);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_there_and_back),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(crockford_forgives_what_people_write),
		cmocka_unit_test(utf8_follows_the_rfc),
		cmocka_unit_test(mends_utf8),
		cmocka_unit_test(slugs),
		cmocka_unit_test(percents),
	};
	return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
