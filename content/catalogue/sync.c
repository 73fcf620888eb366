// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/sync.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust_dir.h"

#define MOST_ROOTS 64u /* in one look */
#define TOTAL_S 600u

struct sync {
	struct sd_event_source *timer;
	struct http *http;
	struct origin *origin;
	struct catalogue *catalogue;
	unsigned interval_s, roots;
	struct sync_calls calls;
	struct report report;
	struct http_transfer *transfer;
	uint8_t refused[32]; /* hash of what was last refused and told */
};

static void look_at_root(struct sync *s);

static void wake_in(struct sync *s, uint64_t ms)
{
	sd_event_source_set_time(s->timer, (clock_mono_ms() + ms) * 1000);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static void tell(const struct sync *s, const char *kind, const char *subject, const char *text)
{
	s->report.tell(s->report.data, kind, subject, "origin", text);
}

static void looked(struct sync *s, int code, const struct fault *why)
{
	uint64_t interval = (uint64_t)s->interval_s * 1000, now = clock_mono_ms();
	/* A tenth less or more, by the box's own salt: a country does not ask at once. */
	uint64_t spread = interval / 5 ? s->origin->salt % (interval / 5) : 0;
	uint64_t next = interval - interval / 10 + spread;
	if (code && s->origin->not_before_ms > now && s->origin->not_before_ms - now < next)
		next = s->origin->not_before_ms - now;
	wake_in(s, next);
	s->calls.looked(s->calls.data, code, why);
}

static void origin_trouble(struct sync *s, const char *reason)
{
	struct fault why = { 0 };
	if (origin_failed(s->origin, reason, clock_mono_ms())) {
		char text[300];
		snprintf(text, sizeof(text),
			 "the origin does not answer: %s; lessons that are here go on", reason);
		tell(s, "origin.down", "origin", text);
	}
	looked(s,
	       fault_set(&why, -EAGAIN, "origin.down", "'%s': %s; it is asked again",
			 s->origin->url, reason),
	       &why);
}

/* The same bytes refused at every look are one event; other bytes are another. */
static void refuse(struct sync *s, const char *kind, const char *subject,
		   const struct http_result *result, const struct fault *why)
{
	uint8_t hash[sizeof(s->refused)];
	bool has_body = result->code == 0 && result->status == 200 && result->body;
	crypto_generichash(hash, sizeof(hash), has_body ? result->body : (const void *)why->text,
			   has_body ? result->body_len : strlen(why->text), NULL, 0);
	if (memcmp(hash, s->refused, sizeof(hash)) != 0)
		tell(s, kind, subject, why->text);
	memcpy(s->refused, hash, sizeof(hash));
}

static void origin_answers(struct sync *s)
{
	if (origin_worked(s->origin))
		tell(s, "origin.up", "origin", "the origin answers again");
}

static void catalogue_came(void *data, const struct http_result *result)
{
	struct sync *s = data;
	struct fault why = { 0 };
	char reason[200];
	s->transfer = NULL;
	int r = origin_judge(result, reason);
	if (r == -ENOENT) {
		origin_answers(s);
		fault_set(&why, -ENOENT, "catalogue.none",
			  "'%s' has no catalogue yet; ask the ministry to publish one",
			  s->origin->url);
		refuse(s, "catalogue.refused", "catalogue", result, &why);
		looked(s, -ENOENT, &why);
		return;
	}
	if (r && result->code == -EFBIG)
		r = fault_set(&why, -EFBIG, "catalogue.big",
			      "the origin's catalogue is larger than 16 MiB; it was not taken");
	else if (r) {
		origin_trouble(s, reason);
		return;
	} else {
		r = catalogue_offer(s->catalogue, result->body, result->body_len, &why);
	}
	origin_answers(s);
	if (r == 0 || r == -EALREADY) {
		memset(s->refused, 0, sizeof(s->refused));
		/* First, because what was built on the old catalogue points into it. */
		if (r == 0)
			s->calls.taken(s->calls.data);
		looked(s, 0, NULL);
		return;
	}
	refuse(s, "catalogue.refused", "catalogue", result, &why);
	looked(s, r, &why);
}

static void get(struct sync *s, const char *url, uint64_t limit,
		void (*came)(void *data, const struct http_result *result))
{
	const struct http_order order = {
		.url = url, .limit_bytes = limit, .stall_s = s->origin->stall_s, .total_s = TOTAL_S
	};
	const struct http_calls calls = { NULL, came, s };
	struct fault why = { 0 };
	if (http_start(s->http, &order, &calls, &s->transfer, &why))
		origin_trouble(s, why.text);
}

static void root_came(void *data, const struct http_result *result)
{
	struct sync *s = data;
	char reason[200];
	struct fault why = { 0 };
	s->transfer = NULL;
	int r = origin_judge(result, reason);
	if (r && r != -ENOENT && result->code != -EFBIG) {
		origin_trouble(s, reason);
		return;
	}
	if (r == 0) {
		uint32_t number = catalogue_next_root(s->catalogue);
		char subject[32], text[64];
		snprintf(subject, sizeof(subject), "root %u", number);
		r = catalogue_offer_root(s->catalogue, result->body, result->body_len, &why);
		if (catalogue_next_root(s->catalogue) > number) {
			snprintf(text, sizeof(text), "root %u is in force", number);
			tell(s, "root.taken", subject, r ? why.text : text);
			if (++s->roots < MOST_ROOTS) {
				look_at_root(s);
				return;
			}
		} else {
			refuse(s, "root.refused", subject, result, &why);
		}
	}
	get(s, origin_catalogue(s->origin).at, SIGNED_LIMIT_BYTES, catalogue_came);
}

static void look_at_root(struct sync *s)
{
	get(s, origin_root(s->origin, catalogue_next_root(s->catalogue)).at, TRUST_DIR_LIMIT_BYTES,
	    root_came);
}

static void look(struct sync *s)
{
	struct fault why = { 0 };
	if (s->transfer)
		return;
	if (!s->origin->url[0]) {
		fault_set(&why, -ENOENT, "origin.none",
			  "no origin is configured; set [origin] url");
		looked(s, -ENOENT, &why);
		return;
	}
	s->roots = 0;
	look_at_root(s);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	look(data);
	return 0;
}

void sync_interval(struct sync *s, unsigned interval_s)
{
	const bool sooner = interval_s < s->interval_s;
	s->interval_s = interval_s;
	if (sooner && !s->transfer)
		wake_in(s, (uint64_t)interval_s * 1000);
}

void sync_now(struct sync *s)
{
	origin_hurry(s->origin);
	if (!s->transfer)
		wake_in(s, 0);
}

void sync_free(struct sync *s)
{
	if (!s)
		return;
	http_cancel(s->transfer);
	sd_event_source_disable_unref(s->timer);
	free(s);
}

CLEAN_FN(sync, struct sync, sync_free)

int sync_new(struct sd_event *loop, struct http *http, struct origin *origin,
	     struct catalogue *catalogue, unsigned interval_s, const struct sync_calls *calls,
	     const struct report *report, struct sync **out, struct fault *why)
{
	CLEANUP(clean_sync) struct sync *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	s->http = http;
	s->origin = origin;
	s->catalogue = catalogue;
	s->interval_s = interval_s;
	s->calls = *calls;
	s->report = *report;
	if (sd_event_add_time(loop, &s->timer, CLOCK_BOOTTIME, 0, 10000, on_timer, s) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(s);
	return 0;
}
