// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/lan_book.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define MOVED                                                                                     \
	"{\"lans\":{\"classroom\":{\"address\":\"10.203.77.1/24\",\"wish\":\"192.168.1.1/24\","   \
	"\"device\":\"eth1\",\"from\":\"192.168.1.1/24\",\"uplink\":\"wan\",\"at\":1763856000}}," \
	"\"uplinks\":{\"wan\":\"192.168.1.7/24\",\"usb\":\"100.64.3.4/10\"}}"
#define STAYED                                                                       \
	"{\"lans\":{\"classroom\":{\"address\":\"10.0.0.1/16\",\"wish\":\"10.0.0.1/" \
	"16\"}},\"uplinks\":{}}"

static void comes_back_as_it_was(void **state)
{
	(void)state;
	static const char *const rows[] = { MOVED, STAYED, "{\"lans\":{},\"uplinks\":{}}" };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lan_book book;
		assert_int_equal(lan_book_parse(rows[i], strlen(rows[i]), &book), 0);
		AUTO_FREE char *text = lan_book_text(&book);
		assert_string_equal(text, rows[i]);
	}
	struct lan_book book;
	assert_int_equal(lan_book_parse(MOVED, strlen(MOVED), &book), 0);
	assert_int_equal(book.lan_count, 1);
	assert_int_equal(book.seen_count, 2);
	assert_string_equal(book.lans[0].name, "classroom");
	assert_int_equal(book.lans[0].net.len, 24);
	assert_int_equal(ntohl(book.lans[0].net.address.s_addr), 0x0acb4d01);
	assert_string_equal(book.lans[0].uplink, "wan");
	assert_string_equal(book.lans[0].device, "eth1");
}

static void leaves_out_what_is_odd(void **state)
{
	(void)state;
#define ONE(entry) "{\"lans\":{\"c\":{" entry "}}}"
	static const struct {
		const char *text;
		int want;
		size_t lans, seen;
	} rows[] = {
		{ "", -EBADMSG, 0, 0 },
		{ "[]", -EBADMSG, 0, 0 },
		{ MOVED "x", -EBADMSG, 0, 0 },
		{ "{}", 0, 0, 0 },
		{ "{\"lans\":7,\"uplinks\":\"x\"}", 0, 0, 0 },
		{ ONE("\"address\":\"10.0.0.1/24\""), 0, 0, 0 },
		{ ONE("\"address\":\"10.0.0.1/24\",\"wish\":\"10.0.0.1/24\",\"from\":9"), 0, 1, 0 },
		{ ONE("\"address\":\"8.8.8.8/24\",\"wish\":\"10.0.0.1/24\""), 0, 0, 0 },
		{ ONE("\"address\":\"10.0.0.0/24\",\"wish\":\"10.0.0.1/24\""), 0, 0, 0 },
		{ ONE("\"address\":\"10.0.0.1/240\",\"wish\":\"10.0.0.1/24\""), 0, 0, 0 },
		{ "{\"lans\":{\"a-name-that-no-section-can-have-as-it-is-long\":{\"address\":"
		  "\"10.0.0.1/24\",\"wish\":\"10.0.0.1/24\"}}}",
		  0, 0, 0 },
		{ "{\"uplinks\":{\"wan\":\"192.168.1.7/24\",\"\":\"192.168.2.7/"
		  "24\",\"x\":\"1.2.3.4/33\","
		  "\"y\":null}}",
		  0, 0, 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lan_book book = { 0 };
		int got = lan_book_parse(rows[i].text, strlen(rows[i].text), &book);
		if (got != rows[i].want || book.lan_count != rows[i].lans ||
		    book.seen_count != rows[i].seen)
			fail_msg("row %zu: %d, %zu, %zu", i, got, book.lan_count, book.seen_count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(leaves_out_what_is_odd),
	};
	return cmocka_run_group_tests_name("netmgr/lan_book", tests, NULL, NULL);
}
