// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct _wasl_Receipt;
struct _wasl_Close;

/*
 * What a receipt or an end of epoch means for a box that knows its own chain. Pure; the records
 * have been verified.
 */
struct chain_state {
	uint8_t device[16];
	uint32_t epoch;
	uint64_t sealed_seq;  /* last envelope sealed in this epoch, 0 none */
	uint64_t through_seq; /* last one that a receipt covers */
	uint32_t ledger;      /* highest ledger number seen, 0 none */
};

/* The hash of our own envelope `seq` of the epoch; -ENOENT when it is no longer kept. */
typedef int (*chain_hash_fn)(void *data, uint64_t seq, uint8_t out[static 32]);

enum chain_verdict {
	CHAIN_ADVANCE,  /* envelopes up to through_seq have arrived */
	CHAIN_SAME,     /* nothing new, but fresh */
	CHAIN_REFILL,   /* the hub was restored: send again what comes after through_seq */
	CHAIN_STALE,    /* an older answer than one we have: passed over */
	CHAIN_STRANGER, /* another device or epoch: passed over */
	CHAIN_REPLAY,   /* not the answer to our question */
	CHAIN_ROLLBACK, /* more than this box ever sealed: its past was lost, or copied */
	CHAIN_FORK,     /* the hub has another envelope under that number */
};
const char *chain_verdict_text(enum chain_verdict v); /* a sentence for status and log */

/* `nonce` is what we sent; len 0 for carriers that cannot ask. */
enum chain_verdict chain_judge(const struct chain_state *own, const struct _wasl_Receipt *r,
			       const uint8_t *nonce, size_t nonce_len, chain_hash_fn hash,
			       void *data);

/* Whether an end of epoch fits: CHAIN_ADVANCE, or why not. */
enum chain_verdict chain_judge_close(const struct chain_state *own, const struct _wasl_Close *c,
				     chain_hash_fn hash, void *data);
