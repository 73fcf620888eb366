// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/offers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/report.pb.h"
#include "firmware/record/signed.h"
#include "provisioning/hub/frames.h"
#include "provisioning/hub/jsonout.h"
#include "provisioning/hub/store.h"

struct list {
	struct jsonout *out;
	int64_t n;
};

static void text_field(struct jsonout *out, const char *key, const char *value)
{
	jsonout_raw(out, key);
	jsonout_string(out, value);
}

static int add(void *data, const struct lesson_offer *f)
{
	struct list *l = data;
	char film[65];
	text_hex(f->film, sizeof(f->film), film);
	text_field(l->out, l->n++ ? ",{\"school\":" : "{\"school\":", f->school);
	text_field(l->out, ",\"lesson\":", f->lesson);
	text_field(l->out, ",\"title\":{\"ar\":", f->title[0]);
	text_field(l->out, ",\"fr\":", f->title[1]);
	text_field(l->out, ",\"en\":", f->title[2]);
	text_field(l->out, "},\"language\":", f->language);
	text_field(l->out, ",\"subject\":", f->subject);
	jsonout_raw(l->out, ",\"grade\":");
	jsonout_int(l->out, f->grade);
	jsonout_raw(l->out, ",\"duration_ms\":");
	jsonout_int(l->out, (int64_t)f->duration_ms);
	jsonout_raw(l->out, ",\"film_bytes\":");
	jsonout_int(l->out, (int64_t)f->film_bytes);
	text_field(l->out, ",\"film\":", film);
	text_field(l->out, ",\"said\":", offer_said_name(f->said));
	jsonout_raw(l->out, f->changed ? ",\"changed\":true" : ",\"changed\":false");
	text_field(l->out, ",\"reason\":", f->reason);
	text_field(l->out, ",\"published\":", f->published);
	jsonout_raw(l->out, ",\"received\":");
	jsonout_time(l->out, f->received_s);
	jsonout_raw(l->out, "}");
	return 0;
}

int offers_json(struct store *s, int64_t now_s, struct jsonout *out, struct fault *why)
{
	struct list list = { .out = out };
	jsonout_raw(out, "{\"offers\":[");
	int rc = store_offers_each(s, OFFERS_SHOWN, add, &list, why);
	if (rc)
		return rc;
	jsonout_raw(out, "],\"n\":");
	jsonout_int(out, list.n);
	jsonout_raw(out, ",\"as_of\":");
	jsonout_time(out, now_s);
	jsonout_raw(out, "}");
	return out->bad ? fault_set(why, -ENOMEM, "memory", "out of memory") : 0;
}

/* --- what the box hears ------------------------------------------------------------------------------ */

struct answers {
	wasl_OfferAnswers all;
	bool any; /* it offered a lesson once */
};

static int take_answer(void *data, const struct lesson_offer *f)
{
	struct answers *a = data;
	a->any = true;
	if (f->said == OFFER_UNSAID || f->withdrawn ||
	    a->all.answers_count == ARRAY_LEN(a->all.answers))
		return 0;
	wasl_OfferAnswer *to = &a->all.answers[a->all.answers_count++];
	snprintf(to->lesson, sizeof(to->lesson), "%s", f->lesson);
	memcpy(to->film, f->film, sizeof(to->film));
	to->said = (uint32_t)f->said;
	snprintf(to->reason, sizeof(to->reason), "%s", f->reason);
	snprintf(to->published, sizeof(to->published), "%s", f->published);
	return 0;
}

int offers_answer(struct store *s, const struct signed_key *key, const struct offers_listener *to,
		  void **frames, size_t *len, struct fault *why)
{
	struct answers a = { .all = wasl_OfferAnswers_init_zero };
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	size_t body_len = 0, record_len = 0;
	int rc = store_offers_of(s, to->device, take_answer, &a, why);
	if (rc || !a.any)
		return rc;
	memcpy(a.all.device, to->device, sizeof(a.all.device));
	a.all.nonce.size = (pb_size_t)to->nonce_len;
	if (to->nonce_len)
		memcpy(a.all.nonce.bytes, to->nonce, to->nonce_len);
	rc = codec_encode(wasl_OfferAnswers_fields, &a.all, &body, &body_len, why);
	if (rc == 0)
		rc = signed_make(SIGNED_OFFER_ANSWERS, body, body_len, key, 1, &record, &record_len,
				 why);
	if (rc == 0 && frames_append(frames, len, record, (uint32_t)record_len))
		rc = fault_set(why, -ENOMEM, "memory", "out of memory");
	return rc;
}
