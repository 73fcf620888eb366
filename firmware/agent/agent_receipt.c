// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "firmware/agent/agent_priv.h"
#include "firmware/base/log.h"
#include "firmware/record/codec.h"
#include "firmware/record/report.pb.h"
#include "firmware/record/trust_dir.h"

/* A key that this box does not know yet, or one withdrawn: a root that contentd has brought since says so. */
int agent_check_record(struct agent *a, enum signed_kind kind, const void *bytes, size_t len,
		       const void **body, size_t *body_len, struct fault *why)
{
	int r = agent_trust(a, why);
	return r ? r : trust_dir_check(a->trust, kind, bytes, len, body, body_len, why);
}

static void hear_time(struct agent *a, int64_t hub_s)
{
	uint64_t now_ms = agent_now_ms();
	int64_t before = floor_now(&a->floor, now_ms);
	enum floor_step step = floor_hear(&a->floor, hub_s, now_ms);
	int64_t moved = floor_now(&a->floor, now_ms) - before;
	if (step == FLOOR_CUT)
		log_warn("event=time.cut text=\"the hub's time is further ahead than one answer "
			 "may move the floor\" moved_s=%lld",
			 (long long)moved);
	if (moved > 60)
		agent_keep_floor(a);
}

static void hear_versions(struct agent *a, const wasl_Receipt *r)
{
	if (r->root_version > trust_version(a->trust) && trust_dir_refresh(a->trust))
		log_info("event=root.stepped version=%u", trust_version(a->trust));
}

/* Only what needs a person stays; the rest is a line in the log. */
static void note_verdict(struct agent *a, enum chain_verdict v, const wasl_Receipt *r)
{
	bool person = v == CHAIN_ROLLBACK || v == CHAIN_FORK;
	if (person && !a->chain_trouble.code)
		log_error("event=chain.broken epoch=%u through_seq=%llu text=\"%s\"", r->epoch,
			  (unsigned long long)r->through_seq, chain_verdict_text(v));
	if (person)
		fault_set(&a->chain_trouble, -EUCLEAN,
			  v == CHAIN_FORK ? "chain.fork" : "chain.rollback", "%s",
			  chain_verdict_text(v));
	if (v == CHAIN_REPLAY || v == CHAIN_STRANGER || v == CHAIN_STALE)
		log_warn("event=receipt.passed text=\"%s\"", chain_verdict_text(v));
	if (v == CHAIN_REFILL)
		log_warn("event=receipt.refill through_seq=%llu ledger=%u text=\"%s\"",
			 (unsigned long long)r->through_seq, r->ledger, chain_verdict_text(v));
	if (v == CHAIN_ADVANCE || v == CHAIN_SAME || v == CHAIN_REFILL)
		a->chain_trouble = (struct fault){ 0 };
	if (v == CHAIN_ADVANCE)
		log_info("event=receipt through_seq=%llu", (unsigned long long)r->through_seq);
}

/* A hub restored from a backup older than what is kept here waits for envelopes that are gone. */
static void note_gap(struct agent *a, const wasl_Receipt *r, const struct chain_state *own,
		     struct outbox_past *past)
{
	uint8_t hash[32];
	if (r->through_seq >= own->sealed_seq ||
	    outbox_hash(past, r->through_seq + 1, hash) != -ENOENT)
		return;
	fault_set(&a->chain_trouble, -EUCLEAN, "chain.gone",
		  "the hub has lost reports after number %llu that this box no longer keeps; the "
		  "ministry must end this epoch with a close record",
		  (unsigned long long)r->through_seq);
}

static int take_receipt(struct agent *a, const void *bytes, size_t len, const uint8_t *nonce,
			bool *progress, struct fault *why)
{
	const void *body = NULL;
	size_t body_len = 0;
	wasl_Receipt receipt;
	struct chain_state own;
	int r = agent_check_record(a, SIGNED_RECEIPT, bytes, len, &body, &body_len, why);
	if (!r)
		r = codec_decode(wasl_Receipt_fields, body, body_len, &receipt, why);
	if (!r)
		r = outbox_chain(a->outbox, a->grant.epoch, &own, why);
	if (r)
		return r;
	struct outbox_past past = { a->outbox, a->grant.epoch };
	enum chain_verdict v =
		chain_judge(&own, &receipt, nonce, COURIER_NONCE_BYTES, outbox_hash, &past);
	note_verdict(a, v, &receipt);
	if (v == CHAIN_REPLAY || v == CHAIN_STRANGER)
		return 0;
	hear_time(a, receipt.hub_unix_s);
	hear_versions(a, &receipt);
	agent_settings_region(a, receipt.region);
	r = outbox_receipt(a->outbox, v, &receipt, bytes, len, agent_guess_s(a), why);
	if (!r && (v == CHAIN_SAME || v == CHAIN_REFILL))
		note_gap(a, &receipt, &own, &past);
	*progress = !r && (v == CHAIN_ADVANCE || v == CHAIN_REFILL);
	return r;
}

/* The hub ends an epoch: what it never counted is told again in the next one. */
static int take_close(struct agent *a, const void *bytes, size_t len, bool *progress,
		      struct fault *why)
{
	const void *body = NULL;
	size_t body_len = 0;
	wasl_Close close_record;
	struct chain_state own;
	uint64_t reopened = 0;
	int r = agent_check_record(a, SIGNED_CLOSE, bytes, len, &body, &body_len, why);
	if (!r)
		r = codec_decode(wasl_Close_fields, body, body_len, &close_record, why);
	if (!r)
		r = outbox_chain(a->outbox, close_record.epoch, &own, why);
	if (r)
		return r;
	struct outbox_past past = { a->outbox, close_record.epoch };
	enum chain_verdict v = close_record.epoch < 1 || close_record.epoch > a->grant.epoch
				       ? CHAIN_STRANGER
				       : chain_judge_close(&own, &close_record, outbox_hash, &past);
	if (v != CHAIN_ADVANCE) {
		log_warn("event=close.passed epoch=%u text=\"%s\"", close_record.epoch,
			 chain_verdict_text(v));
		return 0;
	}
	r = outbox_end_epoch(a->outbox, &close_record, &reopened, why);
	if (!r)
		r = outbox_epoch(a->outbox, &a->grant.epoch, why);
	if (r)
		return r;
	a->chain_trouble = (struct fault){ 0 };
	log_info("event=epoch.ended epoch=%u through_seq=%llu new_epoch=%u reopened=%llu",
		 close_record.epoch, (unsigned long long)close_record.through_seq, a->grant.epoch,
		 (unsigned long long)reopened);
	*progress = true;
	return 0;
}

bool agent_take_record(void *agent, const void *bytes, size_t len,
		       const uint8_t nonce[static COURIER_NONCE_BYTES])
{
	struct agent *a = agent;
	struct fault why = { 0 };
	bool progress = false;
	uint8_t kind = len > 4 ? ((const uint8_t *)bytes)[4] : 0;
	int r = 0;
	if (kind == SIGNED_RECEIPT)
		r = take_receipt(a, bytes, len, nonce, &progress, &why);
	else if (kind == SIGNED_CLOSE)
		r = take_close(a, bytes, len, &progress, &why);
	else if (kind == SIGNED_SETTINGS)
		r = agent_settings_take(a, bytes, len, &why);
	else if (kind == SIGNED_OFFER_ANSWERS)
		r = agent_offers_take(a, bytes, len, nonce, &why);
	else
		log_info("event=answer.unknown kind=%u text=\"newer than this program, or no "
			 "record\"",
			 kind);
	if (r)
		log_fault(LOG_LEVEL_WARN, "answer.refused", &why);
	return progress;
}
