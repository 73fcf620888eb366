// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/live/live_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"

/* What is asked of streams: pieces and playlists of a class, and whether a stream that a person names may be asked at all. */

#define DSCP_LIVE 34 /* AF41: live classes and pupils who wait */
#define TRY_S 8u

/* Whether a person named this host: the one configured for the class, or one of [relay] allow. */
static bool trusted(const struct live *l, const char *url)
{
	char words[sizeof(l->allow)], host[LIVE_URL_BYTES];
	snprintf(words, sizeof(words), "%s", l->allow);
	char *rest = words;
	for (char *word; (word = strsep(&rest, " ,"));) {
		if (!*word)
			continue;
		const char *scheme = strncmp(url, "https", 5) == 0 ? "https" : "http";
		snprintf(host, sizeof(host), "%s://%s/", scheme, word);
		if (live_url_same_host(host, url))
			return true;
	}
	return false;
}

int live_ask(struct live_class *c, const char *url, const struct live_part *part,
	     uint64_t limit_bytes, unsigned total_s,
	     void (*done)(void *data, const struct http_result *result), void *data,
	     struct http_transfer **out, struct fault *why)
{
	struct http_order order = { .url = url,
				    .limit_bytes = limit_bytes,
				    .stall_s = 8,
				    .total_s = total_s,
				    .dscp = DSCP_LIVE };
	const struct http_calls calls = { NULL, done, data };
	const bool own = c->origin == LIVE_CONFIGURED && live_url_same_host(c->conf.url, url);
	if (part && part->len) {
		if (part->len > limit_bytes)
			return fault_set(why, -EFBIG, "live.segment",
					 "a segment of %llu bytes is more than the box takes",
					 (unsigned long long)part->len);
		order.range_from = part->from;
		order.range_to = part->from + part->len - 1;
	}
	if (!own && !trusted(c->live, url))
		order.admit = live_url_admit;
	return http_start(c->live->http, &order, &calls, out, why);
}

/* --- before a class begins ------------------------------------------------------------------------------ */

struct live_try {
	struct live *live;
	struct http_transfer *asks;
	char url[LIVE_URL_BYTES];
	void (*done)(void *data, const struct fault *refused);
	void *data;
};

/* Only what will be refused in an hour, too: a stream that does not answer yet may answer then. */
static int verdict(const char *url, const struct http_result *result, struct fault *why)
{
	char host[LIVE_URL_BYTES] = "";
	(void)live_url_host(url, host);
	switch (result->code) {
	case -EACCES:
		return fault_set(why, -EINVAL, "live.closed",
				 "'%.200s' is the box itself or in the school's own network; "
				 "streams come from there where the configuration allows it: "
				 "[relay] allow = %.200s",
				 host, host);
	case -EHOSTUNREACH:
		return fault_set(why, -EINVAL, "live.unknown",
				 "'%.200s' leads nowhere now; see how it is written, and "
				 "whether the line is up: %s",
				 host, http_said(result).text);
	case -EPERM:
	case -EINVAL:
		return fault_set(why, -EINVAL, "live.url", "'%.200s' cannot be followed: %s", url,
				 http_said(result).text);
	default:
		return 0;
	}
}

static struct live_try **place_of(struct live *l, const struct live_try *t)
{
	for (size_t i = 0; i < LIVE_TRIES_MOST; i++)
		if (l->tries[i] == t)
			return &l->tries[i];
	return NULL;
}

static void end_try(struct live_try *t, const struct fault *refused)
{
	*place_of(t->live, t) = NULL;
	http_cancel(t->asks);
	t->done(t->data, refused);
	free(t);
}

static void try_came(void *data, const struct http_result *result)
{
	struct live_try *t = data;
	struct fault why = { 0 };
	t->asks = NULL;
	int r = verdict(t->url, result, &why);
	end_try(t, r ? &why : NULL);
}

int live_try(struct live *l, const struct live_class_conf *conf,
	     void (*done)(void *data, const struct fault *refused), void *data,
	     struct live_try **out, struct fault *why)
{
	int r = live_may_add(l, conf, why);
	struct live_try **place = r ? NULL : place_of(l, NULL);
	if (r)
		return r;
	if (!place)
		return fault_set(why, -EAGAIN, "live.busy",
				 "%u other streams are looked at now; try again in a few seconds",
				 LIVE_TRIES_MOST);
	AUTO_FREE struct live_try *t = calloc(1, sizeof(*t));
	if (!t)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	snprintf(t->url, sizeof(t->url), "%s", conf->url);
	t->live = l;
	t->done = done;
	t->data = data;
	const struct http_calls calls = { NULL, try_came, t };
	const struct http_order order = { .url = t->url,
					  .limit_bytes = LIVE_LIST_BYTES,
					  .total_s = TRY_S,
					  .dscp = DSCP_LIVE,
					  .admit = trusted(l, t->url) ? NULL : live_url_admit };
	r = http_start(l->http, &order, &calls, &t->asks, why);
	if (r)
		return r;
	*out = *place = MOVE_PTR(t);
	return 0;
}

void live_try_leave(struct live_try *t)
{
	*place_of(t->live, t) = NULL;
	http_cancel(t->asks);
	free(t);
}

void live_try_end_all(struct live *l)
{
	struct fault why = { 0 };
	fault_set(&why, -ECANCELED, "live.ends", "wasl-contentd stops; try again in a moment");
	for (size_t i = 0; i < LIVE_TRIES_MOST; i++)
		if (l->tries[i])
			end_try(l->tries[i], &why);
}
