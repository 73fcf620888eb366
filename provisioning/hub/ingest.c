// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/ingest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/device.h"
#include "firmware/record/envelope.h"
#include "firmware/record/report.pb.h"
#include "provisioning/hub/enrol.h"
#include "provisioning/hub/manage.h"
#include "provisioning/hub/offers.h"
#include "provisioning/hub/refresh.h"
#include "provisioning/hub/rows.h"

const char *ingest_end_name(enum ingest_end end)
{
	static const char *const names[INGEST_ENDS] = {
		[INGEST_COUNTED] = "counted",
		[INGEST_AGAIN] = "again",
		[INGEST_HELD] = "held",
		[INGEST_WAITING] = "waiting",
		[INGEST_UNREADABLE] = "unreadable",
		[INGEST_FORKED] = "forked",
		[INGEST_DROPPED] = "dropped",
		[INGEST_REFUSED] = "refused",
	};
	return end < INGEST_ENDS ? names[end] : "";
}

void ingest_result_done(struct ingest_result *r)
{
	free(r->receipts);
	*r = (struct ingest_result){ 0 };
}

/* A device heard in this batch. */
struct voice {
	struct device device;
	struct account_head head;
	uint64_t through_before;
	struct day_set touched;
	bool heard;  /* one envelope at least bore its signature */
	bool stored; /* something of it was stored: its school was seen */
};

struct batch {
	struct hub *hub;
	int64_t now_s;
	struct voice *voice; /* FRAMES_MAX of them */
	size_t voices;
	struct ingest_result *out;
	struct fault *why;
};

static void clean_batch(struct batch *b)
{
	for (size_t i = 0; i < b->voices; i++)
		day_set_done(&b->voice[i].touched);
	free(b->voice);
}

static int begin_batch(struct batch *b)
{
	b->voice = calloc(FRAMES_MAX, sizeof(*b->voice));
	return b->voice ? 0 : fault_set(b->why, -ENOMEM, "memory", "out of memory");
}

/* The device with its head, read once per batch. -ENOENT: not enrolled here. */
static int find_voice(struct batch *b, const uint8_t id[static 16], struct voice **out)
{
	for (size_t i = 0; i < b->voices; i++) {
		if (memcmp(b->voice[i].device.id, id, 16) == 0) {
			*out = &b->voice[i];
			return 0;
		}
	}
	struct voice *v = &b->voice[b->voices];
	*v = (struct voice){ 0 };
	int rc = store_device_get(b->hub->store, id, &v->device, b->why);
	if (rc == 0)
		rc = store_head_get(b->hub->store, id, v->device.epoch, &v->head, b->why);
	if (rc)
		return rc;
	v->through_before = v->head.through_seq;
	b->voices++;
	*out = v;
	return 0;
}

static int raise(struct batch *b, const struct voice *v, const char *kind, uint64_t seq,
		 const char *text)
{
	struct alert a = { .raised_s = b->now_s };
	memcpy(a.device, v->device.id, sizeof(a.device));
	snprintf(a.kind, sizeof(a.kind), "%s", kind);
	snprintf(a.school, sizeof(a.school), "%s", v->device.school);
	snprintf(a.text, sizeof(a.text), "envelope %llu: %.220s", (unsigned long long)seq, text);
	/* A cut must not leave half a character: pages read this as UTF-8. */
	for (size_t len = strlen(a.text); len > 0 && !text_is_utf8(a.text, len);)
		a.text[--len] = '\0';
	return store_alert_put(b->hub->store, &a, b->why);
}

/* Opens a report and enters its rows. *state says what became of it; codes are the store's. */
static int count_rows(struct batch *b, struct voice *v, const struct envelope_header *h,
		      const void *bytes, size_t len, enum envelope_state *state)
{
	const uint8_t *public_key = NULL, *secret_key = NULL;
	AUTO_FREE void *rows = NULL;
	size_t rows_len = 0;
	struct fault closed = { 0 };
	struct rows_outcome outcome = { 0 };
	int rc = hub_sealing_key(b->hub, h->sealing_key_id, &public_key, &secret_key, &closed);
	if (rc == 0)
		rc = envelope_open(bytes, len, public_key, secret_key, &rows, &rows_len, &closed);
	if (rc == 0) {
		rc = rows_enter(b->hub->store, &v->device, h, rows, rows_len, b->now_s, &v->touched,
				&outcome, b->why);
		if (rc && rc != -EPROTO)
			return rc;
		if (rc == -EPROTO)
			fault_set(&closed, rc, "ingest.report", "what is inside is no report");
	}
	b->out->offers += outcome.offers;
	*state = rc ? ENVELOPE_UNREADABLE : ENVELOPE_COUNTED;
	if (rc)
		return raise(b, v, "unreadable", h->seq, closed.text);
	if (outcome.refused == 0 && outcome.overfull == 0)
		return 0;
	char text[128];
	snprintf(
		text, sizeof(text),
		"%u of %u rows make no sense or are too many, %u hours add up to more than an hour",
		outcome.refused, outcome.refused + outcome.taken, outcome.overfull);
	return raise(b, v, "rows", h->seq, text);
}

/* What state an envelope that is next in line gets, with its rows counted where they may be. */
static int take_next(struct batch *b, struct voice *v, const struct envelope_header *h,
		     const void *bytes, size_t len, enum envelope_state *state)
{
	if (h->type != ENVELOPE_REPORT) {
		*state = ENVELOPE_KEPT;
		return 0;
	}
	if (v->device.state != DEVICE_BOUND) {
		*state = ENVELOPE_WAITING;
		return 0;
	}
	return count_rows(b, v, h, bytes, len, state);
}

static void move_head(struct voice *v, uint64_t seq, const uint8_t hash[static 32])
{
	v->head.through_seq = seq;
	memcpy(v->head.hash, hash, sizeof(v->head.hash));
	v->stored = true;
}

static int quarantine(struct batch *b, struct voice *v, const struct stored_envelope *e)
{
	int rc = store_fork_put(b->hub->store, e, b->why);
	if (rc || v->device.state == DEVICE_FORKED)
		return rc;
	v->device.state = DEVICE_FORKED;
	rc = store_device_state_set(b->hub->store, v->device.id, DEVICE_FORKED, b->why);
	return rc ? rc
		  : raise(b, v, "fork", e->seq,
			  "the box told two different pasts under one number: a copied card, or a "
			  "disk put back; "
			  "its reports wait until an officer decides");
}

/* Goes on with what was held behind the gap that has just closed. */
static int release_held(struct batch *b, struct voice *v)
{
	for (;;) {
		uint64_t seq = 0;
		struct stored_envelope e;
		struct envelope_header h;
		size_t total = 0;
		AUTO_FREE void *bytes = NULL;
		int rc = v->head.held == 0 ? -ENOENT
					   : store_envelope_next(b->hub->store, v->device.id,
								 v->device.epoch, ENVELOPE_HELD,
								 v->head.through_seq, &seq, b->why);
		if (rc == -ENOENT || (rc == 0 && seq != v->head.through_seq + 1))
			return 0;
		if (rc == 0)
			rc = store_envelope_get(b->hub->store, v->device.id, v->device.epoch, seq,
						&e, &bytes, b->why);
		if (rc)
			return rc;
		if (account_resume(&v->head, e.previous) != ACCOUNT_STORE) {
			e.bytes = bytes;
			return quarantine(b, v, &e);
		}
		/* Its signature was checked before it was held. */
		enum envelope_state state = ENVELOPE_UNREADABLE;
		rc = envelope_peek(bytes, e.bytes_len, &h, &total, b->why);
		if (rc == 0)
			rc = take_next(b, v, &h, bytes, e.bytes_len, &state);
		if (rc == 0)
			rc = store_envelope_state_set(b->hub->store, v->device.id, v->device.epoch,
						      seq, state, b->why);
		if (rc)
			return rc;
		move_head(v, seq, e.hash);
		v->head.held--;
		v->head.held_bytes -=
			e.bytes_len < v->head.held_bytes ? e.bytes_len : v->head.held_bytes;
		b->out->ends[state == ENVELOPE_WAITING ? INGEST_WAITING : INGEST_COUNTED]++;
	}
}

static int store_next(struct batch *b, struct voice *v, const struct envelope_header *h,
		      struct stored_envelope *e)
{
	int rc = take_next(b, v, h, e->bytes, e->bytes_len, &e->state);
	if (rc == 0)
		rc = store_envelope_put(b->hub->store, e, b->why);
	if (rc)
		return rc;
	move_head(v, e->seq, e->hash);
	b->out->ends[e->state == ENVELOPE_WAITING      ? INGEST_WAITING
		     : e->state == ENVELOPE_UNREADABLE ? INGEST_UNREADABLE
						       : INGEST_COUNTED]++;
	return release_held(b, v);
}

static int hold(struct batch *b, struct voice *v, struct stored_envelope *e)
{
	e->state = ENVELOPE_HELD;
	int rc = store_envelope_put(b->hub->store, e, b->why);
	if (rc)
		return rc;
	v->head.held++;
	v->head.held_bytes += e->bytes_len;
	v->stored = true;
	b->out->ends[INGEST_HELD]++;
	return 0;
}

/* An envelope with a good signature. */
static int account(struct batch *b, struct voice *v, const struct envelope_header *h,
		   struct stored_envelope *e)
{
	struct stored_envelope known;
	struct account_input in = { .seq = e->seq, .bytes = e->bytes_len };
	memcpy(in.hash, e->hash, sizeof(in.hash));
	memcpy(in.previous, e->previous, sizeof(in.previous));
	if (e->seq > 0 && e->seq <= INT64_MAX) {
		int rc = store_envelope_get(b->hub->store, e->device, e->epoch, e->seq, &known,
					    NULL, b->why);
		if (rc && rc != -ENOENT)
			return rc;
		in.known = rc == 0;
		if (in.known)
			memcpy(in.known_hash, known.hash, sizeof(in.known_hash));
	}
	switch (account_decide(&v->head, &in)) {
	case ACCOUNT_STORE:
		return store_next(b, v, h, e);
	case ACCOUNT_AGAIN:
		b->out->ends[INGEST_AGAIN]++;
		return 0;
	case ACCOUNT_FORK:
		b->out->ends[INGEST_FORKED]++;
		return quarantine(b, v, e);
	case ACCOUNT_HOLD:
		return hold(b, v, e);
	case ACCOUNT_FULL:
		b->out->ends[INGEST_DROPPED]++;
		return 0;
	case ACCOUNT_INVALID:
		break;
	}
	b->out->ends[INGEST_REFUSED]++;
	fault_set(&b->out->refusal, -EBADMSG, "ingest.number",
		  "an envelope's number is 0 or impossible");
	return 0;
}

static int refuse(struct batch *b, int code, const char *id, const char *text)
{
	b->out->ends[INGEST_REFUSED]++;
	fault_set(&b->out->refusal, code, id, "%s", text);
	return 0;
}

/* Structure, device, signature, epoch: only then is anything believed. */
static int take_frame(struct batch *b, const struct frame *f)
{
	struct envelope_header h;
	struct voice *v = NULL;
	struct fault bad = { 0 };
	size_t total = 0;
	if (envelope_peek(f->bytes, f->len, &h, &total, &bad))
		return refuse(b, -EBADMSG, bad.id, bad.text);
	if (total != f->len)
		return refuse(b, -EBADMSG, "ingest.length",
			      "an envelope is shorter or longer than it says");
	/* Whoever heard one go by could bring it here, where it would count as a second past. */
	if (h.type == ENVELOPE_FILM)
		return refuse(b, -EBADMSG, "ingest.type", "a piece of film is no report");
	int rc = find_voice(b, h.device, &v);
	if (rc == -ENOENT)
		return refuse(b, -EPERM, "ingest.device",
			      "this box is not enrolled here; enrol it with an order first");
	if (rc)
		return rc;
	if (envelope_verify(f->bytes, f->len, v->device.sign_public, &h, &bad))
		return refuse(b, -EBADMSG, bad.id, bad.text);
	v->heard = true;
	if (h.epoch != v->device.epoch)
		return refuse(b, -EPERM, "ingest.epoch",
			      "an envelope is of another epoch than the one this box reports in");
	struct stored_envelope e = { .epoch = h.epoch,
				     .seq = h.seq,
				     .first_day = h.first_day,
				     .last_day = h.last_day,
				     .received_s = b->now_s,
				     .bytes_len = f->len,
				     .bytes = f->bytes };
	memcpy(e.device, h.device, sizeof(e.device));
	memcpy(e.previous, h.previous, sizeof(e.previous));
	envelope_hash(f->bytes, f->len, e.hash);
	return account(b, v, &h, &e);
}

/* Heads, schools and the list of receipts, once for each device of the batch. */
static int settle(struct batch *b)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < b->voices; i++) {
		struct voice *v = &b->voice[i];
		if (!v->stored)
			continue;
		rc = store_head_put(b->hub->store, v->device.id, v->device.epoch, &v->head, b->why);
		if (rc == 0)
			rc = refresh_school(b->hub->store, v->device.school, &v->touched,
					    &b->hub->rules, b->now_s, b->why);
		if (rc || v->head.through_seq == v->through_before)
			continue;
		struct given_receipt r = { .epoch = v->device.epoch,
					   .through_seq = v->head.through_seq,
					   .signed_s = b->now_s };
		memcpy(r.device, v->device.id, sizeof(r.device));
		memcpy(r.head_hash, v->head.hash, sizeof(r.head_hash));
		snprintf(r.school, sizeof(r.school), "%s", v->device.school);
		rc = store_receipt_put(b->hub->store, &r, b->why);
	}
	return rc;
}

struct versions {
	int64_t ledger, catalogue;
};

static int sign_receipt(struct batch *b, const struct voice *v, const struct versions *versions,
			const struct school *school, uint32_t settings_version,
			const uint8_t *nonce, size_t nonce_len)
{
	wasl_Receipt r = wasl_Receipt_init_zero;
	memcpy(r.device, v->device.id, sizeof(r.device));
	r.epoch = v->device.epoch;
	r.through_seq = v->head.through_seq;
	memcpy(r.head_hash, v->head.hash, sizeof(r.head_hash));
	r.nonce.size = (pb_size_t)nonce_len;
	if (nonce_len)
		memcpy(r.nonce.bytes, nonce, nonce_len);
	r.hub_unix_s = b->now_s;
	r.ledger = (uint32_t)versions->ledger;
	r.root_version = trust_version(b->hub->trust);
	r.catalogue_version = (uint32_t)versions->catalogue;
	r.sealing_keys_version = b->hub->sealing_keys_version;
	snprintf(r.school_code, sizeof(r.school_code), "%s", v->device.school);
	snprintf(r.region, sizeof(r.region), "%s", school->region);
	r.settings_version = settings_version;
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	size_t body_len = 0, len = 0;
	int rc = codec_encode(wasl_Receipt_fields, &r, &body, &body_len, b->why);
	if (rc == 0)
		rc = signed_make(SIGNED_RECEIPT, body, body_len, &b->hub->receipt_key, 1, &record,
				 &len, b->why);
	if (rc == 0 &&
	    frames_append(&b->out->receipts, &b->out->receipts_len, record, (uint32_t)len))
		rc = fault_set(b->why, -ENOMEM, "memory", "out of memory");
	return rc;
}

/* The receipt first, because it says which school's and region's settings are for the box; then these, as they were signed; then the answers. */
static int answer_voice(struct batch *b, const struct voice *v, const struct versions *versions,
			const uint8_t *nonce, size_t nonce_len)
{
	struct school school;
	uint32_t newest[MANAGE_SCOPES];
	AUTO_FREE void *settings = NULL;
	size_t len = 0;
	int rc = store_school_get(b->hub->store, v->device.school, &school, b->why);
	if (rc)
		return rc == -ENOENT ? fault_set(b->why, -EIO, "ingest.school",
						 "school '%s' of a box is not registered any more",
						 v->device.school)
				     : rc;
	const struct manage_box box = { school.region, v->device.school, v->device.id };
	rc = manage_for(b->hub->store, &box, newest, &settings, &len, b->why);
	if (rc == 0)
		rc = sign_receipt(b, v, versions, &school, manage_newest(newest), nonce, nonce_len);
	if (rc == 0 && frames_extend(&b->out->receipts, &b->out->receipts_len, settings, len))
		rc = fault_set(b->why, -ENOMEM, "memory", "out of memory");
	const struct offers_listener to = { v->device.id, nonce, nonce_len };
	if (rc == 0)
		rc = offers_answer(b->hub->store, &b->hub->receipt_key, &to, &b->out->receipts,
				   &b->out->receipts_len, b->why);
	return rc;
}

static int sign_receipts(struct batch *b, const uint8_t *nonce, size_t nonce_len)
{
	struct versions versions = { 1, 0 };
	int rc = store_number_get(b->hub->store, "ledger", 1, &versions.ledger, b->why);
	if (rc == 0)
		rc = store_number_get(b->hub->store, "catalogue_version", 0, &versions.catalogue,
				      b->why);
	for (size_t i = 0; rc == 0 && i < b->voices; i++)
		rc = b->voice[i].heard ? answer_voice(b, &b->voice[i], &versions, nonce, nonce_len)
				       : 0;
	return rc;
}

int ingest_batch(struct hub *hub, const struct frame *frames, size_t count, const uint8_t *nonce,
		 size_t nonce_len, int64_t now_s, struct ingest_result *out, struct fault *why)
{
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	CLEANUP(clean_batch)
	struct batch b = { .hub = hub, .now_s = now_s, .out = &result, .why = why };
	int rc = begin_batch(&b);
	if (rc == 0)
		rc = store_begin(hub->store, why);
	if (rc)
		return rc;
	for (size_t i = 0; rc == 0 && i < count && i < FRAMES_MAX; i++)
		rc = take_frame(&b, &frames[i]);
	if (rc == 0)
		rc = settle(&b);
	if (rc == 0)
		rc = store_commit(hub->store, why);
	if (rc) {
		store_rollback(hub->store);
		return rc;
	}
	rc = sign_receipts(&b, nonce, nonce_len);
	if (rc)
		return rc;
	*out = result;
	result = (struct ingest_result){ 0 };
	return 0;
}

/* --- an officer's decision ------------------------------------------------------------------------ */
struct wanted {
	char claim[17];
	struct device found;
	bool is_there;
};

static int match_claim(void *data, const struct device *d)
{
	struct wanted *w = data;
	char shown[20], plain[17];
	device_claim_code(d->sign_public, d->box_public, shown);
	if (enrol_plain_claim(shown, plain) == 0 && strcmp(plain, w->claim) == 0) {
		w->found = *d;
		w->is_there = true;
	}
	return 0;
}

static int count_waiting(struct batch *b, struct voice *v, uint64_t *counted)
{
	for (uint64_t after = 0;;) {
		uint64_t seq = 0;
		struct stored_envelope e;
		struct envelope_header h;
		size_t total = 0;
		enum envelope_state state = ENVELOPE_UNREADABLE;
		AUTO_FREE void *bytes = NULL;
		int rc = store_envelope_next(b->hub->store, v->device.id, v->device.epoch,
					     ENVELOPE_WAITING, after, &seq, b->why);
		if (rc)
			return rc == -ENOENT ? 0 : rc;
		rc = store_envelope_get(b->hub->store, v->device.id, v->device.epoch, seq, &e,
					&bytes, b->why);
		if (rc == 0)
			rc = envelope_peek(bytes, e.bytes_len, &h, &total, b->why);
		if (rc == 0)
			rc = count_rows(b, v, &h, bytes, e.bytes_len, &state);
		if (rc == 0)
			rc = store_envelope_state_set(b->hub->store, v->device.id, v->device.epoch,
						      seq, state, b->why);
		if (rc)
			return rc;
		*counted += state == ENVELOPE_COUNTED;
		after = seq;
	}
}

static int accept_in_transaction(struct batch *b, const char *school, const struct wanted *w,
				 uint64_t *counted)
{
	struct voice *v = NULL;
	struct school_status status;
	int rc = store_device_state_set(b->hub->store, w->found.id, DEVICE_BOUND, b->why);
	if (rc == 0)
		rc = find_voice(b, w->found.id, &v);
	if (rc == 0)
		rc = count_waiting(b, v, counted);
	if (rc == 0)
		rc = store_status_get(b->hub->store, school, &status, b->why);
	/* Accepting is not hearing from the school. */
	if (rc == 0 && v->touched.count > 0)
		rc = refresh_school(b->hub->store, school, &v->touched, &b->hub->rules,
				    status.last_seen_s, b->why);
	return rc == -ENOENT ? 0 : rc;
}

int ingest_accept(struct hub *hub, const char *school, const char *claim_code, int64_t now_s,
		  uint64_t *counted, struct fault *why)
{
	struct wanted w = { 0 };
	if (enrol_plain_claim(claim_code, w.claim))
		return fault_set(why, -EINVAL, "accept.claim",
				 "claim code '%s' must be the 16 letters and digits on the box",
				 claim_code);
	int rc = store_devices_each(hub->store, school, match_claim, &w, why);
	if (rc)
		return rc;
	if (!w.is_there)
		return fault_set(why, -ENOENT, "accept.none",
				 "no box with the claim code %s has enrolled at school %s",
				 claim_code, school);
	if (w.found.state == DEVICE_BOUND)
		return fault_set(why, -EALREADY, "accept.counts",
				 "this box's reports count already");
	struct ingest_result ignored = { 0 };
	CLEANUP(clean_batch)
	struct batch b = { .hub = hub, .now_s = now_s, .out = &ignored, .why = why };
	uint64_t n = 0;
	rc = begin_batch(&b);
	if (rc == 0)
		rc = store_begin(hub->store, why);
	if (rc == 0)
		rc = accept_in_transaction(&b, school, &w, &n);
	if (rc == 0)
		rc = store_commit(hub->store, why);
	if (rc)
		store_rollback(hub->store);
	else
		*counted = n;
	return rc;
}
