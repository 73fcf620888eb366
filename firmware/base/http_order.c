// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/http_private.h"
#include "firmware/base/unixsock.h"

enum { STALL_S = 20 };

static int add_header(struct http_transfer *t, const char *line)
{
	struct curl_slist *more = curl_slist_append(t->headers, line);
	t->headers = more ? more : t->headers;
	return more ? 0 : -ENOMEM;
}

static int set_headers(struct http_transfer *t, const struct http_order *order)
{
	char line[160];
	int rc = add_header(t, "Expect:");

	if (!rc && order->content_type) {
		snprintf(line, sizeof(line), "Content-Type: %s", order->content_type);
		rc = add_header(t, line);
	}
	for (size_t i = 0; !rc && order->headers && order->headers[i]; i++)
		rc = add_header(t, order->headers[i]);
	if (!rc)
		curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	return rc;
}

static int set_body(struct http_transfer *t, const struct http_order *order)
{
	const char *method = order->method ? order->method : "GET";

	t->post = order->body || !strcmp(method, "POST") || !strcmp(method, "PUT");
	if (!strcmp(method, "HEAD"))
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
	else if (t->post || strcmp(method, "GET"))
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
	if (!t->post)
		return 0;
	t->sent = malloc(order->body_len + 1);
	if (!t->sent)
		return -ENOMEM;
	if (order->body_len)
		memcpy(t->sent, order->body, order->body_len);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)order->body_len);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->sent);
	return 0;
}

/* What every request has in common. */
static void set_manners(struct http_transfer *t, const struct http_order *order)
{
	CURL *e = t->easy;
	long stall_s = order->stall_s ? (long)order->stall_s : STALL_S;

	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	/* One transfer per connection: the traffic class is set on the socket. */
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "wasl");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, stall_s);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, stall_s);
	curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)order->total_s);
	if (order->pin) {
		/* The pin says who it is; certificates age by a clock that may lie. */
		curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, order->pin);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (order->interface)
		curl_easy_setopt(e, CURLOPT_INTERFACE, order->interface);
	t->admit = order->admit;
}

int http_order_set(struct http_transfer *t, const struct http_order *order)
{
	t->easy = curl_easy_init();
	if (!t->easy)
		return -ENOMEM;
	set_manners(t, order);
	if (order->range_to > 0) {
		char range[48];
		snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, order->range_from,
			 order->range_to);
		curl_easy_setopt(t->easy, CURLOPT_RANGE, range);
	}
	int rc = set_headers(t, order);
	if (!rc)
		rc = set_body(t, order);
	char socket_name[108];
	if (!rc && order->socket)
		rc = unixsock_short(order->socket, socket_name, &t->folder, NULL);
	if (!rc && order->socket)
		curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, socket_name);
	if (!rc && curl_easy_setopt(t->easy, CURLOPT_URL, order->url) != CURLE_OK)
		rc = -ENOMEM;
	return rc;
}
