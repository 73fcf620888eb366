// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/courier.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/agent/outbox.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/base/text.h"
#include "firmware/record/bytes.h"

enum {
	ENVELOPES = 64,       /* in one request */
	BODY_BYTES = 1 << 20, /* a weak line gets through with that before it falls again */
	ANSWER_BYTES = 256 << 10,
	RECORD_BYTES = 64 << 10,
	STALL_S = 30,
	TOTAL_S = 600,
	DSCP = 48, /* class 0: control and receipts */
};

CLEAN_FN(json, json_t, json_decref)

struct courier {
	struct http *http;
	struct outbox *outbox;
	struct courier_calls calls;
	struct http_transfer *transfer;
	struct courier_policy policy;
	uint64_t max_wait_ms;
	uint8_t nonce[COURIER_NONCE_BYTES];
	char url[300]; /* of the hub, for sentences */
	bool progress;
};

int courier_url_of(const char *hub_url, const char *call, char *out, size_t room, struct fault *why)
{
	size_t len = strlen(hub_url);
	while (len && hub_url[len - 1] == '/')
		len--;
	size_t head = strncmp(hub_url, "https://", 8) == 0  ? 8
		      : strncmp(hub_url, "http://", 7) == 0 ? 7
							    : 0;
	int n = head && len > head ? snprintf(out, room, "%.*s/v1/%s", (int)len, hub_url, call)
				   : -1;
	if (n < 0 || (size_t)n >= room)
		return fault_set(
			why, -EINVAL, "hub.url",
			"'%.200s' is no address of a hub; write url = https://… below [hub]",
			hub_url);
	return 0;
}

int courier_url(const char *hub_url, char *out, size_t room, struct fault *why)
{
	return courier_url_of(hub_url, "envelopes", out, room, why);
}

int courier_frames(const void *body, size_t len,
		   void (*each)(void *data, const void *bytes, size_t len), void *data,
		   struct fault *why)
{
	const uint8_t *at = body;
	while (len) {
		uint32_t n = len >= 4 ? bytes_get_u32(at) : 0;
		if (n < 1 || n > RECORD_BYTES || n > len - 4)
			return fault_set(why, -EBADMSG, "hub.answer",
					 "the hub's answer is cut or damaged");
		each(data, at + 4, n);
		at += 4 + n;
		len -= 4 + n;
	}
	return 0;
}

static void give_record(void *data, const void *bytes, size_t len)
{
	struct courier *c = data;
	if (c->calls.record(c->calls.data, bytes, len, c->nonce))
		c->progress = true;
}

/* The hub's own sentence where it gave one. */
static void explain(const struct courier *c, const struct http_result *result, struct fault *why)
{
	if (result->code) {
		fault_set(why, result->code, "hub.down",
			  "%s: %s; reports wait and go out by themselves", c->url,
			  result->error[0] ? result->error : strerror(-result->code));
		return;
	}
	CLEANUP(clean_json)
	json_t *answer =
		result->status == 200 ? NULL : json_loadb(result->body, result->body_len, 0, NULL);
	const char *text = json_string_value(json_object_get(answer, "text"));
	if (result->status == 200)
		fault_set(why, -EPROTO, "hub.nothing",
			  "%s answered without a receipt for what was sent; reports wait", c->url);
	else
		fault_set(why, -EREMOTEIO, "hub.refused", "%s answered %ld%s%.200s; reports wait",
			  c->url, result->status, text ? ": " : "", text ? text : "");
}

static void answered(void *data, const struct http_result *result)
{
	struct courier *c = data;
	struct fault why = { 0 }, broken = { 0 };
	c->transfer = NULL;
	c->progress = false;
	if (result->code == 0 && result->status == 200)
		courier_frames(result->body, result->body_len, give_record, c, &broken);
	struct courier_outcome outcome = {
		.code = result->code,
		.status = result->status,
		.progress = c->progress,
		.retry_after_s = result->retry_after_s,
	};
	enum courier_meaning meaning = courier_policy_after(&c->policy, &outcome, clock_mono_ms(),
							    c->max_wait_ms, randombytes_random());
	if (meaning != COURIER_DELIVERED && broken.code)
		why = broken;
	else if (meaning != COURIER_DELIVERED)
		explain(c, result, &why);
	c->calls.done(c->calls.data, meaning, &why);
}

int courier_new(struct http *http, struct outbox *outbox, const struct courier_calls *calls,
		uint64_t max_wait_ms, struct courier **out, struct fault *why)
{
	struct courier *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->http = http;
	c->outbox = outbox;
	c->calls = *calls;
	c->max_wait_ms = max_wait_ms;
	*out = c;
	return 0;
}

void courier_free(struct courier *c)
{
	if (!c)
		return;
	http_cancel(c->transfer);
	free(c);
}

bool courier_busy(const struct courier *c)
{
	return c->transfer != NULL;
}

uint64_t courier_not_before_ms(const struct courier *c)
{
	return c->policy.not_before_ms;
}

void courier_patience(struct courier *c, uint64_t max_wait_ms)
{
	c->max_wait_ms = max_wait_ms;
}

void courier_hurry(struct courier *c)
{
	courier_policy_reset(&c->policy);
}

int courier_send(struct courier *c, const char *hub_url, const char *pin, size_t *sent,
		 struct fault *why)
{
	AUTO_FREE void *body = NULL;
	size_t len = 0, count = 0;
	char url[sizeof(c->url) + 20];
	int r = courier_url(hub_url, url, sizeof(url), why);
	if (!r)
		r = outbox_waiting(c->outbox, ENVELOPES, BODY_BYTES, &body, &len, &count, why);
	if (r)
		return r;
	if (!count) {
		*sent = 0;
		return 0;
	}
	snprintf(c->url, sizeof(c->url), "%s", hub_url);
	char hex[2 * COURIER_NONCE_BYTES + 1], header[sizeof(hex) + 16];
	randombytes_buf(c->nonce, sizeof(c->nonce));
	text_hex(c->nonce, sizeof(c->nonce), hex);
	snprintf(header, sizeof(header), "Wasl-Nonce: %s", hex);
	const char *const headers[] = { header, NULL };
	struct http_order order = {
		.method = "POST",
		.url = url,
		.body = body,
		.body_len = len,
		.content_type = "application/octet-stream",
		.headers = headers,
		.limit_bytes = ANSWER_BYTES,
		.stall_s = STALL_S,
		.total_s = TOTAL_S,
		.dscp = DSCP,
		.pin = pin,
	};
	struct http_calls calls = { .done = answered, .data_ptr = c };
	r = http_start(c->http, &order, &calls, &c->transfer, why);
	if (!r)
		*sent = count;
	return r;
}
