// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/agent/outbox_scene.h"

static void waits_for_a_grant(void **state)
{
	struct scene *s = *state;
	struct outbox_order order = order_of(s, OUTBOX_ALL);
	uint64_t rows = 0;
	struct fault why = { 0 };
	minute(s, 0, "adsl");
	assert_int_equal(outbox_seal(s->o, &order, &rows, &why), -EAGAIN);
	assert_string_equal(why.id, "outbox.unenrolled");
	assert_int_equal(counts(s).open_rows, 1);
	enrol(s, 1);
	assert_int_equal(seal(s, OUTBOX_ALL), 1);
}

static void holds_back_what_is_not_over(void **state)
{
	struct scene *s = *state;
	uint64_t ready = 0;
	enrol(s, 1);
	for (int i = 0; i < 59; i++)
		minute(s, i, "adsl");
	use(s, DAY, 3);
	assert_int_equal(outbox_ready(s->o, OUTBOX_COMPLETE, DAY, &ready, NULL), 0);
	assert_int_equal(ready, 0);
	assert_int_equal(outbox_ready(s->o, OUTBOX_ALL, DAY, &ready, NULL), 0);
	assert_int_equal(ready, 2);
	minute(s, 59, "adsl"); /* 3600 s */
	assert_int_equal(outbox_ready(s->o, OUTBOX_COMPLETE, DAY, &ready, NULL), 0);
	assert_int_equal(ready, 1);
	minute(s, 10, "4g"); /* an hour with a hole … */
	minute(s, 65, "4g"); /* … is over when the next one has begun */
	assert_int_equal(outbox_ready(s->o, OUTBOX_COMPLETE, DAY, &ready, NULL), 0);
	assert_int_equal(ready, 2);
	minute(s, 3 * 1440, "sat"); /* the others' uplinks are gone for good */
	assert_int_equal(outbox_ready(s->o, OUTBOX_COMPLETE, DAY, &ready, NULL), 0);
	assert_int_equal(ready, 3);
	assert_int_equal(outbox_ready(s->o, OUTBOX_COMPLETE, DAY + 1, &ready, NULL), 0);
	assert_int_equal(ready, 4); /* and the day of the use is over */
	assert_int_equal(seal(s, OUTBOX_COMPLETE), 3);
	assert_int_equal(deliver(s), 1);
	assert_int_equal(s->up_s, 62 * 60);
	assert_int_equal(s->starts, 0);
}

static void never_touches_a_sealed_piece(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	minute(s, 0, "adsl");
	minute(s, 1, "adsl");
	assert_int_equal(seal(s, OUTBOX_ALL), 1);
	minute(s, 2, "adsl");
	use(s, DAY, 2);
	assert_int_equal(seal(s, OUTBOX_ALL), 2);
	use(s, DAY, 7);
	assert_int_equal(seal(s, OUTBOX_ALL), 1);
	assert_int_equal(deliver(s), 3);
	assert_int_equal(s->up_s, 180);
	assert_int_equal(s->rx_bytes, 21);
	assert_int_equal(s->starts, 2);
	assert_int_equal(s->devices, 7);
	assert_int_equal(s->small, 1);
	assert_int_equal(deliver(s), 3); /* the same bytes again, until a receipt came */
	assert_int_equal(s->up_s, 180);
	assert_int_equal(s->reports, 3);
}

static void seals_health_alone(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	wasl_BoxHealth health = { .uptime_s = 5 };
	struct outbox_order order = order_of(s, OUTBOX_COMPLETE);
	order.health = &health;
	uint64_t rows = 9;
	assert_int_equal(outbox_seal(s->o, &order, &rows, NULL), 0);
	assert_int_equal(rows, 0);
	assert_int_equal(deliver(s), 1);
	assert_int_equal(s->first_day, DAY);
	assert_int_equal(s->last_day, DAY);
}

static void covers_the_days_of_all_rows(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	event(s, (int64_t)(DAY - 9) * 86400);
	use(s, DAY + 1, 1);
	minute(s, 0, "adsl");
	assert_int_equal(seal(s, OUTBOX_ALL), 3);
	deliver(s);
	assert_int_equal(s->first_day, DAY - 9);
	assert_int_equal(s->last_day, DAY + 1);
}

static void splits_what_is_too_much_for_one_envelope(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	for (int i = 0; i < 3000; i++) {
		struct outbox_event e = { .at_s = NOW };
		memset(e.kind, 'k', sizeof(e.kind) - 1);
		memset(e.subject, 's', sizeof(e.subject) - 1);
		memset(e.reason, 'r', sizeof(e.reason) - 1);
		assert_int_equal(outbox_add_event(s->o, &e, NULL), 0);
	}
	struct aggregate_minute m = { .uplink = "a-name-as-long-as-it-may-be-111",
				      .up_s = 60,
				      .rx_bytes = INT64_MAX };
	for (int i = 0; i < 1500; i++) {
		m.minute = MINUTE0 + i * 60;
		assert_int_equal(outbox_add_minute(s->o, &m, NULL), 0);
	}
	assert_int_equal(outbox_commit(s->o, NULL), 0);
	assert_int_equal(seal(s, OUTBOX_ALL), 2000);
	assert_int_equal(seal(s, OUTBOX_ALL), 2000);
	assert_int_equal(seal(s, OUTBOX_ALL), 500);
	while (s->through < 3)
		deliver(s);
	assert_int_equal(s->events, 3000);
	assert_int_equal(s->last_event, 3000);
	assert_int_equal(s->up_s, 1500 * 60);
}

static void offer(struct scene *s, const struct outbox_offer *offers, size_t count)
{
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_set_offers(s->o, offers, count, NULL), 0);
	assert_int_equal(outbox_commit(s->o, NULL), 0);
}

/* What is said of a lesson is said once, and again when it is no longer so. */
static void tells_of_offers_what_has_changed(void **state)
{
	struct scene *s = *state;
	struct outbox_offer two[] = {
		{ .lesson = "own-1", .title = { "", "Volcan", "" }, .film_bytes = 7 },
		{ .lesson = "own-2", .title = { "", "Mer", "" }, .film_bytes = 9 },
	};
	uint64_t bytes = 0;
	two[1].film[0] = 2;
	enrol(s, 1);
	offer(s, two, 2);
	offer(s, two, 2);
	assert_int_equal(outbox_film_bytes(s->o, two[1].film, &bytes, NULL), 0);
	assert_int_equal(bytes, 9);
	assert_int_equal(seal(s, OUTBOX_COMPLETE), 2);
	assert_int_equal(deliver(s), 1);
	assert_string_equal(s->said, "+own-1:Volcan:7 +own-2:Mer:9 ");
	assert_int_equal(s->first_day, DAY); /* offers have no day: the report's own */
	offer(s, two, 2);
	assert_int_equal(seal(s, OUTBOX_COMPLETE), 0);
	deliver(s);
	s->said[0] = '\0';
	two[1] = (struct outbox_offer){ .lesson = "own-2",
					.title = { "", "La mer", "" },
					.film_bytes = 9 };
	offer(s, two + 1, 1);
	assert_int_equal(counts(s).open_rows, 2);
	reopen(s);
	assert_int_equal(seal(s, OUTBOX_COMPLETE), 2);
	deliver(s);
	assert_string_equal(s->said, "+own-2:La mer:9 -own-1 ");
	s->said[0] = '\0';
	offer(s, two, 1);
	offer(s, NULL, 0); /* thought better of it before anybody heard */
	seal(s, OUTBOX_COMPLETE);
	deliver(s);
	assert_string_equal(s->said, "-own-2 -own-1 ");
	assert_int_equal(outbox_film_bytes(s->o, two[0].film, &bytes, NULL), -ENOENT);
}

/* A hub that ended the epoch hears again what it did not count; what is still on offer outlives its envelope. */
static void offers_are_told_again_where_they_did_not_count(void **state)
{
	struct scene *s = *state;
	struct outbox_offer one = { .lesson = "own-1", .title = { "", "Volcan", "" } };
	enrol(s, 1);
	seal(s, OUTBOX_COMPLETE);
	deliver(s);
	offer(s, &one, 1);
	seal(s, OUTBOX_COMPLETE); /* number 2: never counted */
	wasl_Close close_record = { .epoch = 1, .through_seq = 1, .new_epoch = 2 };
	uint64_t reopened = 0;
	assert_int_equal(outbox_end_epoch(s->o, &close_record, &reopened, NULL), 0);
	assert_int_equal(reopened, 1);
	s->through = 0;
	memset(s->head, 0, sizeof(s->head));
	assert_int_equal(seal(s, OUTBOX_COMPLETE), 1);
	deliver(s);
	assert_string_equal(s->said, "+own-1:Volcan:0 ");
	wasl_Receipt r = receipt_of(s, 2, 1, s->head, 1);
	assert_int_equal(answer(s, &r), CHAIN_ADVANCE);
	assert_int_equal(outbox_prune(s->o, NOW + 100 * 86400, 1, 1, NULL), 0);
	offer(s, &one, 1);
	assert_int_equal(counts(s).open_rows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(waits_for_a_grant),
		IN_SCENE(holds_back_what_is_not_over),
		IN_SCENE(never_touches_a_sealed_piece),
		IN_SCENE(seals_health_alone),
		IN_SCENE(covers_the_days_of_all_rows),
		IN_SCENE(tells_of_offers_what_has_changed),
		IN_SCENE(offers_are_told_again_where_they_did_not_count),
		IN_SCENE(splits_what_is_too_much_for_one_envelope),
	};
	return cmocka_run_group_tests_name("agent/outbox_seal", tests, NULL, NULL);
}
