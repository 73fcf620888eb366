// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store.h"
#include "content/contentd.h"
#include "content/staff/staff.h"
#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/text.h"
#include "firmware/record/offer.h"

/* agentd on the control socket: what the school offers to the ministry, the bytes of it, and what the ministry says. */

CLEAN_FN(json, json_t, json_decref)
CLEAN_FN(object, struct store_object, store_object_close)

/* What the ministry may take: a mezzanine, never a film as its teacher brought it. NULL: it is being made. */
static const wasl_ObjectRef *film_of(const struct own_lesson *l)
{
	const wasl_Item *from = l->item.plan.has_foreign ? &l->offer : &l->item;
	return from->has_mezzanine ? &from->mezzanine : NULL;
}

static bool is_offered(const struct own_lesson *l)
{
	return l->offered_s && l->state == OWN_READY;
}

static json_t *film_json(const struct own_lesson *l)
{
	const wasl_ObjectRef *film = film_of(l);
	char id[65] = "";
	if (!film)
		return json_null();
	text_hex(film->id, sizeof(film->id), id);
	return json_pack("{s:s,s:I,s:s}", "object", id, "bytes", (json_int_t)film->size_bytes,
			 "media_type", film->media_type);
}

static json_t *offer_json(const struct own_lesson *l)
{
	return json_pack("{s:I,s:s,s:{s:s,s:s,s:s},s:s,s:i,s:s,s:I,s:o,s:s}", "at",
			 (json_int_t)l->offered_s, "lesson", l->id, "title", "ar", l->title[0],
			 "fr", l->title[1], "en", l->title[2], "subject", l->subject, "grade",
			 (int)l->grade, "language", l->language, "duration_ms",
			 (json_int_t)l->item.duration_ms, "film", film_json(l), "said",
			 offer_said_name(l->answer.said));
}

void staff_ctl_offers(struct ctl_request *req, void *data)
{
	const struct contentd *c = data;
	json_t *list = json_array();
	for (size_t i = 0; i < own_count(c->staff->own); i++) {
		const struct own_lesson *l = own_at(c->staff->own, i);
		if (is_offered(l))
			json_array_append_new(list, offer_json(l));
	}
	ctl_reply_json(req, 200, json_pack("{s:o}", "offers", list));
}

/* --- the film ------------------------------------------------------------------------------------------ */

/* On offer at this moment, and asked for: whoever breaks in at agentd reads no other film. */
static const wasl_ObjectRef *wanted_film(const struct contentd *c, const char *object)
{
	uint8_t id[32];
	if (!object || text_unhex(object, id, sizeof(id)))
		return NULL;
	for (size_t i = 0; i < own_count(c->staff->own); i++) {
		const struct own_lesson *l = own_at(c->staff->own, i);
		const wasl_ObjectRef *film = is_offered(l) ? film_of(l) : NULL;
		if (film && l->answer.said == OFFER_WANTED && memcmp(film->id, id, sizeof(id)) == 0)
			return film;
	}
	return NULL;
}

/* "at" as it was sent: a number without more, or -EINVAL. */
static int place_of(const struct ctl_request *req, uint64_t *out, struct fault *why)
{
	const char *text = ctl_arg(req, "at");
	const size_t digits = text ? strspn(text, "0123456789") : 0;
	if (digits == 0 || text[digits] || digits > 18)
		return fault_set(why, -EINVAL, "staff.film",
				 "at = '%.32s' is no place in a film: 0 or more bytes",
				 text ? text : "");
	*out = strtoull(text, NULL, 10);
	return 0;
}

static int read_film(struct contentd *c, const wasl_ObjectRef *film, uint64_t at, void **out,
		     size_t *len, struct fault *why)
{
	CLEANUP(clean_object) struct store_object *o = NULL;
	struct objmap_id id;
	memcpy(id.b, film->id, sizeof(id.b));
	int r = store_object_find(c->store, &id, &o, why);
	if (r)
		return r;
	const uint64_t size = store_object_size(o);
	if (at > size)
		return fault_set(why, -EINVAL, "staff.film",
				 "at = %llu is behind the film's end, %llu", (unsigned long long)at,
				 (unsigned long long)size);
	const uint64_t left = size - at;
	const size_t n = left < OFFER_PIECE_BYTES ? (size_t)left : OFFER_PIECE_BYTES;
	if (n && !store_object_has_bytes(o, at, n))
		return fault_set(why, -EAGAIN, "staff.film",
				 "the film is being looked for on the disk");
	AUTO_FREE uint8_t *bytes = malloc(n + 1);
	if (!bytes)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (n && (r = fileio_pread_all(store_object_fd(o), bytes, n, at)))
		return fault_set(why, r, "staff.film", "the film cannot be read: %s", strerror(-r));
	*out = MOVE_PTR(bytes);
	*len = n;
	return 0;
}

void staff_ctl_offer_film(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	const wasl_ObjectRef *film = wanted_film(c, ctl_arg(req, "object"));
	uint64_t at = 0;
	int r = film ? place_of(req, &at, &why)
		     : fault_set(&why, -ENOENT, "staff.offer",
				 "no lesson that is on offer and asked for has this film");
	if (r == 0)
		r = read_film(c, film, at, &bytes, &len, &why);
	if (r)
		ctl_reply_fault(req, ctl_status_of(r), &why);
	else
		ctl_reply_bytes(req, 200, "application/octet-stream", bytes, len);
}

/* --- what the ministry says ------------------------------------------------------------------------------ */

/* To a film that is not the one on offer nothing was said. */
static bool take_answer(struct staff *s, const json_t *from)
{
	const char *id = json_string_value(json_object_get(from, "lesson"));
	const char *object = json_string_value(json_object_get(from, "film"));
	const char *said = json_string_value(json_object_get(from, "said"));
	const char *reason = json_string_value(json_object_get(from, "reason"));
	const char *published = json_string_value(json_object_get(from, "published"));
	const struct own_lesson *l = id ? own_find(s->own, id) : NULL;
	const wasl_ObjectRef *film = l && is_offered(l) ? film_of(l) : NULL;
	uint8_t wanted[32];
	if (!film || !object || text_unhex(object, wanted, sizeof(wanted)) ||
	    memcmp(film->id, wanted, sizeof(wanted)) != 0)
		return true;
	struct own_lesson as = *l;
	memset(&as.answer, 0, sizeof(as.answer));
	if (!said || offer_said_parse(said, &as.answer.said) || !reason || !published ||
	    strlen(reason) >= sizeof(as.answer.reason) ||
	    strlen(published) >= sizeof(as.answer.published) ||
	    (*published && !text_is_slug(published)))
		return true;
	snprintf(as.answer.reason, sizeof(as.answer.reason), "%s", reason);
	snprintf(as.answer.published, sizeof(as.answer.published), "%s", published);
	if (memcmp(&as.answer, &l->answer, sizeof(as.answer)) == 0)
		return true;
	struct fault why = { 0 };
	if (own_change(s->own, as.id, &as, &why)) {
		log_fault(LOG_LEVEL_WARN, "own.answer", &why);
		return false;
	}
	log_info("event=own.answer lesson=%s said=%s reason=%s", as.id, said, reason);
	return true;
}

/* Of which nothing is said any more, as its teacher changed it: the list is of all that stands, unless there is more than it holds. */
static bool forget_others(struct staff *s, const json_t *answers)
{
	bool kept = true;
	if (json_array_size(answers) >= OFFER_ANSWERS_MOST)
		return true;
	for (size_t i = 0; i < own_count(s->own); i++) {
		const struct own_lesson *l = own_at(s->own, i);
		bool among = l->answer.said == OFFER_UNSAID || l->answer.said == OFFER_ACCEPTED;
		for (size_t n = 0; !among && n < json_array_size(answers); n++) {
			const char *id = json_string_value(
				json_object_get(json_array_get(answers, n), "lesson"));
			among = id && strcmp(id, l->id) == 0;
		}
		if (among)
			continue;
		struct own_lesson as = *l;
		struct fault why = { 0 };
		memset(&as.answer, 0, sizeof(as.answer));
		if (own_change(s->own, as.id, &as, &why)) {
			log_fault(LOG_LEVEL_WARN, "own.answer", &why);
			kept = false;
		}
	}
	return kept;
}

void staff_ctl_answers(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	size_t len, i;
	bool kept = true;
	json_t *one;
	const void *body = ctl_body(req, &len);
	CLEANUP(clean_json) json_t *told = json_loadb(body, len, 0, NULL);
	const json_t *answers = json_object_get(told, "answers");
	if (!json_is_array(answers)) {
		fault_set(&why, -EINVAL, "staff.answers", "these are no answers");
		ctl_reply_fault(req, 400, &why);
		return;
	}
	json_array_foreach (answers, i, one)
		kept = take_answer(c->staff, one) && kept;
	kept = forget_others(c->staff, answers) && kept;
	fault_set(&why, -ENOSPC, "staff.list", "the list of lessons could not be written");
	if (kept)
		ctl_reply_json(req, 200, json_object());
	else
		ctl_reply_fault(req, 507, &why);
}
