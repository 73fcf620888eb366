// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/search.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "tests/unit/content/lessons_kit.h"
#include "tests/unit/scratch_db.h"

CLEAN_FN(search, struct search, search_close)

static struct scratch_db at;
static const struct objmap_id older = { { 1 } }, newer = { { 2 } };

static int make_place(void **state)
{
	(void)state;
	return scratch_db_make(&at);
}

static int drop_place(void **state)
{
	(void)state;
	return scratch_db_remove(&at);
}

static struct search *open_search(void)
{
	struct search *s = NULL;
	struct fault why = { 0 };
	if (search_open(at.path, &s, &why))
		fail_msg("%s", why.text);
	return s;
}

#define VTT "WEBVTT\n\n00:01.000 --> 00:02.000\nنقسم الرغيف إلى أربعة أجزاء\n"

static const struct {
	const char *why, *query, *ids;
} rows[] = {
	{ "nothing asked", "", "" },
	{ "only signs", "\"*() - :", "" },
	{ "Arabic without the article", "كسور", "fractions-1 " },
	{ "Arabic with marks and tatweel", "الكُسُـــور", "fractions-1 " },
	{ "the beginning of a word", "fract", "fractions-1 " },
	{ "French without accents", "eleve", "reading-2 " },
	{ "French with elision", "l’Élève", "reading-2 " },
	{ "a subject, the shorter text first", "mathématiques", "exam-guide fractions-1 " },
	{ "what is said in the lesson", "رغيف", "fractions-1 " },
	{ "all words must be there", "كسور قطط", "" },
	{ "FTS5 syntax is only words", "fractions NOT title", "" },
	{ "column names are only words", "title:fractions", "" },
	{ "quotes", "\"fractions\" OR \"1", "" },
	{ "SQL", "'; DROP TABLE lesson; --", "" },
};

static void every_row(void **state)
{
	(void)state;
	struct lessons_kit k;
	lessons_kit_make(&k);
	CLEANUP(clean_search) struct search *s = open_search();
	assert_int_equal(search_fill(s, &k.catalogue, 0, NULL), 0);
	assert_int_equal(search_captions(s, "fractions-1", "ar", &older, VTT, strlen(VTT), NULL),
			 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct search_hit hits[SEARCH_MOST_HITS];
		size_t count = 99;
		char ids[4096] = "";
		struct fault why = { 0 };
		assert_int_equal(search_ask(s, rows[i].query, hits, &count, &why), 0);
		for (size_t h = 0; h < count; h++)
			snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%s ",
				 hits[h].lesson);
		if (strcmp(ids, rows[i].ids) != 0)
			print_message("row %zu: %s: %s\n", i, rows[i].why, ids);
		assert_string_equal(ids, rows[i].ids);
	}
}

static size_t hits_of(struct search *s, const char *query)
{
	struct search_hit hits[SEARCH_MOST_HITS];
	size_t count = 0;
	assert_int_equal(search_ask(s, query, hits, &count, NULL), 0);
	return count;
}

static void a_new_catalogue_replaces_the_old(void **state)
{
	(void)state;
	struct lessons_kit k;
	lessons_kit_make(&k);
	CLEANUP(clean_search) struct search *s = open_search();
	assert_int_equal(search_fill(s, &k.catalogue, 0, NULL), 0);
	assert_int_equal(search_captions(s, "fractions-1", "ar", &older, VTT, strlen(VTT), NULL),
			 0);
	k.items[0].title.en = lessons_kit_text(&k, "Decimals");
	assert_int_equal(search_fill(s, &k.catalogue, 0, NULL), 0);
	assert_int_equal(hits_of(s, "decimals"), 0); /* the same version */
	assert_int_equal(search_fill(s, &k.catalogue, 7, NULL), 0);
	assert_int_equal(hits_of(s, "decimals"), 1); /* with other lessons of the school */
	k.catalogue.version++;
	assert_int_equal(search_fill(s, &k.catalogue, 0, NULL), 0);
	assert_int_equal(hits_of(s, "decimals"), 1);
	assert_int_equal(hits_of(s, "رغيف"), 1);
	k.catalogue.version++;
	k.catalogue.items = &k.items[1];
	k.catalogue.items_count = 1;
	assert_int_equal(search_fill(s, &k.catalogue, 0, NULL), 0);
	assert_int_equal(hits_of(s, "رغيف"), 0);
}

static void a_damaged_index_is_begun_anew(void **state)
{
	(void)state;
	static const char rubbish[] = "this was a database once, now it is a sentence; a sentence "
				      "is not a database at all";
	assert_int_equal(fileio_replace(at.path, rubbish, sizeof(rubbish), 0644, NULL), 0);
	struct lessons_kit k;
	lessons_kit_make(&k);
	CLEANUP(clean_search) struct search *s = open_search();
	assert_int_equal(search_fill(s, &k.catalogue, 0, NULL), 0);
	assert_int_equal(hits_of(s, "fractions"), 1);
}

static void newer_captions_replace_the_old(void **state)
{
	(void)state;
	CLEANUP(clean_search) struct search *s = open_search();
	struct lessons_kit k;
	lessons_kit_make(&k);
	assert_int_equal(search_fill(s, &k.catalogue, 0, NULL), 0);
	assert_false(search_knows(s, "fractions-1", "ar", &older));
	assert_int_equal(search_captions(s, "fractions-1", "ar", &older, VTT, strlen(VTT), NULL),
			 0);
	assert_true(search_knows(s, "fractions-1", "ar", &older));
	assert_false(search_knows(s, "fractions-1", "ar", &newer));
	static const char other[] = "WEBVTT\n\n00:01.000 --> 00:02.000\nتفاحة\n";
	assert_int_equal(search_captions(s, "fractions-1", "ar", &newer, other, strlen(other),
					 NULL),
			 0);
	assert_int_equal(hits_of(s, "رغيف"), 0);
	assert_int_equal(hits_of(s, "تفاح"), 1);
}

static void captions_that_are_none_are_refused(void **state)
{
	(void)state;
	CLEANUP(clean_search) struct search *s = open_search();
	assert_int_equal(search_captions(s, "fractions-1", "ar", &older, "hello", 5, NULL),
			 -EBADMSG);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(every_row),
		IN_DIR(a_new_catalogue_replaces_the_old),
		IN_DIR(a_damaged_index_is_begun_anew),
		IN_DIR(newer_captions_replace_the_old),
		IN_DIR(captions_that_are_none_are_refused),
	};
	return cmocka_run_group_tests_name("content/search", tests, NULL, NULL);
}
