// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/text.h"
#include "provisioning/claim.h"

#define FORMAT 1

/* In the file; granted is told apart from ordered there. */
static const char *const states[] = {
	[CLAIM_UNCLAIMED] = "unclaimed", [CLAIM_ORDERED] = "ordered", [CLAIM_GRANTED] = "granted",
	[CLAIM_ENROLLED] = "enrolled",   [CLAIM_REFUSED] = "refused",
};

static void drop_json(json_t *held)
{
	json_decref(held);
}

CLEAN_FN(json, json_t, drop_json)

int claim_encode(const struct claim *c, char **out, size_t *len)
{
	char ticket[33], nonce[65];
	text_hex(c->order.ticket, 16, ticket);
	text_hex(c->nonce, 32, nonce);
	AUTO_FREE char *order = text_base64(c->order_bytes, c->order_len);
	AUTO_FREE char *grant = text_base64(c->grant_bytes, c->grant_len);
	if (!order || !grant)
		return -ENOMEM;
	CLEANUP(clean_json)
	json_t *file = json_pack(
		"{s:i, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:i, s:s, s:s}",
		"format", FORMAT, "state", states[c->state], "ticket", ticket, "epoch",
		(json_int_t)c->order.epoch, "school_code", c->order.school_code, "school_name",
		c->order.school_name, "technician", c->order.technician, "hub_url",
		c->order.hub_url, "provisional", c->provisional, "order", order, "grant", grant,
		"nonce", nonce, "fault_code", c->last.code, "fault_id", c->last.id, "fault_text",
		c->last.text);
	char *text = file ? json_dumps(file, JSON_INDENT(1)) : NULL;
	if (!text)
		return -ENOMEM;
	*out = text;
	*len = strlen(text);
	return 0;
}

static int take_text(const json_t *file, const char *key, char *out, size_t room)
{
	const char *text = json_string_value(json_object_get(file, key));
	if (!text || strlen(text) >= room)
		return -EBADMSG;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int take_hex(const json_t *file, const char *key, uint8_t *out, size_t len)
{
	const char *text = json_string_value(json_object_get(file, key));
	return text ? text_unhex(text, out, len) : -EBADMSG;
}

static int take_bytes(const json_t *file, const char *key, void **out, size_t *len)
{
	const char *text = json_string_value(json_object_get(file, key));
	return text ? text_unbase64(text, out, len) : -EBADMSG;
}

static int take_state(const json_t *file, enum claim_state *out)
{
	char word[16];
	if (take_text(file, "state", word, sizeof(word)) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strcmp(states[i], word) != 0)
			continue;
		*out = (enum claim_state)i;
		return 0;
	}
	return -EBADMSG;
}

static int take_all(const json_t *file, struct claim *c)
{
	json_int_t epoch = json_integer_value(json_object_get(file, "epoch"));
	json_int_t code = json_integer_value(json_object_get(file, "fault_code"));
	if (json_integer_value(json_object_get(file, "format")) != FORMAT || epoch < 0 ||
	    epoch > UINT32_MAX || code > 0 || code < -4095)
		return -EBADMSG;
	c->order.epoch = (uint32_t)epoch;
	c->last.code = (int)code;
	c->provisional = json_is_true(json_object_get(file, "provisional"));
	struct enrol_order *o = &c->order;
	if (take_state(file, &c->state) < 0 || take_hex(file, "ticket", o->ticket, 16) < 0 ||
	    take_text(file, "school_code", o->school_code, sizeof(o->school_code)) < 0 ||
	    take_text(file, "school_name", o->school_name, sizeof(o->school_name)) < 0 ||
	    take_text(file, "technician", o->technician, sizeof(o->technician)) < 0 ||
	    take_text(file, "hub_url", o->hub_url, sizeof(o->hub_url)) < 0 ||
	    take_hex(file, "nonce", c->nonce, 32) < 0 ||
	    take_text(file, "fault_id", c->last.id, sizeof(c->last.id)) < 0 ||
	    take_text(file, "fault_text", c->last.text, sizeof(c->last.text)) < 0 ||
	    take_bytes(file, "order", &c->order_bytes, &c->order_len) < 0 ||
	    take_bytes(file, "grant", &c->grant_bytes, &c->grant_len) < 0)
		return -EBADMSG;
	/* a state without what it lives on cannot go on */
	if (c->state == CLAIM_ORDERED && c->order_len == 0)
		return -EBADMSG;
	return c->state == CLAIM_GRANTED && c->grant_len == 0 ? -EBADMSG : 0;
}

int claim_decode(const void *bytes, size_t len, struct claim *c, struct fault *why)
{
	CLEANUP(claim_done) struct claim fresh = { 0 };
	CLEANUP(clean_json) json_t *file = NULL;
	if (len <= CLAIM_FILE_LIMIT_BYTES)
		file = json_loadb(bytes, len, 0, NULL);
	if (!file || take_all(file, &fresh) < 0)
		return fault_set(why, -EBADMSG, "claim.file", "this is no claim file");
	*c = fresh;
	fresh = (struct claim){ 0 };
	return 0;
}
