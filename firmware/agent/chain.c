// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/chain.h"

#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/record/report.pb.h"

const char *chain_verdict_text(enum chain_verdict v)
{
	switch (v) {
	case CHAIN_ADVANCE:
		return "accepted";
	case CHAIN_SAME:
		return "nothing new";
	case CHAIN_REFILL:
		return "the hub was restored from a backup; sending again what it lost";
	case CHAIN_STALE:
		return "an older answer than one that is here already";
	case CHAIN_STRANGER:
		return "a receipt for another box or epoch";
	case CHAIN_REPLAY:
		return "a receipt that does not answer our question";
	case CHAIN_ROLLBACK:
		return "the hub has more reports of this box than the box ever made: its past was "
		       "lost or its disk was copied; "
		       "ask the ministry for an order with a new epoch";
	case CHAIN_FORK:
		return "the hub has another report under this number: the disk of this box was "
		       "copied; "
		       "ask the ministry for an order with a new epoch";
	}
	return "";
}

/* What the hub names is what we sealed. One that we no longer keep was receipted long ago. */
static bool same_past(const struct chain_state *own, uint64_t seq, const uint8_t *head_hash,
		      chain_hash_fn hash, void *data)
{
	static const uint8_t zero[32];
	uint8_t mine[32];
	if (seq == 0)
		return memcmp(head_hash, zero, sizeof(zero)) == 0;
	if (hash(data, seq, mine))
		return seq <= own->through_seq;
	return memcmp(mine, head_hash, sizeof(mine)) == 0;
}

enum chain_verdict chain_judge(const struct chain_state *own, const wasl_Receipt *r,
			       const uint8_t *nonce, size_t nonce_len, chain_hash_fn hash,
			       void *data)
{
	if (memcmp(r->device, own->device, sizeof(own->device)) != 0)
		return CHAIN_STRANGER;
	if (nonce_len &&
	    (r->nonce.size != nonce_len || memcmp(r->nonce.bytes, nonce, nonce_len) != 0))
		return CHAIN_REPLAY;
	if (r->epoch != own->epoch)
		return CHAIN_STRANGER;
	if (r->ledger < own->ledger)
		return CHAIN_STALE;
	if (r->through_seq > own->sealed_seq)
		return CHAIN_ROLLBACK;
	if (!same_past(own, r->through_seq, r->head_hash, hash, data))
		return CHAIN_FORK;
	if (r->through_seq < own->through_seq)
		return r->ledger > own->ledger ? CHAIN_REFILL : CHAIN_STALE;
	return r->through_seq == own->through_seq ? CHAIN_SAME : CHAIN_ADVANCE;
}

enum chain_verdict chain_judge_close(const struct chain_state *own, const wasl_Close *c,
				     chain_hash_fn hash, void *data)
{
	if (memcmp(c->device, own->device, sizeof(own->device)) != 0 || c->epoch != own->epoch)
		return CHAIN_STRANGER;
	if (c->new_epoch <= own->epoch)
		return CHAIN_STALE;
	if (c->through_seq > own->sealed_seq)
		return CHAIN_ROLLBACK;
	return same_past(own, c->through_seq, c->head_hash, hash, data) ? CHAIN_ADVANCE
									: CHAIN_FORK;
}
