// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What every engine behind provisioning/hub/store.h must do: registry and ledger. The rows of reports are in
 * store_rows_test.c.
 */
#include "tests/unit/hub/store_place.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static struct school a_school(const char *code)
{
	struct school s = { .lat_e6 = 35892100, .lon_e6 = -8550000, .pupils = 447, .sample = true };
	snprintf(s.code, sizeof(s.code), "%s", code);
	snprintf(s.name_ar, sizeof(s.name_ar), "مدرسة");
	snprintf(s.country, sizeof(s.country), "TN");
	snprintf(s.region, sizeof(s.region), "Le Kef");
	snprintf(s.level, sizeof(s.level), "primary");
	return s;
}

static void put_school(void **state, const char *code)
{
	struct school s = a_school(code);
	enum store_change change;
	assert_int_equal(store_school_put(place_begin(state), &s, &change, NULL), 0);
	place_commit(state);
}

static void schools_are_upserted(void **state)
{
	struct place *p = *state;
	struct school s = a_school("A"), got;
	enum store_change change;
	assert_int_equal(store_school_get(p->store, "A", &got, NULL), -ENOENT);
	place_begin(state);
	assert_int_equal(store_school_put(p->store, &s, &change, NULL), 0);
	assert_int_equal(change, STORE_ADDED);
	assert_int_equal(store_school_put(p->store, &s, &change, NULL), 0);
	assert_int_equal(change, STORE_SAME);
	s.pupils = 448;
	assert_int_equal(store_school_put(p->store, &s, &change, NULL), 0);
	assert_int_equal(change, STORE_CHANGED);
	place_commit(state);
	place_reopen(p);
	assert_int_equal(store_school_get(p->store, "A", &got, NULL), 0);
	assert_string_equal(got.code, s.code);
	assert_string_equal(got.name_ar, s.name_ar);
	assert_string_equal(got.region, s.region);
	assert_int_equal(got.lon_e6, s.lon_e6);
	assert_int_equal(got.pupils, 448);
	assert_true(got.sample);
}

static void what_is_rolled_back_was_never_there(void **state)
{
	struct place *p = *state;
	struct school s = a_school("A"), got;
	enum store_change change;
	place_begin(state);
	assert_int_equal(store_school_put(p->store, &s, &change, NULL), 0);
	store_rollback(p->store);
	assert_int_equal(store_school_get(p->store, "A", &got, NULL), -ENOENT);
	store_rollback(p->store); /* outside a transaction: nothing happens */
}

struct walked {
	char codes[64];
	uint32_t starts;
};

static int walk(void *data, const struct school *school, const struct school_status *status)
{
	struct walked *w = data;
	strncat(w->codes, school->code, sizeof(w->codes) - strlen(w->codes) - 1);
	w->starts += status->week.day[6].starts;
	return 0;
}

static int stop_at_once(void *data, const struct school *school, const struct school_status *status)
{
	(void)school, (void)status;
	++*(int *)data;
	return 17;
}

static void schools_come_by_code_with_their_status(void **state)
{
	struct place *p = *state;
	struct walked w = { 0 };
	put_school(state, "C");
	put_school(state, "A");
	put_school(state, "B");
	struct school_status status = { .enrolled = true,
					.last_seen_s = 5,
					.as_of_s = 4,
					.day = { 1, 2, 3, 86394 },
					.in_school = { 4, 5, 6, 7 },
					.down_kbps = 8,
					.speed_n = 9,
					.layer = "isp",
					.week = { .last_day = 20000 } },
			     got;
	status.week.day[6] = (struct coverage_week_day){ .s = { 1, 2, 3, 4 },
							 .starts = 11,
							 .watched_s = UINT64_C(1) << 40 };
	assert_int_equal(store_status_get(p->store, "B", &got, NULL), -ENOENT);
	place_begin(state);
	assert_int_equal(store_status_put(p->store, "B", &status, NULL), 0);
	status.speed_n = 10;
	assert_int_equal(store_status_put(p->store, "B", &status, NULL), 0);
	place_commit(state);
	assert_int_equal(store_status_get(p->store, "B", &got, NULL), 0);
	assert_memory_equal(&got.week, &status.week, sizeof(got.week));
	assert_memory_equal(&got.day, &status.day, sizeof(got.day));
	assert_memory_equal(&got.in_school, &status.in_school, sizeof(got.in_school));
	assert_true(got.enrolled);
	assert_int_equal(got.speed_n, 10);
	assert_string_equal(got.layer, "isp");
	assert_int_equal(store_schools_each(p->store, walk, &w, NULL), 0);
	assert_string_equal(w.codes, "ABC");
	assert_int_equal(w.starts, 11);
	int calls = 0;
	assert_int_equal(store_schools_each(p->store, stop_at_once, &calls, NULL), 17);
	assert_int_equal(calls, 1);
}

static void tickets_are_spent_once(void **state)
{
	struct place *p = *state;
	struct ticket t = { .id = { 1 },
			    .school = "A",
			    .technician = "Amel",
			    .claim_code = "0123456789ABCDEF",
			    .epoch = 3 },
		      got;
	const uint8_t first[16] = { 7 }, second[16] = { 8 };
	put_school(state, "A");
	place_begin(state);
	assert_int_equal(store_ticket_add(p->store, &t, NULL), 0);
	assert_int_equal(store_ticket_add(p->store, &t, NULL), -EEXIST);
	place_commit(state);
	assert_int_equal(store_ticket_get(p->store, second, &got, NULL), -ENOENT);
	assert_int_equal(store_ticket_get(p->store, t.id, &got, NULL), 0);
	assert_false(got.spent);
	assert_string_equal(got.claim_code, t.claim_code);
	assert_int_equal(got.epoch, 3);
	place_begin(state);
	assert_int_equal(store_ticket_spend(p->store, t.id, first, 99, NULL), 0);
	assert_int_equal(store_ticket_spend(p->store, t.id, second, 100, NULL), -EEXIST);
	assert_int_equal(store_ticket_spend(p->store, second, second, 100, NULL), -EEXIST);
	place_commit(state);
	assert_int_equal(store_ticket_get(p->store, t.id, &got, NULL), 0);
	assert_true(got.spent);
	assert_memory_equal(got.spent_by, first, 16);
	assert_int_equal(got.spent_s, 99);
}

static int count_device(void *data, const struct device *device)
{
	(void)device;
	++*(int *)data;
	return 0;
}

static void devices_are_bound_once(void **state)
{
	struct place *p = *state;
	struct ticket t = { .id = { 1 }, .school = "A" }, u = { .id = { 2 }, .school = "B" };
	struct device d = { .id = { 9 },
			    .sign_public = { 5 },
			    .ticket = { 1 },
			    .school = "A",
			    .epoch = 1,
			    .state = DEVICE_BOUND,
			    .enrolled_s = 77,
			    .board = "qemu" };
	struct device got;
	put_school(state, "A");
	put_school(state, "B");
	place_begin(state);
	assert_int_equal(store_ticket_add(p->store, &t, NULL), 0);
	assert_int_equal(store_ticket_add(p->store, &u, NULL), 0);
	assert_int_equal(store_device_add(p->store, &d, NULL), 0);
	assert_int_equal(store_device_add(p->store, &d, NULL), -EEXIST);
	struct device other = d;
	other.id[0] = 10; /* another id, the same ticket and the same key */
	assert_int_equal(store_device_add(p->store, &other, NULL), -EEXIST);
	other.ticket[0] = 2;
	assert_int_equal(store_device_add(p->store, &other, NULL), -EEXIST);
	other.sign_public[0] = 6;
	snprintf(other.school, sizeof(other.school), "B");
	assert_int_equal(store_device_add(p->store, &other, NULL), 0);
	assert_int_equal(store_device_state_set(p->store, d.id, DEVICE_FORKED, NULL), 0);
	const uint8_t nobody[16] = { 3 };
	assert_int_equal(store_device_state_set(p->store, nobody, DEVICE_FORKED, NULL), -ENOENT);
	place_commit(state);
	assert_int_equal(store_device_get(p->store, nobody, &got, NULL), -ENOENT);
	assert_int_equal(store_device_get(p->store, d.id, &got, NULL), 0);
	assert_int_equal(got.state, DEVICE_FORKED);
	assert_string_equal(got.board, "qemu");
	assert_memory_equal(got.sign_public, d.sign_public, 32);
	int all = 0, of_a = 0;
	assert_int_equal(store_devices_each(p->store, NULL, count_device, &all, NULL), 0);
	assert_int_equal(store_devices_each(p->store, "A", count_device, &of_a, NULL), 0);
	assert_int_equal(all, 2);
	assert_int_equal(of_a, 1);
}

static void tokens_and_numbers_are_kept(void **state)
{
	struct place *p = *state;
	const uint8_t hash[32] = { 4 }, other[32] = { 5 };
	enum token_role role;
	int64_t number = 0;
	place_begin(state);
	assert_int_equal(store_token_add(p->store, hash, TOKEN_OFFICER, 1, NULL), 0);
	assert_int_equal(store_number_set(p->store, "ledger", 2, NULL), 0);
	assert_int_equal(store_number_set(p->store, "ledger", 3, NULL), 0);
	place_commit(state);
	assert_int_equal(store_token_get(p->store, hash, &role, NULL), 0);
	assert_int_equal(role, TOKEN_OFFICER);
	assert_int_equal(store_token_get(p->store, other, &role, NULL), -ENOENT);
	assert_int_equal(store_number_get(p->store, "ledger", 1, &number, NULL), 0);
	assert_int_equal(number, 3);
	assert_int_equal(store_number_get(p->store, "none", 42, &number, NULL), 0);
	assert_int_equal(number, 42);
}

static const uint8_t box[16] = { 0xb0 };

static struct stored_envelope an_envelope(uint64_t seq, enum envelope_state as)
{
	struct stored_envelope e = { .epoch = 1,
				     .seq = seq,
				     .state = as,
				     .first_day = -1,
				     .last_day = 20000,
				     .received_s = 9,
				     .bytes = "sealed",
				     .bytes_len = 6 };
	memcpy(e.device, box, sizeof(box));
	memset(e.hash, (int)seq, sizeof(e.hash));
	memset(e.previous, (int)seq - 1, sizeof(e.previous));
	return e;
}

static void envelopes_are_kept_once(void **state)
{
	struct place *p = *state;
	struct stored_envelope e = an_envelope(1, ENVELOPE_COUNTED), got;
	AUTO_FREE void *bytes = NULL;
	uint64_t next = 0;
	place_begin(state);
	assert_int_equal(store_envelope_put(p->store, &e, NULL), 0);
	assert_int_equal(store_envelope_put(p->store, &e, NULL), -EEXIST);
	e = an_envelope(5, ENVELOPE_HELD);
	assert_int_equal(store_envelope_put(p->store, &e, NULL), 0);
	e = an_envelope(3, ENVELOPE_HELD);
	assert_int_equal(store_envelope_put(p->store, &e, NULL), 0);
	place_commit(state);
	assert_int_equal(store_envelope_get(p->store, box, 1, 2, &got, NULL, NULL), -ENOENT);
	assert_int_equal(store_envelope_get(p->store, box, 2, 1, &got, NULL, NULL), -ENOENT);
	assert_int_equal(store_envelope_get(p->store, box, 1, 3, &got, &bytes, NULL), 0);
	assert_int_equal(got.bytes_len, 6);
	assert_memory_equal(bytes, "sealed", 6);
	assert_null(got.bytes);
	assert_int_equal(got.state, ENVELOPE_HELD);
	assert_int_equal(got.first_day, -1);
	assert_memory_equal(got.hash, e.hash, 32);
	assert_memory_equal(got.previous, e.previous, 32);
	assert_int_equal(store_envelope_next(p->store, box, 1, ENVELOPE_HELD, 0, &next, NULL), 0);
	assert_int_equal(next, 3);
	assert_int_equal(store_envelope_next(p->store, box, 1, ENVELOPE_HELD, 3, &next, NULL), 0);
	assert_int_equal(next, 5);
	assert_int_equal(store_envelope_next(p->store, box, 1, ENVELOPE_HELD, 5, &next, NULL),
			 -ENOENT);
	assert_int_equal(store_envelope_next(p->store, box, 1, ENVELOPE_COUNTED, 0, &next, NULL),
			 0);
	assert_int_equal(next, 1);
	place_begin(state);
	assert_int_equal(store_envelope_state_set(p->store, box, 1, 3, ENVELOPE_COUNTED, NULL), 0);
	assert_int_equal(store_envelope_state_set(p->store, box, 1, 4, ENVELOPE_COUNTED, NULL),
			 -ENOENT);
	place_commit(state);
	assert_int_equal(store_envelope_next(p->store, box, 1, ENVELOPE_HELD, 0, &next, NULL), 0);
	assert_int_equal(next, 5);
}

static void heads_start_at_nought(void **state)
{
	struct place *p = *state;
	struct account_head head = { .through_seq = 9 }, want = { .through_seq = UINT64_C(1) << 50,
								  .held = 3,
								  .held_bytes = 99 };
	memset(want.hash, 7, sizeof(want.hash));
	assert_int_equal(store_head_get(p->store, box, 1, &head, NULL), 0);
	assert_int_equal(head.through_seq, 0);
	place_begin(state);
	assert_int_equal(store_head_put(p->store, box, 1, &head, NULL), 0);
	assert_int_equal(store_head_put(p->store, box, 1, &want, NULL), 0);
	place_commit(state);
	assert_int_equal(store_head_get(p->store, box, 1, &head, NULL), 0);
	assert_memory_equal(&head, &want, sizeof(head));
	assert_int_equal(store_head_get(p->store, box, 2, &head, NULL), 0);
	assert_int_equal(head.through_seq, 0);
}

static void forks_are_evidence_with_a_limit(void **state)
{
	struct place *p = *state;
	int64_t count = 0;
	place_begin(state);
	for (unsigned i = 0; i < 40; i++) {
		struct stored_envelope e = an_envelope(1, ENVELOPE_COUNTED);
		e.hash[0] = (uint8_t)(i / 2); /* each twice */
		assert_int_equal(store_fork_put(p->store, &e, NULL), 0);
	}
	place_commit(state);
	assert_int_equal(store_fork_count(p->store, box, &count, NULL), 0);
	assert_int_equal(count, 16);
}

static int note_receipt(void *data, const struct given_receipt *r)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 64 - n, "%d ", (int)r->through_seq);
	return 0;
}

static void receipts_come_newest_first(void **state)
{
	struct place *p = *state;
	char text[64] = "";
	place_begin(state);
	for (uint64_t seq = 1; seq <= 5; seq++) {
		struct given_receipt r = { .school = "A", .epoch = 1, .through_seq = seq };
		assert_int_equal(store_receipt_put(p->store, &r, NULL), 0);
		snprintf(r.school, sizeof(r.school), "B");
		assert_int_equal(store_receipt_put(p->store, &r, NULL), 0);
	}
	place_commit(state);
	assert_int_equal(store_receipts_each(p->store, "A", INT64_MAX, 3, note_receipt, text, NULL),
			 0);
	assert_string_equal(text, "5 4 3 ");
	text[0] = '\0';
	assert_int_equal(store_receipts_each(p->store, "A", 5, 9, note_receipt, text, NULL), 0);
	assert_string_equal(text, "2 1 ");
}

static void another_process_is_noticed(void **state)
{
	struct place *p = *state;
	struct store *other = NULL;
	int64_t before = 0, same = 0, after = 0;
	assert_int_equal(store_generation(p->store, &before, NULL), 0);
	assert_int_equal(store_generation(p->store, &same, NULL), 0);
	assert_int_equal(same, before);
	assert_int_equal(store_open(p->at.path, &other, NULL), 0);
	assert_int_equal(store_begin(other, NULL), 0);
	assert_int_equal(store_number_set(other, "x", 1, NULL), 0);
	assert_int_equal(store_commit(other, NULL), 0);
	store_close(other);
	assert_int_equal(store_generation(p->store, &after, NULL), 0);
	assert_int_not_equal(after, before);
}

static void an_unknown_engine_is_named(void **state)
{
	(void)state;
	struct store *s = NULL;
	struct fault why = { 0 };
	assert_int_equal(store_open("mysql://x", &s, &why), -EPROTONOSUPPORT);
	assert_non_null(strstr(why.text, "mysql"));
	assert_null(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_CASE(schools_are_upserted),
		PLACE_CASE(what_is_rolled_back_was_never_there),
		PLACE_CASE(schools_come_by_code_with_their_status),
		PLACE_CASE(tickets_are_spent_once),
		PLACE_CASE(devices_are_bound_once),
		PLACE_CASE(tokens_and_numbers_are_kept),
		PLACE_CASE(envelopes_are_kept_once),
		PLACE_CASE(heads_start_at_nought),
		PLACE_CASE(forks_are_evidence_with_a_limit),
		PLACE_CASE(receipts_come_newest_first),
		PLACE_CASE(another_process_is_noticed),
		cmocka_unit_test(an_unknown_engine_is_named),
	};
	return cmocka_run_group_tests_name("hub/store", tests, NULL, NULL);
}
