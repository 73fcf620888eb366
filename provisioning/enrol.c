// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/enrol.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/device.h"
#include "firmware/record/enrol.pb.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust.h"

/* A decoded message is released with the block that holds it. */
struct order_message {
	wasl_Order m;
	bool held;
};
struct grant_message {
	wasl_Grant m;
	bool held;
};

static void release_order(struct order_message *o)
{
	if (o->held)
		pb_release(wasl_Order_fields, &o->m);
}

static void release_grant(struct grant_message *g)
{
	if (g->held)
		pb_release(wasl_Grant_fields, &g->m);
}

#define COPY_TEXT(to, from) snprintf((to), sizeof(to), "%s", (from))

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

int enrol_read_identity(const json_t *answer, struct enrol_identity *out, struct fault *why)
{
	struct enrol_identity me = { 0 };
	if (text_unhex(text_of(answer, "device"), me.device, sizeof(me.device)) < 0 ||
	    text_unhex(text_of(answer, "sign_public"), me.sign_public, 32) < 0 ||
	    text_unhex(text_of(answer, "box_public"), me.box_public, 32) < 0)
		return fault_set(why, -EBADMSG, "claim.identity",
				 "wasl-agentd did not say which keys this box has; restart it");
	uint8_t device[16];
	device_id(me.sign_public, me.box_public, device);
	if (memcmp(device, me.device, sizeof(device)) != 0)
		return fault_set(why, -EBADMSG, "claim.identity",
				 "wasl-agentd names a device that does not belong to its keys; "
				 "restart it");
	device_claim_code(me.sign_public, me.box_public, me.claim_code);
	me.enrolled = json_is_true(json_object_get(answer, "enrolled"));
	json_int_t epoch = json_integer_value(json_object_get(answer, "epoch"));
	me.epoch = epoch > 0 && epoch <= UINT32_MAX ? (uint32_t)epoch : 0;
	COPY_TEXT(me.school_code, text_of(answer, "school_code"));
	COPY_TEXT(me.school_name, text_of(answer, "school_name"));
	*out = me;
	return 0;
}

/* Both written without dashes, in capitals; -EINVAL when it is no code. */
static bool same_code(const char *a, const char *b)
{
	uint8_t x[10], y[10];
	return text_uncrockford(a, x, 80) == 0 && text_uncrockford(b, y, 80) == 0 &&
	       memcmp(x, y, sizeof(x)) == 0;
}

/* A code stands in URLs, file names and tables: letters, digits, dots and dashes only. */
static bool good_school_code(const char *code)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return code[0] && code[0] != '.' && code[strspn(code, allowed)] == '\0';
}

static int check_order(const wasl_Order *order, const struct enrol_identity *me, const char *school,
		       struct fault *why)
{
	char url[sizeof(order->hub_url) + 16];
	if (!good_school_code(order->school_code) || order->epoch == 0)
		return fault_set(why, -EBADMSG, "claim.order",
				 "this order names no school or no epoch; ask the ministry for a "
				 "new one");
	if (order->hub_url[0] && enrol_url(order->hub_url, url, sizeof(url), why) < 0)
		return fault_within(why, "this order");
	if (order->claim_code[0] && !same_code(order->claim_code, me->claim_code))
		return fault_set(why, -EPERM, "claim.other_box",
				 "this order is for the box with the claim code %s, this one has "
				 "%s; take it to that box, or ask for an order with this code",
				 order->claim_code, me->claim_code);
	if (school[0] && strcmp(order->school_code, school) != 0)
		return fault_set(why, -EPERM, "claim.other_school",
				 "this order is for the school %s, this box is set up for %s; ask "
				 "the ministry for an order for %s",
				 order->school_code, school, school);
	return 0;
}

int enrol_read_order(const struct trust *trust, const void *bytes, size_t len,
		     const struct enrol_identity *me, const char *school, struct enrol_order *out,
		     struct fault *why)
{
	if (len > ENROL_ORDER_LIMIT_BYTES)
		return fault_set(why, -EFBIG, "claim.order",
				 "an order has at most %u bytes, this has %zu; is it the right "
				 "file?",
				 ENROL_ORDER_LIMIT_BYTES, len);
	const void *body = NULL;
	size_t body_len = 0;
	int r = trust_check(trust, SIGNED_ORDER, bytes, len, &body, &body_len, why);
	if (r == -EKEYREJECTED)
		return fault_set(why, r, "claim.signature",
				 "this order is not signed by the ministry that this box trusts "
				 "(%s, key set %u); ask that ministry for an order, or bring its "
				 "newest key set",
				 trust_ministry(trust)[0] ? trust_ministry(trust) : "unnamed",
				 trust_version(trust));
	if (r < 0)
		return r;
	CLEANUP(release_order) struct order_message order = { 0 };
	r = codec_decode(wasl_Order_fields, body, body_len, &order.m, why);
	if (r < 0)
		return r;
	order.held = true;
	r = check_order(&order.m, me, school, why);
	if (r < 0)
		return r;
	struct enrol_order facts = { .epoch = order.m.epoch };
	memcpy(facts.ticket, order.m.ticket, sizeof(facts.ticket));
	COPY_TEXT(facts.school_code, order.m.school_code);
	COPY_TEXT(facts.school_name, order.m.school_name);
	COPY_TEXT(facts.technician, order.m.technician);
	COPY_TEXT(facts.hub_url, order.m.hub_url);
	*out = facts;
	return 0;
}

int enrol_make_request(const struct trust *trust, const void *order, size_t order_len,
		       const struct enrol_identity *me, const uint8_t nonce[static 32],
		       const struct enrol_about *about, void **out, size_t *len, struct fault *why)
{
	wasl_EnrolRequest request = { .root_version = trust_version(trust) };
	memcpy(request.sign_public, me->sign_public, 32);
	memcpy(request.box_public, me->box_public, 32);
	memcpy(request.nonce, nonce, 32);
	COPY_TEXT(request.image_version, about->image_version);
	COPY_TEXT(request.board, about->board);
	int r = codec_bytes(order, order_len, &request.order, why);
	if (r == 0)
		r = codec_encode(wasl_EnrolRequest_fields, &request, out, len, why);
	pb_release(wasl_EnrolRequest_fields, &request);
	return r;
}

int enrol_seal_request(const void *body, size_t body_len, const uint8_t signature[static 64],
		       const struct enrol_identity *me, void **out, size_t *len, struct fault *why)
{
	uint8_t keys[1][32], signatures[1][64];
	memcpy(keys[0], me->sign_public, 32);
	memcpy(signatures[0], signature, 64);
	AUTO_FREE void *record = NULL;
	size_t record_len = 0;
	int r = signed_assemble(SIGNED_ENROL_REQUEST, body, body_len, (const uint8_t(*)[32])keys,
				(const uint8_t(*)[64])signatures, 1, &record, &record_len, why);
	if (r < 0)
		return r;
	struct signed_view view;
	r = signed_open(record, record_len, SIGNED_ENROL_REQUEST, &view, why);
	if (r < 0)
		return r;
	if (signed_count_good(&view, (const uint8_t(*)[32])keys, 1) != 1)
		return fault_set(why, -EPROTO, "claim.signer",
				 "wasl-agentd signed with another key than it names; restart it");
	*out = MOVE_PTR(record);
	*len = record_len;
	return 0;
}

static int check_grant(const wasl_Grant *grant, const struct enrol_identity *me,
		       const struct enrol_order *order, const uint8_t nonce[static 32],
		       struct fault *why)
{
	if (memcmp(grant->nonce, nonce, 32) != 0)
		return fault_set(why, -EPROTO, "claim.replay",
				 "the hub's grant answers another request, an old one perhaps; "
				 "the order is kept and tried again");
	if (memcmp(grant->sign_public, me->sign_public, 32) != 0 ||
	    memcmp(grant->device, me->device, 16) != 0)
		return fault_set(why, -EPROTO, "claim.grant_box",
				 "the hub's grant is for another box; the order is kept and tried "
				 "again");
	if (strcmp(grant->school_code, order->school_code) != 0)
		return fault_set(why, -EPROTO, "claim.grant_school",
				 "the hub's grant is for the school %s, the order for %s; tell the "
				 "ministry",
				 grant->school_code, order->school_code);
	if (grant->epoch == 0)
		return fault_set(why, -EPROTO, "claim.grant_epoch",
				 "the hub's grant has no epoch; tell the ministry");
	return 0;
}

int enrol_read_grant(const struct trust *trust, const void *bytes, size_t len,
		     const struct enrol_identity *me, const struct enrol_order *order,
		     const uint8_t nonce[static 32], struct enrol_grant *out, struct fault *why)
{
	if (len > ENROL_GRANT_LIMIT_BYTES)
		return fault_set(why, -EFBIG, "claim.grant", "a grant of %zu bytes; at most %u",
				 len, ENROL_GRANT_LIMIT_BYTES);
	const void *body = NULL;
	size_t body_len = 0;
	int r = trust_check(trust, SIGNED_GRANT, bytes, len, &body, &body_len, why);
	if (r < 0)
		return fault_within(why, "what answered is not the ministry's hub, a login page "
					 "perhaps; look at the uplink"),
		       r;
	CLEANUP(release_grant) struct grant_message grant = { 0 };
	r = codec_decode(wasl_Grant_fields, body, body_len, &grant.m, why);
	if (r < 0)
		return r;
	grant.held = true;
	r = check_grant(&grant.m, me, order, nonce, why);
	if (r < 0)
		return r;
	struct enrol_grant facts = { .epoch = grant.m.epoch, .provisional = grant.m.provisional };
	COPY_TEXT(facts.school_code, grant.m.school_code);
	COPY_TEXT(facts.school_name, grant.m.school_name);
	*out = facts;
	return 0;
}

/* The hub's own sentence, fit to be shown; false when the body is not one of the hub's errors. */
static bool hub_sentence(const void *body, size_t len, char *out, size_t room)
{
	if (len == 0 || len > 8192)
		return false;
	json_t *answer = json_loadb(body, len, 0, NULL);
	const char *text = json_string_value(json_object_get(answer, "text"));
	bool ours = text && json_is_string(json_object_get(answer, "error"));
	if (ours) {
		size_t at = 0;
		for (; *text && at + 1 < room; text++)
			out[at++] = (unsigned char)*text < 0x20 ? ' ' : *text;
		/* never half a character at the end */
		while (at > 0 && !text_is_utf8(out, at))
			at--;
		out[at] = '\0';
	}
	json_decref(answer);
	return ours;
}

enum enrol_verdict enrol_judge(const struct enrol_answer *answer, struct fault *why)
{
	char said[240];
	if (answer->code < 0) {
		fault_set(why, answer->code, "claim.unreachable",
			  "the hub at %.160s cannot be reached (%.160s); look at the uplink. The "
			  "order is kept and tried again",
			  answer->url,
			  answer->error && answer->error[0] ? answer->error
							    : strerror(-answer->code));
		return ENROL_LATER;
	}
	if (answer->status == 200)
		return ENROL_ANSWERED;
	bool passing = answer->status >= 500 || answer->status == 408 || answer->status == 425 ||
		       answer->status == 429;
	if (!hub_sentence(answer->body, answer->body_len, said, sizeof(said))) {
		fault_set(why, -EAGAIN, "claim.no_hub",
			  "%.200s answered %ld and is no hub of a ministry, a login page perhaps; "
			  "look at the uplink. The order is kept and tried again",
			  answer->url, answer->status);
		return ENROL_LATER;
	}
	if (passing) {
		fault_set(why, -EAGAIN, "claim.hub_busy",
			  "the hub cannot enrol now: %s. The order is kept and tried again", said);
		return ENROL_LATER;
	}
	if (answer->status == 409)
		fault_set(why, -EEXIST, "claim.spent",
			  "the hub says: %s. This order is spent; ask the ministry for a new one",
			  said);
	else
		fault_set(why, -EPERM, "claim.refused",
			  "the hub refused this order: %s. Ask the ministry for a new order", said);
	return ENROL_REFUSED;
}

int enrol_url(const char *hub_url, char *out, size_t room, struct fault *why)
{
	size_t len = strlen(hub_url), head = 0;
	if (strncmp(hub_url, "https://", 8) == 0)
		head = 8;
	else if (strncmp(hub_url, "http://", 7) == 0)
		head = 7;
	while (len > head && hub_url[len - 1] == '/')
		len--;
	/* printable ASCII without blanks: what follows goes into a request line */
	for (size_t i = 0; i < len && head; i++)
		if (hub_url[i] <= ' ' || hub_url[i] > '~')
			head = 0;
	if (head == 0 || len == head || len + sizeof("/v1/enrol") > room)
		return fault_set(why, -EINVAL, "claim.hub_url",
				 "'%.100s' is no address of a hub; write https://HOST", hub_url);
	snprintf(out, room, "%.*s/v1/enrol", (int)len, hub_url);
	return 0;
}
