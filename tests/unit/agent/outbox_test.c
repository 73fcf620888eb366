// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/outbox.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pb_decode.h>
#include <sodium.h>

#include "firmware/agent/outbox_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/bytes.h"
#include "firmware/record/codec.h"
#include "firmware/record/envelope.h"
#include "firmware/record/report.pb.h"

#define DAY 20700
#define MINUTE0 (INT64_C(20700) * 1440)
#define NOW (INT64_C(20701) * 86400)

/* One box and, on the other side, a hub that counts what arrives. */
struct scene {
	char folder[512], path[560];
	struct outbox *o;
	uint8_t device[16], box_public[32], box_secret[32];
	struct signed_key key;
	/* the hub's side */
	uint64_t through;
	uint8_t head[32];
	uint64_t up_s, rx_bytes, starts, devices, small, events, last_event, rows, reports;
	int32_t first_day, last_day;
};

static int set_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	uint8_t seed[32] = { 9 };
	snprintf(s->folder, sizeof(s->folder), "%s/wasl-outbox-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(s->folder))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/outbox.db", s->folder);
	memset(s->device, 0xd1, sizeof(s->device));
	crypto_sign_seed_keypair(s->key.public_key, s->key.secret_key, seed);
	crypto_box_seed_keypair(s->box_public, s->box_secret, seed);
	*state = s;
	return outbox_open(s->path, s->device, &s->o, NULL);
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	static const char *const ends[] = { "", "-wal", "-shm" };
	outbox_close(s->o);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char path[600];
		snprintf(path, sizeof(path), "%s%s", s->path, ends[i]);
		unlink(path);
	}
	int r = rmdir(s->folder);
	free(s);
	return r;
}

static void enrol(struct scene *s, uint32_t epoch)
{
	assert_int_equal(outbox_enrol(s->o, epoch, "grant", 5, NULL), 0);
}

static void minute(struct scene *s, int64_t at, const char *uplink)
{
	struct aggregate_minute m = {
		.minute = MINUTE0 + at, .kind = 2, .up_s = 60, .rx_bytes = 7, .rtt_us = 100
	};
	snprintf(m.uplink, sizeof(m.uplink), "%s", uplink);
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_add_minute(s->o, &m, NULL), 0);
	assert_int_equal(outbox_commit(s->o, NULL), 0);
}

static void use(struct scene *s, int32_t day, uint64_t devices)
{
	struct aggregate_use u = {
		.day = day, .lesson = "waves", .rung = "240p", .starts = 1, .devices = devices
	};
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_add_use(s->o, &u, NULL), 0);
	assert_int_equal(outbox_commit(s->o, NULL), 0);
}

static void event(struct scene *s, int64_t at_s)
{
	struct outbox_event e = {
		.at_s = at_s, .kind = "uplink.down", .subject = "adsl", .reason = "cable"
	};
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_add_event(s->o, &e, NULL), 0);
	assert_int_equal(outbox_commit(s->o, NULL), 0);
}

static struct outbox_order order_of(const struct scene *s, enum outbox_which which)
{
	struct outbox_order order = {
		.which = which, .today = DAY, .device_key = &s->key, .boot_count = 3, .floor_s = NOW
	};
	memcpy(order.sealing_public, s->box_public, 32);
	return order;
}

static uint64_t seal(struct scene *s, enum outbox_which which)
{
	struct outbox_order order = order_of(s, which);
	uint64_t rows = 99;
	assert_int_equal(outbox_seal(s->o, &order, &rows, NULL), 0);
	return rows;
}

/* What the hub does with one envelope: verify, link, open, add up. */
static void hub_takes(struct scene *s, const uint8_t *bytes, size_t len, uint32_t epoch)
{
	struct envelope_header h;
	AUTO_FREE void *rows = NULL;
	size_t rows_len = 0;
	assert_int_equal(envelope_verify(bytes, len, s->key.public_key, &h, NULL), 0);
	assert_int_equal(h.epoch, epoch);
	assert_memory_equal(h.device, s->device, 16);
	if (h.seq <= s->through)
		return; /* had it */
	assert_int_equal(h.seq, s->through + 1);
	assert_memory_equal(h.previous, s->head, 32);
	assert_int_equal(envelope_open(bytes, len, s->box_public, s->box_secret, &rows, &rows_len,
				       NULL),
			 0);
	wasl_Report r;
	assert_int_equal(codec_decode(wasl_Report_fields, rows, rows_len, &r, NULL), 0);
	for (size_t i = 0; i < r.uplink_hours_count; i++) {
		s->up_s += r.uplink_hours[i].up_s;
		s->rx_bytes += r.uplink_hours[i].rx_bytes;
		assert_in_range(r.uplink_hours[i].day, h.first_day, h.last_day);
		assert_true(r.uplink_hours[i].up_s <= 3600);
	}
	for (size_t i = 0; i < r.lesson_use_count; i++) {
		s->starts += r.lesson_use[i].starts;
		s->devices += r.lesson_use[i].devices_small ? 0 : r.lesson_use[i].devices;
		s->small += r.lesson_use[i].devices_small;
		assert_in_range(r.lesson_use[i].day, h.first_day, h.last_day);
	}
	for (size_t i = 0; i < r.events_count; i++) {
		assert_true(r.events[i].number > s->last_event);
		s->last_event = r.events[i].number;
		s->events++;
	}
	s->rows += r.uplink_hours_count + r.lesson_use_count + r.events_count;
	s->reports++;
	s->first_day = h.first_day;
	s->last_day = h.last_day;
	s->through = h.seq;
	envelope_hash(bytes, len, s->head);
	pb_release(wasl_Report_fields, &r);
}

static size_t deliver(struct scene *s)
{
	AUTO_FREE void *body = NULL;
	size_t len = 0, count = 0, frames = 0;
	uint32_t epoch = 0;
	assert_int_equal(outbox_epoch(s->o, &epoch, NULL), 0);
	assert_int_equal(outbox_waiting(s->o, 256, 1 << 20, &body, &len, &count, NULL), 0);
	for (size_t at = 0; at < len; frames++) {
		size_t n = bytes_get_u32((uint8_t *)body + at);
		hub_takes(s, (uint8_t *)body + at + 4, n, epoch);
		at += 4 + n;
	}
	assert_int_equal(frames, count);
	return count;
}

static wasl_Receipt receipt_of(const struct scene *s, uint32_t epoch, uint64_t through,
			       const uint8_t *hash, uint32_t ledger)
{
	wasl_Receipt r = {
		.epoch = epoch, .through_seq = through, .ledger = ledger, .hub_unix_s = NOW
	};
	memcpy(r.device, s->device, 16);
	memcpy(r.head_hash, hash, 32);
	return r;
}

static int hash_of(struct scene *s, uint64_t seq, uint8_t *out)
{
	struct outbox_past past = { s->o, 1 };
	return outbox_hash(&past, seq, out);
}

static enum chain_verdict answer(struct scene *s, const wasl_Receipt *r)
{
	struct chain_state own;
	uint32_t epoch = 0;
	assert_int_equal(outbox_epoch(s->o, &epoch, NULL), 0);
	assert_int_equal(outbox_chain(s->o, epoch, &own, NULL), 0);
	struct outbox_past past = { s->o, epoch };
	enum chain_verdict v = chain_judge(&own, r, NULL, 0, outbox_hash, &past);
	assert_int_equal(outbox_receipt(s->o, v, r, "record", 6, NOW, NULL), 0);
	return v;
}

static void reopen(struct scene *s)
{
	outbox_close(s->o);
	s->o = NULL;
	assert_int_equal(outbox_open(s->path, s->device, &s->o, NULL), 0);
}

static struct outbox_counts counts(struct scene *s)
{
	struct outbox_counts c;
	assert_int_equal(outbox_count(s->o, &c, NULL), 0);
	return c;
}

static void belongs_to_one_box(void **state)
{
	struct scene *s = *state;
	uint8_t other[16] = { 1 };
	struct outbox *o = NULL;
	struct fault why = { 0 };
	outbox_close(MOVE_PTR(s->o));
	assert_int_equal(outbox_open(s->path, other, &o, &why), -EPERM);
	assert_non_null(strstr(why.text, s->path));
	assert_null(o);
	assert_int_equal(outbox_open(s->path, s->device, &s->o, NULL), 0);
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

static void moves_on_with_receipts(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	for (int i = 0; i < 4; i++) {
		minute(s, i, "adsl");
		seal(s, OUTBOX_ALL);
	}
	uint8_t hash[32];
	assert_int_equal(hash_of(s, 2, hash), 0);
	wasl_Receipt r = receipt_of(s, 1, 2, hash, 1);
	assert_int_equal(answer(s, &r), CHAIN_ADVANCE);
	assert_int_equal(answer(s, &r), CHAIN_SAME);
	assert_int_equal(counts(s).waiting_rows, 2);
	assert_int_equal(counts(s).last_receipt_s, NOW);
	s->through = 2;
	memcpy(s->head, hash, 32);
	reopen(s);
	assert_int_equal(deliver(s), 2);
	wasl_Receipt all = receipt_of(s, 1, 4, s->head, 1);
	assert_int_equal(answer(s, &all), CHAIN_ADVANCE);
	assert_int_equal(answer(s, &r), CHAIN_STALE); /* a late answer */
	assert_int_equal(deliver(s), 0);
	/* The hub comes back from a backup of last week. */
	r.ledger = 2;
	assert_int_equal(answer(s, &r), CHAIN_REFILL);
	assert_int_equal(deliver(s), 2);
	assert_int_equal(s->up_s, 120);
}

static void list_one(void *data, const struct outbox_receipt_row *row)
{
	uint64_t *seen = data;
	*seen = *seen * 10 + row->through_seq;
	assert_int_equal(row->stored_s, NOW);
	assert_int_equal(row->epoch, 1);
}

static void lists_receipts(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	for (int i = 0; i < 3; i++) {
		uint8_t hash[32];
		seal(s, OUTBOX_ALL);
		assert_int_equal(hash_of(s, (uint64_t)i + 1, hash), 0);
		wasl_Receipt r = receipt_of(s, 1, (uint64_t)i + 1, hash, 1);
		assert_int_equal(answer(s, &r), CHAIN_ADVANCE);
	}
	uint64_t seen = 0;
	assert_int_equal(outbox_receipts(s->o, 0, 100, list_one, &seen, NULL), 0);
	assert_int_equal(seen, 123);
	seen = 0;
	assert_int_equal(outbox_receipts(s->o, 1, 1, list_one, &seen, NULL), 0);
	assert_int_equal(seen, 2);
}

static void tells_again_what_an_ended_epoch_lost(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	for (int i = 0; i < 4; i++) {
		minute(s, i, "adsl");
		use(s, DAY, 6);
		event(s, NOW);
		seal(s, OUTBOX_ALL);
	}
	uint8_t hash[32];
	assert_int_equal(hash_of(s, 1, hash), 0);
	wasl_Close c = { .epoch = 1, .through_seq = 1, .new_epoch = 2 };
	memcpy(c.device, s->device, 16);
	memcpy(c.head_hash, hash, 32);
	/* Three of four are told again, in the new epoch, from number 1. */
	uint64_t reopened = 0;
	assert_int_equal(outbox_end_epoch(s->o, &c, &reopened, NULL), 0);
	assert_int_equal(reopened, 9);
	assert_int_equal(counts(s).open_rows, 9);
	assert_int_equal(deliver(s), 0);
	assert_int_equal(seal(s, OUTBOX_ALL), 9);
	assert_int_equal(deliver(s), 1);
	assert_int_equal(s->up_s, 180);
	assert_int_equal(s->events, 3);
	assert_int_equal(s->devices, 18);
}

static void parks_rows_of_an_epoch_whose_end_is_not_known(void **state)
{
	struct scene *s = *state;
	uint8_t hash[32];
	uint64_t reopened = 0;
	enrol(s, 1);
	minute(s, 0, "adsl");
	seal(s, OUTBOX_ALL);
	assert_int_equal(hash_of(s, 1, hash), 0);
	enrol(s, 3);
	minute(s, 1, "adsl");
	seal(s, OUTBOX_ALL);
	assert_int_equal(counts(s).parked_rows, 1);
	assert_int_equal(counts(s).waiting_rows, 1);
	assert_int_equal(deliver(s), 1);
	assert_int_equal(outbox_enrol(s->o, 1, "old", 3, NULL), -ESTALE);
	/* The hub says that it had counted the first one. */
	wasl_Close c = { .epoch = 1, .through_seq = 1, .new_epoch = 3 };
	memcpy(c.head_hash, hash, 32);
	assert_int_equal(outbox_end_epoch(s->o, &c, &reopened, NULL), 0);
	assert_int_equal(reopened, 0);
	assert_int_equal(counts(s).parked_rows, 0);
	uint32_t epoch = 0;
	assert_int_equal(outbox_epoch(s->o, &epoch, NULL), 0);
	assert_int_equal(epoch, 3);
}

static void forgets_only_old_receipted_envelopes(void **state)
{
	struct scene *s = *state;
	uint8_t hash[32];
	enrol(s, 1);
	for (int i = 0; i < 6; i++) {
		minute(s, i, "adsl");
		seal(s, OUTBOX_ALL);
	}
	uint64_t one = counts(s).kept_bytes / 6;
	assert_int_equal(outbox_prune(s->o, NOW + 9000 * INT64_C(86400), 1, 0, NULL), 0);
	assert_int_equal(counts(s).kept_bytes, 6 * one); /* nothing is receipted */
	assert_int_equal(hash_of(s, 4, hash), 0);
	wasl_Receipt r = receipt_of(s, 1, 4, hash, 1);
	assert_int_equal(answer(s, &r), CHAIN_ADVANCE);
	assert_int_equal(outbox_prune(s->o, NOW + 399 * 86400, 400, 100 * one, NULL), 0);
	assert_int_equal(counts(s).kept_bytes, 6 * one);
	assert_int_equal(outbox_prune(s->o, NOW, 400, 4 * one, NULL), 0);
	assert_int_equal(counts(s).kept_bytes, 4 * one);
	assert_int_equal(hash_of(s, 2, hash), -ENOENT);
	assert_int_equal(hash_of(s, 3, hash), 0);
	assert_int_equal(outbox_prune(s->o, NOW + 401 * 86400, 400, 100 * one, NULL), 0);
	assert_int_equal(counts(s).kept_bytes, 2 * one);
	assert_int_equal(counts(s).waiting_rows, 2);
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
	assert_non_null(strstr(why.text, s->path));
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

#define IN_SCENE(f) cmocka_unit_test_setup_teardown(f, set_scene, drop_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(belongs_to_one_box),
		IN_SCENE(keeps_facts),
		IN_SCENE(commits_rows_with_their_cursor),
		IN_SCENE(waits_for_a_grant),
		IN_SCENE(holds_back_what_is_not_over),
		IN_SCENE(never_touches_a_sealed_piece),
		IN_SCENE(seals_health_alone),
		IN_SCENE(covers_the_days_of_all_rows),
		IN_SCENE(splits_what_is_too_much_for_one_envelope),
		IN_SCENE(moves_on_with_receipts),
		IN_SCENE(lists_receipts),
		IN_SCENE(tells_again_what_an_ended_epoch_lost),
		IN_SCENE(parks_rows_of_an_epoch_whose_end_is_not_known),
		IN_SCENE(forgets_only_old_receipted_envelopes),
		IN_SCENE(loses_nothing_on_a_full_disk),
		IN_SCENE(adds_up_whatever_happens),
	};
	return cmocka_run_group_tests_name("agent/outbox", tests, NULL, NULL);
}
