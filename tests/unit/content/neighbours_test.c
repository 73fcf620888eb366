// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/neighbours.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

struct world {
	char top[64], path[80];
};

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	snprintf(w->top, sizeof(w->top), "/tmp/wasl-neighbours-XXXXXX");
	*state = w;
	if (!mkdtemp(w->top))
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/neighbours", w->top);
	return 0;
}

static int drop_world(void **state)
{
	struct world *w = *state;
	unlink(w->path);
	int r = rmdir(w->top); /* and nothing half written is left */
	free(w);
	return r;
}

static void holds(const struct world *w, const char *word)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(w->path, 512, &text, &len, NULL), 0);
	assert_non_null(memmem(text, len, word, strlen(word)));
}

/* No file may have a byte: what a full disk is to who writes a new one. */
static void disk_is(int full)
{
	struct rlimit limit = { 0, RLIM_INFINITY };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_lets_nobody_in_and_stops_nothing(void **state)
{
	const struct world *w = *state;
	assert_int_equal(neighbours_write(w->path, "10.0.0.1", NULL), 0);
	holds(w, "10.0.0.1");
	/* As it was: nothing has to be written. */
	disk_is(1);
	const int same = neighbours_write(w->path, "10.0.0.1", NULL);
	const int kept = access(w->path, F_OK);
	/* Another one, which cannot be written: who was taken off the list must not stay on it. */
	const int other = neighbours_write(w->path, "10.0.0.2", NULL);
	const int left = access(w->path, F_OK);
	disk_is(0);
	assert_int_equal(same, 0);
	assert_int_equal(kept, 0);
	assert_int_equal(other, 0);
	assert_int_equal(left, -1);
	assert_int_equal(neighbours_write(w->path, "10.0.0.2", NULL), 0);
	holds(w, "10.0.0.2");
}

static void what_is_no_address_is_refused(void **state)
{
	const struct world *w = *state;
	struct fault why = { 0 };
	assert_true(neighbours_write(w->path, "10.0.0.1/99", &why) < 0);
	assert_non_null(strstr(why.text, "10.0.0.1/99"));
	assert_int_equal(access(w->path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_full_disk_lets_nobody_in_and_stops_nothing,
						make_world, drop_world),
		cmocka_unit_test_setup_teardown(what_is_no_address_is_refused, make_world,
						drop_world),
	};
	return cmocka_run_group_tests_name("content/neighbours", tests, NULL, NULL);
}
