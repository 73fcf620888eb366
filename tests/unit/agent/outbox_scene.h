// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

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
#include "tests/unit/scratch_db.h"

#define DAY 20700
#define MINUTE0 (INT64_C(20700) * 1440)
#define NOW (INT64_C(20701) * 86400)

/* One box and, on the other side, a hub that counts what arrives; for the tests of the outbox. */
struct scene {
	struct scratch_db place;
	struct outbox *o;
	uint8_t device[16], box_public[32], box_secret[32];
	struct signed_key key;
	/* the hub's side */
	uint64_t through;
	uint8_t head[32];
	uint64_t up_s, rx_bytes, starts, devices, small, events, last_event, last_offer, rows,
		reports;
	int32_t first_day, last_day;
	char said[512]; /* of lessons on offer: "+own-1:Title +own-2:… -own-1 " */
};

static inline int set_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	uint8_t seed[32] = { 9 };
	if (scratch_db_make(&s->place))
		return -1;
	memset(s->device, 0xd1, sizeof(s->device));
	crypto_sign_seed_keypair(s->key.public_key, s->key.secret_key, seed);
	crypto_box_seed_keypair(s->box_public, s->box_secret, seed);
	*state = s;
	return outbox_open(s->place.path, s->device, &s->o, NULL);
}

static inline int drop_scene(void **state)
{
	struct scene *s = *state;
	outbox_close(s->o);
	int r = scratch_db_remove(&s->place);
	free(s);
	return r;
}

static inline void enrol(struct scene *s, uint32_t epoch)
{
	assert_int_equal(outbox_enrol(s->o, epoch, "grant", 5, NULL), 0);
}

static inline void minute(struct scene *s, int64_t at, const char *uplink)
{
	struct aggregate_minute m = {
		.minute = MINUTE0 + at, .kind = 2, .up_s = 60, .rx_bytes = 7, .rtt_us = 100
	};
	snprintf(m.uplink, sizeof(m.uplink), "%s", uplink);
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_add_minute(s->o, &m, NULL), 0);
	assert_int_equal(outbox_commit(s->o, NULL), 0);
}

static inline void use(struct scene *s, int32_t day, uint64_t devices)
{
	struct aggregate_use u = {
		.day = day, .lesson = "waves", .rung = "240p", .starts = 1, .devices = devices
	};
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_add_use(s->o, &u, NULL), 0);
	assert_int_equal(outbox_commit(s->o, NULL), 0);
}

static inline void event(struct scene *s, int64_t at_s)
{
	struct outbox_event e = {
		.at_s = at_s, .kind = "uplink.down", .subject = "adsl", .reason = "cable"
	};
	assert_int_equal(outbox_begin(s->o, NULL), 0);
	assert_int_equal(outbox_add_event(s->o, &e, NULL), 0);
	assert_int_equal(outbox_commit(s->o, NULL), 0);
}

static inline struct outbox_order order_of(const struct scene *s, enum outbox_which which)
{
	struct outbox_order order = {
		.which = which, .today = DAY, .device_key = &s->key, .boot_count = 3, .floor_s = NOW
	};
	memcpy(order.sealing_public, s->box_public, 32);
	return order;
}

static inline uint64_t seal(struct scene *s, enum outbox_which which)
{
	struct outbox_order order = order_of(s, which);
	uint64_t rows = 99;
	assert_int_equal(outbox_seal(s->o, &order, &rows, NULL), 0);
	return rows;
}

/* What the hub does with one envelope: verify, link, open, add up. */
static inline void hub_takes(struct scene *s, const uint8_t *bytes, size_t len, uint32_t epoch)
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
	for (size_t i = 0; i < r.offers_count; i++) {
		const wasl_LessonOffer *f = &r.offers[i];
		size_t n = strlen(s->said);
		assert_true(f->number > s->last_offer);
		s->last_offer = f->number;
		snprintf(s->said + n, sizeof(s->said) - n, f->withdrawn ? "-%s " : "+%s:%s:%llu ",
			 f->lesson, f->title_fr, (unsigned long long)f->film_bytes);
	}
	s->rows += r.uplink_hours_count + r.lesson_use_count + r.events_count + r.offers_count;
	s->reports++;
	s->first_day = h.first_day;
	s->last_day = h.last_day;
	s->through = h.seq;
	envelope_hash(bytes, len, s->head);
	pb_release(wasl_Report_fields, &r);
}

static inline size_t deliver(struct scene *s)
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

static inline wasl_Receipt receipt_of(const struct scene *s, uint32_t epoch, uint64_t through,
				      const uint8_t *hash, uint32_t ledger)
{
	wasl_Receipt r = {
		.epoch = epoch, .through_seq = through, .ledger = ledger, .hub_unix_s = NOW
	};
	memcpy(r.device, s->device, 16);
	memcpy(r.head_hash, hash, 32);
	return r;
}

static inline int hash_of(struct scene *s, uint64_t seq, uint8_t *out)
{
	struct outbox_past past = { s->o, 1 };
	return outbox_hash(&past, seq, out);
}

static inline enum chain_verdict answer(struct scene *s, const wasl_Receipt *r)
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

static inline void reopen(struct scene *s)
{
	outbox_close(s->o);
	s->o = NULL;
	assert_int_equal(outbox_open(s->place.path, s->device, &s->o, NULL), 0);
}

static inline struct outbox_counts counts(struct scene *s)
{
	struct outbox_counts c;
	assert_int_equal(outbox_count(s->o, &c, NULL), 0);
	return c;
}

#define IN_SCENE(f) cmocka_unit_test_setup_teardown(f, set_scene, drop_scene)
