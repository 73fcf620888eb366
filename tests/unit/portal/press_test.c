// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/press.h"

#include <errno.h>
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
#include "tests/unit/scratch.h"

struct world {
	char dir[64];
	struct lessons_kit kit;
	struct site_lesson lessons[3];
	struct site site;
	uint64_t made[3];
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

static int drop_world(void **state)
{
	struct world *w = *state;
	int r = scratch_drop(w->dir);
	free(w);
	return r;
}

static bool is_there(const struct world *w, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	return access(path, F_OK) == 0;
}

static struct press_counts press(struct world *w)
{
	struct press_counts counts = { 0 };
	struct fault why = { 0 };
	if (press_site(w->dir, &w->site, w->made, &counts, &why))
		fail_msg("%s", why.text);
	return counts;
}

static void only_changed_pages_are_written(void **state)
{
	struct world *w = *state;
	struct press_counts first = press(w);
	assert_int_equal(first.pages, 3 * (7 + 2 + 3));
	assert_int_equal(first.written, first.pages);
	static const char *const names[] = { "ar/index.html",         "fr/l/fractions-1.html",
					     "en/s/mathematics.html", "ar/404.html",
					     "en/503.html",           "fr/status.html",
					     "ar/help.html",          "ar/welcome.html",
					     "ar/live/index.html" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_true(is_there(w, names[i]));
	struct press_counts again = press(w);
	assert_int_equal(again.written, 0);
	assert_int_equal(again.pages, 3 * (7 + 2)); /* lessons are not even looked at */
	memset(w->made, 0, sizeof(w->made));        /* as with another catalogue */
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

static void classes_come_and_go(void **state)
{
	struct world *w = *state;
	static const struct site_live one = { "physics", "", "Physique", "", SITE_CLASS_LIVE };
	press(w);
	assert_true(is_there(w, "fr/live/index.html"));
	assert_false(is_there(w, "fr/live/physics.html"));
	w->site.live = &one;
	w->site.live_count = 1;
	press(w);
	assert_true(is_there(w, "fr/live/physics.html"));
	w->site.live_count = 0;
	assert_int_equal(press(w).removed, 3);
	assert_false(is_there(w, "fr/live/physics.html"));
	assert_true(is_there(w, "fr/live/index.html"));
}

/* Whatever a page shows moves its print. */
static void every_change_moves_the_print(void **state)
{
	struct world *w = *state;
	static const struct site_download downloads[] = { { "240p", 0 },
							  { "240p", 5 },
							  { "360p", 5 } };
	static const bool away[] = { false };
	struct site_lesson *l = &w->lessons[0];
	const struct site_lesson plain = *l;
	uint64_t seen[16];
	size_t count = 0;
#define PRINT() (seen[count++] = site_lesson_print(&w->site, 0), *l = plain)
	PRINT();
	l->plays = true, PRINT();
	l->complete = true, PRINT();
	l->failed = true, PRINT();
	l->poster = true, PRINT();
	l->minutes = 5, PRINT();
	l->done = 1, PRINT();
	l->total = 1, PRINT();
	l->generation = "g-1", PRINT();
	l->files_here = away, PRINT();
	l->downloads = &downloads[0], l->download_count = 1, PRINT();
	l->downloads = &downloads[1], l->download_count = 1, PRINT();
	l->downloads = &downloads[2], l->download_count = 1, PRINT();
	w->site.status.internet = SITE_INTERNET_OFF, PRINT();
	w->kit.catalogue.version++, PRINT();
	w->site.school = "x", PRINT();
#undef PRINT
	assert_int_equal(count, ARRAY_LEN(seen));
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(seen[i] != seen[k]);
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
	struct world *w = *state;
	struct press_counts counts;
	struct fault why = { 0 };
	assert_true(press_site("/proc/self/no-such-folder", &w->site, w->made, &counts, &why) < 0);
	assert_int_equal(w->made[0], 0);
	assert_non_null(strstr(why.text, "/proc/self/no-such-folder"));
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(only_changed_pages_are_written),
		WORLD(pages_of_gone_lessons_go),
		WORLD(classes_come_and_go),
		WORLD(every_change_moves_the_print),
		WORLD(assets_are_all_there),
		WORLD(a_folder_that_cannot_be_written_is_named),
	};
	return cmocka_run_group_tests_name("portal/press", tests, NULL, NULL);
}
