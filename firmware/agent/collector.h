// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "firmware/agent/feed.h"

struct fault;
struct http;
struct outbox;

/*
 * Goes round the other daemons' control sockets and takes over their new rows, page by page,
 * without waiting for anybody: who does not answer is asked again in the next round. A page and
 * the cursor behind it are one transaction.
 */
struct collector;

struct collector_calls {
	void (*health)(void *data, const struct feed_health *h); /* contentd said how it is */
	void (*done)(void *data);                                /* the round is over */
	void *data;
};

int collector_new(struct http *http, struct outbox *outbox, const struct collector_calls *calls,
		  struct collector **out, struct fault *why);
void collector_free(struct collector *c);

/*
 * Begins a round. When one is under way, another follows it: what was said before this call is in
 * when `done` is called.
 */
void collector_run(struct collector *c);

/* Why rows could not be stored in the last round ("" when they could): a full disk, mostly. */
const char *collector_trouble(const struct collector *c);
