// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/device.h"
#include "firmware/record/report.pb.h"
#include "firmware/record/trust.h"

/*
 * A school box as the hub sees it, for tests: keys, an enrol request, a grant understood, sealed reports that name
 * the one before. Failures end the test program with a sentence: a test helper has nobody to tell.
 */
struct fakebox {
	struct device_keys keys;
	uint8_t id[16];
	char claim_code[20];
	uint32_t epoch;
	uint64_t seq;     /* of the last envelope sealed */
	uint8_t head[32]; /* its hash */
	uint8_t sealing_public[32];
	char school[32];
	bool provisional;
	uint8_t probe_key[32]; /* zero: the grant had none */
};

void fakebox_make(struct fakebox *box);

/* A signed enrol request that carries the order; *out malloc'ed. */
void fakebox_request(const struct fakebox *box, const void *order, size_t order_len,
		     const uint8_t nonce[static 32], void **out, size_t *len);

/* Checks a grant as a box does, and takes what it says. 0 or -EBADMSG when it is not for this box and nonce. */
int fakebox_take_grant(struct fakebox *box, const struct trust *trust, const void *grant,
		       size_t len, const uint8_t nonce[static 32]);

/* Seals the next envelope of the box; *out malloc'ed. Its header covers the days from `first` to `last`. */
void fakebox_seal(struct fakebox *box, const wasl_Report *report, int32_t first, int32_t last,
		  void **out, size_t *len);

/* The simplest report: one uplink up for `up_s` in one hour. */
void fakebox_hour(struct fakebox *box, int32_t day, unsigned hour, uint32_t up_s, uint32_t down_s,
		  void **out, size_t *len);

/* Checks a signed receipt of this box: its nonce, then where it says the hub is. 0 or -EBADMSG. */
int fakebox_receipt(const struct fakebox *box, const struct trust *trust, const void *record,
		    size_t len, const uint8_t *nonce, size_t nonce_len, wasl_Receipt *out);
