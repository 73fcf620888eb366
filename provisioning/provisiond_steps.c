// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/trust.h"
#include "firmware/record/trust_dir.h"
#include "provisioning/enrol.h"
#include "provisioning/provisiond_priv.h"

#define AGENT_RETRY_MS 3000u
/* An enrolled box needs no set-up; systemd starts it again when asked. */
#define IDLE_MS (300u * 1000u)
#define HUB_STALL_S 20u
#define HUB_TOTAL_S 60u
#define PIN_ROOM 512u

static void drop_json(json_t *held)
{
	json_decref(held);
}

CLEAN_FN(json, json_t, drop_json)
CLEAN_FN(trust, struct trust, trust_free)

static void put_off(struct provisiond *p, const struct fault *why, unsigned after_s)
{
	log_fault(LOG_LEVEL_WARN, "claim.later", why);
	claim_later(&p->claim, why, after_s, clock_mono_ms());
	provisiond_answer_waiters(p);
}

static void refuse(struct provisiond *p, const struct fault *why)
{
	log_fault(LOG_LEVEL_WARN, "claim.refused", why);
	claim_refuse(&p->claim, why);
	provisiond_save_or_log(p);
	provisiond_answer_waiters(p);
}

/* Asks agentd to sign; *out is the record for the hub. */
static int make_signed_request(struct provisiond *p, const struct trust *trust, void **out,
			       size_t *len, struct fault *why)
{
	const struct enrol_about about = { .image_version = WASL_VERSION,
					   .board = p->conf->box.board };
	AUTO_FREE void *body = NULL;
	size_t body_len = 0;
	randombytes_buf(p->nonce, sizeof(p->nonce));
	int r = enrol_make_request(trust, p->claim.order_bytes, p->claim.order_len, &p->me,
				   p->nonce, &about, &body, &body_len, why);
	if (r < 0)
		return r;
	AUTO_FREE char *coded = text_base64(body, body_len);
	CLEANUP(clean_json)
	json_t *question =
		coded ? json_pack("{s:s, s:s}", "kind", "enrol-request", "body", coded) : NULL;
	if (!question)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	CLEANUP(clean_json) json_t *answer = NULL;
	r = ctl_call(paths_at("/run/wasl/agentd.sock").at, "POST", "/v1/sign", question,
		     PROVISIOND_AGENT_MS, &answer, why);
	if (r < 0)
		return fault_within(why, "wasl-agentd did not sign the request"), r;
	uint8_t signature[64];
	const char *hex = json_string_value(json_object_get(answer, "signature"));
	if (!hex || text_unhex(hex, signature, sizeof(signature)) < 0)
		return fault_set(why, -EPROTO, "claim.signer",
				 "wasl-agentd answered without a signature; restart it");
	return enrol_seal_request(body, body_len, signature, &p->me, out, len, why);
}

/* CURLOPT_PINNEDPUBLICKEY of the root's pins; "" when the root names none. */
static void pins_text(const struct trust *trust, char out[static PIN_ROOM])
{
	const uint8_t(*pins)[32];
	size_t count = trust_tls_pins(trust, &pins), at = 0;
	out[0] = '\0';
	for (size_t i = 0; i < count && at < PIN_ROOM; i++) {
		AUTO_FREE char *coded = text_base64(pins[i], 32);
		if (coded)
			at += (size_t)snprintf(out + at, PIN_ROOM - at, "%ssha256//%s",
					       at ? ";" : "", coded);
	}
}

static void hub_answered(void *data, const struct http_result *result);

static int send_request(struct provisiond *p, const struct trust *trust, struct fault *why)
{
	AUTO_FREE void *request = NULL;
	size_t len = 0;
	int r = make_signed_request(p, trust, &request, &len, why);
	if (r < 0)
		return r;
	char pin[PIN_ROOM];
	pins_text(trust, pin);
	const struct http_order http = {
		.method = "POST",
		.url = p->url,
		.body = request,
		.body_len = len,
		.content_type = "application/octet-stream",
		.limit_bytes = ENROL_GRANT_LIMIT_BYTES,
		.stall_s = HUB_STALL_S,
		.total_s = HUB_TOTAL_S,
		.pin = pin[0] ? pin : NULL,
	};
	const struct http_calls calls = { .done = hub_answered, .data_ptr = p };
	return http_start(p->http, &http, &calls, NULL, why);
}

/* Again, because a root may have arrived or the file may have rotted since the order was accepted. */
static int check_again(struct provisiond *p, const struct trust *trust, struct fault *why)
{
	struct enrol_order order;
	const struct setup_conf *setup = &p->conf->setup;
	int r = enrol_read_order(trust, p->claim.order_bytes, p->claim.order_len, &p->me,
				 setup->school, &order, why);
	if (r < 0)
		return r;
	return enrol_url(setup->hub_url[0] ? setup->hub_url : order.hub_url, p->url, sizeof(p->url),
			 why);
}

static void enrol(struct provisiond *p)
{
	CLEANUP(clean_trust) struct trust *trust = NULL;
	struct fault why = { 0 };
	claim_begin(&p->claim);
	if (provisiond_ask_agent(p, &why) < 0 || trust_dir_open(&trust, &why) < 0) {
		put_off(p, &why, 0);
		return;
	}
	if (check_again(p, trust, &why) < 0) {
		refuse(p, &why);
		return;
	}
	if (send_request(p, trust, &why) < 0) {
		put_off(p, &why, 0);
		return;
	}
	log_info("event=claim.request url=%s school=%s", p->url, p->claim.order.school_code);
}

static int take_grant(struct provisiond *p, const void *bytes, size_t len, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *trust = NULL;
	struct enrol_grant grant;
	int r = trust_dir_open(&trust, why);
	if (r == 0)
		r = enrol_read_grant(trust, bytes, len, &p->me, &p->claim.order, p->nonce, &grant,
				     why);
	if (r == 0 && claim_grant(&p->claim, &grant, bytes, len, p->nonce) < 0)
		r = fault_set(why, -ENOMEM, "memory", "out of memory");
	return r;
}

static void hub_answered(void *data, const struct http_result *result)
{
	struct provisiond *p = data;
	const struct enrol_answer answer = {
		.code = result->code,
		.status = result->status,
		.error = result->error,
		.body = result->body,
		.body_len = result->body_len,
		.url = p->url,
	};
	struct fault why = { 0 };
	switch (enrol_judge(&answer, &why)) {
	case ENROL_ANSWERED:
		if (take_grant(p, result->body, result->body_len, &why) < 0)
			put_off(p, &why, 0);
		else
			provisiond_save_or_log(p);
		break;
	case ENROL_LATER:
		put_off(p, &why, result->retry_after_s);
		break;
	case ENROL_REFUSED:
		refuse(p, &why);
		break;
	}
	provisiond_advance(p);
}

/* agentd may have it already: the box was killed between its answer and our note. */
static int give_grant(struct provisiond *p, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *trust = NULL;
	struct enrol_grant grant;
	int r = provisiond_ask_agent(p, why);
	if (r == 0)
		r = trust_dir_open(&trust, why);
	if (r == 0)
		r = enrol_read_grant(trust, p->claim.grant_bytes, p->claim.grant_len, &p->me,
				     &p->claim.order, p->claim.nonce, &grant, why);
	if (r < 0)
		return r;
	if (p->me.enrolled && p->me.epoch == grant.epoch &&
	    strcmp(p->me.school_code, grant.school_code) == 0)
		return 0;
	AUTO_FREE void *answer = NULL;
	size_t answer_len = 0;
	r = ctl_call_bytes(paths_at("/run/wasl/agentd.sock").at, "POST", "/v1/grant",
			   "application/octet-stream", p->claim.grant_bytes, p->claim.grant_len,
			   PROVISIOND_AGENT_MS, &answer, &answer_len, why);
	return r < 0 ? fault_within(why, "wasl-agentd did not keep the grant"), r : 0;
}

static void hand_over(struct provisiond *p)
{
	struct fault why = { 0 };
	claim_begin(&p->claim);
	if (give_grant(p, &why) < 0) {
		put_off(p, &why, 0);
		return;
	}
	claim_keep(&p->claim);
	log_info("event=claim.enrolled school=%s", p->claim.order.school_code);
	provisiond_save_or_log(p);
	provisiond_answer_waiters(p);
}

/* 0: there is something to stay for. */
static uint64_t idle_since(const struct provisiond *p)
{
	bool idle = p->leaves && p->claim.state == CLAIM_ENROLLED && !p->waiters;
	return idle ? p->asked_ms : 0;
}

int provisiond_timer(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	struct provisiond *p = data;
	struct fault why = { 0 };
	if (!p->reconciled && provisiond_ask_agent(p, &why) < 0)
		log_debug("event=agent.silent text=\"%s\"", why.text);
	if (idle_since(p) && clock_mono_ms() >= idle_since(p) + IDLE_MS)
		return sd_event_exit(p->loop, 0);
	provisiond_advance(p);
	return 0;
}

void provisiond_advance(struct provisiond *p)
{
	uint64_t now_ms = clock_mono_ms(), wake_ms = UINT64_MAX;
	for (enum claim_step step;
	     (step = claim_next(&p->claim, now_ms, &wake_ms)) != CLAIM_STEP_NONE;) {
		if (step == CLAIM_STEP_ENROL)
			enrol(p);
		else
			hand_over(p);
	}
	if (!p->reconciled && wake_ms > now_ms + AGENT_RETRY_MS)
		wake_ms = now_ms + AGENT_RETRY_MS;
	if (idle_since(p) && wake_ms > idle_since(p) + IDLE_MS)
		wake_ms = idle_since(p) + IDLE_MS;
	sd_event_source_set_time(p->timer, wake_ms == UINT64_MAX ? wake_ms : wake_ms * 1000);
	sd_event_source_set_enabled(p->timer,
				    wake_ms == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}
