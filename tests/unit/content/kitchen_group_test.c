// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_group.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/kitchen/kitchen_child.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "tests/unit/scratch.h"

static void where_we_are(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
		const char *path;
	} rows[] = {
		{ "0::/system.slice/wasl-contentd.service\n", 0,
		  "/cg/system.slice/wasl-contentd.service" },
		{ "9:name=systemd:/x\n1:cpu:/y\n0::/\n", 0, "/cg/" },
		{ "9:name=systemd:/x\n1:cpu:/y\n", -ENOENT, "" }, /* the old tree */
		{ "0::/../elsewhere\n", -ENOENT, "" },            /* outside of what we see */
		{ "10::/x\n", -ENOENT, "" },
		{ "0::", -ENOENT, "" },
		{ "", -ENOENT, "" },
		{ "0::/a-path-that-is-far-too-long-for-the-room-that-there-is-here\n",
		  -ENAMETOOLONG, "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[48] = "";
		assert_int_equal(kitchen_group_path("/cg", rows[i].text, path, sizeof(path)),
				 rows[i].want);
		if (!rows[i].want)
			assert_string_equal(path, rows[i].path);
	}
}

/* --- what the kernel would be told ------------------------------------------------------------------ */

struct scene {
	char dir[64];
};

static void put(const struct scene *s, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	assert_int_equal(fileio_replace(path, "", 0, 0644, NULL), 0);
}

static void has(const struct scene *s, const char *name, const char *want)
{
	char path[128];
	AUTO_FREE void *text = NULL;
	size_t len;
	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	assert_int_equal(fileio_read(path, 100, &text, &len, NULL), 0);
	assert_string_equal(text, want);
}

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	char path[128];
	snprintf(s->dir, sizeof(s->dir), "/tmp/wasl-group-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	static const char *const folders[] = { "now", "idle" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, folders[i]);
		if (mkdir(path, 0755) < 0)
			return -1;
	}
	put(s, "now/cgroup.procs");
	put(s, "idle/cgroup.procs");
	*state = s;
	return 0;
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	int r = scratch_drop(s->dir);
	free(s);
	return r;
}

static void with_weights(const struct scene *s)
{
	put(s, "cgroup.subtree_control");
	put(s, "idle/cpu.weight");
	put(s, "idle/io.weight");
}

/* A child that has nothing to do. */
static void run_child(enum kitchen_pace pace, const struct kitchen_group *g)
{
	const struct job_order order = { 0 };
	struct kitchen_child c;
	struct fault why = { 0 };
	AUTO_FD int source = dup(STDERR_FILENO);
	if (kitchen_child_start("/usr/bin/true", pace, kitchen_group_idle(g), &order, source, &c,
				&why))
		fail_msg("%s", why.text);
	assert_int_equal(kitchen_child_reap(&c, NULL), 0);
}

static void who_is_slow_joins(void **state)
{
	struct scene *s = *state;
	struct kitchen_group *g = NULL;
	with_weights(s);
	assert_int_equal(kitchen_group_open(s->dir, &g, NULL), 0);
	has(s, "now/cgroup.procs", "0");
	has(s, "idle/cpu.weight", "1");
	has(s, "idle/io.weight", "1");
	run_child(KITCHEN_PACE_NORMAL, g);
	has(s, "idle/cgroup.procs", "");
	run_child(KITCHEN_PACE_IDLE, g);
	has(s, "idle/cgroup.procs", "0");
	kitchen_group_hurry(g, 4711);
	has(s, "now/cgroup.procs", "04711");
	kitchen_group_close(g);
}

static void without_any_nobody_moves(void **state)
{
	(void)state;
	assert_int_equal(kitchen_group_idle(NULL), -1);
	kitchen_group_hurry(NULL, 1);
	kitchen_group_close(NULL);
	run_child(KITCHEN_PACE_IDLE, NULL);
}

/* A kernel without weights of the processor, and a tree that is not ours. */
static void what_is_no_group(void **state)
{
	struct scene *s = *state;
	struct kitchen_group *g = NULL;
	struct fault why = { 0 };
	assert_int_equal(kitchen_group_open(s->dir, &g, &why), -ENOENT);
	assert_non_null(strstr(why.text, "no weight of the processor"));
	assert_int_equal(kitchen_group_open("/nowhere/at/all", &g, &why), -ENOENT);
	assert_non_null(strstr(why.text, "no group of our own"));
	assert_null(g);
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, drop_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_we_are),
		IN_SCENE(who_is_slow_joins),
		cmocka_unit_test(without_any_nobody_moves),
		IN_SCENE(what_is_no_group),
	};
	return cmocka_run_group_tests_name("content/kitchen_group", tests, NULL, NULL);
}
