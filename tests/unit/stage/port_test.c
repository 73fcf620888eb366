// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/port.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static void a_port_in_use_is_named(void **state)
{
	(void)state;
	uint16_t port = 0;
	struct fault why = { 0 };
	char where[32], text[16];
	assert_int_equal(port_find(&port, &why), 0);
	snprintf(where, sizeof(where), "127.0.0.1:%u", port);
	snprintf(text, sizeof(text), "port %u", port);
	assert_int_equal(port_is_free("127.0.0.1", port, &why), 0);
	assert_int_equal(port_answers(where), 0);

	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(port_is_free("127.0.0.1", port, &why), -EADDRINUSE);
	assert_non_null(strstr(why.text, text));
	assert_int_equal(port_answers(where), 1);
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = { "",
					    "127.0.0.1",
					    "127.0.0.1:",
					    "127.0.0.1:0",
					    "127.0.0.1:65536",
					    "127.0.0.1:80x",
					    "localhost:80",
					    "127.0.0.1.127.0.0.1:80" };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(port_answers(rows[i]), -EINVAL);
	struct fault why = { 0 };
	assert_int_equal(port_is_free("localhost", 80, &why), -EINVAL);
	/* TEST-NET-1: nobody has it */
	assert_int_equal(port_is_free("192.0.2.1", 8080, &why), -EADDRNOTAVAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_port_in_use_is_named),
					    cmocka_unit_test(nonsense_is_refused) };
	return cmocka_run_group_tests_name("stage/port", tests, NULL, NULL);
}
