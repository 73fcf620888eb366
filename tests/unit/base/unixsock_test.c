// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"

enum { PATIENCE_MS = 10000 };

static void replaces_a_dead_socket_only(void **state)
{
	(void)state;
	char folder[] = "/tmp/wasl-ctl-XXXXXX", path[64];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/x.sock", folder);
	struct fault why = { 0 };
	int fd = -1;

	assert_int_equal(ctl_call(path, "GET", "/", NULL, PATIENCE_MS, NULL, &why), -ENOENT);
	assert_non_null(strstr(why.text, path));
	assert_int_equal(unixsock_listen(path, SOCK_SEQPACKET, 0600, &fd, &why), 0);
	close(fd); /* the name stays, as after kill -9 */
	assert_int_equal(ctl_call(path, "GET", "/", NULL, PATIENCE_MS, NULL, &why), -ECONNREFUSED);
	assert_int_equal(unixsock_listen(path, SOCK_SEQPACKET, 0600, &fd, &why), 0);
	int other = -1;
	assert_int_equal(unixsock_listen(path, SOCK_SEQPACKET, 0600, &other, &why), -EADDRINUSE);
	close(fd);
	unlink(path);

	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(unixsock_listen(path, SOCK_STREAM, 0600, &fd, &why), -EEXIST);
	unlink(path);
	rmdir(folder);
}

/* Around the 108 bytes of an address: short ones stay as they are, long ones go by a folder's descriptor. */
static void names_of_any_length(void **state)
{
	(void)state;
	char top[] = "/tmp/wasl-sock-XXXXXX", folder[100], path[400], name[108];
	assert_non_null(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/%060d", top, 7);
	assert_int_equal(mkdir(folder, 0755), 0);
	for (size_t len = 100; len < 120; len++) {
		snprintf(path, sizeof(path), "%s/%0*d", folder, (int)(len - strlen(folder) - 1), 7);
		AUTO_FD int held = -1;
		if (len < 108) {
			assert_int_equal(unixsock_short(path, name, &held, NULL), 0);
			assert_string_equal(name, path);
			assert_int_equal(held, -1);
		} else {
			assert_int_equal(unixsock_short(path, name, &held, NULL), 0);
			assert_true(held >= 0);
		}
		int fd = -1;
		assert_int_equal(unixsock_listen(path, SOCK_STREAM, 0600, &fd, NULL), 0);
		AUTO_FD int listening = fd;
		AUTO_FD int there = -1;
		assert_int_equal(unixsock_connect(path, SOCK_STREAM, &there, NULL), 0);
		assert_int_equal(unlink(path), 0);
		assert_true(listening >= 0);
	}
	snprintf(path, sizeof(path), "%s/%0150d", folder, 7); /* no folder helps here */
	struct fault why = { 0 };
	int held = -1;
	assert_int_equal(unixsock_short(path, name, &held, &why), -ENAMETOOLONG);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rmdir(top), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_a_dead_socket_only),
		cmocka_unit_test(names_of_any_length),
	};
	return cmocka_run_group_tests_name("base/unixsock", tests, NULL, NULL);
}
