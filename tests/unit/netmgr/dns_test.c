// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void writes_a_question(void **state)
{
	(void)state;
	static const uint8_t want[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03hub\x07"
				      "example\x00\x00\x01\x00\x01";
	uint8_t out[DNS_QUERY_MAX];
	assert_int_equal(dns_query("hub.example", 0x1234, out), sizeof(want) - 1);
	assert_memory_equal(out, want, sizeof(want) - 1);
	assert_int_equal(dns_query("hub.example.", 0x1234, out), sizeof(want) - 1);
	char label[80], name[300];
	memset(label, 'a', 64);
	label[64] = '\0';
	assert_int_equal(dns_query(label, 1, out), -EINVAL);
	assert_true(dns_query(label + 1, 1, out) > 0);
	memset(name, 'b', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 50; i < sizeof(name); i += 50)
		name[i] = '.';
	assert_int_equal(dns_query(name, 1, out), -EINVAL);
	assert_int_equal(dns_query("", 1, out), -EINVAL);
	assert_int_equal(dns_query("a..b", 1, out), -EINVAL);
	assert_int_equal(dns_query(".a", 1, out), -EINVAL);
}

#define HEAD(flags, answers) "\x12\x34" flags "\x00\x01\x00" answers "\x00\x00\x00\x00"
#define QUESTION      \
	"\x03hub\x07" \
	"example\x00\x00\x01\x00\x01"
#define ANSWER_A "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71\x0a"
#define ANSWER_CNAME "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04\x01x\xc0\x0c"
#define ROW(bytes, ...)                               \
	{                                             \
		bytes, sizeof(bytes) - 1, __VA_ARGS__ \
	}

static void reads_answers(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		int want;
		unsigned rcode;
		const char *address;
	} rows[] = {
		ROW(HEAD("\x81\x80", "\x01") QUESTION ANSWER_A, 0, 0, "203.0.113.10"),
		ROW(HEAD("\x81\x80", "\x02") QUESTION ANSWER_CNAME ANSWER_A, 0, 0, "203.0.113.10"),
		ROW(HEAD("\x81\x83", "\x00") QUESTION, 0, 3, NULL),
		ROW(HEAD("\x81\x82", "\x00") QUESTION, 0, 2, NULL),
		ROW(HEAD("\x81\x80", "\x00") "\x03HUB\x07"
					     "eXample\x00\x00\x01\x00\x01",
		    0, 0, NULL),
		/* another question's answer, a question, a cut and a foreign one */
		ROW("\x12\x35\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION, -EAGAIN, 0, NULL),
		ROW(HEAD("\x01\x00", "\x00") QUESTION, -EBADMSG, 0, NULL),
		ROW(HEAD("\x81\x80", "\x01") QUESTION
		    "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71",
		    -EBADMSG, 0, NULL),
		ROW(HEAD("\x81\x80", "\x00") "\x03hug\x07"
					     "example\x00\x00\x01\x00\x01",
		    -EBADMSG, 0, NULL),
		ROW(HEAD("\x81\x80", "\x01") QUESTION "\x80", -EBADMSG, 0, NULL),
		ROW(HEAD("\x81\x80", "\x01") QUESTION "\xc0", -EBADMSG, 0, NULL),
		ROW(HEAD("\x81\x80", "\x01") QUESTION, -EBADMSG, 0, NULL),
		ROW("\x12\x34", -EBADMSG, 0, NULL),
	};
	uint8_t query[DNS_QUERY_MAX];
	int query_len = dns_query("hub.example", 0x1234, query);
	assert_true(query_len > 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_answer got = { 0 };
		int r = dns_reply((const uint8_t *)rows[i].bytes, rows[i].len, query,
				  (size_t)query_len, &got);
		if (r != rows[i].want || got.rcode != rows[i].rcode ||
		    !got.has_address != !rows[i].address)
			fail_msg("row %zu: %d rcode %u", i, r, got.rcode);
		if (rows[i].address)
			assert_string_equal(inet_ntoa(got.address), rows[i].address);
	}
}

static void asks_for_the_other_family(void **state)
{
	(void)state;
	static const uint8_t record[] = { 0xc0, 12,   0, 28, 0, 1, 0, 0, 0, 60, 0, 16, 0x20, 1,
					  0x0d, 0xb8, 0, 0,  0, 0, 0, 0, 0, 0,  0, 0,  0,    9 };
	uint8_t query[DNS_QUERY_MAX], reply[DNS_QUERY_MAX + sizeof(record)];
	struct dns_answer got = { 0 };
	char text[INET6_ADDRSTRLEN];
	int len = dns_query6("hub.example", 0x1234, query);
	assert_true(len > 4);
	assert_memory_equal(query + len - 4, "\0\x1c\0\1", 4);
	assert_int_equal(dns_query6("", 1, query), -EINVAL);
	len = dns_query6("hub.example", 0x1234, query);
	memcpy(reply, query, (size_t)len);
	memcpy(reply + len, record, sizeof(record));
	reply[2] |= 0x80;
	reply[7] = 1;
	assert_int_equal(dns_reply(reply, (size_t)len + sizeof(record), query, (size_t)len, &got),
			 0);
	assert_true(got.has_address6 && !got.has_address);
	assert_string_equal(inet_ntop(AF_INET6, &got.address6, text, sizeof(text)), "2001:db8::9");
	reply[len + 11] = 4; /* of the other's length: it is neither */
	assert_int_equal(dns_reply(reply, (size_t)len + 16, query, (size_t)len, &got), 0);
	assert_false(got.has_address6 || got.has_address);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_question),
		cmocka_unit_test(reads_answers),
		cmocka_unit_test(asks_for_the_other_family),
	};
	return cmocka_run_group_tests_name("netmgr/dns", tests, NULL, NULL);
}
