// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void reads_what_the_hook_writes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
		const char *resolver;
	} rows[] = {
		{ "ip=192.168.1.7\nmask=24\nrouter=192.168.1.1\ndns=192.168.1.1 9.9.9.9\n", 0,
		  "192.168.1.1" },
		{ "ip=192.168.1.7\nmask=24\nrouter=192.168.1.1 192.168.1.2\ndns=\nlease=3600\n", 0,
		  "0.0.0.0" },
		{ "ip=192.168.1.7\nmask=24\nrouter=192.168.1.1\ndns=127.0.0.1", 0, "0.0.0.0" },
		{ "", -EBADMSG, NULL },
		{ "ip=192.168.1.7\nmask=24\n", -EBADMSG, NULL },
		{ "ip=192.168.1.7\nmask=0\nrouter=192.168.1.1\n", -EBADMSG, NULL },
		{ "ip=192.168.1.7\nmask=33\nrouter=192.168.1.1\n", -EBADMSG, NULL },
		{ "ip=192.168.1.7\nmask=2x\nrouter=192.168.1.1\n", -EBADMSG, NULL },
		{ "ip=127.0.0.1\nmask=24\nrouter=192.168.1.1\n", -EBADMSG, NULL },
		{ "ip=224.0.0.1\nmask=24\nrouter=192.168.1.1\n", -EBADMSG, NULL },
		{ "ip=0.0.0.0\nmask=24\nrouter=192.168.1.1\n", -EBADMSG, NULL },
		{ "ip=192.168.1.777\nmask=24\nrouter=192.168.1.1\n", -EBADMSG, NULL },
		{ "ip=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nmask=24\nrouter=192.168.1.1\n",
		  -EBADMSG, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lease lease;
		int r = lease_parse(rows[i].text, strlen(rows[i].text), &lease);
		if (r != rows[i].want)
			fail_msg("row %zu: %d", i, r);
		if (r < 0)
			continue;
		assert_string_equal(inet_ntoa(lease.address), "192.168.1.7");
		assert_string_equal(inet_ntoa(lease.gateway), "192.168.1.1");
		assert_string_equal(inet_ntoa(lease.resolver), rows[i].resolver);
		assert_int_equal(lease.prefix_len, 24);
	}
	struct lease lease;
	assert_int_equal(lease_parse("ip=192.168.1.7\0\nmask=24\n", 24, &lease), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_hook_writes),
	};
	return cmocka_run_group_tests_name("netmgr/lease", tests, NULL, NULL);
}
