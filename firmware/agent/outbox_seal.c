// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/agent/outbox_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/record/envelope.h"
#include "firmware/record/report.pb.h"

#define ROWS OUTBOX_ROWS_PER_ENVELOPE

/*
 * An hour is over when its 3600 seconds are there, when a later hour of the same uplink has begun
 * (its minutes come in order), or when everything else is two days further (the uplink is gone).
 * This only decides when it is worth sending: a minute that comes after all begins another piece.
 * ?1: 1 takes all.
 */
#define HOUR_IS_OVER                                                                        \
	"(?1 OR EXISTS(SELECT 1 FROM hour l WHERE l.uplink=h.uplink AND (l.day, l.hour) > " \
	"(h.day, h.hour))"                                                                  \
	" OR (SELECT sum(p.up_s+p.down_s+p.unpowered_s+p.unknown_s) FROM hour p"            \
	"     WHERE p.uplink=h.uplink AND p.day=h.day AND p.hour=h.hour) >= 3600"           \
	" OR h.day + 1 < (SELECT max(n.day) FROM hour n WHERE n.seq IS NULL))"
/* ?2: today. */
#define DAY_IS_OVER "(?1 OR u.day < ?2)"

/* The rows of one envelope and where they stand. */
struct load {
	wasl_Report report;
	wasl_UplinkHour *hours;
	wasl_LessonUse *uses;
	wasl_Event *events;
	wasl_LessonOffer *offers;
	int64_t hour_id[ROWS], use_id[ROWS];
	uint64_t hour_count, use_count, event_count, offer_count;
	int64_t last_event, last_offer;
	int32_t first_day, last_day;
};

static void load_free(struct load *l)
{
	if (!l)
		return;
	free(l->hours);
	free(l->uses);
	free(l->events);
	free(l->offers);
	free(l);
}

CLEAN_FN(load, struct load, load_free)

static struct load *load_new(void)
{
	struct load *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->hours = calloc(ROWS, sizeof(*l->hours));
	l->uses = calloc(ROWS, sizeof(*l->uses));
	l->events = calloc(ROWS, sizeof(*l->events));
	l->offers = calloc(ROWS, sizeof(*l->offers));
	if (l->hours && l->uses && l->events && l->offers)
		return l;
	load_free(l);
	return NULL;
}

static uint64_t load_rows(const struct load *l)
{
	return l->hour_count + l->use_count + l->event_count + l->offer_count;
}

static void cover(struct load *l, int32_t day)
{
	bool first = load_rows(l) == 0;
	if (first || day < l->first_day)
		l->first_day = day;
	if (first || day > l->last_day)
		l->last_day = day;
}

static int load_hours(struct outbox *o, const struct outbox_order *order, struct load *l,
		      struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why,
			 "SELECT " OUTBOX_HOUR_COLUMNS
			 " FROM hour h WHERE seq IS NULL AND " HOUR_IS_OVER
			 " ORDER BY day, hour, id LIMIT ?2",
			 "ii", (int64_t)(order->which == OUTBOX_ALL), (int64_t)ROWS);
	while (!r && (r = db_step(o->db, s, why)) == 1) {
		struct aggregate_hour h;
		outbox_read_hour(s, &l->hour_id[l->hour_count], &h);
		cover(l, h.day);
		aggregate_hour_report(&h, &l->hours[l->hour_count++]);
		r = 0;
	}
	return r;
}

static int load_uses(struct outbox *o, const struct outbox_order *order, struct load *l,
		     struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why,
			 "SELECT " OUTBOX_USE_COLUMNS
			 " FROM use u WHERE seq IS NULL AND " DAY_IS_OVER
			 " ORDER BY day, id LIMIT ?3",
			 "iii", (int64_t)(order->which == OUTBOX_ALL), (int64_t)order->today,
			 (int64_t)(ROWS - load_rows(l)));
	while (!r && (r = db_step(o->db, s, why)) == 1) {
		struct aggregate_use u;
		outbox_read_use(s, &l->use_id[l->use_count], &u);
		cover(l, u.day);
		aggregate_use_report(&u, &l->uses[l->use_count++]);
		r = 0;
	}
	return r;
}

static int load_events(struct outbox *o, struct load *l, struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why,
			 "SELECT number, at_s, kind, subject, reason FROM event WHERE seq IS NULL "
			 "ORDER BY number LIMIT ?",
			 "i", (int64_t)(ROWS - load_rows(l)));
	while (!r && (r = db_step(o->db, s, why)) == 1) {
		wasl_Event *e = &l->events[l->event_count];
		l->last_event = sqlite3_column_int64(s, 0);
		e->number = (uint64_t)l->last_event;
		e->unix_s = sqlite3_column_int64(s, 1);
		outbox_read_text(s, 2, e->kind, sizeof(e->kind));
		outbox_read_text(s, 3, e->subject, sizeof(e->subject));
		outbox_read_text(s, 4, e->reason, sizeof(e->reason));
		cover(l, clock_day(e->unix_s));
		l->event_count++;
		r = 0;
	}
	return r;
}

/* They have no day: what counts is the last word. */
static int load_offers(struct outbox *o, struct load *l, struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why,
			 "SELECT number, lesson, withdrawn, title_ar, title_fr, title_en, language,"
			 " duration_ms, film_bytes, film, subject, grade FROM offer WHERE seq IS "
			 "NULL ORDER BY "
			 "number LIMIT ?",
			 "i", (int64_t)(ROWS - load_rows(l)));
	while (!r && (r = db_step(o->db, s, why)) == 1) {
		wasl_LessonOffer *e = &l->offers[l->offer_count++];
		l->last_offer = sqlite3_column_int64(s, 0);
		e->number = (uint64_t)l->last_offer;
		outbox_read_text(s, 1, e->lesson, sizeof(e->lesson));
		e->withdrawn = sqlite3_column_int(s, 2);
		outbox_read_text(s, 3, e->title_ar, sizeof(e->title_ar));
		outbox_read_text(s, 4, e->title_fr, sizeof(e->title_fr));
		outbox_read_text(s, 5, e->title_en, sizeof(e->title_en));
		outbox_read_text(s, 6, e->language, sizeof(e->language));
		e->duration_ms = (uint64_t)sqlite3_column_int64(s, 7);
		e->film_bytes = (uint64_t)sqlite3_column_int64(s, 8);
		if (sqlite3_column_bytes(s, 9) == sizeof(e->film))
			memcpy(e->film, sqlite3_column_blob(s, 9), sizeof(e->film));
		outbox_read_text(s, 10, e->subject, sizeof(e->subject));
		e->grade = (uint32_t)sqlite3_column_int64(s, 11);
		r = 0;
	}
	return r;
}

static int load_all(struct outbox *o, const struct outbox_order *order, struct load *l,
		    struct fault *why)
{
	int r = load_hours(o, order, l, why);
	if (!r)
		r = load_uses(o, order, l, why);
	if (!r)
		r = load_events(o, l, why);
	if (!r)
		r = load_offers(o, l, why);
	if (r)
		return r;
	if (load_rows(l) == l->offer_count)
		l->first_day = l->last_day = order->today;
	l->report = (wasl_Report){
		.uplink_hours_count = (pb_size_t)l->hour_count,
		.uplink_hours = l->hours,
		.lesson_use_count = (pb_size_t)l->use_count,
		.lesson_use = l->uses,
		.events_count = (pb_size_t)l->event_count,
		.events = l->events,
		.offers_count = (pb_size_t)l->offer_count,
		.offers = l->offers,
	};
	if (order->health) {
		l->report.has_health = true;
		l->report.health = *order->health;
	}
	return 0;
}

/* The rows carry the number of their envelope from here on. */
static int mark(struct outbox *o, const struct load *l, uint32_t epoch, int64_t seq,
		struct fault *why)
{
	int r = 0;
	for (uint64_t i = 0; !r && i < l->hour_count; i++)
		r = db_exec(o->db, why, "UPDATE hour SET epoch=?, seq=? WHERE id=?", "iii",
			    (int64_t)epoch, seq, l->hour_id[i]);
	for (uint64_t i = 0; !r && i < l->use_count; i++)
		r = db_exec(o->db, why, "UPDATE use SET epoch=?, seq=? WHERE id=?", "iii",
			    (int64_t)epoch, seq, l->use_id[i]);
	if (!r && l->event_count)
		r = db_exec(o->db, why,
			    "UPDATE event SET epoch=?, seq=? WHERE seq IS NULL AND number<=?",
			    "iii", (int64_t)epoch, seq, l->last_event);
	if (!r && l->offer_count)
		r = db_exec(o->db, why,
			    "UPDATE offer SET epoch=?, seq=? WHERE seq IS NULL AND number<=?",
			    "iii", (int64_t)epoch, seq, l->last_offer);
	return r;
}

static int make_envelope(const struct outbox_order *order, const struct chain_state *chain,
			 const uint8_t *previous, const struct outbox_minutes *minutes,
			 const struct load *l, void **out, size_t *len, uint8_t hash[static 32],
			 struct fault *why)
{
	AUTO_FREE void *rows = NULL;
	size_t rows_len = 0;
	int r = codec_encode(wasl_Report_fields, &l->report, &rows, &rows_len, why);
	if (r)
		return r;
	struct envelope_header h = {
		.type = ENVELOPE_REPORT,
		.epoch = chain->epoch,
		.boot_count = order->boot_count,
		.seq = chain->sealed_seq + 1,
		.time_floor_s = order->floor_s,
		.time_quality = order->quality,
		.first_day = l->first_day,
		.last_day = l->last_day,
		.minutes_through = minutes->through,
	};
	memcpy(h.minutes_head, minutes->head, sizeof(h.minutes_head));
	memcpy(h.device, chain->device, sizeof(h.device));
	memcpy(h.previous, previous, sizeof(h.previous));
	return envelope_seal(&h, rows, rows_len, order->sealing_public, order->device_key, out, len,
			     hash, why);
}

static int read_head(struct outbox *o, uint32_t epoch, uint8_t out[static 32], struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why, "SELECT head_hash FROM chain WHERE epoch=?", "i",
			 (int64_t)epoch);
	if (!r)
		r = db_step(o->db, s, why);
	if (r < 0)
		return r;
	bool good = r == 1 && sqlite3_column_bytes(s, 0) == 32;
	if (good)
		memcpy(out, sqlite3_column_blob(s, 0), 32);
	sqlite3_reset(s);
	return good ? 0
		    : fault_set(why, -EBADMSG, "outbox.chain",
				"epoch %u has no head in the outbox; it is damaged", epoch);
}

static int store(struct outbox *o, const struct outbox_order *order, const struct load *l,
		 struct fault *why)
{
	uint32_t epoch = 0;
	struct chain_state chain;
	struct outbox_minutes minutes;
	uint8_t previous[32], hash[32];
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int r = outbox_epoch(o, &epoch, why);
	if (!r && !epoch)
		return fault_set(why, -EAGAIN, "outbox.unenrolled",
				 "this box is not enrolled yet; its rows wait");
	if (!r)
		r = outbox_chain(o, epoch, &chain, why);
	if (!r)
		r = read_head(o, epoch, previous, why);
	if (!r)
		r = outbox_minutes(o, &minutes, why);
	if (!r)
		r = make_envelope(order, &chain, previous, &minutes, l, &bytes, &len, hash, why);
	int64_t seq = (int64_t)chain.sealed_seq + 1;
	if (!r)
		r = db_exec(
			o->db, why,
			"INSERT INTO envelope(epoch, seq, hash, bytes, size) VALUES(?, ?, ?, ?, ?)",
			"iibbi", (int64_t)epoch, seq, (const void *)hash, sizeof(hash),
			(const void *)bytes, len, (int64_t)len);
	if (!r)
		r = db_exec(o->db, why, "UPDATE chain SET sealed_seq=?, head_hash=? WHERE epoch=?",
			    "ibi", seq, (const void *)hash, sizeof(hash), (int64_t)epoch);
	return r ? r : mark(o, l, epoch, seq, why);
}

int outbox_seal(struct outbox *o, const struct outbox_order *order, uint64_t *rows,
		struct fault *why)
{
	CLEANUP(clean_load) struct load *l = load_new();
	if (!l)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = db_begin(o->db, why);
	if (r)
		return r;
	DB_TX(o->db);
	r = load_all(o, order, l, why);
	if (!r)
		r = store(o, order, l, why);
	if (!r)
		r = db_commit(o->db, why);
	if (!r)
		*rows = load_rows(l);
	return r;
}

int outbox_ready(struct outbox *o, enum outbox_which which, int32_t today, uint64_t *rows,
		 struct fault *why)
{
	int64_t all = which == OUTBOX_ALL, hours = 0, uses = 0, others = 0;
	int r = db_int(o->db, 0, &hours, why,
		       "SELECT count(*) FROM hour h WHERE seq IS NULL AND " HOUR_IS_OVER, "i", all);
	if (!r)
		r = db_int(o->db, 0, &uses, why,
			   "SELECT count(*) FROM use u WHERE seq IS NULL AND " DAY_IS_OVER, "ii",
			   all, (int64_t)today);
	if (!r)
		r = db_int(o->db, 0, &others, why,
			   "SELECT (SELECT count(*) FROM event WHERE seq IS NULL)"
			   " + (SELECT count(*) FROM offer WHERE seq IS NULL)",
			   "");
	if (!r)
		*rows = (uint64_t)(hours + uses + others);
	return r;
}
