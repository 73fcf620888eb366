// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define SECOND 1000u

static struct live_list list_of(uint64_t first, size_t count)
{
	struct live_list l = { .target_ms = SECOND, .segment_count = count };
	for (size_t i = 0; i < count; i++)
		l.segments[i] = (struct live_segment){ .number = first + i,
						       .duration_ms = SECOND,
						       .body = { .url = "a.ts" } };
	return l;
}

/* Takes everything that there is; returns how many pieces, and the number in the stream of the last. */
static size_t take_all(struct live_window *w, const struct live_list *l, bool breaks)
{
	struct live_piece gone[LIVE_WINDOW_PIECES];
	const struct live_segment *s;
	size_t count = 0;
	live_window_look(w, l, 0);
	while ((s = live_window_next(w, l, 3 * SECOND))) {
		struct live_piece p = { .duration_ms = s->duration_ms,
					.kind = live_window_kind(s) };
		live_window_add(w, s, &p, breaks && w->broken, 30 * SECOND, gone);
		count++;
	}
	return count;
}

static void it_begins_near_the_end_and_goes_on(void **state)
{
	(void)state;
	struct live_window w = { .track = 'm' };
	struct live_list l = list_of(100, 6);
	assert_int_equal(take_all(&w, &l, true), 3);
	assert_int_equal(w.pieces[0].number, 103);
	l = list_of(102, 6);
	assert_int_equal(take_all(&w, &l, true), 2);
	assert_int_equal(w.place, 107);
	l = list_of(108, 6); /* the very next */
	assert_int_equal(take_all(&w, &l, true), 6);
	assert_int_equal(w.next, 114);
	assert_int_equal(w.stretch, 0);
}

static void what_was_missed_is_a_break(void **state)
{
	(void)state;
	struct live_window w = { .track = 'm' };
	struct live_list l = list_of(100, 6);
	take_all(&w, &l, true);
	l = list_of(120, 6); /* too slow: it begins anew, near the end */
	assert_int_equal(take_all(&w, &l, true), 3);
	assert_int_equal(w.next, 109); /* ours go on by one */
	assert_int_equal(w.stretch, 1);
	l = list_of(0, 4); /* the encoder was started again */
	assert_int_equal(take_all(&w, &l, true), 3);
	assert_int_equal(w.stretch, 2);
	size_t len;
	AUTO_FREE char *text = live_window_text(&w, "0123456789abcdef", &len);
	struct live_list back = { 0 };
	assert_int_equal(live_list_parse(text, len, &back, NULL), 0);
	assert_int_equal(back.segment_count, 9);
	assert_int_equal(back.segments[0].number, 103);
	assert_int_equal(back.segments[2].stretch, 0);
	assert_int_equal(back.segments[3].stretch, 1);
	assert_int_equal(back.segments[8].stretch, 2);
	live_list_done(&back);
}

/* What is looked at, one after the other: "45-49", "a" behind it for other names, "." for the end of the stream. */
static const struct look_row {
	const char *name, *looks;
	uint64_t place; /* afterwards */
	uint64_t next;  /* of ours */
	uint64_t breaks;
} look_rows[] = {
	{ "a stream that goes on", "100-105 101-106 102-107", 107, 108, 0 },
	{ "another server, a little behind", "100-105 98-103 101-106", 106, 107, 0 },
	{ "for as long as it likes", "100-105 97-102 98-103 99-104 100-105 101-106", 106, 107, 0 },
	{ "one far behind, once", "100-105 90-95 101-106", 106, 107, 0 },
	{ "one far behind that stands still", "100-105 90-95 90-95 90-95", 105, 106, 0 },
	{ "one that had not grown yet", "0-5 0-4 0-6", 6, 7, 0 },
	{ "an encoder that was started again", "45-49 0-4", 49, 50, 0 },
	{ "and goes on", "45-49 0-4 1-5", 5, 53, 1 },
	{ "and on", "45-49 0-4 1-5 2-6 3-7", 7, 55, 1 },
	{ "seen from its first segment on", "45-49 0-0 0-1 0-2", 2, 53, 1 },
	{ "seen as it comes near", "5-9 0-4 1-5 2-6 5-9 6-10", 10, 18, 1 },
	{ "seen twice the same first", "45-49 0-4 0-4 1-5", 5, 53, 1 },
	{ "started twice", "45-49 0-4 1-5 2-6 0-1 0-2 0-3", 3, 58, 2 },
	{ "from far ahead", "500-504 0-4", 4, 508, 1 },
	{ "with other names, a little behind", "5-9 4-8a", 8, 13, 1 },
	{ "with other names, from the first", "6-9 0-7a 0-8a", 8, 14, 1 },
	{ "other names for what nobody saw", "45-49 0-4a", 49, 50, 0 },
	{ "whose end is there at once", "45-49 0-4.", 4, 53, 1 },
	{ "too slow", "100-105 120-125", 125, 109, 1 },
};

static struct live_list list_said(const char *said)
{
	char *end;
	uint64_t first = strtoull(said, &end, 10), last = strtoull(end + 1, &end, 10);
	struct live_list l = list_of(first, last - first + 1);
	static char names[2][200][24]; /* outlive the list, as its text does */
	for (size_t i = 0; i < l.segment_count; i++) {
		char *name = names[*end == 'a'][l.segments[i].number % 200];
		snprintf(name, 24, "x/%c%d.ts?t=%d", *end == 'a' ? 'a' : 's',
			 (int)l.segments[i].number, (int)last);
		l.segments[i].body.url = name;
	}
	l.ended = *end == '.';
	return l;
}

static void a_list_that_ends_before_is_older_or_anew(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(look_rows); i++) {
		const struct look_row *r = &look_rows[i];
		struct live_window w = { .track = 'm' };
		for (const char *at = r->looks; *at; at += strcspn(at, " "), at += *at == ' ') {
			struct live_list l = list_said(at);
			take_all(&w, &l, true);
		}
		if (w.place != r->place || w.next != r->next || w.stretch != r->breaks)
			fail_msg("%s: place %d, next %d, breaks %d", r->name, (int)w.place,
				 (int)w.next, (int)w.stretch);
	}
}

/* A stream that stands still is told by this: nothing older is news. */
static void only_what_was_not_listed_is_news(void **state)
{
	(void)state;
	struct live_window w = { .track = 'm' };
	struct live_piece gone[LIVE_WINDOW_PIECES], p = { .duration_ms = SECOND, .kind = 't' };
	struct live_list l = list_of(100, 6);
	assert_true(live_window_look(&w, &l, 0));
	assert_false(live_window_look(&w, &l, 0));
	live_window_add(&w, &l.segments[5], &p, false, 30 * SECOND, gone);
	l = list_of(99, 6);
	assert_false(live_window_look(&w, &l, 0));
	l = list_of(100, 6);
	assert_false(live_window_look(&w, &l, 0));
	l = list_of(101, 6);
	assert_true(live_window_look(&w, &l, 0));
	l = list_of(0, 0);
	assert_false(live_window_look(&w, &l, 0));
	l = list_of(10, 6);
	assert_true(live_window_look(&w, &l, 0)); /* anew */
	assert_false(live_window_look(&w, &l, 0));
}

/* Lists of another version, or from another address, name others: that alone says nothing. */
static void from_elsewhere_names_say_nothing(void **state)
{
	(void)state;
	struct live_window w = { .track = 'm' };
	struct live_list l = list_said("5-9");
	take_all(&w, &l, true);
	live_window_elsewhere(&w);
	l = list_said("4-8a");
	assert_int_equal(take_all(&w, &l, true), 0);
	l = list_said("6-10a");
	assert_int_equal(take_all(&w, &l, true), 1);
	assert_int_equal(w.stretch, 0);
}

/* Picture and sound apart are put together by their stretches: one that began anew takes the other with it. */
static void tracks_apart_part_together(void **state)
{
	(void)state;
	struct live_window m = { .track = 'm' }, s = { .track = 's' };
	struct live_list l = list_of(45, 5);
	take_all(&m, &l, false);
	take_all(&s, &l, false);
	for (uint64_t first = 0; first < 2; first++) {
		l = list_of(first, 5);
		take_all(&m, &l, false);
	}
	assert_int_equal(m.stretch, 1);
	assert_int_equal(m.begins, 1);
	live_window_look(&s, &l, m.begins); /* its first look since */
	take_all(&s, &l, false);
	assert_int_equal(s.place, 5);
	assert_int_equal(s.stretch, 1);
	assert_int_equal(s.begins, 1);
	l = list_of(6, 3); /* one whose lists never ended before */
	live_window_look(&s, &l, 2);
	take_all(&s, &l, false);
	assert_int_equal(s.stretch, 2);
	assert_int_equal(s.next, 56);
}

static void breaks_of_the_stream_are_ours_too(void **state)
{
	(void)state;
	struct live_window w = { .track = 'm' };
	struct live_list l = list_of(100, 4);
	l.segments[0].stretch = l.segments[1].stretch = 7;
	l.segments[2].stretch = l.segments[3].stretch = 8;
	take_all(&w, &l, true);
	assert_int_equal(w.pieces[0].stretch, 7);
	assert_int_equal(w.pieces[1].stretch, 8);
	assert_int_equal(w.pieces[2].stretch, 8);
}

static void old_pieces_go(void **state)
{
	(void)state;
	struct live_window w = { .track = 's' };
	struct live_piece gone[LIVE_WINDOW_PIECES];
	size_t left = 0;
	for (uint64_t n = 0; n < 100; n++) {
		struct live_list l = list_of(n, 1);
		struct live_piece p = { .duration_ms = 2 * SECOND, .kind = 'm', .init = 1 };
		left += live_window_add(&w, &l.segments[0], &p, false, 10 * SECOND, gone);
		assert_true(w.count <= LIVE_WINDOW_PIECES);
	}
	assert_int_equal(w.count + left, 100);
	assert_int_equal(w.count, 5); /* ten seconds */
	char name[LIVE_NAME_BYTES];
	live_window_name(&w, &w.pieces[4], name);
	assert_string_equal(name, "s99.m4s");
	assert_int_equal(gone[0].number, 94);
	live_window_init_name(&w, 3, name);
	assert_string_equal(name, "s3.mp4");
}

static void only_what_comes_soon_is_waited_for(void **state)
{
	(void)state;
	struct live_window w = { .track = 'm' };
	assert_true(live_window_awaits(&w, "m9.ts"));
	struct live_list l = list_of(100, 3);
	take_all(&w, &l, true);
	assert_false(live_window_awaits(&w, "m102.ts"));
	assert_true(live_window_awaits(&w, "m103.ts"));
	assert_true(live_window_awaits(&w, "m104.ts"));
	assert_false(live_window_awaits(&w, "m105.ts"));
	assert_false(live_window_awaits(&w, "s103.ts"));
	assert_false(live_window_awaits(&w, "m103.mp4"));
	assert_false(live_window_awaits(&w, "m"));
	assert_false(live_window_awaits(&w, "m-1.ts"));
}

static void the_kind_is_in_the_address(void **state)
{
	(void)state;
	const struct {
		const char *url, *init;
		char want;
	} kinds[] = { { "a.ts", NULL, 't' },        { "a.m4s", "i.mp4", 'm' },
		      { "a.aac?x=.ts", NULL, 'a' }, { "a?x=.aac", NULL, 't' },
		      { ".aac", NULL, 't' },        { "a", NULL, 't' } };
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct live_segment s = { .body = { .url = kinds[i].url },
					  .init = { .url = kinds[i].init } };
		assert_int_equal(live_window_kind(&s), kinds[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_near_the_end_and_goes_on),
		cmocka_unit_test(what_was_missed_is_a_break),
		cmocka_unit_test(a_list_that_ends_before_is_older_or_anew),
		cmocka_unit_test(only_what_was_not_listed_is_news),
		cmocka_unit_test(from_elsewhere_names_say_nothing),
		cmocka_unit_test(tracks_apart_part_together),
		cmocka_unit_test(breaks_of_the_stream_are_ours_too),
		cmocka_unit_test(old_pieces_go),
		cmocka_unit_test(only_what_comes_soon_is_waited_for),
		cmocka_unit_test(the_kind_is_in_the_address),
	};
	return cmocka_run_group_tests_name("content/live_window", tests, NULL, NULL);
}
