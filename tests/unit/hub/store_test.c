// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What every engine behind provisioning/hub/store.h must do. SQLite is the one that this build has; the next engine changes setup() only.
 */
#include "provisioning/hub/store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

struct place {
	char folder[64], file[96];
	struct store *store;
};

static void reopen(struct place *p)
{
	struct fault why = { 0 };
	store_close(p->store);
	p->store = NULL;
	if (store_open(p->file, &p->store, &why))
		fail_msg("%s", why.text);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	snprintf(p->folder, sizeof(p->folder), "/tmp/wasl-store-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->file, sizeof(p->file), "%s/hub.db", p->folder);
	reopen(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	struct place *p = *state;
	store_close(p->store);
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s%s", p->file, endings[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(p->folder), 0);
	free(p);
	return 0;
}

static struct store *begun(void **state)
{
	struct place *p = *state;
	struct fault why = { 0 };
	if (store_begin(p->store, &why))
		fail_msg("%s", why.text);
	return p->store;
}

static void committed(void **state)
{
	struct place *p = *state;
	struct fault why = { 0 };
	if (store_commit(p->store, &why))
		fail_msg("%s", why.text);
}

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
	assert_int_equal(store_school_put(begun(state), &s, &change, NULL), 0);
	committed(state);
}

static void schools_are_upserted(void **state)
{
	struct place *p = *state;
	struct school s = a_school("A"), got;
	enum store_change change;
	assert_int_equal(store_school_get(p->store, "A", &got, NULL), -ENOENT);
	begun(state);
	assert_int_equal(store_school_put(p->store, &s, &change, NULL), 0);
	assert_int_equal(change, STORE_ADDED);
	assert_int_equal(store_school_put(p->store, &s, &change, NULL), 0);
	assert_int_equal(change, STORE_SAME);
	s.pupils = 448;
	assert_int_equal(store_school_put(p->store, &s, &change, NULL), 0);
	assert_int_equal(change, STORE_CHANGED);
	committed(state);
	reopen(p);
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
	begun(state);
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
	begun(state);
	assert_int_equal(store_status_put(p->store, "B", &status, NULL), 0);
	status.speed_n = 10;
	assert_int_equal(store_status_put(p->store, "B", &status, NULL), 0);
	committed(state);
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
	begun(state);
	assert_int_equal(store_ticket_add(p->store, &t, NULL), 0);
	assert_int_equal(store_ticket_add(p->store, &t, NULL), -EEXIST);
	committed(state);
	assert_int_equal(store_ticket_get(p->store, second, &got, NULL), -ENOENT);
	assert_int_equal(store_ticket_get(p->store, t.id, &got, NULL), 0);
	assert_false(got.spent);
	assert_string_equal(got.claim_code, t.claim_code);
	assert_int_equal(got.epoch, 3);
	begun(state);
	assert_int_equal(store_ticket_spend(p->store, t.id, first, 99, NULL), 0);
	assert_int_equal(store_ticket_spend(p->store, t.id, second, 100, NULL), -EEXIST);
	assert_int_equal(store_ticket_spend(p->store, second, second, 100, NULL), -EEXIST);
	committed(state);
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
	begun(state);
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
	committed(state);
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
	begun(state);
	assert_int_equal(store_token_add(p->store, hash, TOKEN_OFFICER, 1, NULL), 0);
	assert_int_equal(store_number_set(p->store, "ledger", 2, NULL), 0);
	assert_int_equal(store_number_set(p->store, "ledger", 3, NULL), 0);
	committed(state);
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
	begun(state);
	assert_int_equal(store_envelope_put(p->store, &e, NULL), 0);
	assert_int_equal(store_envelope_put(p->store, &e, NULL), -EEXIST);
	e = an_envelope(5, ENVELOPE_HELD);
	assert_int_equal(store_envelope_put(p->store, &e, NULL), 0);
	e = an_envelope(3, ENVELOPE_HELD);
	assert_int_equal(store_envelope_put(p->store, &e, NULL), 0);
	committed(state);
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
	begun(state);
	assert_int_equal(store_envelope_state_set(p->store, box, 1, 3, ENVELOPE_COUNTED, NULL), 0);
	assert_int_equal(store_envelope_state_set(p->store, box, 1, 4, ENVELOPE_COUNTED, NULL),
			 -ENOENT);
	committed(state);
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
	begun(state);
	assert_int_equal(store_head_put(p->store, box, 1, &head, NULL), 0);
	assert_int_equal(store_head_put(p->store, box, 1, &want, NULL), 0);
	committed(state);
	assert_int_equal(store_head_get(p->store, box, 1, &head, NULL), 0);
	assert_memory_equal(&head, &want, sizeof(head));
	assert_int_equal(store_head_get(p->store, box, 2, &head, NULL), 0);
	assert_int_equal(head.through_seq, 0);
}

static void forks_are_evidence_with_a_limit(void **state)
{
	struct place *p = *state;
	int64_t count = 0;
	begun(state);
	for (unsigned i = 0; i < 40; i++) {
		struct stored_envelope e = an_envelope(1, ENVELOPE_COUNTED);
		e.hash[0] = (uint8_t)(i / 2); /* each twice */
		assert_int_equal(store_fork_put(p->store, &e, NULL), 0);
	}
	committed(state);
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
	begun(state);
	for (uint64_t seq = 1; seq <= 5; seq++) {
		struct given_receipt r = { .school = "A", .epoch = 1, .through_seq = seq };
		assert_int_equal(store_receipt_put(p->store, &r, NULL), 0);
		snprintf(r.school, sizeof(r.school), "B");
		assert_int_equal(store_receipt_put(p->store, &r, NULL), 0);
	}
	committed(state);
	assert_int_equal(store_receipts_each(p->store, "A", INT64_MAX, 3, note_receipt, text, NULL),
			 0);
	assert_string_equal(text, "5 4 3 ");
	text[0] = '\0';
	assert_int_equal(store_receipts_each(p->store, "A", 5, 9, note_receipt, text, NULL), 0);
	assert_string_equal(text, "2 1 ");
}

static int note_hour(void *data, const struct coverage_hour *h)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%d/%u/%s/%u ", h->day, h->hour, h->uplink, h->s.up);
	return 0;
}

static void hours_are_replaced_and_ordered(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	int32_t day = 0;
	uint8_t hour = 0;
	assert_int_equal(store_hour_last(p->store, "A", &day, &hour, NULL), -ENOENT);
	struct coverage_hour h = { .day = 20000,
				   .hour = 9,
				   .uplink = "adsl",
				   .kind = 2,
				   .s = { 10, 20, 30, 40 },
				   .rx_bytes = UINT64_C(1) << 60,
				   .tx_bytes = 2,
				   .rtt_us = 3,
				   .down_kbps = 4,
				   .up_kbps = 5,
				   .samples = 6 },
			     got;
	begun(state);
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	h.s.up = 11;
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	h.uplink[0] = 'z';
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	h.uplink[0] = 'a';
	h.hour = 8;
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	h.day = 20001;
	h.s = (struct coverage_s){ 0, 0, 0, 3600 };
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	committed(state);
	assert_int_equal(store_hour_get(p->store, "A", 20000, 9, "none", &got, NULL), -ENOENT);
	assert_int_equal(store_hour_get(p->store, "A", 20000, 9, "adsl", &got, NULL), 0);
	assert_int_equal(got.s.up, 11);
	assert_true(got.rx_bytes == UINT64_C(1) << 60);
	assert_int_equal(got.samples, 6);
	assert_int_equal(store_hours_each(p->store, "A", 20000, 20000, note_hour, text, NULL), 0);
	assert_string_equal(text, "20000/8/adsl/11 20000/9/adsl/11 20000/9/zdsl/11 ");
	assert_int_equal(store_hour_last(p->store, "A", &day, &hour, NULL), 0);
	assert_int_equal(day, 20000); /* an hour of which nothing is known is no news */
	assert_int_equal(hour, 9);
}

static int note_use(void *data, const struct lesson_use *u)
{
	*(struct lesson_use *)data = *u;
	return 0;
}

static void lesson_use_adds_up(void **state)
{
	struct place *p = *state;
	struct lesson_use u = { .day = 20000,
				.lesson = "fractions",
				.rung = "240p",
				.starts = 2,
				.completions = 1,
				.watched_s = 100,
				.sent_bytes = 1000,
				.devices = 0,
				.small_cells = 1 },
			  got = { 0 };
	begun(state);
	assert_int_equal(store_use_add(p->store, "A", &u, NULL), 0);
	u.devices = 12;
	u.small_cells = 0;
	assert_int_equal(store_use_add(p->store, "A", &u, NULL), 0);
	assert_int_equal(store_uses_each(p->store, "A", 19999, 20001, note_use, &got, NULL), 0);
	assert_int_equal(got.starts, 4);
	assert_int_equal(got.completions, 2);
	assert_int_equal(got.watched_s, 200);
	assert_int_equal(got.devices, 12);
	assert_int_equal(got.small_cells, 1);
	u.watched_s = u.sent_bytes = INT64_MAX / 2; /* sums stop instead of running over */
	u.starts = UINT32_MAX;
	for (int i = 0; i < 4; i++)
		assert_int_equal(store_use_add(p->store, "A", &u, NULL), 0);
	committed(state);
	assert_int_equal(store_uses_each(p->store, "A", 19999, 20001, note_use, &got, NULL), 0);
	assert_int_equal(got.starts, UINT32_MAX);
	assert_true(got.watched_s == UINT64_C(1) << 60);
	got.day = 0;
	assert_int_equal(store_uses_each(p->store, "A", 20001, 20002, note_use, &got, NULL), 0);
	assert_int_equal(got.day, 0);
}

static int note_event(void *data, const struct box_event *e)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%d:%s ", (int)e->number, e->reason);
	return 0;
}

static void events_and_health_are_kept(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	struct box_event e = {
		.number = 1, .unix_s = 10, .kind = "uplink.down", .subject = "adsl", .reason = "isp"
	};
	struct box_health h = { .unix_s = 100, .image_version = "1", .lessons_ready = 3 }, got;
	begun(state);
	assert_int_equal(store_event_put(p->store, box, "A", &e, NULL), 0);
	snprintf(e.reason, sizeof(e.reason), "other");
	assert_int_equal(store_event_put(p->store, box, "A", &e, NULL),
			 0); /* the same number: passed over */
	e.number = 2;
	e.unix_s = 20;
	assert_int_equal(store_event_put(p->store, box, "A", &e, NULL), 0);
	assert_int_equal(store_health_put(p->store, box, &h, NULL), 0);
	h.unix_s = 99; /* older: passed over */
	h.lessons_ready = 1;
	assert_int_equal(store_health_put(p->store, box, &h, NULL), 0);
	committed(state);
	assert_int_equal(store_events_each(p->store, "A", 10, note_event, text, NULL), 0);
	assert_string_equal(text, "2:other 1:isp ");
	assert_int_equal(store_health_get(p->store, box, &got, NULL), 0);
	assert_int_equal(got.lessons_ready, 3);
	const uint8_t nobody[16] = { 1 };
	assert_int_equal(store_health_get(p->store, nobody, &got, NULL), -ENOENT);
}

static int note_day(void *data, int32_t day, const struct coverage_s *sum)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%d:%u ", day, sum->up);
	return 0;
}

static void a_day_that_is_no_day_is_refused(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	struct coverage_s day = { 400, 0, 0, 86000 }, short_day = { 400, 0, 0, 85999 }, got;
	begun(state);
	assert_int_equal(store_day_put(p->store, "A", 20000, &day, NULL), 0);
	day = (struct coverage_s){ 500, 0, 0, 85900 };
	assert_int_equal(store_day_put(p->store, "A", 20000, &day, NULL), 0);
	assert_int_equal(store_day_put(p->store, "A", 20002, &day, NULL), 0);
	assert_int_not_equal(store_day_put(p->store, "A", 20001, &short_day, NULL), 0);
	committed(state);
	assert_int_equal(store_day_get(p->store, "A", 20000, &got, NULL), 0);
	assert_int_equal(got.up, 500);
	assert_int_equal(store_day_get(p->store, "A", 20001, &got, NULL), -ENOENT);
	assert_int_equal(store_days_each(p->store, "A", 19000, 21000, note_day, text, NULL), 0);
	assert_string_equal(text, "20000:500 20002:500 ");
}

static int note_region(void *data, int32_t day, const struct region_delta *sum)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%d:%d:%d ", day, (int)sum->schools, (int)sum->up);
	return 0;
}

static void region_days_add_up(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	struct region_delta d = { 1, 100, 0, 0, 86300 }, back = { 0, -50, 50, 0, 0 };
	begun(state);
	assert_int_equal(store_region_day_add(p->store, "TN", "Kef", 1, &d, NULL), 0);
	assert_int_equal(store_region_day_add(p->store, "TN", "Kef", 1, &back, NULL), 0);
	assert_int_equal(store_region_day_add(p->store, "TN", "Tunis", 1, &d, NULL), 0);
	assert_int_equal(store_region_day_add(p->store, "DZ", "Kef", 2, &d, NULL), 0);
	committed(state);
	assert_int_equal(store_region_days_each(p->store, "TN", "Kef", 0, 9, note_region, text,
						NULL),
			 0);
	assert_string_equal(text, "1:1:50 ");
	text[0] = '\0';
	assert_int_equal(store_region_days_each(p->store, "TN", "", 0, 9, note_region, text, NULL),
			 0);
	assert_string_equal(text, "1:2:150 ");
	text[0] = '\0';
	assert_int_equal(store_region_days_each(p->store, "", "", 0, 9, note_region, text, NULL),
			 0);
	assert_string_equal(text, "1:2:150 2:1:100 ");
}

static int note_alert(void *data, const struct alert *a)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%s ", a->kind);
	return 0;
}

static void alerts_come_newest_first(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	struct alert a = { .kind = "fork", .school = "A", .text = "t" },
		     b = { .kind = "rows", .school = "A", .text = "t" };
	begun(state);
	assert_int_equal(store_alert_put(p->store, &a, NULL), 0);
	assert_int_equal(store_alert_put(p->store, &b, NULL), 0);
	committed(state);
	assert_int_equal(store_alerts_each(p->store, 10, note_alert, text, NULL), 0);
	assert_string_equal(text, "rows fork ");
}

static void another_process_is_noticed(void **state)
{
	struct place *p = *state;
	struct store *other = NULL;
	int64_t before = 0, same = 0, after = 0;
	assert_int_equal(store_generation(p->store, &before, NULL), 0);
	assert_int_equal(store_generation(p->store, &same, NULL), 0);
	assert_int_equal(same, before);
	assert_int_equal(store_open(p->file, &other, NULL), 0);
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

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(schools_are_upserted),
		CASE(what_is_rolled_back_was_never_there),
		CASE(schools_come_by_code_with_their_status),
		CASE(tickets_are_spent_once),
		CASE(devices_are_bound_once),
		CASE(tokens_and_numbers_are_kept),
		CASE(envelopes_are_kept_once),
		CASE(heads_start_at_nought),
		CASE(forks_are_evidence_with_a_limit),
		CASE(receipts_come_newest_first),
		CASE(hours_are_replaced_and_ordered),
		CASE(lesson_use_adds_up),
		CASE(events_and_health_are_kept),
		CASE(a_day_that_is_no_day_is_refused),
		CASE(region_days_add_up),
		CASE(alerts_come_newest_first),
		CASE(another_process_is_noticed),
		cmocka_unit_test(an_unknown_engine_is_named),
	};
	return cmocka_run_group_tests_name("hub/store (SQLite)", tests, NULL, NULL);
}
