// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/scratch_db.h"

CLEAN_FN(book, struct book, book_close)

static struct scratch_db at;

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

static struct book *open_book(void)
{
	struct book *b = NULL;
	struct fault why = { 0 };
	if (book_open(at.path, &b, &why))
		fail_msg("%s", why.text);
	return b;
}

static struct want_tally tally(uint64_t sequence, const char *lesson, uint64_t ms)
{
	struct want_tally t = { .type = WANT_TALLY,
				.sequence = sequence,
				.day = 20700,
				.starts = 1,
				.watched_ms = ms,
				.sent_bytes = 1000,
				.new_devices = 1,
				.rung = "240p" };
	snprintf(t.lesson, sizeof(t.lesson), "%s", lesson);
	return t;
}

static int64_t sum(struct book *b, const char *column)
{
	int64_t total = 0;
	json_auto_t *all = book_usage(b, 0, 1000, NULL);
	size_t i;
	json_t *row;
	json_array_foreach (json_object_get(all, "rows"), i, row)
		total += json_integer_value(json_object_get(row, column));
	return total;
}

static void a_repeated_tally_counts_once(void **state)
{
	(void)state;
	uint64_t through = 0;
	const struct want_tally three[] = { tally(1, "a", 700), tally(2, "a", 700),
					    tally(3, "b", 10000) };
	{
		CLEANUP(clean_book) struct book *b = open_book();
		assert_int_equal(book_tally(b, 77, three, 2, &through, NULL), 0);
		assert_int_equal(through, 2);
	}
	/* The receipt was lost: the worker sends all of them again, to a contentd that was killed and started. */
	CLEANUP(clean_book) struct book *b = open_book();
	assert_int_equal(book_tally(b, 77, three, 3, &through, NULL), 0);
	assert_int_equal(through, 3);
	assert_int_equal(sum(b, "starts"), 3);
	assert_int_equal(sum(b, "watched_s"), 11); /* 0.7 + 0.7 + 10 */
	assert_int_equal(sum(b, "sent_bytes"), 3000);
	/* Another process has sequences of its own. */
	assert_int_equal(book_tally(b, 78, three, 1, &through, NULL), 0);
	assert_int_equal(through, 1);
	assert_int_equal(sum(b, "starts"), 4);
}

static void what_is_no_lesson_is_passed_over(void **state)
{
	(void)state;
	CLEANUP(clean_book) struct book *b = open_book();
	uint64_t through = 0;
	const struct want_tally two[] = { tally(5, "../etc", 1000), tally(6, "a", 1000) };
	assert_int_equal(book_tally(b, 1, two, 2, &through, NULL), 0);
	assert_int_equal(through, 6);
	assert_int_equal(sum(b, "starts"), 1);
}

static void rows_are_read_after_a_cursor(void **state)
{
	(void)state;
	CLEANUP(clean_book) struct book *b = open_book();
	for (int i = 0; i < 5; i++)
		assert_int_equal(book_event(b, 1790000000 + i, "catalogue.refused", "catalogue",
					    "origin", NULL),
				 0);
	json_auto_t *first = book_events(b, 0, 2, NULL);
	assert_int_equal(json_array_size(json_object_get(first, "rows")), 2);
	int64_t next = json_integer_value(json_object_get(first, "next"));
	json_auto_t *rest = book_events(b, next, 5000, NULL);
	assert_int_equal(json_array_size(json_object_get(rest, "rows")), 3);
	json_t *row = json_array_get(json_object_get(rest, "rows"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "at")), 1790000002);
	assert_string_equal(json_string_value(json_object_get(row, "kind")), "catalogue.refused");
	assert_string_equal(json_string_value(json_object_get(row, "reason")), "origin");
	next = json_integer_value(json_object_get(rest, "next"));
	json_auto_t *none = book_events(b, next, 5, NULL);
	assert_int_equal(json_array_size(json_object_get(none, "rows")), 0);
	assert_int_equal(json_integer_value(json_object_get(none, "next")), next);
	/* Who comes from an earlier book sees that this one began again. */
	json_auto_t *beyond = book_events(b, 900, 5, NULL);
	assert_int_equal(json_integer_value(json_object_get(beyond, "next")), next);
	json_auto_t *empty = book_usage(b, 900, 5, NULL);
	assert_int_equal(json_integer_value(json_object_get(empty, "next")), 0);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(a_repeated_tally_counts_once),
		IN_DIR(what_is_no_lesson_is_passed_over),
		IN_DIR(rows_are_read_after_a_cursor),
	};
	return cmocka_run_group_tests_name("content/book", tests, NULL, NULL);
}
