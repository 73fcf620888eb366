// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

struct world {
	char top[64], live[80], aside[80];
};

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	snprintf(w->top, sizeof(w->top), "/tmp/wasl-live-XXXXXX");
	*state = w;
	if (!mkdtemp(w->top))
		return -1;
	snprintf(w->live, sizeof(w->live), "%s/live", w->top);
	snprintf(w->aside, sizeof(w->aside), "%s/aside", w->top);
	return fileio_replace(w->aside, "keep", 4, 0644, NULL);
}

static int drop_world(void **state)
{
	struct world *w = *state;
	int r = unlink(w->aside) | rmdir(w->live) | rmdir(w->top); /* live/ must be empty */
	free(w);
	return r;
}

static bool is_there(const struct world *w, const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", w->live, name);
	return access(path, F_OK) == 0;
}

static void files_come_and_go_with_their_class(void **state)
{
	struct world *w = *state;
	struct live_files *f = NULL;
	assert_int_equal(live_files_open(w->live, 1000, &f, NULL), 0);
	assert_int_equal(live_files_put(f, "a", "state.json", "12345", 5, NULL), 0);
	assert_int_equal(live_files_put(f, "a", "0123/m1.ts", "1234567890", 10, NULL), 0);
	assert_int_equal(live_files_put(f, "b", "0456/m1.ts", "1234567890", 10, NULL), 0);
	assert_int_equal(live_files_put(f, "a", "state.json", "1", 1, NULL), 0); /* replaced */
	assert_int_equal(live_files_bytes(f), 21);
	assert_true(is_there(w, "a/0123/m1.ts"));
	live_files_drop(f, "b", "0456/m1.ts");
	live_files_drop(f, "b", "0456/m2.ts"); /* never was */
	assert_int_equal(live_files_bytes(f), 11);
	live_files_clear(f, "a");
	assert_false(is_there(w, "a"));
	assert_int_equal(live_files_bytes(f), 0);
	live_files_close(f);
	assert_false(is_there(w, "b"));
}

static void memory_is_bounded(void **state)
{
	struct world *w = *state;
	struct live_files *f = NULL;
	struct fault why = { 0 };
	static const char bytes[600];
	assert_int_equal(live_files_open(w->live, 1000, &f, NULL), 0);
	assert_int_equal(live_files_put(f, "a", "s/m1.ts", bytes, 600, NULL), 0);
	assert_int_equal(live_files_put(f, "a", "s/m2.ts", bytes, 600, &why), -ENOSPC);
	assert_string_equal(why.id, "live.full");
	assert_false(is_there(w, "a/s/m2.ts"));
	assert_int_equal(live_files_put(f, "a", "s/m1.ts", bytes, 600, NULL), 0);
	live_files_drop(f, "a", "s/m1.ts");
	assert_int_equal(live_files_put(f, "a", "s/m2.ts", bytes, 600, NULL), 0);
	live_files_close(f);
}

/* What a killed one left goes when the next one starts; what a link points at does not. */
static void what_was_left_is_swept(void **state)
{
	struct world *w = *state;
	struct live_files *f = NULL;
	char path[160];
	assert_int_equal(mkdir(w->live, 0755), 0);
	snprintf(path, sizeof(path), "%s/a", w->live);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/a/0123", w->live);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/a/0123/m1.ts", w->live);
	assert_int_equal(fileio_replace(path, "x", 1, 0644, NULL), 0);
	snprintf(path, sizeof(path), "%s/link", w->live);
	assert_int_equal(symlink(w->top, path), 0);
	assert_int_equal(live_files_open(w->live, 1000, &f, NULL), 0);
	assert_false(is_there(w, "a"));
	assert_false(is_there(w, "link"));
	assert_int_equal(access(w->aside, F_OK), 0);
	live_files_close(f);
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)
	const struct CMUnitTest tests[] = {
		WORLD(files_come_and_go_with_their_class),
		WORLD(memory_is_bounded),
		WORLD(what_was_left_is_swept),
	};
	return cmocka_run_group_tests_name("content/live_files", tests, NULL, NULL);
}
