// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/evict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define NOW 100000000
#define WALL 1700000000
#define DAY (24 * 3600)

static void what_never_goes(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct evict_facts facts;
		int64_t age_s;
		enum evict_keep want;
	} rows[] = {
		{ "nothing speaks for it", { 0 }, DAY, EVICT_MAY_GO },
		{ "pinned", { .pinned = true }, 400 * DAY, EVICT_PINNED },
		{ "nobody else has it", { .local = true }, 400 * DAY, EVICT_LOCAL },
		{ "of a programme without a day", { .programme = true }, DAY, EVICT_PROGRAMME },
		{ "due in a month",
		  { .programme = true, .due_s = WALL + 30 * DAY },
		  DAY,
		  EVICT_PROGRAMME },
		{ "due in 48 hours",
		  { .programme = true, .due_s = WALL + 2 * DAY },
		  DAY,
		  EVICT_DUE },
		{ "a second later", { .due_s = WALL + 2 * DAY + 1 }, DAY, EVICT_MAY_GO },
		{ "due since this morning", { .due_s = WALL - DAY / 2 }, DAY, EVICT_DUE },
		{ "due yesterday", { .due_s = WALL - DAY }, DAY, EVICT_MAY_GO },
		{ "due yesterday, still in a programme",
		  { .programme = true, .due_s = WALL - DAY },
		  DAY,
		  EVICT_PROGRAMME },
		{ "played a minute ago", { 0 }, 60, EVICT_BUSY },
		{ "played ten minutes ago", { 0 }, EVICT_BUSY_S, EVICT_MAY_GO },
		{ "used in the future (a clock set back)", { 0 }, -DAY, EVICT_BUSY },
		{ "being filled", { .busy = true }, 400 * DAY, EVICT_BUSY },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const enum evict_keep got =
			evict_keep(&rows[i].facts, NOW - rows[i].age_s, NOW, WALL);
		if (got != rows[i].want)
			print_error("%s: %d, not %d\n", rows[i].name, got, rows[i].want);
		assert_int_equal(got, rows[i].want);
	}
}

/* One item of each sort; ref is its letter. */
static const struct evict_item shelf[] = {
	{ EVICT_FETCHED, EVICT_MAY_GO, 100, NOW - 30 * DAY, 'F' }, /* an old film */
	{ EVICT_FETCHED, EVICT_MAY_GO, 100, NOW - 2 * DAY, 'f' },
	{ EVICT_DERIVED, EVICT_MAY_GO, 10, NOW - 20 * DAY, 'D' },
	{ EVICT_DERIVED, EVICT_MAY_GO, 30, NOW - DAY, 'd' },
	{ EVICT_DERIVED, EVICT_MAY_GO, 40, NOW - DAY, 'e' }, /* as old, larger */
	{ EVICT_DERIVED, EVICT_PROGRAMME, 1000, NOW - 300 * DAY, 'P' },
	{ EVICT_UNNAMED, EVICT_MAY_GO, 5, NOW - DAY, 'u' },
	{ EVICT_FETCHED, EVICT_BUSY, 1000, NOW, 'b' },
	{ EVICT_FETCHED, EVICT_LOCAL, 1000, NOW - 300 * DAY, 'L' },
};

static void the_order(void **state)
{
	(void)state;
	static const struct {
		uint64_t need;
		enum evict_asker asker;
		const char *goes;
	} rows[] = {
		{ 0, EVICT_FOR_PUPIL, "" },
		{ 1, EVICT_FOR_PUPIL,
		  "u" }, /* what no catalogue names, though it was used yesterday */
		{ 5, EVICT_FOR_PUPIL, "u" },
		{ 6, EVICT_FOR_PUPIL, "uD" },
		{ 16, EVICT_FOR_PUPIL,
		  "uDe" }, /* renditions before an older film; the larger first */
		{ 85, EVICT_FOR_PUPIL, "uDed" },
		{ 86, EVICT_FOR_PUPIL, "uDedF" },
		{ 285, EVICT_FOR_DUE, "uDedFf" },
		{ 286, EVICT_FOR_DUE, "" }, /* all together do not do: none goes */
		{ 286, EVICT_FOR_PERSON, "" },
		{ 1, EVICT_FOR_BACKGROUND, "u" },
		{ 6, EVICT_FOR_BACKGROUND, "uD" },
		{ 115, EVICT_FOR_BACKGROUND, "uDF" }, /* never what was used of late */
		{ 116, EVICT_FOR_BACKGROUND, "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct evict_item items[ARRAY_LEN(shelf)];
		char goes[ARRAY_LEN(shelf) + 1] = "";
		memcpy(items, shelf, sizeof(items));
		const size_t n =
			evict_choose(items, ARRAY_LEN(items), rows[i].need, rows[i].asker, NOW);
		for (size_t k = 0; k < n; k++)
			goes[k] = (char)items[k].ref;
		assert_string_equal(goes, rows[i].goes);
	}
	assert_int_equal(evict_reach(shelf, ARRAY_LEN(shelf), EVICT_FOR_PUPIL, NOW), 285);
	assert_int_equal(evict_reach(shelf, ARRAY_LEN(shelf), EVICT_FOR_BACKGROUND, NOW), 115);
	assert_int_equal(evict_choose(NULL, 0, 10, EVICT_FOR_PUPIL, NOW), 0);
}

/* Whatever stands on the shelf, in whatever order: nothing that must stay goes, and no more goes than is needed. */
static void any_shelf(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int round = 0; round < 2000; round++) {
		struct evict_item items[40];
		const size_t count = seed % ARRAY_LEN(items);
		for (size_t i = 0; i < count; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			items[i] = (struct evict_item){ (enum evict_value)(seed >> 60 & 1),
							seed >> 50 & 3 ? EVICT_MAY_GO : EVICT_DUE,
							1 + (seed >> 20 & 63),
							NOW - (int64_t)(seed >> 40 & 0x3fffff), i };
		}
		const enum evict_asker asker = (enum evict_asker)(round % 4);
		const uint64_t reach = evict_reach(items, count, asker, NOW);
		const uint64_t need = 1 + (seed >> 33) % 900;
		const size_t n = evict_choose(items, count, need, asker, NOW);
		uint64_t got = 0;
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(items[i].keep, EVICT_MAY_GO);
			assert_true(evict_yields(&items[i], asker, NOW));
			assert_true(got < need);
			got += items[i].bytes;
		}
		assert_int_equal(n > 0, reach >= need);
		assert_true(n == 0 || got >= need);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_never_goes),
		cmocka_unit_test(the_order),
		cmocka_unit_test(any_shelf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
