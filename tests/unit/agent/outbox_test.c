// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/agent/outbox_scene.h"

static void belongs_to_one_box(void **state)
{
	struct scene *s = *state;
	uint8_t other[16] = { 1 };
	struct outbox *o = NULL;
	struct fault why = { 0 };
	outbox_close(MOVE_PTR(s->o));
	assert_int_equal(outbox_open(s->place.path, other, &o, &why), -EPERM);
	assert_non_null(strstr(why.text, s->place.path));
	assert_null(o);
	assert_int_equal(outbox_open(s->place.path, s->device, &s->o, NULL), 0);
}

static void keeps_facts(void **state)
{
	struct scene *s = *state;
	int64_t n = 0;
	void *blob = NULL;
	size_t len = 0;
	assert_int_equal(outbox_number(s->o, "floor", -7, &n, NULL), 0);
	assert_int_equal(n, -7);
	assert_int_equal(outbox_number_set(s->o, "floor", 12, NULL), 0);
	assert_int_equal(outbox_number_set(s->o, "floor", 13, NULL), 0);
	assert_int_equal(outbox_blob(s->o, "grant", &blob, &len, NULL), -ENOENT);
	enrol(s, 1);
	reopen(s);
	assert_int_equal(outbox_number(s->o, "floor", -7, &n, NULL), 0);
	assert_int_equal(n, 13);
	assert_int_equal(outbox_blob(s->o, "grant", &blob, &len, NULL), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(blob, "grant", 5);
	free(blob);
}

static void commits_rows_with_their_cursor(void **state)
{
	struct scene *s = *state;
	struct aggregate_minute m = { .minute = MINUTE0, .uplink = "adsl", .up_s = 60 };
	int64_t at = -1;
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_add_minute(s->o, &m, NULL), 0);
	assert_int_equal(outbox_cursor_set(s->o, "minutes", 41, NULL), 0);
	outbox_rollback(s->o);
	assert_int_equal(outbox_cursor(s->o, "minutes", &at, NULL), 0);
	assert_int_equal(at, 0);
	assert_int_equal(counts(s).open_rows, 0);
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_add_minute(s->o, &m, NULL), 0);
	assert_int_equal(outbox_cursor_set(s->o, "minutes", 41, NULL), 0);
	assert_int_equal(outbox_commit(s->o, NULL), 0);
	reopen(s);
	assert_int_equal(outbox_cursor(s->o, "minutes", &at, NULL), 0);
	assert_int_equal(at, 41);
	assert_int_equal(counts(s).open_rows, 1);
}

/* The disk is full: one sentence, nothing half done, and all goes on when there is room again. */
static void loses_nothing_on_a_full_disk(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	for (int i = 0; i < 120; i++)
		minute(s, i, "adsl");
	sqlite3 *db = db_handle(s->o->db);
	assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count=1", NULL, NULL, NULL),
			 SQLITE_OK); /* no page more than now */
	struct fault why = { 0 };
	struct outbox_order order = order_of(s, OUTBOX_ALL);
	uint64_t rows = 0;
	int sealed = 0, r = 0;
	/* Pages have some room left: seal empty reports until there is none. */
	for (; (r = outbox_seal(s->o, &order, &rows, &why)) == 0; sealed++)
		assert_true(sealed < 1000);
	assert_int_equal(r, -ENOSPC);
	assert_string_equal(why.id, "db.full");
	assert_non_null(strstr(why.text, s->place.path));
	struct chain_state chain;
	assert_int_equal(outbox_chain(s->o, 1, &chain, NULL), 0);
	assert_int_equal(chain.sealed_seq, sealed);
	r = 0;
	int added = 0;
	for (; r == 0; added++) {
		struct outbox_event e = { .at_s = NOW, .kind = "x" };
		assert_true(added < 100000);
		r = outbox_begin(s->o, &why);
		for (int i = 0; r == 0 && i < 50; i++)
			r = outbox_add_event(s->o, &e, &why);
		if (r == 0)
			r = outbox_commit(s->o, &why);
		outbox_rollback(s->o);
	}
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count=100000", NULL, NULL, NULL),
			 SQLITE_OK);
	uint64_t ready = 1;
	while (ready) {
		seal(s, OUTBOX_ALL);
		assert_int_equal(outbox_ready(s->o, OUTBOX_ALL, DAY, &ready, NULL), 0);
	}
	while (s->through < chain.sealed_seq + 1)
		deliver(s);
	assert_int_equal(s->up_s, 120 * 60);
	assert_int_equal(s->events, 50 * (added - 1));
}

/*
 * Anything in any order, with the program ended at any moment: what the hub adds up is what
 * happened.
 */
static void adds_up_whatever_happens(void **state)
{
	struct scene *s = *state;
	uint32_t random = 7;
	uint64_t minutes = 0, starts = 0, events = 0;
	enrol(s, 1);
	for (int step = 0; step < 600; step++) {
		random = random * 1664525u + 1013904223u;
		uint32_t draw = random >> 16;
		switch (draw % 8) {
		case 0:
		case 1:
			minute(s, draw % 300, draw & 512 ? "adsl" : "4g");
			minutes++;
			break;
		case 2:
			use(s, DAY - (int32_t)(draw % 3), draw % 9);
			starts++;
			break;
		case 3:
			event(s, NOW - draw);
			events++;
			break;
		case 4:
			seal(s, draw & 512 ? OUTBOX_ALL : OUTBOX_COMPLETE);
			break;
		case 5:
			deliver(s);
			break;
		case 6: { /* a receipt, perhaps of a while ago */
			uint8_t hash[32] = { 0 };
			uint64_t through = s->through ? draw % s->through + 1 : 0;
			if (!through || hash_of(s, through, hash))
				break;
			wasl_Receipt r = receipt_of(s, 1, through, hash, 1);
			assert_true(answer(s, &r) <= CHAIN_STALE);
			break;
		}
		case 7: /* killed in the middle of a collection */
			assert_int_equal(outbox_begin(s->o, NULL), 0);
			assert_int_equal(outbox_add_use(s->o,
							&(struct aggregate_use){ .day = DAY,
										 .lesson = "x",
										 .rung = "y",
										 .starts = 5 },
							NULL),
					 0);
			reopen(s);
			break;
		}
	}
	seal(s, OUTBOX_ALL);
	while (deliver(s) && s->through) {
		wasl_Receipt r = receipt_of(s, 1, s->through, s->head, 1);
		answer(s, &r);
	}
	assert_int_equal(s->up_s, minutes * 60);
	assert_int_equal(s->starts, starts);
	assert_int_equal(s->events, events);
	assert_int_equal(counts(s).open_rows, 0);
	assert_int_equal(counts(s).waiting_rows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(belongs_to_one_box),
		IN_SCENE(keeps_facts),
		IN_SCENE(commits_rows_with_their_cursor),
		IN_SCENE(loses_nothing_on_a_full_disk),
		IN_SCENE(adds_up_whatever_happens),
	};
	return cmocka_run_group_tests_name("agent/outbox", tests, NULL, NULL);
}
