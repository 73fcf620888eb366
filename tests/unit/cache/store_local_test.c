// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_local.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/cache/scratch.h"

static void only_clean_addresses_below_p(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int want;
	} rows[] = {
		{ "/p/a", 0 },           { "/p/a b/درس.pdf", 0 },
		{ "/p/..a/b..", 0 },     { "", -EINVAL },
		{ "/p/", -EINVAL },      { "/p/a/", -EINVAL },
		{ "/m/a", -EINVAL },     { "p/a", -EINVAL },
		{ "/p//a", -EINVAL },    { "/p/../m/a", -EINVAL },
		{ "/p/a/..", -EINVAL },  { "/p/a/.", -EINVAL },
		{ "/p/./a", -EINVAL },   { "/p/a?b", -EINVAL },
		{ "/p/a#b", -EINVAL },   { "/p/a\\b", -EINVAL },
		{ "/p/a\nb", -EINVAL },  { "/p/a\x7f", -EINVAL },
		{ "/p/\xff", -EINVAL }, /* no UTF-8 */
		{ "/p/a%2fb", -EINVAL }, { "/p/100%", -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault why = { 0 };
		assert_int_equal(store_local_check(rows[i].path, &why), rows[i].want);
		assert_int_equal(why.text[0] != 0, rows[i].want != 0);
	}
	char path[NAMES_MAX_PATH + 2] = "/p/";
	memset(path + 3, 'a', sizeof(path) - 4);
	assert_int_equal(store_local_check(path, NULL), -EINVAL);
	path[NAMES_MAX_PATH] = '\0';
	assert_int_equal(store_local_check(path, NULL), 0);
}

static struct objmap_id add_object(struct store *s, uint64_t seed, uint64_t size)
{
	struct objmap *map = sample_map(seed, size);
	struct store_object *o = NULL;
	assert_int_equal(store_object_open(s, map, "text/plain", &o, NULL), 0);
	struct objmap_id id = *objmap_get_id(map);
	store_object_close(o);
	objmap_free(map);
	return id;
}

static int collect(void *data, const struct store_local *file)
{
	char *paths = data;
	const size_t len = strlen(paths);
	snprintf(paths + len, 200 - len, "%s ", file->path);
	return strcmp(file->path, "/p/stop") ? 0 : -ECANCELED;
}

static void addresses_last_and_change_hands(void **state)
{
	const struct store_limits unlimited = { 0 };
	struct store *s = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	struct store_local file = { .path = "/p/b", .media_type = "text/plain", .added_s = 7 };
	file.id = add_object(s, 1, 10);
	assert_int_equal(store_local_put(s, &file, &why), 0);
	snprintf(file.path, sizeof(file.path), "/p/a");
	assert_int_equal(store_local_put(s, &file, &why), 0);
	file.id = add_object(s, 2, 20);
	file.added_s = 8;
	assert_int_equal(store_local_put(s, &file, &why), 0);
	snprintf(file.path, sizeof(file.path), "/m/a");
	assert_int_equal(store_local_put(s, &file, &why), -EINVAL);
	store_close(s);

	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	struct store_totals t;
	assert_int_equal(store_totals(s, &t, &why), 0);
	assert_int_equal(t.files, 2);
	char paths[200] = "";
	assert_int_equal(store_local_each(s, collect, paths, &why), 0);
	assert_string_equal(paths, "/p/a /p/b ");
	struct store_local found;
	assert_int_equal(store_local_find(s, "/p/a", &found, &why), 0);
	assert_int_equal(found.size, 20);
	assert_int_equal(found.added_s, 8);
	assert_string_equal(found.media_type, "text/plain");
	assert_memory_equal(&found.id, &file.id, sizeof(found.id));
	/* An object that was dropped takes its addresses out of sight. */
	assert_int_equal(store_object_drop(s, &found.id, &why), 0);
	assert_int_equal(store_local_find(s, "/p/a", &found, &why), -ENOENT);
	assert_int_equal(store_local_drop(s, "/p/b", &why), 0);
	assert_int_equal(store_local_drop(s, "/p/b", &why), -ENOENT);
	assert_int_equal(store_local_find(s, "/p/b", &found, &why), -ENOENT);
	store_close(s);
}

static void who_looks_may_stop(void **state)
{
	const struct store_limits unlimited = { 0 };
	struct store *s = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	struct store_local file = { .path = "/p/stop", .media_type = "a/b" };
	file.id = add_object(s, 1, 10);
	assert_int_equal(store_local_put(s, &file, &why), 0);
	snprintf(file.path, sizeof(file.path), "/p/z");
	assert_int_equal(store_local_put(s, &file, &why), 0);
	char paths[200] = "";
	assert_int_equal(store_local_each(s, collect, paths, &why), -ECANCELED);
	assert_string_equal(paths, "/p/stop ");
	/* the statement was let go of: the database can be written and closed */
	assert_int_equal(store_local_drop(s, "/p/stop", &why), 0);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_clean_addresses_below_p),
		cmocka_unit_test_setup_teardown(addresses_last_and_change_hands, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(who_looks_may_stop, scratch_make, scratch_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
