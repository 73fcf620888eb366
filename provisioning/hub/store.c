// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/store.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/fault.h"
#include "provisioning/hub/store_backend.h"

int store_open(const char *where, struct store **out, struct fault *why)
{
	const char *scheme = strstr(where, "://");
	if (scheme)
		return fault_set(why, -EPROTONOSUPPORT, "store.scheme",
				 "store '%.*s': no such engine in this build; give the path of an "
				 "SQLite file",
				 (int)(scheme - where), where);
	return store_sqlite_open(where, out, why);
}

void store_close(struct store *s)
{
	if (s)
		s->engine->close(s);
}

int store_begin(struct store *s, struct fault *why)
{
	return s->engine->begin(s, why);
}

int store_commit(struct store *s, struct fault *why)
{
	return s->engine->commit(s, why);
}

void store_rollback(struct store *s)
{
	s->engine->rollback(s);
}

int store_generation(struct store *s, int64_t *out, struct fault *why)
{
	return s->engine->generation(s, out, why);
}

int store_number_get(struct store *s, const char *name, int64_t fallback, int64_t *out,
		     struct fault *why)
{
	return s->engine->number_get(s, name, fallback, out, why);
}

int store_number_set(struct store *s, const char *name, int64_t value, struct fault *why)
{
	return s->engine->number_set(s, name, value, why);
}

int store_school_put(struct store *s, const struct school *school, enum store_change *out,
		     struct fault *why)
{
	return s->registry->school_put(s, school, out, why);
}

int store_school_get(struct store *s, const char *code, struct school *out, struct fault *why)
{
	return s->registry->school_get(s, code, out, why);
}

int store_status_get(struct store *s, const char *school, struct school_status *out,
		     struct fault *why)
{
	return s->registry->status_get(s, school, out, why);
}

int store_status_put(struct store *s, const char *school, const struct school_status *status,
		     struct fault *why)
{
	return s->registry->status_put(s, school, status, why);
}

int store_schools_each(struct store *s, store_school_fn *each, void *data, struct fault *why)
{
	return s->registry->schools_each(s, each, data, why);
}

int store_ticket_add(struct store *s, const struct ticket *ticket, struct fault *why)
{
	return s->registry->ticket_add(s, ticket, why);
}

int store_ticket_get(struct store *s, const uint8_t id[static 16], struct ticket *out,
		     struct fault *why)
{
	return s->registry->ticket_get(s, id, out, why);
}

int store_ticket_spend(struct store *s, const uint8_t id[static 16],
		       const uint8_t device[static 16], int64_t now_s, struct fault *why)
{
	return s->registry->ticket_spend(s, id, device, now_s, why);
}

int store_device_add(struct store *s, const struct device *device, struct fault *why)
{
	return s->registry->device_add(s, device, why);
}

int store_device_get(struct store *s, const uint8_t id[static 16], struct device *out,
		     struct fault *why)
{
	return s->registry->device_get(s, id, out, why);
}

int store_device_state_set(struct store *s, const uint8_t id[static 16], enum device_state state,
			   struct fault *why)
{
	return s->registry->device_state_set(s, id, state, why);
}

int store_devices_each(struct store *s, const char *school, store_device_fn *each, void *data,
		       struct fault *why)
{
	return s->registry->devices_each(s, school, each, data, why);
}

int store_token_add(struct store *s, const uint8_t hash[static 32], enum token_role role,
		    int64_t now_s, struct fault *why)
{
	return s->registry->token_add(s, hash, role, now_s, why);
}

int store_token_get(struct store *s, const uint8_t hash[static 32], enum token_role *out,
		    struct fault *why)
{
	return s->registry->token_get(s, hash, out, why);
}

int store_head_get(struct store *s, const uint8_t device[static 16], uint32_t epoch,
		   struct account_head *out, struct fault *why)
{
	return s->ledger->head_get(s, device, epoch, out, why);
}

int store_head_put(struct store *s, const uint8_t device[static 16], uint32_t epoch,
		   const struct account_head *head, struct fault *why)
{
	return s->ledger->head_put(s, device, epoch, head, why);
}

int store_envelope_put(struct store *s, const struct stored_envelope *envelope, struct fault *why)
{
	return s->ledger->envelope_put(s, envelope, why);
}

int store_envelope_get(struct store *s, const uint8_t device[static 16], uint32_t epoch,
		       uint64_t seq, struct stored_envelope *out, void **bytes, struct fault *why)
{
	return s->ledger->envelope_get(s, device, epoch, seq, out, bytes, why);
}

int store_envelope_state_set(struct store *s, const uint8_t device[static 16], uint32_t epoch,
			     uint64_t seq, enum envelope_state state, struct fault *why)
{
	return s->ledger->envelope_state_set(s, device, epoch, seq, state, why);
}

int store_envelope_next(struct store *s, const uint8_t device[static 16], uint32_t epoch,
			enum envelope_state state, uint64_t after, uint64_t *out, struct fault *why)
{
	return s->ledger->envelope_next(s, device, epoch, state, after, out, why);
}

int store_fork_put(struct store *s, const struct stored_envelope *envelope, struct fault *why)
{
	return s->ledger->fork_put(s, envelope, why);
}

int store_fork_count(struct store *s, const uint8_t device[static 16], int64_t *out,
		     struct fault *why)
{
	return s->ledger->fork_count(s, device, out, why);
}

int store_receipt_put(struct store *s, const struct given_receipt *receipt, struct fault *why)
{
	return s->ledger->receipt_put(s, receipt, why);
}

int store_receipts_each(struct store *s, const char *school, int64_t before, int limit,
			store_receipt_fn *each, void *data, struct fault *why)
{
	return s->ledger->receipts_each(s, school, before, limit, each, data, why);
}

int store_hour_get(struct store *s, const char *school, int32_t day, uint8_t hour,
		   const char *uplink, struct coverage_hour *out, struct fault *why)
{
	return s->rows->hour_get(s, school, day, hour, uplink, out, why);
}

int store_hour_put(struct store *s, const char *school, const struct coverage_hour *hour,
		   struct fault *why)
{
	return s->rows->hour_put(s, school, hour, why);
}

int store_hours_each(struct store *s, const char *school, int32_t from, int32_t to,
		     store_hour_fn *each, void *data, struct fault *why)
{
	return s->rows->hours_each(s, school, from, to, each, data, why);
}

int store_hour_last(struct store *s, const char *school, int32_t *day, uint8_t *hour,
		    struct fault *why)
{
	return s->rows->hour_last(s, school, day, hour, why);
}

int store_use_add(struct store *s, const char *school, const struct lesson_use *more,
		  struct fault *why)
{
	return s->rows->use_add(s, school, more, why);
}

int store_uses_each(struct store *s, const char *school, int32_t from, int32_t to,
		    store_use_fn *each, void *data, struct fault *why)
{
	return s->rows->uses_each(s, school, from, to, each, data, why);
}

int store_event_put(struct store *s, const uint8_t device[static 16], const char *school,
		    const struct box_event *event, struct fault *why)
{
	return s->rows->event_put(s, device, school, event, why);
}

int store_events_each(struct store *s, const char *school, int limit, store_event_fn *each,
		      void *data, struct fault *why)
{
	return s->rows->events_each(s, school, limit, each, data, why);
}

int store_health_put(struct store *s, const uint8_t device[static 16],
		     const struct box_health *health, struct fault *why)
{
	return s->rows->health_put(s, device, health, why);
}

int store_health_get(struct store *s, const uint8_t device[static 16], struct box_health *out,
		     struct fault *why)
{
	return s->rows->health_get(s, device, out, why);
}

int store_day_get(struct store *s, const char *school, int32_t day, struct coverage_s *out,
		  struct fault *why)
{
	return s->rows->day_get(s, school, day, out, why);
}

int store_day_put(struct store *s, const char *school, int32_t day, const struct coverage_s *sum,
		  struct fault *why)
{
	return s->rows->day_put(s, school, day, sum, why);
}

int store_days_each(struct store *s, const char *school, int32_t from, int32_t to,
		    store_day_fn *each, void *data, struct fault *why)
{
	return s->rows->days_each(s, school, from, to, each, data, why);
}

int store_region_day_add(struct store *s, const char *country, const char *region, int32_t day,
			 const struct region_delta *delta, struct fault *why)
{
	return s->rows->region_day_add(s, country, region, day, delta, why);
}

int store_region_days_each(struct store *s, const char *country, const char *region, int32_t from,
			   int32_t to, store_region_day_fn *each, void *data, struct fault *why)
{
	return s->rows->region_days_each(s, country, region, from, to, each, data, why);
}

bool store_offer_same(const struct lesson_offer *a, const struct lesson_offer *b)
{
	for (int lang = 0; lang < 3; lang++)
		if (strcmp(a->title[lang], b->title[lang]) != 0)
			return false;
	return memcmp(a->film, b->film, sizeof(a->film)) == 0 && a->film_bytes == b->film_bytes &&
	       strcmp(a->language, b->language) == 0 && strcmp(a->subject, b->subject) == 0 &&
	       a->grade == b->grade;
}

int store_offer_put(struct store *s, const struct lesson_offer *offer, struct fault *why)
{
	return s->exchange->offer_put(s, offer, why);
}

int store_offers_each(struct store *s, int limit, store_offer_fn *each, void *data,
		      struct fault *why)
{
	return s->exchange->offers_each(s, limit, each, data, why);
}

int store_offers_of(struct store *s, const uint8_t device[static 16], store_offer_fn *each,
		    void *data, struct fault *why)
{
	return s->exchange->offers_of(s, device, each, data, why);
}

int store_offer_say(struct store *s, const struct lesson_offer *offer, struct fault *why)
{
	return s->exchange->offer_say(s, offer, why);
}

int store_settings_put(struct store *s, const struct kept_settings *settings, struct fault *why)
{
	return s->exchange->settings_put(s, settings, why);
}

int store_settings_get(struct store *s, const char *scope, struct kept_settings *out, void **bytes,
		       struct fault *why)
{
	return s->exchange->settings_get(s, scope, out, bytes, why);
}

int store_settings_each(struct store *s, store_settings_fn *each, void *data, struct fault *why)
{
	return s->exchange->settings_each(s, each, data, why);
}

int store_alert_put(struct store *s, const struct alert *alert, struct fault *why)
{
	return s->rows->alert_put(s, alert, why);
}

int store_alerts_each(struct store *s, int limit, store_alert_fn *each, void *data,
		      struct fault *why)
{
	return s->rows->alerts_each(s, limit, each, data, why);
}
