// SPDX-License-Identifier: GPL-2.0-or-later
/* What the ministry says of lessons that teachers offer: to their page; and the films that it wants to see, to the hub. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/agent/agent_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/envelope.h"
#include "firmware/record/offer.h"
#include "firmware/record/report.pb.h"
#include "firmware/record/trust_dir.h"

#define KEPT "offer-answers" /* the newest record, in the outbox */
enum {
	ANSWER_LIMIT = 4096,
	STALL_S = 30,
	TOTAL_S = 600,
	DSCP = 8, /* class 3, as lessons that nobody waits for: a film may take its time */
	FIRST_WAIT_MS = 15000,
};

CLEAN_FN(json, json_t, json_decref)

/* --- the record ------------------------------------------------------------------------------------- */

static int decode(const void *body, size_t len, wasl_OfferAnswers **out, struct fault *why)
{
	AUTO_FREE wasl_OfferAnswers *all = calloc(1, sizeof(*all));
	if (!all)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = codec_decode(wasl_OfferAnswers_fields, body, len, all, why);
	if (!r)
		*out = MOVE_PTR(all);
	return r;
}

static int again(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec;
	agent_offers_carry(data);
	return 0;
}

/* It was verified when it came. One that can no longer be read is none: the next receipt brings another. */
int agent_offers_begin(struct agent *a, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	const void *body = NULL;
	size_t len = 0, body_len = 0;
	struct fault odd = { 0 };
	if (sd_event_add_time(a->loop, &a->offers.again, CLOCK_BOOTTIME, 0, 0, again, a) < 0 ||
	    sd_event_source_set_enabled(a->offers.again, SD_EVENT_OFF) < 0)
		return fault_set(why, -ENOMEM, "daemon.loop", "no timer");
	int r = outbox_blob(a->outbox, KEPT, &bytes, &len, why);
	if (r)
		return r == -ENOENT ? 0 : r;
	r = trust_dir_recheck(SIGNED_OFFER_ANSWERS, bytes, len, &body, &body_len, &odd);
	if (!r)
		r = decode(body, body_len, &a->offers.answers, &odd);
	if (r)
		log_fault(LOG_LEVEL_WARN, "offers.kept", &odd);
	return 0;
}

void agent_offers_end(struct agent *a)
{
	sd_event_source_disable_unref(a->offers.again);
	free(a->offers.answers);
	a->offers.answers = NULL;
}

int agent_offers_take(struct agent *a, const void *bytes, size_t len,
		      const uint8_t nonce[static COURIER_NONCE_BYTES], struct fault *why)
{
	AUTO_FREE wasl_OfferAnswers *fresh = NULL;
	const void *body = NULL;
	size_t body_len = 0;
	int r = agent_check_record(a, SIGNED_OFFER_ANSWERS, bytes, len, &body, &body_len, why);
	if (!r)
		r = decode(body, body_len, &fresh, why);
	if (!r && (memcmp(fresh->device, a->device, sizeof(a->device)) != 0 ||
		   fresh->nonce.size != COURIER_NONCE_BYTES ||
		   memcmp(fresh->nonce.bytes, nonce, COURIER_NONCE_BYTES) != 0))
		r = fault_set(why, -EPERM, "offers.other",
			      "answers about lessons on offer that are for another box, or of "
			      "another day; passed over");
	if (!r)
		r = outbox_begin(a->outbox, why);
	if (!r)
		r = outbox_blob_set(a->outbox, KEPT, bytes, len, why);
	if (!r)
		r = outbox_commit(a->outbox, why);
	outbox_rollback(a->outbox);
	if (r)
		return r;
	free(a->offers.answers);
	a->offers.answers = MOVE_PTR(fresh);
	a->offers.done = 0;
	a->offers.begun = false;
	a->offers.told = false;
	agent_offers_tell(a);
	return 0;
}

/* --- the teacher's page -------------------------------------------------------------------------------- */

static char *as_json(const wasl_OfferAnswers *all)
{
	CLEANUP(clean_json) json_t *list = json_array();
	for (pb_size_t i = 0; i < all->answers_count; i++) {
		const wasl_OfferAnswer *one = &all->answers[i];
		char film[65];
		text_hex(one->film, sizeof(one->film), film);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "lesson",
						      one->lesson, "film", film, "said",
						      offer_said_name((enum offer_said)one->said),
						      "reason", one->reason, "published",
						      one->published));
	}
	CLEANUP(clean_json) json_t *body = json_pack("{s:O}", "answers", list);
	return body ? json_dumps(body, JSON_COMPACT) : NULL;
}

static void told(void *data, const struct http_result *result)
{
	struct agent *a = data;
	a->offers.telling = NULL;
	if (result->code != 0 || result->status != 200)
		return;
	a->offers.told = true;
	agent_offers_carry(a);
}

void agent_offers_tell(struct agent *a)
{
	struct agent_offers *o = &a->offers;
	if (!o->answers || o->told)
		return;
	AUTO_FREE char *text = as_json(o->answers);
	if (!text)
		return;
	struct path at = paths_at("/run/wasl/contentd.sock");
	struct http_order order = { .method = "POST",
				    .url = "http://box/v1/offers/answers",
				    .socket = at.at,
				    .body = text,
				    .body_len = strlen(text),
				    .content_type = "application/json",
				    .limit_bytes = ANSWER_LIMIT,
				    .total_s = 10 };
	struct http_calls calls = { .done = told, .data_ptr = a };
	http_cancel(o->telling); /* it was about the record before */
	o->telling = NULL;
	(void)http_start(a->http, &order, &calls, &o->telling, NULL);
}

/* --- films -------------------------------------------------------------------------------------------- */

static void later(struct agent *a, const char *text)
{
	struct agent_offers *o = &a->offers;
	const uint64_t most_ms = (uint64_t)a->conf->agent.retry_max_s * 1000;
	uint64_t wait_ms = (uint64_t)FIRST_WAIT_MS << (o->failures < 10 ? o->failures : 10);
	if (!o->failures++)
		log_info("event=film.waits text=\"%s\"", text);
	o->not_before_ms = agent_now_ms() + (wait_ms < most_ms ? wait_ms : most_ms);
	(void)sd_event_source_set_time(o->again, o->not_before_ms * 1000);
	(void)sd_event_source_set_enabled(o->again, SD_EVENT_ONESHOT);
}

/* There, or not to be had; until the next answers say that it is still wanted. */
static void settled(struct agent *a, const char *event)
{
	struct agent_offers *o = &a->offers;
	char film[65];
	text_hex(o->film, sizeof(o->film), film);
	log_info("event=%s film=%.12s", event, film);
	for (pb_size_t i = 0; o->answers && i < o->answers->answers_count; i++)
		if (memcmp(o->answers->answers[i].film, o->film, sizeof(o->film)) == 0)
			o->done |= UINT32_C(1) << i;
	agent_offers_carry(a);
}

static void read_piece(struct agent *a);

static struct film_answer answer_of(const struct http_result *result)
{
	struct film_answer a = { .status = result->code == 0 ? (int)result->status : 0 };
	CLEANUP(clean_json) json_t *said = json_loadb(result->body, result->body_len, 0, NULL);
	const json_t *have = json_object_get(said, "have"), *of = json_object_get(said, "of");
	a.read = json_is_integer(have) && json_is_integer(of);
	a.have = json_integer_value(have);
	a.of = json_integer_value(of);
	return a;
}

static void posted(void *data, const struct http_result *result)
{
	struct agent *a = data;
	struct agent_offers *o = &a->offers;
	o->carrying = NULL;
	const struct film_answer answer = answer_of(result);
	const bool piece = o->course.len != 0;
	switch (film_course_after(&o->course, &answer)) {
	case FILM_THERE:
		o->failures = 0;
		settled(a, "film.there");
		break;
	case FILM_GO_ON:
		if (piece && answer.status == 200)
			o->failures = 0;
		read_piece(a);
		break;
	case FILM_UNWANTED:
		settled(a, "film.unwanted");
		break;
	case FILM_LATER:
		later(a, answer.status == 200 ? "the hub's answer does not fit the film"
					      : http_said(result).text);
		break;
	}
}

/* The header names no number of the chain: a piece is outside of it (envelope.h). */
static int seal_piece(const struct agent *a, const void *bytes, size_t len, void **out,
		      size_t *out_len, struct fault *why)
{
	struct envelope_header h = { .type = ENVELOPE_FILM,
				     .epoch = a->grant.epoch,
				     .boot_count = a->boot_count,
				     .seq = 1,
				     .time_floor_s = floor_now(&a->floor, agent_now_ms()),
				     .time_quality = (uint8_t)a->floor.quality };
	memcpy(h.device, a->device, sizeof(h.device));
	envelope_sealing_key_id(a->grant.sealing_public, h.sealing_key_id);
	struct offer_piece p = { .at = a->offers.course.at, .bytes = bytes, .len = len };
	memcpy(p.film, a->offers.film, sizeof(p.film));
	AUTO_FREE uint8_t *plain = malloc(OFFER_PIECE_HEAD + len);
	if (!plain)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	offer_piece_put(&p, plain);
	return envelope_seal(&h, plain, OFFER_PIECE_HEAD + len, a->grant.sealing_public,
			     &a->keys.sign, out, out_len, NULL, why);
}

/* Without bytes: how far is the hub? */
static void post_piece(struct agent *a, const void *bytes, size_t len)
{
	AUTO_FREE void *body = NULL;
	size_t body_len = 0;
	struct fault why = { 0 };
	char url[320], pins[AGENT_PIN_TEXT];
	const char *hub = agent_hub_url(a);
	int r = courier_url_of(hub, "films", url, sizeof(url), &why);
	if (!r)
		r = seal_piece(a, bytes, len, &body, &body_len, &why);
	struct http_order order = {
		.method = "POST",
		.url = url,
		.body = body,
		.body_len = body_len,
		.content_type = "application/octet-stream",
		.limit_bytes = ANSWER_LIMIT,
		.stall_s = STALL_S,
		.total_s = TOTAL_S,
		.dscp = DSCP,
		.pin = agent_pin_text(a, hub, pins),
	};
	struct http_calls calls = { .done = posted, .data_ptr = a };
	if (!r)
		r = http_start(a->http, &order, &calls, &a->offers.carrying, &why);
	if (r)
		later(a, why.text);
}

static void piece_read(void *data, const struct http_result *result)
{
	struct agent *a = data;
	a->offers.carrying = NULL;
	const bool is_piece = result->code == 0 && result->status == 200 && result->body_len;
	if (is_piece && film_course_send(&a->offers.course, result->body_len))
		post_piece(a, result->body, result->body_len);
	else if (is_piece)
		settled(a, "film.enough"); /* not again before the ministry's next word */
	else if (result->code == 0 && (result->status == 200 || result->status == 404))
		settled(a, "film.kept"); /* its teacher keeps it back */
	else
		later(a, http_said(result).text);
}

static void read_piece(struct agent *a)
{
	char film[65], url[192];
	struct fault why = { 0 };
	text_hex(a->offers.film, sizeof(a->offers.film), film);
	snprintf(url, sizeof(url), "http://box/v1/offers/film?object=%s&at=%llu", film,
		 (unsigned long long)a->offers.course.at);
	struct path at = paths_at("/run/wasl/contentd.sock");
	struct http_order order = {
		.url = url, .socket = at.at, .limit_bytes = OFFER_PIECE_BYTES, .total_s = 30
	};
	struct http_calls calls = { .done = piece_read, .data_ptr = a };
	if (http_start(a->http, &order, &calls, &a->offers.carrying, &why))
		later(a, why.text);
}

/* False: no lesson on offer has this film. */
static bool begin(struct agent *a, const uint8_t film[static 32])
{
	struct agent_offers *o = &a->offers;
	uint64_t bytes = 0;
	struct fault why = { 0 };
	if (o->begun && memcmp(o->film, film, sizeof(o->film)) == 0)
		return true;
	memcpy(o->film, film, sizeof(o->film));
	int r = outbox_film_bytes(a->outbox, film, &bytes, &why);
	if (r && r != -ENOENT)
		log_fault(LOG_LEVEL_WARN, "film.size", &why);
	if (r)
		return false;
	film_course_begin(&o->course, bytes);
	o->begun = true;
	return true;
}

/* contentd gives out what it knows to be wanted. */
void agent_offers_carry(struct agent *a)
{
	struct agent_offers *o = &a->offers;
	if (!a->enrolled || !o->answers || !o->told || o->carrying ||
	    agent_now_ms() < o->not_before_ms)
		return;
	for (pb_size_t i = 0; i < o->answers->answers_count; i++) {
		const wasl_OfferAnswer *one = &o->answers->answers[i];
		if (one->said != OFFER_WANTED || o->done & UINT32_C(1) << i)
			continue;
		if (!begin(a, one->film)) {
			settled(a, "film.kept");
			return;
		}
		film_course_ask(&o->course);
		post_piece(a, NULL, 0);
		return;
	}
}
