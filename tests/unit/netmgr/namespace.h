// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* A network of the test's own, with nobody else in it. */
static inline void namespace_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* False where it is not permitted, by root or in a namespace of users. */
static inline bool namespace_enter(void)
{
	char uid_map[64], gid_map[64];
	snprintf(uid_map, sizeof(uid_map), "0 %u 1\n", (unsigned)geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1\n", (unsigned)getegid());
	if (geteuid() == 0)
		return unshare(CLONE_NEWNET) == 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	namespace_write("/proc/self/setgroups", "deny");
	namespace_write("/proc/self/uid_map", uid_map);
	namespace_write("/proc/self/gid_map", gid_map);
	return true;
}
