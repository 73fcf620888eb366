// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ETAG "\"00000000000000ab\""
#define OTHER "\"00000000000000ac\""

static struct reply_text text(const char *s)
{
	return (struct reply_text){ s, s ? strlen(s) : 0 };
}

static const struct reply_thing thing = { .etag = 0xab, .modified_s = 1000, .size = 100 };

static struct reply_ask plain_ask(void)
{
	return (struct reply_ask){ .if_modified_since = -1,
				   .if_unmodified_since = -1,
				   .if_range_date = -1 };
}

static void cuts_ranges_as_the_rfc_says(void **state)
{
	(void)state;
	static const struct {
		const char *range;
		uint64_t size;
		enum reply_kind kind;
		uint64_t from, len;
	} rows[] = {
		{ NULL, 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=0-0", 100, REPLY_PART, 0, 1 },
		{ "bytes=0-99", 100, REPLY_PART, 0, 100 },
		{ "bytes=10-19", 100, REPLY_PART, 10, 10 },
		{ "bytes=90-", 100, REPLY_PART, 90, 10 },
		{ "bytes=90-1000", 100, REPLY_PART, 90, 10 },
		{ "bytes=90-99999999999999999999999999", 100, REPLY_PART, 90, 10 },
		{ "bytes=-1", 100, REPLY_PART, 99, 1 },
		{ "bytes=-100", 100, REPLY_PART, 0, 100 },
		{ "bytes=-1000", 100, REPLY_PART, 0, 100 },
		{ "bytes= 10-19 ", 100, REPLY_PART, 10, 10 },
		{ "BYTES=10-19", 100, REPLY_PART, 10, 10 }, /* units know no case */
		{ "bytes=100-", 100, REPLY_UNSATISFIABLE, 0, 100 },
		{ "bytes=100-200", 100, REPLY_UNSATISFIABLE, 0, 100 },
		{ "bytes=99999999999999999999-", 100, REPLY_UNSATISFIABLE, 0, 100 },
		{ "bytes=-0", 100, REPLY_UNSATISFIABLE, 0, 100 },
		{ "bytes=0-", 0, REPLY_UNSATISFIABLE, 0, 0 },
		{ "bytes=-5", 0, REPLY_UNSATISFIABLE, 0, 0 },
		/* Not understood: the whole. */
		{ "", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=-", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=20-10", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=200-100", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=200-10", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=a-b", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=1-2x", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=0-1,5-6", 100, REPLY_WHOLE, 0, 100 },
		{ "chunks=0-1", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes 0-1", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=+1-2", 100, REPLY_WHOLE, 0, 100 },
		{ "bytes=--1", 100, REPLY_WHOLE, 0, 100 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply_ask ask = plain_ask();
		struct reply_thing t = thing;
		uint64_t from = 7, len = 7;
		ask.range = text(rows[i].range);
		t.size = rows[i].size;
		if (reply_decide(&ask, &t, &from, &len) != rows[i].kind || from != rows[i].from ||
		    len != rows[i].len)
			fail_msg("range '%s': %d from %d len %d", rows[i].range,
				 (int)reply_decide(&ask, &t, &from, &len), (int)from, (int)len);
	}
}

static void weighs_conditions_in_order(void **state)
{
	(void)state;
	static const struct {
		const char *what, *if_match, *if_none_match, *range, *if_range;
		int64_t modified, unmodified, range_date;
		enum reply_kind kind;
	} rows[] = {
		{ "no condition", NULL, NULL, NULL, NULL, -1, -1, -1, REPLY_WHOLE },
		{ "has it", NULL, ETAG, NULL, NULL, -1, -1, -1, REPLY_NOT_MODIFIED },
		{ "has it, weakly", NULL, "W/" ETAG, NULL, NULL, -1, -1, -1, REPLY_NOT_MODIFIED },
		{ "has one of", NULL, OTHER " , " ETAG, NULL, NULL, -1, -1, -1,
		  REPLY_NOT_MODIFIED },
		{ "has any", NULL, "*", NULL, NULL, -1, -1, -1, REPLY_NOT_MODIFIED },
		{ "has another", NULL, OTHER, NULL, NULL, -1, -1, -1, REPLY_WHOLE },
		{ "a broken list", NULL, "\"00000000000000ab", NULL, NULL, -1, -1, -1,
		  REPLY_WHOLE },
		{ "no quotes", NULL, "00000000000000ab", NULL, NULL, -1, -1, -1, REPLY_WHOLE },
		{ "not since then", NULL, NULL, NULL, NULL, 1000, -1, -1, REPLY_NOT_MODIFIED },
		{ "since then", NULL, NULL, NULL, NULL, 999, -1, -1, REPLY_WHOLE },
		{ "what it has is newer: another file", NULL, NULL, NULL, NULL, 1001, -1, -1,
		  REPLY_WHOLE },
		{ "the tag outweighs the date", NULL, OTHER, NULL, NULL, 1000, -1, -1,
		  REPLY_WHOLE },
		{ "only if mine", ETAG, NULL, NULL, NULL, -1, -1, -1, REPLY_WHOLE },
		{ "only if mine, and it is not", OTHER, NULL, NULL, NULL, -1, -1, -1,
		  REPLY_FAILED },
		{ "only if mine, weakly", "W/" ETAG, NULL, NULL, NULL, -1, -1, -1, REPLY_FAILED },
		{ "only if any", "*", NULL, NULL, NULL, -1, -1, -1, REPLY_WHOLE },
		{ "only if unchanged", NULL, NULL, NULL, NULL, -1, 1000, -1, REPLY_WHOLE },
		{ "only if unchanged, and it is not", NULL, NULL, NULL, NULL, -1, 999, -1,
		  REPLY_FAILED },
		{ "part", NULL, NULL, "bytes=1-2", NULL, -1, -1, -1, REPLY_PART },
		{ "part if mine", NULL, NULL, "bytes=1-2", ETAG, -1, -1, -1, REPLY_PART },
		{ "part if mine, weakly", NULL, NULL, "bytes=1-2", "W/" ETAG, -1, -1, -1,
		  REPLY_WHOLE },
		{ "part if mine, and it is not", NULL, NULL, "bytes=1-2", OTHER, -1, -1, -1,
		  REPLY_WHOLE },
		{ "part if of then", NULL, NULL, "bytes=1-2", "date", -1, -1, 1000, REPLY_PART },
		{ "part if of another time", NULL, NULL, "bytes=1-2", "date", -1, -1, 1001,
		  REPLY_WHOLE },
		{ "beyond, but not mine", NULL, NULL, "bytes=200-", OTHER, -1, -1, -1,
		  REPLY_WHOLE },
		{ "part of what it has", NULL, ETAG, "bytes=1-2", NULL, -1, -1, -1,
		  REPLY_NOT_MODIFIED },
		{ "failure outweighs all", OTHER, ETAG, "bytes=200-", NULL, -1, -1, -1,
		  REPLY_FAILED },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct reply_ask ask = { text(rows[i].if_match), text(rows[i].if_none_match),
					       text(rows[i].range),    text(rows[i].if_range),
					       rows[i].modified,       rows[i].unmodified,
					       rows[i].range_date };
		uint64_t from, len;
		if (reply_decide(&ask, &thing, &from, &len) != rows[i].kind)
			fail_msg("row '%s'", rows[i].what);
	}
}

static void knows_what_is_named_weakly(void **state)
{
	(void)state;
	static const struct {
		const char *list;
		bool weakly;
	} rows[] = {
		{ NULL, false },
		{ "", false },
		{ "*", false },
		{ ETAG, false },
		{ "W/" ETAG, true },
		{ OTHER ", W/" ETAG, true },
		{ "W/" ETAG ", " ETAG, false },
		{ "W/" OTHER, false },
		{ "W/" ETAG ", *", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct reply_text list = text(rows[i].list);
		if (reply_named_weakly(&list, 0xab) != rows[i].weakly)
			fail_msg("list '%s'", rows[i].list);
	}
}

static void knows_what_shrinks(void **state)
{
	(void)state;
	static const char *const yes[] = { "text/vtt", "text/plain; charset=utf-8",
					   "application/vnd.apple.mpegurl", "application/json",
					   "image/svg+xml" };
	static const char *const no[] = { "video/mp4", "", "text", "image/jpeg",
					  "application/pdf" };
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(reply_compressible(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(reply_compressible(no[i]));
}

static void writes_etags_and_cache_control(void **state)
{
	(void)state;
	char etag[REPLY_ETAG_LEN + 1];
	reply_etag(0xab, etag);
	assert_string_equal(etag, ETAG);
	reply_etag(UINT64_MAX, etag);
	assert_int_equal(strlen(etag), REPLY_ETAG_LEN);
	assert_non_null(strstr(reply_cache_control(NAMES_CACHE_IMMUTABLE), "immutable"));
	assert_null(strstr(reply_cache_control(NAMES_CACHE_SHORT), "immutable"));
	assert_string_equal(reply_cache_control(NAMES_CACHE_NONE), "no-cache");
}

static void names_downloads_in_any_script(void **state)
{
	(void)state;
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "fractions-1.pdf", "attachment; filename=\"fractions-1.pdf\"" },
		{ "a \"b\\\r\nX: y", "attachment; filename=\"a__b___X__y\"; "
				     "filename*=UTF-8''a%20%22b%5C%0D%0AX%3A%20y" },
		{ "درس.mp4",
		  "attachment; filename=\"______.mp4\"; filename*=UTF-8''%D8%AF%D8%B1%D8%B3.mp4" },
		{ "", "attachment; filename=\"\"" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t room = strlen(rows[i].name) * 6 + 64;
		char *out = malloc(room);
		assert_int_equal(reply_disposition(rows[i].name, out, room), strlen(rows[i].want));
		assert_string_equal(out, rows[i].want);
		assert_int_equal(reply_disposition(rows[i].name, out, room - 1), 0);
		free(out);
	}
}

/* What changes back and forth has a tag and no date: an older one is not "unchanged since". */
static void without_a_date_only_tags_decide(void **state)
{
	(void)state;
	static const struct reply_thing undated = { .etag = 0xab, .modified_s = -1, .size = 100 };
	const struct reply_text mine = { ETAG, REPLY_ETAG_LEN }, range = { "bytes=0-9", 9 },
				date = { "Thu, 01 Jan 1970 00:16:40 GMT", 29 };
	uint64_t from, len;
	struct reply_ask ask = plain_ask();
	ask.if_modified_since = 1000;
	assert_int_equal(reply_decide(&ask, &undated, &from, &len), REPLY_WHOLE);
	ask.if_none_match = mine;
	assert_int_equal(reply_decide(&ask, &undated, &from, &len), REPLY_NOT_MODIFIED);
	ask = plain_ask();
	ask.if_unmodified_since = 1000;
	assert_int_equal(reply_decide(&ask, &undated, &from, &len), REPLY_WHOLE);
	ask = plain_ask();
	ask.range = range;
	ask.if_range = date;
	ask.if_range_date = 1000;
	assert_int_equal(reply_decide(&ask, &undated, &from, &len), REPLY_WHOLE);
	ask.if_range_date = -1; /* neither has one: that is no match */
	assert_int_equal(reply_decide(&ask, &undated, &from, &len), REPLY_WHOLE);
	ask.if_range = mine;
	assert_int_equal(reply_decide(&ask, &undated, &from, &len), REPLY_PART);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_date_only_tags_decide),
		cmocka_unit_test(cuts_ranges_as_the_rfc_says),
		cmocka_unit_test(weighs_conditions_in_order),
		cmocka_unit_test(knows_what_is_named_weakly),
		cmocka_unit_test(knows_what_shrinks),
		cmocka_unit_test(writes_etags_and_cache_control),
		cmocka_unit_test(names_downloads_in_any_script),
	};
	return cmocka_run_group_tests_name("cache/reply", tests, NULL, NULL);
}
