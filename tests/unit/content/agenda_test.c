// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/agenda.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/fetch/agenda_ctl.h"
#include "firmware/base/clean.h"

struct scene {
	char dir[64], path[80];
	struct agenda *agenda;
	char seen[400];
};

static void reopen(struct scene *s)
{
	agenda_close(s->agenda);
	assert_int_equal(agenda_open(s->path, &s->agenda, NULL), 0);
}

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/wasl-agenda-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/plan.db", s->dir);
	*state = s;
	return agenda_open(s->path, &s->agenda, NULL);
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	char side[96];
	agenda_close(s->agenda);
	static const char *const ends[] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(side, sizeof(side), "%s%s", s->path, ends[i]);
		unlink(side);
	}
	int r = rmdir(s->dir);
	free(s);
	return r;
}

static int see_request(void *data, const struct agenda_request *r)
{
	struct scene *s = data;
	snprintf(s->seen + strlen(s->seen), sizeof(s->seen) - strlen(s->seen), "%s:%d ", r->lesson,
		 (int)r->day);
	return 0;
}

static const char *requests(struct scene *s)
{
	s->seen[0] = '\0';
	assert_int_equal(agenda_requests(s->agenda, see_request, s, NULL), 0);
	return s->seen;
}

static void ask(struct scene *s, const char *lesson, int32_t day)
{
	struct agenda_request r = { .day = day, .added_s = 5 };
	snprintf(r.lesson, sizeof(r.lesson), "%s", lesson);
	assert_int_equal(agenda_ask(s->agenda, &r, NULL), 0);
}

static void requests_stay(void **state)
{
	struct scene *s = *state;
	ask(s, "waves", 20780);
	ask(s, "cells", 20775);
	ask(s, "waves", 20770);
	reopen(s);
	assert_string_equal(requests(s), "waves:20770 cells:20775 ");
	assert_int_equal(agenda_withdraw(s->agenda, "waves", NULL), 0);
	assert_int_equal(agenda_withdraw(s->agenda, "waves", NULL), -ENOENT);
	ask(s, "old", 20000);
	assert_int_equal(agenda_forget_before(s->agenda, 20775, NULL), 0);
	assert_string_equal(requests(s), "cells:20775 ");
}

static void so_many_and_no_more(void **state)
{
	struct scene *s = *state;
	struct agenda_request r = { .day = 1 };
	for (int i = 0; i < AGENDA_MOST_REQUESTS; i++) {
		snprintf(r.lesson, sizeof(r.lesson), "l-%d", i);
		assert_int_equal(agenda_ask(s->agenda, &r, NULL), 0);
	}
	snprintf(r.lesson, sizeof(r.lesson), "one-more");
	assert_int_equal(agenda_ask(s->agenda, &r, NULL), -ENOSPC);
	snprintf(r.lesson, sizeof(r.lesson), "l-7");
	assert_int_equal(agenda_ask(s->agenda, &r, NULL), 0);
}

static int see_night(void *data, const struct agenda_night *n)
{
	struct scene *s = data;
	snprintf(s->seen + strlen(s->seen), sizeof(s->seen) - strlen(s->seen), "%s %d %d/%d, ",
		 n->line, (int)n->night, (int)n->spent_bytes, (int)n->meant_bytes);
	return 0;
}

static void nights_never_shrink(void **state)
{
	struct scene *s = *state;
	static const struct agenda_night rows[] = {
		{ "lte", 20770, 100, 900 }, { "lte", 20770, 700, 0 },   { "lte", 20770, 300, 900 },
		{ "lte", 20771, 5, 9 },     { "vsat", 20770, 70, 700 },
	};
	bool lines = true;
	assert_int_equal(agenda_had_lines(s->agenda, &lines, NULL), 0);
	assert_false(lines);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(agenda_note(s->agenda, &rows[i], NULL), 0);
	reopen(s);
	assert_int_equal(agenda_had_lines(s->agenda, &lines, NULL), 0);
	assert_true(lines);
	s->seen[0] = '\0';
	assert_int_equal(agenda_nights(s->agenda, "lte", 20770, see_night, s, NULL), 0);
	assert_string_equal(s->seen, "lte 20770 700/900, lte 20771 5/9, ");
	static const struct agenda_night later = { "lte", 20771 + AGENDA_NIGHTS, 1, 1 };
	assert_int_equal(agenda_note(s->agenda, &later, NULL), 0);
	s->seen[0] = '\0';
	assert_int_equal(agenda_nights(s->agenda, "lte", 0, see_night, s, NULL), 0);
	assert_string_equal(s->seen, "lte 20771 5/9, lte 20871 1/1, ");
}

static void blind_nights_go_on(void **state)
{
	struct scene *s = *state;
	struct agenda_blind b = { 7, 7 };
	assert_int_equal(agenda_blind(s->agenda, &b, NULL), 0);
	assert_int_equal(b.night, 0);
	b = (struct agenda_blind){ 20770, 3600 };
	assert_int_equal(agenda_note_blind(s->agenda, &b, NULL), 0);
	reopen(s);
	b = (struct agenda_blind){ 0 };
	assert_int_equal(agenda_blind(s->agenda, &b, NULL), 0);
	assert_int_equal(b.night, 20770);
	assert_int_equal(b.up_s, 3600);
}

static void days_as_people_write_them(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
		int32_t day;
	} rows[] = {
		{ "1970-01-02", 0, 1 },       { "2026-11-25", 0, 20782 },
		{ "2028-02-29", 0, 21243 },   { "2026-02-29", -EINVAL, 0 },
		{ "2026-11-31", -EINVAL, 0 }, { "2026-13-01", -EINVAL, 0 },
		{ "2026-1-01", -EINVAL, 0 },  { "2026-11-25 ", -EINVAL, 0 },
		{ "25.11.2026", -EINVAL, 0 }, { "", -EINVAL, 0 },
		{ NULL, -EINVAL, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int32_t day = 0;
		assert_int_equal(agenda_ctl_day(rows[i].text, &day), rows[i].code);
		assert_int_equal(day, rows[i].day);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_stay, make_scene, drop_scene),
		cmocka_unit_test_setup_teardown(so_many_and_no_more, make_scene, drop_scene),
		cmocka_unit_test_setup_teardown(nights_never_shrink, make_scene, drop_scene),
		cmocka_unit_test_setup_teardown(blind_nights_go_on, make_scene, drop_scene),
		cmocka_unit_test(days_as_people_write_them),
	};
	return cmocka_run_group_tests_name("content/agenda", tests, NULL, NULL);
}
