// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/collector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"

enum { ANSWER_BYTES = 4 << 20, ANSWER_S = 10 };

CLEAN_FN(json, json_t, json_decref)

typedef int (*take_fn)(struct outbox *o, const json_t *row, struct fault *why);
typedef int whole_fn(struct collector *c, const json_t *answer, struct fault *why);

static int take_minute(struct outbox *o, const json_t *row, struct fault *why)
{
	struct aggregate_minute m;
	int r = feed_minute(row, &m, why);
	return r ? r : outbox_add_minute(o, &m, why);
}

static int take_use(struct outbox *o, const json_t *row, struct fault *why)
{
	struct aggregate_use u;
	int r = feed_use(row, &u, why);
	return r ? r : outbox_add_use(o, &u, why);
}

static int take_event(struct outbox *o, const json_t *row, struct fault *why)
{
	struct outbox_event e;
	int r = feed_event(row, &e, why);
	return r ? r : outbox_add_event(o, &e, why);
}

static whole_fn take_chain, take_health, take_offers;
static const struct {
	const char *name; /* in the outbox and in the log */
	const char *socket, *path;
	take_fn take;    /* of a list that grows: one row; NULL: not a list */
	whole_fn *whole; /* instead: how things stand now */
} feeds[] = {
	{ "minutes", "/run/wasl/netmgrd.sock", "/v1/minutes", take_minute, NULL },
	{ "chain", "/run/wasl/netmgrd.sock", "/v1/chain", NULL, take_chain },
	{ "net-events", "/run/wasl/netmgrd.sock", "/v1/events", take_event, NULL },
	{ "usage", "/run/wasl/contentd.sock", "/v1/usage", take_use, NULL },
	{ "content-events", "/run/wasl/contentd.sock", "/v1/events", take_event, NULL },
	{ "offers", "/run/wasl/contentd.sock", "/v1/offers", NULL, take_offers },
	{ "health", "/run/wasl/contentd.sock", "/v1/health", NULL, take_health },
};
#define FEEDS ARRAY_LEN(feeds)

struct collector {
	struct http *http;
	struct outbox *outbox;
	struct collector_calls calls;
	struct http_transfer *transfer;
	size_t at; /* feed under way; FEEDS: resting */
	bool again;
	int64_t after; /* cursor that was asked for */
	bool failed[FEEDS];
	struct fault trouble, new_trouble; /* text "" when rows could be stored */
};

static void ask(struct collector *c);

/* Logged when it begins and when it ends, not at every round. */
static void note(struct collector *c, const struct fault *why)
{
	if (why && !c->failed[c->at])
		log_info("event=collect.waiting feed=%s fault=%s text=\"%s\"", feeds[c->at].name,
			 why->id, why->text);
	if (!why && c->failed[c->at])
		log_info("event=collect.back feed=%s", feeds[c->at].name);
	c->failed[c->at] = why != NULL;
}

static void store_failed(struct collector *c, const struct fault *why)
{
	if (!c->trouble.code && !c->new_trouble.code)
		log_fault(LOG_LEVEL_ERROR, "collect.store", why);
	c->new_trouble = *why;
}

static void next_feed(struct collector *c)
{
	c->at++;
	if (c->at < FEEDS) {
		ask(c);
		return;
	}
	if (c->trouble.code && !c->new_trouble.code)
		log_info("event=collect.stored text=\"rows are stored again\"");
	c->trouble = c->new_trouble;
	if (c->again) {
		collector_run(c);
		return;
	}
	c->calls.done(c->calls.data);
}

/*
 * A row that makes no sense is passed over, once and for all. A damaged database has the same code
 * and another id: then nothing of the page is taken.
 */
static int store_rows(struct collector *c, const struct feed_page *page, struct fault *why)
{
	size_t refused = 0;
	struct fault first = { 0 };
	int r = outbox_begin(c->outbox, why);
	for (size_t i = 0; !r && i < page->count; i++) {
		struct fault inner = { 0 };
		r = feeds[c->at].take(c->outbox, json_array_get(page->rows, i), &inner);
		if (r == -EBADMSG && strcmp(inner.id, "feed.row") == 0) {
			if (!refused++)
				first = inner;
			r = 0;
		} else if (r && why) {
			*why = inner;
		}
	}
	if (!r)
		r = outbox_cursor_set(c->outbox, feeds[c->at].name,
				      page->began_again ? 0 : page->next, why);
	if (!r)
		r = outbox_commit(c->outbox, why);
	outbox_rollback(c->outbox);
	if (!r && refused)
		log_warn("event=collect.refused feed=%s rows=%zu text=\"%s\"", feeds[c->at].name,
			 refused, first.text);
	if (!r && page->began_again)
		log_warn("event=collect.restart feed=%s text=\"its list began again; reading it "
			 "from its beginning\"",
			 feeds[c->at].name);
	return r;
}

static int take_health(struct collector *c, const json_t *answer, struct fault *why)
{
	(void)why;
	struct feed_health health;
	feed_health(answer, &health);
	c->calls.health(c->calls.data, &health);
	return 0;
}

static int take_chain(struct collector *c, const json_t *answer, struct fault *why)
{
	struct outbox_minutes said, known;
	struct fault odd = { 0 };
	if (feed_chain(answer, &said, &odd)) {
		note(c, &odd);
		return 0;
	}
	int r = outbox_minutes(c->outbox, &known, why);
	if (!r && (known.through != said.through ||
		   memcmp(known.head, said.head, sizeof(said.head)) != 0))
		r = outbox_set_minutes(c->outbox, &said, why);
	return r;
}

static int take_offers(struct collector *c, const json_t *answer, struct fault *why)
{
	AUTO_FREE struct outbox_offer *offers = calloc(OUTBOX_OFFERS, sizeof(*offers));
	size_t count = 0;
	if (!offers)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	struct fault odd = { 0 };
	if (feed_offers(answer, offers, &count, &odd)) {
		note(c, &odd);
		return 0;
	}
	int r = outbox_begin(c->outbox, why);
	if (!r)
		r = outbox_set_offers(c->outbox, offers, count, why);
	if (!r)
		r = outbox_commit(c->outbox, why);
	outbox_rollback(c->outbox);
	return r;
}

/* Returns whether the same feed has more. */
static bool take_answer(struct collector *c, const json_t *answer)
{
	struct fault why = { 0 };
	if (feeds[c->at].whole) {
		note(c, NULL);
		if (feeds[c->at].whole(c, answer, &why))
			store_failed(c, &why);
		return false;
	}
	struct feed_page page;
	if (feed_open(answer, c->after, &page, &why)) {
		note(c, &why);
		return false;
	}
	note(c, NULL);
	if (page.began_again || page.count || page.next != c->after) {
		if (store_rows(c, &page, &why)) {
			store_failed(c, &why);
			return false;
		}
	}
	return page.began_again || page.count == FEED_LIMIT;
}

static void answered(void *data, const struct http_result *result)
{
	struct collector *c = data;
	struct fault why = { 0 };
	c->transfer = NULL;
	CLEANUP(clean_json)
	json_t *answer = result->code == 0 && result->status == 200
				 ? json_loadb(result->body, result->body_len, 0, NULL)
				 : NULL;
	bool more = false;
	if (answer) {
		more = take_answer(c, answer);
	} else {
		fault_set(&why, result->code ? result->code : -EREMOTEIO, "collect.answer",
			  "'%s': %s", feeds[c->at].socket,
			  result->code ? strerror(-result->code) : "an answer without rows");
		note(c, &why);
	}
	if (more)
		ask(c);
	else
		next_feed(c);
}

static void ask(struct collector *c)
{
	char url[128];
	struct fault why = { 0 };
	c->after = 0;
	int r = feeds[c->at].take ? outbox_cursor(c->outbox, feeds[c->at].name, &c->after, &why)
				  : 0;
	if (r)
		store_failed(c, &why);
	if (feeds[c->at].take)
		snprintf(url, sizeof(url), "http://box%s?after=%lld&limit=%u", feeds[c->at].path,
			 (long long)c->after, FEED_LIMIT);
	else
		snprintf(url, sizeof(url), "http://box%s", feeds[c->at].path);
	struct path at = paths_at("%s", feeds[c->at].socket);
	struct http_order order = {
		.url = url, .socket = at.at, .limit_bytes = ANSWER_BYTES, .total_s = ANSWER_S
	};
	struct http_calls calls = { .done = answered, .data_ptr = c };
	if (!r) {
		r = http_start(c->http, &order, &calls, &c->transfer, &why);
		if (r)
			note(c, &why);
	}
	if (r)
		next_feed(c);
}

int collector_new(struct http *http, struct outbox *outbox, const struct collector_calls *calls,
		  struct collector **out, struct fault *why)
{
	struct collector *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->http = http;
	c->outbox = outbox;
	c->calls = *calls;
	c->at = FEEDS;
	*out = c;
	return 0;
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	http_cancel(c->transfer);
	free(c);
}

void collector_run(struct collector *c)
{
	c->again = c->at < FEEDS;
	if (c->again)
		return;
	c->new_trouble = (struct fault){ 0 };
	c->at = 0;
	ask(c);
}

const char *collector_trouble(const struct collector *c)
{
	return c->trouble.text;
}
