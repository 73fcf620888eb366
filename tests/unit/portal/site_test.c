// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "content/portal/files.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "tests/unit/content/lessons_kit.h"

/*
 * Whole pages against tests/unit/portal/golden/. After a change that is meant: look at the pages, then
 * WASL_GOLDEN=update build/dev/unit/portal_site writes them anew.
 */
struct world {
	struct lessons_kit kit;
	struct site_lesson lessons[3];
	struct site_download ready[3], waiting[3];
	bool files_here[1];
	struct site_uplink uplinks[2];
	struct site site;
};

static void make_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	lessons_kit_make(&w->kit);
	w->ready[0] = (struct site_download){ "240p", 612345 };
	w->ready[1] = (struct site_download){ "360p", 14300000 };
	w->ready[2] = (struct site_download){ "audio", 99 };
	for (size_t i = 0; i < 3; i++)
		w->waiting[i].rung = w->ready[i].rung;
	w->files_here[0] = true;
	w->lessons[0] = (struct site_lesson){ .item = &w->kit.items[0],
					      .playable = true,
					      .plays = true,
					      .complete = true,
					      .done = 9,
					      .total = 9,
					      .generation = "g-1a2b3c4d",
					      .sound = true,
					      .poster = true,
					      .preview = true,
					      .chapters = true,
					      .downloads = w->ready,
					      .download_count = 3,
					      .files_here = w->files_here };
	w->lessons[1] = (struct site_lesson){ .item = &w->kit.items[1],
					      .playable = true,
					      .minutes = 3,
					      .done = 1,
					      .total = 4,
					      .generation = "g-00000001",
					      .sound = true,
					      .downloads = &w->waiting[2],
					      .download_count = 1 };
	w->lessons[2] = (struct site_lesson){ .item = &w->kit.items[2],
					      .generation = "",
					      .files_here = w->files_here };
	w->uplinks[0] = (struct site_uplink){ "ADSL <1>", "down", "", "isp", false };
	w->uplinks[1] = (struct site_uplink){ "4G", "up", "degraded", "", true };
	w->site = (struct site){ .pages = &files_pages,
				 .school = "",
				 .address = "http://madrasa/",
				 .assets = "1",
				 .catalogue = &w->kit.catalogue,
				 .lessons = w->lessons,
				 .lesson_count = 3,
				 .status = { SITE_INTERNET_OFF, "09:42", "isp", w->uplinks, 2,
					     false, 41234567890, "10:15" } };
}

static int home(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		struct fault *why)
{
	return site_home(&w->site, lang, out, len, why);
}

static int home_empty(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		      struct fault *why)
{
	struct site empty = w->site;
	empty.catalogue = NULL;
	empty.lesson_count = 0;
	empty.status = (struct site_status){ .since = "", .layer = "", .read_at = "" };
	empty.school = "Lycée <Ibn & Khaldoun>";
	return site_home(&empty, lang, out, len, why);
}

static int subject(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		   struct fault *why)
{
	return site_subject(&w->site, lang, "mathematics", out, len, why);
}

static int lesson_ready(const struct world *w, enum strings_lang lang, char **out, size_t *len,
			struct fault *why)
{
	return site_lesson(&w->site, lang, 0, out, len, why);
}

static int lesson_cooking(const struct world *w, enum strings_lang lang, char **out, size_t *len,
			  struct fault *why)
{
	return site_lesson(&w->site, lang, 1, out, len, why);
}

static int document(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		    struct fault *why)
{
	return site_lesson(&w->site, lang, 2, out, len, why);
}

static const struct site_live classes_now[] = {
	{ "physics", "الفيزياء، السنة الثالثة", "Physique <3>", "", SITE_CLASS_LIVE },
	{ "maths", "", "Soutien en maths", "", SITE_CLASS_OFF },
	{ "plain-name", "", "", "", SITE_CLASS_UNKNOWN },
};

static const struct site_kept kept_now[] = {
	{ "physics-20261121-0930", "الفيزياء", "Physique", "", "physics", "2026-11-21", 2700000 },
	{ "maths-20261122-1000", "", "", "", "maths", "2026-11-22", 754000 },
};

static int kept(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		struct fault *why)
{
	struct site with = w->site;
	with.kept = kept_now;
	with.kept_count = ARRAY_LEN(kept_now);
	return site_kept(&with, lang, 0, out, len, why);
}

static int home_live(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		     struct fault *why)
{
	struct site with = w->site;
	with.live = classes_now;
	with.live_count = ARRAY_LEN(classes_now);
	return site_home(&with, lang, out, len, why);
}

static int classes(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		   struct fault *why)
{
	struct site with = w->site;
	with.live = classes_now;
	with.live_count = ARRAY_LEN(classes_now);
	with.kept = kept_now;
	with.kept_count = ARRAY_LEN(kept_now);
	return site_classes(&with, lang, out, len, why);
}

static int no_classes(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		      struct fault *why)
{
	return site_classes(&w->site, lang, out, len, why);
}

static int one_class(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		     struct fault *why)
{
	struct site with = w->site;
	with.live = classes_now;
	with.live_count = ARRAY_LEN(classes_now);
	return site_class(&with, lang, 0, out, len, why);
}

static int status(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		  struct fault *why)
{
	return site_status(&w->site, lang, out, len, why);
}

static int help(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		struct fault *why)
{
	return site_help(&w->site, lang, out, len, why);
}

static int welcome(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		   struct fault *why)
{
	return site_welcome(&w->site, lang, out, len, why);
}

static int missing(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		   struct fault *why)
{
	return site_error(&w->site, lang, SITE_MISSING, out, len, why);
}

static int busy(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		struct fault *why)
{
	return site_error(&w->site, lang, SITE_BUSY, out, len, why);
}

static int found(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		 struct fault *why)
{
	static const size_t hits[] = { 1, 0 };
	return site_search(&w->site, lang, "l'élève \"<script>", SITE_SEARCH_DONE, hits, 2, out,
			   len, why);
}

static int not_found(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		     struct fault *why)
{
	return site_search(&w->site, lang, "قطط", SITE_SEARCH_DONE, NULL, 0, out, len, why);
}

static const struct {
	const char *name;
	enum strings_lang lang;
	int (*make)(const struct world *w, enum strings_lang lang, char **out, size_t *len,
		    struct fault *why);
} pages[] = {
	{ "home", STRINGS_AR, home },
	{ "home", STRINGS_FR, home },
	{ "home-empty", STRINGS_EN, home_empty },
	{ "subject", STRINGS_FR, subject },
	{ "lesson-ready", STRINGS_AR, lesson_ready },
	{ "lesson-ready", STRINGS_EN, lesson_ready },
	{ "lesson-cooking", STRINGS_FR, lesson_cooking },
	{ "document", STRINGS_AR, document },
	{ "home-live", STRINGS_AR, home_live },
	{ "classes", STRINGS_FR, classes },
	{ "classes-none", STRINGS_AR, no_classes },
	{ "class", STRINGS_AR, one_class },
	{ "kept", STRINGS_AR, kept },
	{ "class", STRINGS_EN, one_class },
	{ "status", STRINGS_AR, status },
	{ "status", STRINGS_EN, status },
	{ "help", STRINGS_FR, help },
	{ "welcome", STRINGS_AR, welcome },
	{ "missing", STRINGS_AR, missing },
	{ "busy", STRINGS_EN, busy },
	{ "search", STRINGS_FR, found },
	{ "search-none", STRINGS_AR, not_found },
};

static void every_page_as_it_was(void **state)
{
	(void)state;
	const char *wish = getenv("WASL_GOLDEN");
	bool update = wish && strcmp(wish, "update") == 0;
	struct world w;
	make_world(&w);
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		AUTO_FREE char *text = NULL;
		AUTO_FREE void *golden = NULL;
		size_t len = 0, golden_len = 0;
		struct fault why = { 0 };
		char path[128];
		snprintf(path, sizeof(path), "tests/unit/portal/golden/%s.%s.html", pages[i].name,
			 strings_lang_code(pages[i].lang));
		if (pages[i].make(&w, pages[i].lang, &text, &len, &why))
			fail_msg("%s: %s", path, why.text);
		if (update)
			assert_int_equal(fileio_replace(path, text, len, 0644, NULL), 0);
		assert_int_equal(fileio_read(path, 1 << 20, &golden, &golden_len, NULL), 0);
		if (len != golden_len || memcmp(text, golden, len) != 0)
			fail_msg("%s differs; look at it, then update", path);
	}
}

/* Every page in every language can be made, and no text is missing. */
static void no_text_is_missing(void **state)
{
	(void)state;
	struct world w;
	make_world(&w);
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		for (int lang = 0; lang < STRINGS_LANG_COUNT; lang++) {
			AUTO_FREE char *text = NULL;
			size_t len = 0;
			struct fault why = { 0 };
			if (pages[i].make(&w, (enum strings_lang)lang, &text, &len, &why))
				fail_msg("%s: %s", pages[i].name, why.text);
			static const char *const ids[] = { ">portal.", ">lesson.", ">status.",
							   ">help.",   ">search.", "\"player.",
							   "{n}",      "{{",       "<script>" };
			for (size_t k = 0; k < ARRAY_LEN(ids); k++)
				assert_null(strstr(text, ids[k]));
		}
}

static void sizes_and_durations(void **state)
{
	(void)state;
	static const struct {
		enum strings_lang lang;
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ STRINGS_EN, 0, "0 B" },
		{ STRINGS_EN, 999, "999 B" },
		{ STRINGS_EN, 1000, "1.0 KB" },
		{ STRINGS_FR, 1449000, "1,4 Mo" },
		{ STRINGS_EN, 9960000, "10 MB" },
		{ STRINGS_AR, 14300000, "14 م.ب" },
		{ STRINGS_EN, 41234567890, "41 GB" },
		{ STRINGS_EN, 5000000000000, "5000 GB" },
	};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char out[40];
		site_size(sizes[i].lang, sizes[i].bytes, out);
		assert_string_equal(out, sizes[i].text);
	}
	static const struct {
		uint64_t ms;
		const char *text;
	} times[] = { { 0, "0:00" }, { 59499, "0:59" }, { 59500, "1:00" }, { 3723000, "1:02:03" } };
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		char out[24];
		site_duration(times[i].ms, out);
		assert_string_equal(out, times[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_as_it_was),
		cmocka_unit_test(no_text_is_missing),
		cmocka_unit_test(sizes_and_durations),
	};
	return cmocka_run_group_tests_name("portal/site", tests, NULL, NULL);
}
