// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/echo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t token[ECHO_TOKEN] = "one two three fo";

static void carries_a_valid_checksum(void **state)
{
	(void)state;
	uint8_t out[ECHO_BYTES];
	echo_request(0xbeef, 7, token, out);
	uint32_t sum = 0;
	for (size_t i = 0; i < sizeof(out); i += 2)
		sum += (uint32_t)out[i] << 8 | out[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
	assert_int_equal(out[0], 8);
}

static void knows_its_own_answer(void **state)
{
	(void)state;
	uint8_t packet[20 + ECHO_BYTES] = { 0x45 }, other[ECHO_TOKEN] = { 1 };
	uint8_t *icmp = packet + 20;
	echo_request(1, 1, token, icmp);
	assert_int_equal(echo_reply(icmp, ECHO_BYTES, token),
			 -EAGAIN); /* our own question, seen by a raw socket */
	icmp[0] = 0;
	assert_int_equal(echo_reply(icmp, ECHO_BYTES, token), 0);
	assert_int_equal(echo_reply(packet, sizeof(packet), token), 0);
	assert_int_equal(echo_reply(icmp, ECHO_BYTES, other), -EAGAIN);
	assert_int_equal(echo_reply(icmp, ECHO_BYTES - 1, token), -EAGAIN);
	assert_int_equal(echo_reply(packet, 19, token), -EAGAIN);
	assert_int_equal(echo_reply(packet, 0, token), -EAGAIN);
	packet[0] = 0x41;
	assert_int_equal(echo_reply(packet, sizeof(packet), token), -EAGAIN);
	packet[0] = 0x4f;
	assert_int_equal(echo_reply(packet, 30, token), -EAGAIN);
}

static void knows_the_other_family(void **state)
{
	(void)state;
	uint8_t icmp[ECHO_BYTES];
	echo_request6(1, 1, token, icmp);
	assert_int_equal(icmp[0], 128);
	assert_int_equal(icmp[2] | icmp[3], 0); /* the kernel sums it up, with addresses */
	assert_int_equal(echo_reply(icmp, ECHO_BYTES, token), -EAGAIN);
	icmp[0] = 129;
	assert_int_equal(echo_reply(icmp, ECHO_BYTES, token), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_a_valid_checksum),
		cmocka_unit_test(knows_its_own_answer),
		cmocka_unit_test(knows_the_other_family),
	};
	return cmocka_run_group_tests_name("netmgr/echo", tests, NULL, NULL);
}
