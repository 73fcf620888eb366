// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/catalogue_check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/content/lessons_kit.h"

static void takes_a_good_one(void **state)
{
	(void)state;
	struct lessons_kit k;
	lessons_kit_make(&k);
	struct fault why = { 0 };
	int r = catalogue_check(&k.catalogue, &why);
	if (r)
		print_message("%s\n", why.text);
	assert_int_equal(r, 0);
	assert_true(catalogue_playable(&k.items[0]));
	assert_true(catalogue_playable(&k.items[1]));
	assert_false(catalogue_playable(&k.items[2]));
}

#define TEXT(field, text) snprintf(field, sizeof(field), "%s", text)

static void version_0(struct lessons_kit *k)
{
	k->catalogue.version = 0;
}
static void bad_id(struct lessons_kit *k)
{
	TEXT(k->items[0].id, "../etc");
}
static void line_id(struct lessons_kit *k)
{
	TEXT(k->items[0].id, "a\nb");
}
static void empty_id(struct lessons_kit *k)
{
	TEXT(k->items[0].id, "");
}
static void same_id(struct lessons_kit *k)
{
	TEXT(k->items[2].id, "fractions-1");
}
static void no_kind(struct lessons_kit *k)
{
	k->items[0].kind = 0;
}
static void kind_9(struct lessons_kit *k)
{
	k->items[0].kind = 9;
}
static void no_title(struct lessons_kit *k)
{
	k->items[2].title.ar = NULL;
}
static void broken_title(struct lessons_kit *k)
{
	memcpy(k->items[0].title.ar, "\xff\xfe", 3);
}
static void bell_title(struct lessons_kit *k)
{
	memcpy(k->items[0].title.ar, "a\a", 3);
}
static void bad_subject(struct lessons_kit *k)
{
	TEXT(k->items[0].subject, "a/b");
}
static void grade_14(struct lessons_kit *k)
{
	k->items[0].grade = 14;
}
static void bad_language(struct lessons_kit *k)
{
	TEXT(k->items[0].language, "a\"r");
}
static void plan_no_file(struct lessons_kit *k)
{
	k->items[0].has_mezzanine = false;
}
static void empty_file(struct lessons_kit *k)
{
	k->items[0].mezzanine.size_bytes = 0;
}
static void huge_file(struct lessons_kit *k)
{
	k->items[0].mezzanine.size_bytes = UINT64_MAX;
}
static void bad_type(struct lessons_kit *k)
{
	TEXT(k->files[0].media_type, "a/b\r\nX: y");
}
static void no_type(struct lessons_kit *k)
{
	TEXT(k->files[0].media_type, "");
}
static void path_name(struct lessons_kit *k)
{
	TEXT(k->files[0].name, "../../x");
}
static void hidden_name(struct lessons_kit *k)
{
	TEXT(k->files[0].name, ".x");
}
static void no_name(struct lessons_kit *k)
{
	TEXT(k->files[0].name, "");
}
static void no_timescale(struct lessons_kit *k)
{
	k->items[0].plan.timescale = 0;
}
static void one_side(struct lessons_kit *k)
{
	k->items[0].plan.width = 0;
}
static void huge_side(struct lessons_kit *k)
{
	k->items[0].plan.width = 65536;
}
static void no_rate(struct lessons_kit *k)
{
	k->items[0].plan.fps_den = 0;
}
static void no_media(struct lessons_kit *k)
{
	k->items[1].plan.sample_rate = 0;
}
static void long_head(struct lessons_kit *k)
{
	k->items[0].plan.head_bytes = 301001;
}
static void no_time(struct lessons_kit *k)
{
	k->segments[1].duration_ticks = 0;
}
static void long_time(struct lessons_kit *k)
{
	k->segments[2].duration_ticks = 600001;
}
static void hole(struct lessons_kit *k)
{
	k->segments[1].start_ticks = 40001;
}
static void outside(struct lessons_kit *k)
{
	k->segments[2].byte_len = 100001;
}
static void wraps(struct lessons_kit *k)
{
	k->segments[2].byte_from = UINT64_MAX - 5;
}
static void no_bytes(struct lessons_kit *k)
{
	k->segments[0].byte_len = 0;
}
static void caption_path(struct lessons_kit *k)
{
	TEXT(k->captions[0].language, "../x");
}
static void caption_twice(struct lessons_kit *k)
{
	TEXT(k->captions[1].language, "ar");
}
static void caption_no_file(struct lessons_kit *k)
{
	k->captions[1].has_vtt = false;
}
static void subject_id(struct lessons_kit *k)
{
	memcpy(k->subject_ids[0], "A B", 4);
}
static void subject_count(struct lessons_kit *k)
{
	k->catalogue.subjects_title_count = 1;
}
static void programme_id(struct lessons_kit *k)
{
	TEXT(k->programmes[0].id, "a b");
}
static void programme_item(struct lessons_kit *k)
{
	k->programme_items[1] = NULL;
}

static const struct {
	const char *why;
	void (*spoil)(struct lessons_kit *k);
	const char *names; /* what the sentence names */
} rows[] = {
	{ "version 0", version_0, "version 0" },
	{ "an id that is a path", bad_id, "../etc" },
	{ "an id that would write a line of its own", line_id, "item 'a?b'" },
	{ "no id", empty_id, "slug" },
	{ "an id twice", same_id, "fractions-1" },
	{ "no kind", no_kind, "fractions-1" },
	{ "a kind to come", kind_9, "kind" },
	{ "no title", no_title, "exam-guide" },
	{ "a title that is not UTF-8", broken_title, "title" },
	{ "control characters", bell_title, "title" },
	{ "a subject that is a path", bad_subject, "subject" },
	{ "grade 14", grade_14, "grade" },
	{ "a language with a quote", bad_language, "language" },
	{ "a plan without a file", plan_no_file, "plan" },
	{ "an empty file", empty_file, "size" },
	{ "a file of 16 EiB", huge_file, "size" },
	{ "a media type with a line end", bad_type, "media type" },
	{ "no media type", no_type, "media type" },
	{ "a file name that is a path", path_name, "name" },
	{ "a hidden file", hidden_name, "name" },
	{ "an attachment without a name", no_name, "no name" },
	{ "timescale 0", no_timescale, "timescale" },
	{ "one side only", one_side, "size" },
	{ "a side of 65536", huge_side, "size" },
	{ "a frame rate over 0", no_rate, "frame rate" },
	{ "neither picture nor sound", no_media, "reading-2" },
	{ "an index beyond the file", long_head, "index" },
	{ "a segment of no time", no_time, "segment" },
	{ "a segment of more than a minute", long_time, "minute" },
	{ "a hole between segments", hole, "follow" },
	{ "a segment beyond the file", outside, "outside" },
	{ "a span that wraps around", wraps, "outside" },
	{ "a segment of no bytes", no_bytes, "outside" },
	{ "captions whose language is a path", caption_path, "captions" },
	{ "captions twice", caption_twice, "captions" },
	{ "captions without a file", caption_no_file, "captions" },
	{ "a subject with a space", subject_id, "subject" },
	{ "a subject without a title", subject_count, "subjects" },
	{ "a programme with a space", programme_id, "programme" },
	{ "a programme of nothing", programme_item, "programme" },
};

static void refuses_what_cannot_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lessons_kit k;
		lessons_kit_make(&k);
		rows[i].spoil(&k);
		struct fault why = { 0 };
		int r = catalogue_check(&k.catalogue, &why);
		if (r != -EBADMSG || !strstr(why.text, rows[i].names))
			print_message("row %zu: %s: %d %s\n", i, rows[i].why, r, why.text);
		assert_int_equal(r, -EBADMSG);
		assert_non_null(strstr(why.text, rows[i].names));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_one),
		cmocka_unit_test(refuses_what_cannot_be),
	};
	return cmocka_run_group_tests_name("content/catalogue_check", tests, NULL, NULL);
}
