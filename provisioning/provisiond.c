// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/provisiond.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/http.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/trust.h"
#include "firmware/record/trust_dir.h"
#include "provisioning/claim.h"
#include "provisioning/enrol.h"

#define AGENT_TIMEOUT_MS 3000 /* agentd answers from memory; longer means it hangs */
#define AGENT_RETRY_MS 3000u
#define IDLE_MS \
	(300u * 1000u) /* an enrolled box needs no set-up; systemd starts it again when asked */
#define HUB_STALL_S 20u
#define HUB_TOTAL_S 60u
#define PIN_ROOM 512u

struct waiter { /* a request that is answered when the attempt ends; lives in its scratch memory */
	struct ctl_request *req;
	struct provisiond *p;
	struct waiter *next;
};

struct provisiond {
	sd_event *loop;
	sd_event_source *timer;
	const struct provisiond_conf *conf;
	struct http *http;
	struct ctl *ctl;
	struct claim claim;
	struct enrol_identity me;
	bool reconciled; /* agentd has said at least once who this box is */
	struct waiter *waiters;
	uint64_t start_ms, asked_ms;
	bool leaves;       /* systemd holds the socket, so going away loses nobody */
	uint8_t nonce[32]; /* of the request under way */
	char url[300];
};

static const struct conf_key setup_keys[] = {
	CONF_STR(struct setup_conf, hub_url, "hub_url", "",
		 "enrol at this hub, whatever address the order names"),
	CONF_STR(struct setup_conf, school, "school", "",
		 "accept only orders for the school with this code"),
};
static const struct conf_section sections[] = {
	BOX_CONF_SECTION(struct provisiond_conf, box),
	{ "setup", setup_keys, ARRAY_LEN(setup_keys), .at = offsetof(struct provisiond_conf, setup),
	  .help = "How this box becomes a school's box." },
};
const struct conf_schema provisiond_schema = { "wasl-provisiond", sections, ARRAY_LEN(sections) };

int provisiond_check(const void *conf, struct fault *why)
{
	const struct provisiond_conf *c = conf;
	char url[300];
	if (c->setup.hub_url[0] && enrol_url(c->setup.hub_url, url, sizeof(url), why) < 0)
		return fault_within(why, "[setup] hub_url");
	return 0;
}

static void drop_json(json_t *held)
{
	json_decref(held);
}

CLEAN_FN(json, json_t, drop_json)
CLEAN_FN(trust, struct trust, trust_free)

static struct path claim_path(void)
{
	return paths_at("/var/lib/wasl/setup/claim.json");
}

static int save(struct provisiond *p, struct fault *why)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	if (claim_encode(&p->claim, &text, &len) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return fileio_replace(claim_path().at, text, len, 0600, why);
}

/* For steps that may be repeated: what is on disk only makes the box do the last one again. */
static void save_or_log(struct provisiond *p)
{
	struct fault why = { 0 };
	if (save(p, &why) < 0)
		log_fault(LOG_LEVEL_ERROR, "claim.save", &why);
}

static int load(struct provisiond *p, struct fault *why)
{
	struct path path = claim_path();
	int r = paths_mkdir(paths_at("/var/lib/wasl/setup").at, 0700, why);
	if (r < 0)
		return r;
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	r = fileio_read(path.at, CLAIM_FILE_LIMIT_BYTES, &bytes, &len, why);
	if (r == -ENOENT)
		return 0;
	if (r < 0 && r != -EFBIG)
		return r;
	if (r == 0)
		r = claim_decode(bytes, len, &p->claim, why);
	if (r < 0) {
		/* agentd knows whether the box is enrolled; an order under way can be brought again */
		struct path aside = paths_at("%s.bad", path.at);
		rename(path.at, aside.at);
		log_warn("event=claim.damaged file=%s kept=%s", path.at, aside.at);
	}
	return 0;
}

static int ask_agent(struct provisiond *p, struct fault *why)
{
	CLEANUP(clean_json) json_t *answer = NULL;
	struct path sock = paths_at("/run/wasl/agentd.sock");
	int r = ctl_call(sock.at, "GET", "/v1/identity", NULL, AGENT_TIMEOUT_MS, &answer, why);
	if (r < 0)
		return fault_set(why, -EAGAIN, "claim.agent",
				 "wasl-agentd, which holds this box's keys, does not answer; start "
				 "it: systemctl start wasl-agentd");
	r = enrol_read_identity(answer, &p->me, why);
	if (r < 0)
		return r;
	p->reconciled = true;
	if (claim_reconcile(&p->claim, &p->me)) {
		log_info("event=claim.reconciled state=%s school=%s", claim_state_name(&p->claim),
			 p->claim.order.school_code);
		save_or_log(p);
	}
	return 0;
}

/* --- answers to those who wait --------------------------------------------------------------- */

static void reply_outcome(struct provisiond *p, struct ctl_request *req)
{
	const struct claim *c = &p->claim;
	if (c->state != CLAIM_ENROLLED && c->last.code) {
		ctl_reply_fault(req, ctl_status_of(c->last.code), &c->last);
		return;
	}
	ctl_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:s, s:b}", "state", claim_state_name(c),
				 "school_code", c->order.school_code, "school_name",
				 c->order.school_name, "provisional", c->provisional));
}

static void answer_waiters(struct provisiond *p)
{
	while (p->waiters) {
		struct waiter *w = p->waiters;
		p->waiters = w->next;
		reply_outcome(p, w->req);
	}
}

static void waiter_gone(void *data)
{
	struct waiter *w = data;
	for (struct waiter **at = &w->p->waiters; *at; at = &(*at)->next) {
		if (*at != w)
			continue;
		*at = w->next;
		return;
	}
}

static void wait_for_end(struct provisiond *p, struct ctl_request *req)
{
	struct waiter *w = ctl_scratch(req, sizeof(*w));
	if (!w) {
		struct fault why;
		fault_set(&why, -ENOMEM, "memory", "out of memory");
		ctl_reply_fault(req, 500, &why);
		return;
	}
	*w = (struct waiter){ .req = req, .p = p, .next = p->waiters };
	p->waiters = w;
	ctl_on_gone(req, waiter_gone, w);
}

/* --- steps ----------------------------------------------------------------------------------- */

static void advance(struct provisiond *p);

static void put_off(struct provisiond *p, const struct fault *why, unsigned after_s)
{
	log_fault(LOG_LEVEL_WARN, "claim.later", why);
	claim_later(&p->claim, why, after_s, clock_mono_ms());
	answer_waiters(p);
}

static void refuse(struct provisiond *p, const struct fault *why)
{
	log_fault(LOG_LEVEL_WARN, "claim.refused", why);
	claim_refuse(&p->claim, why);
	save_or_log(p);
	answer_waiters(p);
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
		     AGENT_TIMEOUT_MS, &answer, why);
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
	if (ask_agent(p, &why) < 0 || trust_dir_open(&trust, &why) < 0) {
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
			save_or_log(p);
		break;
	case ENROL_LATER:
		put_off(p, &why, result->retry_after_s);
		break;
	case ENROL_REFUSED:
		refuse(p, &why);
		break;
	}
	advance(p);
}

/* agentd may have it already: the box was killed between its answer and our note. */
static int give_grant(struct provisiond *p, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *trust = NULL;
	struct enrol_grant grant;
	int r = ask_agent(p, why);
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
			   AGENT_TIMEOUT_MS, &answer, &answer_len, why);
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
	save_or_log(p);
	answer_waiters(p);
}

/* 0: there is something to stay for. */
static uint64_t idle_since(const struct provisiond *p)
{
	bool idle = p->leaves && p->claim.state == CLAIM_ENROLLED && !p->waiters;
	return idle ? p->asked_ms : 0;
}

static int timer_rang(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	struct provisiond *p = data;
	struct fault why = { 0 };
	if (!p->reconciled && ask_agent(p, &why) < 0)
		log_debug("event=agent.silent text=\"%s\"", why.text);
	if (idle_since(p) && clock_mono_ms() >= idle_since(p) + IDLE_MS)
		return sd_event_exit(p->loop, 0);
	advance(p);
	return 0;
}

static void advance(struct provisiond *p)
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

/* --- control socket -------------------------------------------------------------------------- */

static void serve_claim(struct ctl_request *req, void *data)
{
	struct provisiond *p = data;
	p->asked_ms = clock_mono_ms();
	struct fault why = { 0 };
	int r = ask_agent(p, &why);
	if (r < 0 && !p->reconciled) {
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	ctl_reply_json(req, 200, claim_json(&p->claim, &p->me, clock_mono_ms()));
}

static void serve_status(struct ctl_request *req, void *data)
{
	struct provisiond *p = data;
	p->asked_ms = clock_mono_ms();
	uint64_t now_ms = clock_mono_ms();
	json_t *body = claim_json(&p->claim, p->reconciled ? &p->me : NULL, now_ms);
	if (body) {
		json_object_set_new(body, "name", json_string("provisiond"));
		json_object_set_new(body, "version", json_string(WASL_VERSION));
		json_object_set_new(body, "since_s",
				    json_integer((json_int_t)((now_ms - p->start_ms) / 1000)));
	}
	ctl_reply_json(req, 200, body);
}

static int accept_order(struct provisiond *p, const void *bytes, size_t len,
			enum claim_outcome *out, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *trust = NULL;
	struct enrol_order order;
	char url[sizeof(p->url)];
	int r = ask_agent(p, why);
	if (r == 0)
		r = trust_dir_open(&trust, why);
	if (r == 0)
		r = enrol_read_order(trust, bytes, len, &p->me, p->conf->setup.school, &order, why);
	if (r == 0 && !order.hub_url[0] && !p->conf->setup.hub_url[0])
		r = fault_set(why, -EINVAL, "claim.hub_url",
			      "this order names no hub; ask for one that does, or write hub_url "
			      "below [setup]");
	if (r == 0 && !p->conf->setup.hub_url[0])
		r = enrol_url(order.hub_url, url, sizeof(url), why);
	if (r == 0)
		r = claim_offer(&p->claim, &p->me, &order, bytes, len, out, why);
	if (r == 0)
		log_info("event=claim.order school=%s technician=%s", order.school_code,
			 order.technician);
	return r;
}

static void serve_order(struct ctl_request *req, void *data)
{
	struct provisiond *p = data;
	p->asked_ms = clock_mono_ms();
	struct fault why = { 0 };
	enum claim_outcome outcome = CLAIM_ALREADY;
	size_t len = 0;
	const void *bytes = ctl_body(req, &len);
	int r = accept_order(p, bytes, len, &outcome, &why);
	if (r == 0 && outcome == CLAIM_SAVE_AND_GO) {
		r = save(p, &why);
		if (r < 0)
			claim_refuse(&p->claim, &why);
	}
	if (r < 0) {
		log_fault(LOG_LEVEL_WARN, "claim.order", &why);
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	if (outcome == CLAIM_ALREADY) {
		reply_outcome(p, req);
		return;
	}
	wait_for_end(p, req);
	advance(p);
}

int provisiond_new(sd_event *loop, const struct provisiond_conf *conf, struct provisiond **out,
		   struct fault *why)
{
	static const struct ctl_route routes[] = {
		{ "GET", "/v1/claim", serve_claim, 0 },
		{ "GET", "/v1/status", serve_status, 0 },
		{ "POST", "/v1/order", serve_order, ENROL_ORDER_LIMIT_BYTES },
	};
	struct provisiond *p = calloc(1, sizeof(*p));
	if (!p || sodium_init() < 0) {
		free(p);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	p->loop = sd_event_ref(loop);
	p->conf = conf;
	p->start_ms = p->asked_ms = clock_mono_ms();
	p->leaves = sd_listen_fds(0) > 0;
	int r = load(p, why);
	if (r == 0)
		r = http_new(loop, &p->http, why);
	if (r == 0) {
		r = sd_event_add_time(loop, &p->timer, CLOCK_BOOTTIME, 0, 0, timer_rang, p);
		if (r < 0)
			fault_set(why, r, "daemon.loop", "no timer: %s", strerror(-r));
	}
	if (r == 0)
		r = ctl_listen(loop, paths_at("/run/wasl/provisiond.sock").at, 0660, routes,
			       ARRAY_LEN(routes), p, &p->ctl, why);
	if (r < 0) {
		provisiond_free(p);
		return r;
	}
	*out = p;
	return 0;
}

void provisiond_free(struct provisiond *p)
{
	if (!p)
		return;
	ctl_close(p->ctl);
	http_free(p->http);
	sd_event_source_disable_unref(p->timer);
	sd_event_unref(p->loop);
	claim_done(&p->claim);
	free(p);
}
