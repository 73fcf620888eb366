// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "firmware/agent/agent_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"

enum { SIGN_LIMIT_BYTES = 256 << 10, PAGE_MAX = 1000, PROOF_BYTES = 512 << 10 };

CLEAN_FN(json, json_t, json_decref)

/* --- who this box is -------------------------------------------------------------------------- */

static void serve_identity(struct ctl_request *req, void *data)
{
	const struct agent *a = data;
	char sign[65], box[65];
	text_hex(a->keys.sign.public_key, 32, sign);
	text_hex(a->keys.box_public, 32, box);
	ctl_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:s, s:s}", "device",
				 a->device_hex, "sign_public", sign, "box_public", box,
				 "claim_code", a->claim_code, "epoch", (json_int_t)a->grant.epoch,
				 "enrolled", a->enrolled, "school_code", a->grant.school_code,
				 "school_name", a->grant.school_name));
}

/* What comes first is what a person has to do something about. */
static const char *last_error(const struct agent *a)
{
	const char *all[] = { a->store_trouble.text, collector_trouble(a->collector),
			      a->chain_trouble.text, a->settings.trouble.text, a->trouble.text };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (all[i][0])
			return all[i];
	}
	return "";
}

static json_t *status_json(struct agent *a, const struct outbox_counts *n,
			   const struct chain_state *chain)
{
	uint64_t now_ms = agent_now_ms(), next_ms = courier_not_before_ms(a->courier);
	json_t *body =
		json_pack("{s:s, s:s, s:I, s:b, s:b, s:s, s:s, s:I}", "name", "agentd", "version",
			  WASL_VERSION, "since_s", (json_int_t)((now_ms - a->start_ms) / 1000),
			  "enrolled", a->enrolled, "provisional", a->grant.provisional,
			  "school_code", a->grant.school_code, "school_name", a->grant.school_name,
			  "epoch", (json_int_t)a->grant.epoch);
	CLEANUP(clean_json)
	json_t *more =
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:i, s:s}",
			  "outbox_rows", (json_int_t)(n->open_rows + n->waiting_rows), "sealed",
			  (json_int_t)(chain->sealed_seq - chain->through_seq), "through_seq",
			  (json_int_t)chain->through_seq, "last_receipt_at",
			  (json_int_t)n->last_receipt_s, "parked_rows", (json_int_t)n->parked_rows,
			  "kept_bytes", (json_int_t)n->kept_bytes, "last_error", last_error(a),
			  "next_try_s",
			  (json_int_t)(next_ms > now_ms ? (next_ms - now_ms + 999) / 1000 : 0),
			  "root_version", (json_int_t)(a->trust ? trust_version(a->trust) : 0),
			  "time_floor", (json_int_t)floor_now(&a->floor, now_ms), "time_quality",
			  (int)a->floor.quality, "hub_url",
			  a->conf->hub.url[0] ? a->conf->hub.url : a->grant.hub_url);
	if (body && more)
		json_object_update(body, more);
	json_object_set_new(body, "settings",
			    json_pack("{s:I, s:I, s:s, s:s}", "version",
				      (json_int_t)a->settings.version, "runs",
				      (json_int_t)a->health.settings_version, "refused",
				      a->settings.refused, "region", a->settings.region));
	return body;
}

static void serve_status(struct ctl_request *req, void *data)
{
	struct agent *a = data;
	struct outbox_counts counts;
	struct chain_state chain;
	struct fault why = { 0 };
	int r = outbox_count(a->outbox, &counts, &why);
	if (!r)
		r = outbox_chain(a->outbox, a->grant.epoch, &chain, &why);
	if (r)
		ctl_reply_fault(req, ctl_status_of(r), &why);
	else
		ctl_reply_json(req, 200, status_json(a, &counts, &chain));
}

/* --- signing ---------------------------------------------------------------------------------- */

/* Who may have what signed. Whoever shares our user id could read the key; so could root. */
static const struct {
	enum signed_kind kind;
	const char *user;
} signers[] = {
	{ SIGNED_ENROL_REQUEST, "wasl-setup" },
	{ SIGNED_INSTALL_REPORT, "wasl-setup" },
};

static bool is_user(uid_t uid, const char *name)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];
	return getpwnam_r(name, &entry, buffer, sizeof(buffer), &found) == 0 && found &&
	       found->pw_uid == uid;
}

static int may_sign(enum signed_kind kind, uid_t uid, struct fault *why)
{
	for (size_t i = 0; i < ARRAY_LEN(signers); i++) {
		if (signers[i].kind == kind &&
		    (uid == 0 || uid == getuid() || is_user(uid, signers[i].user)))
			return 0;
	}
	return fault_set(why, -EPERM, "sign.refused",
			 "a record of kind %s is not signed for the user %u",
			 signed_kind_name(kind), (unsigned)uid);
}

static int sign(const struct agent *a, const json_t *asked, uid_t uid, char hex[static 129],
		struct fault *why)
{
	const char *name = json_string_value(json_object_get(asked, "kind"));
	const char *base64 = json_string_value(json_object_get(asked, "body"));
	enum signed_kind kind;
	AUTO_FREE void *body = NULL;
	size_t len = 0;
	uint8_t signature[64];
	if (!name || !base64 || signed_kind_parse(name, &kind))
		return fault_set(why, -EINVAL, "sign.question",
				 "write {\"kind\": \"enrol-request\", \"body\": base64}");
	int r = may_sign(kind, uid, why);
	if (r)
		return r;
	if (text_unbase64(base64, &body, &len))
		return fault_set(why, -EINVAL, "sign.question", "'body' is not base64");
	r = signed_sign_raw(kind, body, len, &a->keys.sign, signature);
	if (r)
		return fault_set(why, r, "sign.failed", "the record cannot be signed: %s",
				 strerror(-r));
	text_hex(signature, sizeof(signature), hex);
	return 0;
}

static void serve_sign(struct ctl_request *req, void *data)
{
	const struct agent *a = data;
	struct fault why = { 0 };
	char hex[129];
	size_t len = 0;
	const void *body = ctl_body(req, &len);
	CLEANUP(clean_json) json_t *asked = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	int r = sign(a, asked, ctl_peer_uid(req), hex, &why);
	if (r) {
		log_fault(LOG_LEVEL_WARN, "sign", &why);
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	log_info("event=signed kind=%s uid=%u", json_string_value(json_object_get(asked, "kind")),
		 (unsigned)ctl_peer_uid(req));
	ctl_reply_json(req, 200, json_pack("{s:s}", "signature", hex));
}

/* --- enrolment -------------------------------------------------------------------------------- */

static int keep_grant(struct agent *a, const void *bytes, size_t len, struct fault *why)
{
	struct grant g;
	struct chain_state chain;
	int r = agent_trust(a, why);
	if (!r)
		r = grant_open(a->trust, bytes, len, &a->keys, &g, why);
	if (!r)
		r = outbox_chain(a->outbox, g.epoch, &chain, why);
	if (!r && g.first_seq > chain.sealed_seq + 1)
		r = fault_set(why, -EUCLEAN, "grant.past",
			      "the hub has %llu reports of this box in epoch %u and the box has "
			      "%llu: its past was lost; ask the "
			      "ministry for an order with a higher epoch",
			      (unsigned long long)g.first_seq - 1, g.epoch,
			      (unsigned long long)chain.sealed_seq);
	if (!r)
		r = outbox_enrol(a->outbox, g.epoch, bytes, len, why);
	if (r)
		return r;
	if (g.epoch != a->grant.epoch)
		a->chain_trouble = (struct fault){ 0 };
	a->grant = g;
	a->enrolled = true;
	a->echo_told = false;
	floor_hear(&a->floor, g.hub_unix_s, agent_now_ms());
	agent_keep_floor(a);
	agent_settings_apply(a);
	return 0;
}

static void serve_grant(struct ctl_request *req, void *data)
{
	struct agent *a = data;
	struct fault why = { 0 };
	size_t len = 0;
	const void *bytes = ctl_body(req, &len);
	int r = keep_grant(a, bytes, len, &why);
	if (r) {
		log_fault(LOG_LEVEL_WARN, "grant", &why);
		ctl_reply_fault(req, r == -EKEYREJECTED ? 403 : ctl_status_of(r), &why);
		return;
	}
	log_info("event=enrolled school=%s epoch=%u provisional=%d", a->grant.school_code,
		 a->grant.epoch, a->grant.provisional);
	ctl_reply_json(req, 200, json_object());
	agent_flush_begin(a); /* the technician wants to see that it works */
}

/* --- receipts, and sending now ---------------------------------------------------------------- */

static void add_receipt(void *data, const struct outbox_receipt_row *row)
{
	char hash[65];
	text_hex(row->head_hash, sizeof(row->head_hash), hash);
	json_array_append_new(data,
			      json_pack("{s:I, s:I, s:I, s:s, s:I, s:I}", "cursor",
					(json_int_t)row->cursor, "epoch", (json_int_t)row->epoch,
					"through_seq", (json_int_t)row->through_seq, "head_hash",
					hash, "hub_time", (json_int_t)row->hub_s, "stored_at",
					(json_int_t)row->stored_s));
}

static void serve_receipts(struct ctl_request *req, void *data)
{
	struct agent *a = data;
	int64_t after = ctl_arg_int(req, "after", 0), limit = ctl_arg_int(req, "limit", 100);
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *rows = json_array();
	if (after < 0 || limit < 1) {
		fault_set(&why, -EINVAL, "page.arguments",
			  "'after' is a cursor that was given out (0 to begin), 'limit' 1 to %d",
			  PAGE_MAX);
		ctl_reply_fault(req, 400, &why);
		return;
	}
	int r = outbox_receipts(a->outbox, after, (size_t)(limit < PAGE_MAX ? limit : PAGE_MAX),
				add_receipt, rows, &why);
	if (r) {
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	size_t count = json_array_size(rows);
	const json_t *last = count ? json_array_get(rows, count - 1) : NULL;
	json_int_t next = last ? json_integer_value(json_object_get(last, "cursor")) : after;
	ctl_reply_json(req, 200, json_pack("{s:O, s:I}", "rows", rows, "next", next));
}

static void add_proof(void *data, const struct outbox_proof *p)
{
	AUTO_FREE char *envelope = text_base64(p->envelope, p->envelope_len);
	AUTO_FREE char *receipt = p->record ? text_base64(p->record, p->record_len) : NULL;
	json_array_append_new(data,
			      json_pack("{s:I, s:s, s:s?}", "cursor", (json_int_t)p->cursor,
					"envelope", envelope ? envelope : "", "receipt", receipt));
}

static void serve_proofs(struct ctl_request *req, void *data)
{
	struct agent *a = data;
	int64_t from = ctl_arg_int(req, "from", 0), until = ctl_arg_int(req, "until", 0),
		after = ctl_arg_int(req, "after", 0);
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *rows = json_array();
	int r = from < 1 || until < from || after < 0
			? fault_set(&why, -EINVAL, "proofs.arguments",
				    "'from' and 'until' are numbers of minutes, 'after' is a "
				    "cursor that was given out (0 to begin)")
			: outbox_proofs(a->outbox, from, until, after, PAGE_MAX, PROOF_BYTES,
					add_proof, rows, &why);
	if (r < 0)
		ctl_reply_fault(req, ctl_status_of(r), &why);
	else
		ctl_reply_json(req, 200, json_pack("{s:O}", "rows", rows));
}

static void flusher_gone(void *data)
{
	struct agent_flusher *f = data;
	f->req = NULL;
}

static void serve_flush(struct ctl_request *req, void *data)
{
	struct agent *a = data;
	struct fault why = { 0 };
	size_t free_one = 0;
	while (free_one < AGENT_FLUSHERS && a->flushers[free_one].req)
		free_one++;
	if (!a->enrolled)
		fault_set(&why, -EAGAIN, "flush.unenrolled",
			  "this box is not enrolled yet; its counts are kept until it is");
	else if (free_one == AGENT_FLUSHERS)
		fault_set(&why, -EAGAIN, "flush.busy",
			  "reports are being sent already; ask again in a minute");
	if (why.code) {
		ctl_reply_fault(req, ctl_status_of(why.code), &why);
		return;
	}
	a->flushers[free_one].req = req;
	ctl_on_gone(req, flusher_gone, &a->flushers[free_one]);
	agent_flush_begin(a);
}

void agent_flush_reply(struct agent *a, const struct fault *why)
{
	struct chain_state chain = { 0 };
	outbox_chain(a->outbox, a->grant.epoch, &chain, NULL);
	uint64_t sent =
		chain.through_seq > a->flush_through ? chain.through_seq - a->flush_through : 0;
	for (size_t i = 0; i < AGENT_FLUSHERS; i++) {
		struct ctl_request *req = MOVE_PTR(a->flushers[i].req);
		if (!req)
			continue;
		if (why->code)
			ctl_reply_fault(req, why->code == -ENOSPC ? 507 : 503, why);
		else
			ctl_reply_json(req, 200,
				       json_pack("{s:I, s:I}", "sealed",
						 (json_int_t)a->flush_sealed, "sent",
						 (json_int_t)sent));
	}
}

int agent_listen(struct agent *a, struct fault *why)
{
	static const struct ctl_route routes[] = {
		{ "GET", "/v1/identity", serve_identity, 0 },
		{ "GET", "/v1/status", serve_status, 0 },
		{ "GET", "/v1/receipts", serve_receipts, 0 },
		{ "GET", "/v1/proofs", serve_proofs, 0 },
		{ "POST", "/v1/sign", serve_sign, SIGN_LIMIT_BYTES },
		{ "POST", "/v1/grant", serve_grant, GRANT_LIMIT_BYTES },
		{ "POST", "/v1/flush", serve_flush, 0 },
	};
	return ctl_listen(a->loop, paths_at("/run/wasl/agentd.sock").at, 0660, routes,
			  ARRAY_LEN(routes), a, &a->ctl, why);
}
