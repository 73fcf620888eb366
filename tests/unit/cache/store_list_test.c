// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_list.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/store_local.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

static const struct store_limits unlimited;

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

static uint64_t add_rendition(struct store *s, const char *lesson, size_t bytes)
{
	struct store_rendition *r = NULL;
	uint8_t room[10000] = { 1 };
	assert_int_equal(store_rendition_open(s, lesson, "g1", "240p", 2, 0, &r, NULL), 0);
	const uint64_t number = store_rendition_number(r);
	assert_int_equal(store_rendition_put(r, 1, 1000, room, bytes, NULL), 0);
	store_rendition_close(r);
	return number;
}

static int write_row(void *data, const struct store_list_row *row)
{
	char *out = data;
	const size_t len = strlen(out);
	if (row->kind == STORE_LIST_OBJECT)
		snprintf(out + len, 400 - len, "object %llu used %lld%s%s%s\n",
			 (unsigned long long)row->bytes, (long long)row->used_s,
			 row->complete ? " whole" : "", row->local ? " local" : "",
			 row->pinned ? " pinned" : "");
	else
		snprintf(out + len, 400 - len, "%s/%s/%s %llu used %lld\n", row->lesson,
			 row->generation, row->rung, (unsigned long long)row->bytes,
			 (long long)row->used_s);
	return 0;
}

static void rows_with_size_and_use(void **state)
{
	struct store *s = NULL;
	struct fault why = { 0 };
	char text[400] = "";
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	int64_t clock = -1;
	assert_int_equal(store_list_clock(s, &clock, &why), 0);
	assert_int_equal(clock, 0);
	struct objmap_id id = add_object(s, 1, 70000);
	uint64_t number = add_rendition(s, "fractions", 5000);
	assert_int_equal(store_list_arrived(s, 1000, &why), 0);
	assert_int_equal(store_list_used_object(s, &id, 2000, &why), 0);
	assert_int_equal(store_list_used_object(s, &id, 1500, &why), 0); /* never backwards */
	assert_int_equal(store_list_arrived(s, 3000, &why), 0);          /* once */
	const struct store_local file = { .path = "/p/a", .media_type = "a/b", .id = id };
	assert_int_equal(store_local_put(s, &file, &why), 0);
	char pin[7 + 65] = "object/";
	objmap_id_hex(&id, pin + 7);
	assert_int_equal(store_list_pin(s, pin, 3000, &why), 0);
	store_close(s);

	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	assert_int_equal(store_list_each(s, write_row, text, &why), 0);
	assert_string_equal(text, "object 70000 used 2000 local pinned\n"
				  "fractions/g1/240p 8192 used 1000\n");
	assert_int_equal(store_list_used_rendition(s, number, 4000, &why), 0);
	assert_int_equal(store_list_clock(s, &clock, &why), 0);
	assert_int_equal(clock, 4000);
	store_close(s);
}

static int collect_pin(void *data, const char *what, int64_t added_s)
{
	char *out = data;
	const size_t len = strlen(out);
	snprintf(out + len, 200 - len, "%s@%lld ", what, (long long)added_s);
	return 0;
}

static void pins_last(void **state)
{
	struct store *s = NULL;
	struct fault why = { 0 };
	char text[200] = "";
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	assert_int_equal(store_list_pin(s, "lesson/b", 5, &why), 0);
	assert_int_equal(store_list_pin(s, "lesson/a", 6, &why), 0);
	assert_int_equal(store_list_pin(s, "lesson/b", 7, &why), 0);
	store_close(s);
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	assert_int_equal(store_list_pins(s, collect_pin, text, &why), 0);
	assert_string_equal(text, "lesson/a@6 lesson/b@5 ");
	assert_int_equal(store_list_unpin(s, "lesson/b", &why), 0);
	assert_int_equal(store_list_unpin(s, "lesson/b", &why), -ENOENT);
	assert_non_null(strstr(why.text, "lesson/b"));
	store_close(s);
}

static int keep_gone(void *data, const struct store_list_gone *gone)
{
	struct store_list_gone *out = data;
	*out = *gone;
	return strcmp(gone->what, "rung/stop/240p") ? 0 : -ECANCELED;
}

static void what_left_is_remembered(void **state)
{
	struct store *s = NULL;
	struct fault why = { 0 };
	struct store_list_gone gone = { .what = "rung/a/240p",
					.at_s = 10,
					.bytes = 20,
					.held = STORE_LIST_UNTIL_ROOM,
					.cause = "for lesson b" },
			       got = { 0 };
	assert_int_equal(store_open(*state, &unlimited, &s, &why), 0);
	assert_int_equal(store_list_left(s, &gone, &why), 0);
	gone.at_s = 11;
	assert_int_equal(store_list_left(s, &gone, &why), 0);
	assert_int_equal(store_list_gone(s, keep_gone, &got, &why), 0);
	assert_string_equal(got.what, gone.what);
	assert_string_equal(got.cause, gone.cause);
	assert_int_equal(got.at_s, 11);
	assert_int_equal(got.bytes, 20);
	assert_int_equal(got.held, STORE_LIST_UNTIL_ROOM);
	assert_int_equal(store_list_forget(s, "rung/a/240p", &why), 0);
	assert_int_equal(store_list_forget(s, "rung/a/240p", &why), 0);
	got.what[0] = '\0';
	assert_int_equal(store_list_gone(s, keep_gone, &got, &why), 0);
	assert_string_equal(got.what, "");
	snprintf(gone.what, sizeof(gone.what), "rung/stop/240p");
	assert_int_equal(store_list_left(s, &gone, &why), 0);
	assert_int_equal(store_list_gone(s, keep_gone, &got, &why), -ECANCELED);
	assert_int_equal(store_list_forget(s, "rung/stop/240p", &why), 0); /* nothing is locked */
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_with_size_and_use, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(pins_last, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(what_left_is_remembered, scratch_make,
						scratch_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
