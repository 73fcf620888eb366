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

static void an_older_answer_is_no_beginning(void **state)
{
	(void)state;
	struct live_window w = { .track = 'm' };
	struct live_list l = list_of(100, 6);
	take_all(&w, &l, true);
	l = list_of(98, 6); /* another server of the same stream, a little behind */
	assert_null(live_window_next(&w, &l, 3 * SECOND));
	l = list_of(100, 0);
	assert_null(live_window_next(&w, &l, 3 * SECOND));
	l = list_of(101, 6);
	assert_int_equal(live_window_next(&w, &l, 3 * SECOND)->number, 106);
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
		cmocka_unit_test(an_older_answer_is_no_beginning),
		cmocka_unit_test(breaks_of_the_stream_are_ours_too),
		cmocka_unit_test(old_pieces_go),
		cmocka_unit_test(only_what_comes_soon_is_waited_for),
		cmocka_unit_test(the_kind_is_in_the_address),
	};
	return cmocka_run_group_tests_name("content/live_window", tests, NULL, NULL);
}
