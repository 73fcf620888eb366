// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define NONCE "0123456789abcdef0123456789abcdef"

static void asks_plainly(void **state)
{
	(void)state;
	char out[CHECK_REQUEST_ROOM];
	struct net_check check;
	assert_int_equal(net_conf_check_url("http://hub.example:8081/v1/check/", &check, NULL), 0);
	size_t len = check_request(&check, NONCE, out);
	assert_int_equal(len, strlen(out));
	assert_non_null(
		strstr(out, "GET /v1/check/" NONCE " HTTP/1.0\r\nHost: hub.example:8081\r\n"));
	assert_string_equal(out + len - 4, "\r\n\r\n");
}

static void knows_the_hub_from_a_portal(void **state)
{
	(void)state;
	static const struct {
		const char *reply;
		enum check_end end;
		enum probe_answer want;
	} rows[] = {
		{ "", CHECK_OPEN, PROBE_SKIPPED },
		{ "", CHECK_ENDED, PROBE_REFUSED },
		{ "HTTP/1.1 200", CHECK_OPEN, PROBE_SKIPPED },
		{ "HTTP/1.1 200 OK\r\nA: b\r\n\r\nwasl " NONCE "\n", CHECK_OPEN, PROBE_OK },
		{ "HTTP/1.0 200 OK\r\n\r\nwasl " NONCE "\nand more", CHECK_OPEN, PROBE_OK },
		{ "HTTP/1.1 200 OK\r\n\r\nwasl 0123", CHECK_OPEN, PROBE_SKIPPED },
		{ "HTTP/1.1 200 OK\r\n\r\nwasl 0123", CHECK_ENDED, PROBE_FOREIGN },
		{ "HTTP/1.1 200 OK\r\n\r\n<html>please log in", CHECK_OPEN, PROBE_FOREIGN },
		{ "HTTP/1.1 200 OK\r\n\r\nwasl 1123456789abcdef0123456789abcdef\n", CHECK_OPEN,
		  PROBE_FOREIGN },
		{ "HTTP/1.1 200 OK\r\nA: b\r\n", CHECK_ENDED, PROBE_REFUSED },
		{ "HTTP/1.1 302 Found\r\n", CHECK_OPEN, PROBE_FOREIGN },
		{ "HTTP/1.1 404 Not Found\r\n", CHECK_OPEN, PROBE_FOREIGN },
		{ "HTTP/1.1 502 Bad Gateway\r\n", CHECK_OPEN, PROBE_REFUSED },
		{ "HTTP/1.1 511 Network Authentication Required\r\n", CHECK_OPEN, PROBE_FOREIGN },
		{ "SSH-2.0-x\r\n", CHECK_OPEN, PROBE_FOREIGN },
		{ "HTTP/1.1 2x0 OK\r\n", CHECK_OPEN, PROBE_FOREIGN },
		{ "HTTP/1.1 000 OK\r\n", CHECK_OPEN, PROBE_FOREIGN },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum probe_answer got =
			check_reply(rows[i].reply, strlen(rows[i].reply), rows[i].end, NONCE);
		if (got != rows[i].want)
			fail_msg("row %zu: %d", i, got);
	}
	static char headers[CHECK_REPLY_MAX];
	memset(headers, 'x', sizeof(headers));
	memcpy(headers, "HTTP/1.1 200 OK\r\n", 17);
	assert_int_equal(check_reply(headers, sizeof(headers), CHECK_OPEN, NONCE), PROBE_FOREIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_plainly),
		cmocka_unit_test(knows_the_hub_from_a_portal),
	};
	return cmocka_run_group_tests_name("netmgr/check", tests, NULL, NULL);
}
