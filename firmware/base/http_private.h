// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* What http.c (transfers) and http_order.c (what is asked of libcurl) share; nobody else. */

#include <curl/curl.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "firmware/base/http.h"

#define HTTP_LANES 8

/*
 * Connections are kept for the next transfer of the same traffic class only: a class is a property of
 * the socket, and libcurl does not tell early enough which socket it takes again.
 */
struct lane {
	struct http *http;
	int dscp;
	int guarded; /* 0 or 1: a connection that was admitted by nobody is not taken by who must ask */
	CURLM *multi;
	sd_event_source *timer;
};

struct http {
	sd_event *loop;
	sd_event_source *soon;
	struct lane lanes[HTTP_LANES];
	size_t lane_count;
	struct http_transfer *all;
};

struct http_transfer {
	struct http *http;
	struct lane *lane;
	struct http_transfer *next, **prev_next;
	CURL *easy;
	struct curl_slist *headers;
	void *sent; /* the order's body */
	int folder; /* of a unix socket with a long name, else -1 */
	struct http_calls calls;
	uint64_t range_from, range_to, limit;
	unsigned redirects;
	bool post;
	char *body; /* collected here unless calls.data takes it */
	size_t body_len, body_room;
	uint64_t received;
	int failed; /* our own reason for breaking off */
	char reason[160];
	char error[CURL_ERROR_SIZE];
	bool (*admit)(const struct sockaddr *to);
	bool added, cancelled, checked, refused;
};

/* Makes t->easy and tells it the order: 0, -ENOMEM, or why the socket's name cannot be used. */
int http_order_set(struct http_transfer *t, const struct http_order *order);
