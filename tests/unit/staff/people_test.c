// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/people.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

CLEAN_FN(people, struct people, people_free)

static void pins_of_every_keyboard(void **state)
{
	(void)state;
	static const struct {
		const char *typed, *pin; /* NULL: none */
	} rows[] = {
		{ "123456", "123456" },
		{ " 123 456 ", "123456" },
		{ "١٢٣٤٥٦", "123456" },
		{ "۱۲۳۴۵۶", "123456" },
		{ "123456789012", "123456789012" },
		{ "1234567890123", NULL },
		{ "12345", NULL },
		{ "", NULL },
		{ "12345a", NULL },
		{ "-12345", NULL },
		{ "\xd9", NULL },
		{ "12345\xd9", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char pin[PEOPLE_PIN_BYTES] = "";
		assert_int_equal(people_pin(rows[i].typed, pin), rows[i].pin ? 0 : -EINVAL);
		assert_string_equal(pin, rows[i].pin ? rows[i].pin : "");
	}
	char pin[PEOPLE_PIN_BYTES], again[PEOPLE_PIN_BYTES];
	people_pin_random(pin);
	assert_int_equal(people_pin(pin, again), 0);
}

static int make(void **state)
{
	char *dir = strdup("/tmp/wasl-people-XXXXXX");
	*state = dir && mkdtemp(dir) ? dir : NULL;
	return *state ? 0 : -1;
}

static int sweep(void **state)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/people", (char *)*state);
	(void)unlink(path);
	(void)rmdir(*state);
	free(*state);
	return 0;
}

static void who_is_added_is_there_after_a_restart(void **state)
{
	char path[128];
	struct stat st;
	snprintf(path, sizeof(path), "%s/people", (char *)*state);
	CLEANUP(clean_people) struct people *p = NULL;
	CLEANUP(clean_people) struct people *again = NULL;
	assert_int_equal(people_open(path, &p, NULL), 0);
	assert_int_equal(people_count(p), 0);
	assert_int_equal(people_add(p, "أمينة بن علي", PEOPLE_TEACHER, "$one", NULL), 0);
	assert_int_equal(people_add(p, "Omar", PEOPLE_HEAD, "$two", NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(people_open(path, &again, NULL), 0);
	assert_int_equal(people_count(again), 2);
	const struct person *one = people_find(again, "امينه  بن علي");
	assert_non_null(one);
	assert_string_equal(one->hash, "$one");
	assert_ptr_equal(people_get(again, one->id), one);
	assert_int_equal(people_find(again, "OMAR")->role, PEOPLE_HEAD);
	assert_null(people_find(again, "Leïla"));
	assert_null(people_find(again, ""));
	assert_null(people_get(again, "p-0"));
}

static void names_that_cannot_be(void **state)
{
	char path[128], longest[PEOPLE_NAME_BYTES + 1];
	snprintf(path, sizeof(path), "%s/people", (char *)*state);
	memset(longest, 'a', PEOPLE_NAME_BYTES);
	longest[PEOPLE_NAME_BYTES] = '\0';
	CLEANUP(clean_people) struct people *p = NULL;
	assert_int_equal(people_open(path, &p, NULL), 0);
	assert_int_equal(people_add(p, "Omar", PEOPLE_TEACHER, "$", NULL), 0);
	const struct {
		const char *name;
		int want;
	} rows[] = { { "", -EINVAL },     { "  ", -EINVAL },    { "a\nb", -EINVAL },
		     { "\xff", -EINVAL }, { longest, -EINVAL }, { "omar", -EEXIST },
		     { "...", -EINVAL },  { "Omar B.", 0 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(people_add(p, rows[i].name, PEOPLE_TEACHER, "$", NULL),
				 rows[i].want);
	assert_int_equal(people_count(p), 2);
}

static void changes_find_their_person(void **state)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/people", (char *)*state);
	CLEANUP(clean_people) struct people *p = NULL;
	assert_int_equal(people_open(path, &p, NULL), 0);
	assert_int_equal(people_add(p, "a", PEOPLE_TEACHER, "$a", NULL), 0);
	assert_int_equal(people_add(p, "b", PEOPLE_TEACHER, "$b", NULL), 0);
	assert_int_equal(people_set_hash(p, "b", "$c", NULL), 0);
	assert_int_equal(people_set_hash(p, "c", "$c", NULL), -ENOENT);
	assert_int_equal(people_remove(p, "a", NULL), 0);
	assert_int_equal(people_remove(p, "a", NULL), -ENOENT);
	assert_int_equal(people_count(p), 1);
	assert_string_equal(people_at(p, 0)->hash, "$c");
	/* What the disk refuses has not happened. */
	(void)unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(people_remove(p, "b", NULL) < 0);
	assert_true(people_add(p, "d", PEOPLE_TEACHER, "$", NULL) < 0);
	assert_true(people_set_hash(p, "b", "$d", NULL) < 0);
	assert_int_equal(people_count(p), 1);
	assert_string_equal(people_find(p, "b")->hash, "$c");
	(void)rmdir(path);
}

static void a_damaged_file_is_not_an_empty_school(void **state)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/people", (char *)*state);
	FILE *to = fopen(path, "w");
	assert_non_null(to);
	fputs("[{\"id\":\"p-1\",", to);
	fclose(to);
	struct people *p = NULL;
	assert_int_equal(people_open(path, &p, NULL), -EBADMSG);
	assert_null(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pins_of_every_keyboard),
		cmocka_unit_test_setup_teardown(who_is_added_is_there_after_a_restart, make, sweep),
		cmocka_unit_test_setup_teardown(names_that_cannot_be, make, sweep),
		cmocka_unit_test_setup_teardown(changes_find_their_person, make, sweep),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_not_an_empty_school, make, sweep),
	};
	return sodium_init() < 0 ? 1
				 : cmocka_run_group_tests_name("staff/people", tests, NULL, NULL);
}
