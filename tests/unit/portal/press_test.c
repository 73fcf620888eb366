// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/press.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/portal/files.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "tests/unit/content/lessons_kit.h"

struct world {
	char dir[64];
	struct lessons_kit kit;
	struct site_lesson lessons[3];
	struct site site;
};

static const bool here[] = { true };

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "/tmp/wasl-press-XXXXXX");
	lessons_kit_make(&w->kit);
	for (size_t i = 0; i < 3; i++)
		w->lessons[i] = (struct site_lesson){ .item = &w->kit.items[i],
						      .generation = "",
						      .files_here = here };
	w->site = (struct site){ .pages = &files_pages,
				 .school = "",
				 .address = "http://madrasa/",
				 .assets = "1",
				 .catalogue = &w->kit.catalogue,
				 .lessons = w->lessons,
				 .lesson_count = 3,
				 .status = { .since = "", .layer = "", .read_at = "" } };
	*state = w;
	return mkdtemp(w->dir) ? 0 : -1;
}

static int drop_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int drop_world(void **state)
{
	struct world *w = *state;
	int r = nftw(w->dir, drop_one, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return r;
}

static bool is_there(const struct world *w, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	return access(path, F_OK) == 0;
}

static struct press_counts press(const struct world *w)
{
	struct press_counts counts = { 0 };
	struct fault why = { 0 };
	if (press_site(w->dir, &w->site, &counts, &why))
		fail_msg("%s", why.text);
	return counts;
}

static void only_changed_pages_are_written(void **state)
{
	struct world *w = *state;
	struct press_counts first = press(w);
	assert_int_equal(first.pages, 3 * (5 + 2 + 3));
	assert_int_equal(first.written, first.pages);
	static const char *const names[] = { "ar/index.html",         "fr/l/fractions-1.html",
					     "en/s/mathematics.html", "ar/404.html",
					     "en/503.html",           "fr/status.html",
					     "ar/help.html" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_true(is_there(w, names[i]));
	assert_int_equal(press(w).written, 0);
	w->kit.items[1].title.fr = lessons_kit_text(&w->kit, "Autre");
	/* Home, subject and lesson, in three languages. */
	assert_int_equal(press(w).written, 9);
}

static void pages_of_gone_lessons_go(void **state)
{
	struct world *w = *state;
	press(w);
	char aside[128];
	snprintf(aside, sizeof(aside), "%s/ar/l/half.html.new", w->dir);
	assert_int_equal(fileio_replace(aside, "x", 1, 0644, NULL), 0);
	w->site.lesson_count = 1;
	struct press_counts counts = press(w);
	assert_int_equal(counts.removed, 3 * 2 + 3 + 1);
	assert_false(is_there(w, "ar/l/reading-2.html"));
	assert_false(is_there(w, "ar/s/french.html"));
	assert_false(is_there(w, "ar/l/half.html.new"));
	assert_true(is_there(w, "ar/l/fractions-1.html"));
}

static void assets_are_all_there(void **state)
{
	const struct world *w = *state;
	assert_int_equal(press_assets(w->dir, NULL), 0);
	static const char *const names[] = { "assets/portal.css", "assets/portal.js",
					     "assets/hls.min.js", "assets/icon.svg" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_true(is_there(w, names[i]));
	assert_false(is_there(w, "assets/home.html"));
}

static void a_folder_that_cannot_be_written_is_named(void **state)
{
	const struct world *w = *state;
	struct press_counts counts;
	struct fault why = { 0 };
	struct site site = w->site;
	assert_true(press_site("/proc/self/no-such-folder", &site, &counts, &why) < 0);
	assert_non_null(strstr(why.text, "/proc/self/no-such-folder"));
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(only_changed_pages_are_written),
		WORLD(pages_of_gone_lessons_go),
		WORLD(assets_are_all_there),
		WORLD(a_folder_that_cannot_be_written_is_named),
	};
	return cmocka_run_group_tests_name("portal/press", tests, NULL, NULL);
}
