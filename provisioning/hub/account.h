// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Exactly-once accounting of envelopes, as a pure decision. Delivery is at least once, by any carrier and in any
 * order; the key is (device, epoch, seq), and each envelope names the hash of the one before it.
 */
#define ACCOUNT_HELD_MAX 1000u
#define ACCOUNT_HELD_BYTES (16u << 20)

struct account_head {         /* of one device and epoch */
	uint64_t through_seq; /* all up to here are stored; 0 none */
	uint8_t hash[32];     /* of envelope through_seq; zero for none */
	uint32_t held;        /* envelopes waiting behind a gap */
	uint64_t held_bytes;
};

struct account_input { /* one envelope with a good signature, of the device's current epoch */
	uint64_t seq;
	uint8_t hash[32], previous[32];
	uint32_t bytes;
	bool known; /* the hub has an envelope of this (device, epoch, seq), stored or held, */
	uint8_t known_hash[32]; /* with this hash */
};

enum account_verdict {
	ACCOUNT_STORE, /* next in line: store, count, move the head */
	ACCOUNT_AGAIN, /* the same bytes once more: answer with the current receipt, count nothing */
	ACCOUNT_FORK,  /* another envelope of the same number, or another past: quarantine, alert */
	ACCOUNT_HOLD,  /* something is missing before it: keep it, do not count it yet */
	ACCOUNT_FULL,  /* as HOLD, but there is no room: drop it, the box sends it again */
	ACCOUNT_INVALID, /* number 0, or beyond what a box can ever reach */
};

enum account_verdict account_decide(const struct account_head *head,
				    const struct account_input *in);

/*
 * The first held envelope after the head: STORE when it goes on from the head, FORK when its past is another one.
 * Only called with seq == through_seq + 1.
 */
enum account_verdict account_resume(const struct account_head *head,
				    const uint8_t previous[static 32]);
