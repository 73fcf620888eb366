// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/ndtmsg.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void what_is_written_is_read(void **state)
{
	const struct ndtmsg m = {
		.way = NDT_UP,
		.elapsed_us = 1234567,
		.bytes = INT64_C(1) << 40,
		.has_tcp = true,
		.has_bbr = true,
		.tcp = { .rtt_us = 40000, .min_rtt_us = 39000, .sndbuf_limited_us = 7 },
		.bbr_bps = 9600000,
		.bbr_min_rtt_us = 39000,
		.proof = "00112233445566778899aabbccddeeff00112233"
	};
	struct ndtmsg back;
	(void)state;
	AUTO_FREE char *text = ndtmsg_write(&m);
	assert_non_null(text);
	assert_non_null(
		strstr(text, "\"AppInfo\":{\"ElapsedTime\":1234567,\"NumBytes\":1099511627776}"));
	assert_non_null(strstr(text, "\"Origin\":\"server\",\"Test\":\"upload\""));
	assert_int_equal(ndtmsg_read(text, strlen(text), &back), 0);
	assert_memory_equal(&back, &m, sizeof(m));
}

static void strangers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
		int64_t bytes;
	} rows[] = {
		{ "{\"AppInfo\":{\"NumBytes\":17,\"ElapsedTime\":5},\"Extra\":[1]}", 0, 17 },
		{ "{\"AppInfo\":{\"NumBytes\":17.9}}", 0, 17 },
		{ "{}", 0, 0 },
		{ "{\"AppInfo\":[]}", 0, 0 },
		{ "{\"AppInfo\":{\"NumBytes\":-1}}", -EBADMSG, 0 },
		{ "{\"AppInfo\":{\"NumBytes\":1e300}}", -EBADMSG, 0 },
		{ "{\"AppInfo\":{\"NumBytes\":9223372036854775807}}", -EBADMSG, 0 },
		{ "{\"AppInfo\":{\"NumBytes\":\"17\"}}", -EBADMSG, 0 },
		{ "{\"TCPInfo\":{\"RTT\":-5}}", -EBADMSG, 0 },
		{ "{\"BBRInfo\":{\"BW\":{}}}", -EBADMSG, 0 },
		{ "{\"Wasl\":{\"Answer\":\"12\"}}", -EBADMSG, 0 },
		{ "[1]", -EBADMSG, 0 },
		{ "17", -EBADMSG, 0 },
		{ "{\"AppInfo\":", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ndtmsg m = { 0 };
		const int r = ndtmsg_read(rows[i].text, strlen(rows[i].text), &m);
		if (r != rows[i].want || m.bytes != rows[i].bytes)
			fail_msg("row %zu: %d, %lld", i, r, (long long)m.bytes);
	}
	char large[NDT_TEXT_MAX + 1];
	struct ndtmsg m;
	memset(large, ' ', sizeof(large));
	assert_int_equal(ndtmsg_read(large, sizeof(large), &m), -EMSGSIZE);
}

static void messages_grow(void **state)
{
	(void)state;
	assert_int_equal(ndtmsg_piece(0, 0), NDT_PIECE_MIN);
	assert_int_equal(ndtmsg_piece(NDT_PIECE_MIN, 16 * NDT_PIECE_MIN - 1), NDT_PIECE_MIN);
	assert_int_equal(ndtmsg_piece(NDT_PIECE_MIN, 16 * NDT_PIECE_MIN), 2 * NDT_PIECE_MIN);
	assert_int_equal(ndtmsg_piece(NDT_PIECE_MAX, UINT64_MAX), NDT_PIECE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(strangers),
		cmocka_unit_test(messages_grow),
	};
	return cmocka_run_group_tests_name("record/ndtmsg", tests, NULL, NULL);
}
