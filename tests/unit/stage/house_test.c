// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/house.h"

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

#include <sys/stat.h>
#include <unistd.h>

CLEAN_FN(words, char *, plan_free_words)

/* Every word of the plan has a value once everything is known, and every name is used once. */
static void the_plan_is_whole(void **state)
{
	(void)state;
	static const char *const known[] = { "ROOT",         "BIN",    "SELF",   "TREE",
					     "HUB",          "BOX",    "PORT",   "HUB_PORT",
					     "GATE_PORT",    "NGINX",  "LESSON", "LESSON_NAME",
					     "LESSON_STAMP", "SCHOOL", "SCHOOLS" };
	struct vars v = { 0 };
	struct fault why = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_int_equal(vars_set(&v, known[i], "x", &why), 0);
	if (plan_check(&house_plan, &why))
		fail_msg("%s", why.text);
	for (size_t i = 0; i < house_plan.count; i++) {
		const struct plan_step *step = &house_plan.steps[i];
		CLEANUP(clean_words) char **words = NULL;
		AUTO_FREE char *title = NULL;
		assert_int_equal(vars_expand(&v, step->title, &title, &why), 0);
		if (step->kind != PLAN_ACTION && plan_words(step, &v, &words, &why))
			fail_msg("%s", why.text);
	}
	vars_done(&v);
}

struct scene {
	char top[64], root[96], bin[96];
};

/* A folder that looks like a build in its tree. */
static int set_scene(void **state)
{
	static const char *const folders[] = {
		"build", "build/dev", "provisioning", "provisioning/hub", "provisioning/hub/sample",
		"films"
	};
	static const char *const files[] = { "provisioning/hub/sample/schools.csv",
					     "films/a film.mp4" };
	struct scene *s = calloc(1, sizeof(*s));
	char path[200];
	snprintf(s->top, sizeof(s->top), "/tmp/wasl-house-XXXXXX");
	if (!mkdtemp(s->top))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->top, folders[i]);
		if (mkdir(path, 0755))
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->top, files[i]);
		FILE *to = fopen(path, "w");
		if (!to || fclose(to))
			return -1;
	}
	snprintf(s->root, sizeof(s->root), "%s/build/run", s->top);
	snprintf(s->bin, sizeof(s->bin), "%s/build/dev", s->top);
	*state = s;
	return 0;
}

static int drop_scene(void **state)
{
	static const char *const left[] = { "films/a film.ar.vtt",
					    "films/a film.mp4",
					    "films",
					    "provisioning/hub/sample/schools.csv",
					    "provisioning/hub/sample",
					    "provisioning/hub",
					    "provisioning",
					    "build/run",
					    "build/dev",
					    "build" };
	struct scene *s = *state;
	char path[200];
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->top, left[i]);
		remove(path);
	}
	int rc = rmdir(s->top);
	free(s);
	return rc;
}

static int prepare(const struct scene *s, const char *lesson, struct vars *vars, struct fault *why)
{
	struct house_order order = {
		.root = s->root, .bin = s->bin, .lesson = lesson, .port = 8080, .hub_port = 8081
	};
	return house_vars(&order, vars, why);
}

static void a_lesson_is_known_by_all_its_files(void **state)
{
	const struct scene *s = *state;
	char film[128], captions[128];
	struct vars first = { 0 }, again = { 0 }, more = { 0 };
	struct fault why = { 0 };
	snprintf(film, sizeof(film), "%s/films/a film.mp4", s->top);
	snprintf(captions, sizeof(captions), "%s/films/a film.ar.vtt", s->top);
	if (prepare(s, film, &first, &why))
		fail_msg("%s", why.text);
	assert_string_equal(vars_get(&first, "LESSON_NAME"), "a film.mp4");
	assert_string_equal(vars_get(&first, "TREE"), s->top);
	assert_int_equal(prepare(s, film, &again, &why), 0);
	assert_string_equal(vars_get(&first, "LESSON_STAMP"), vars_get(&again, "LESSON_STAMP"));

	FILE *to = fopen(captions, "w"); /* captions came later: it must be published again */
	fclose(to);
	assert_int_equal(prepare(s, film, &more, &why), 0);
	assert_string_not_equal(vars_get(&first, "LESSON_STAMP"), vars_get(&more, "LESSON_STAMP"));
	vars_done(&first);
	vars_done(&again);
	vars_done(&more);
}

static void what_cannot_be_used_is_named(void **state)
{
	struct scene *s = *state;
	struct vars v = { 0 };
	struct fault why = { 0 };
	assert_int_equal(prepare(s, "/nonexistent/film.mp4", &v, &why), -ENOENT);
	assert_non_null(strstr(why.text, "'/nonexistent/film.mp4' cannot be read"));
	vars_done(&v);
	assert_int_equal(prepare(s, s->top, &v, &why), -EINVAL);
	assert_non_null(strstr(why.text, "is no file"));
	vars_done(&v);

	struct scene other = *s;
	snprintf(other.bin, sizeof(other.bin), "%s/films", s->top);
	assert_int_equal(prepare(&other, NULL, &v, &why), -ENOENT);
	assert_non_null(strstr(why.text, "is no build of this tree"));
	vars_done(&v);

	snprintf(other.root, sizeof(other.root), "%s/films/my run", s->top);
	assert_int_equal(prepare(&other, NULL, &v, &why), -EINVAL);
	assert_non_null(strstr(why.text, "has a ' ' in its name"));
	assert_int_equal(rmdir(other.root), 0);
	vars_done(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plan_is_whole),
		cmocka_unit_test_setup_teardown(a_lesson_is_known_by_all_its_files, set_scene,
						drop_scene),
		cmocka_unit_test_setup_teardown(what_cannot_be_used_is_named, set_scene,
						drop_scene),
	};
	return cmocka_run_group_tests_name("stage/house", tests, NULL, NULL);
}
