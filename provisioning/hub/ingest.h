// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/fault.h"
#include "provisioning/hub/frames.h"
#include "provisioning/hub/hub.h"

/*
 * Envelopes in, receipts out. Each envelope is verified before anything of it is read further, and counted exactly once,
 * by account.h. A batch is one transaction; receipts are signed after its commit.
 */
#define INGEST_NONCE_MAX 32u

enum ingest_end {
	INGEST_COUNTED,    /* stored and counted (or kept for people) */
	INGEST_AGAIN,      /* had it */
	INGEST_HELD,       /* behind a gap */
	INGEST_WAITING,    /* stored, counted once an officer agrees */
	INGEST_UNREADABLE, /* stored, could not be opened */
	INGEST_FORKED,     /* quarantined */
	INGEST_DROPPED,    /* no room behind the gap: to be sent again */
	INGEST_REFUSED,    /* no envelope, unknown device, wrong epoch, bad signature */
	INGEST_ENDS
};
const char *ingest_end_name(enum ingest_end end);

struct ingest_result {
	uint32_t ends[INGEST_ENDS];
	struct fault refusal; /* the last refusal's sentence; code 0 when nothing was refused */
	uint32_t offers;      /* words about lessons on offer: films may have to go (films.h) */
	/* Frames: of each device heard a signed receipt, behind it the settings that are for it and what the ministry says of the
	 * lessons it offers; malloc'ed. */
	void *receipts;
	size_t receipts_len;
};
void ingest_result_done(struct ingest_result *r);

/*
 * 0: the batch is committed and *out filled, whatever became of each envelope. Otherwise nothing of the batch was stored
 * (-ENOSPC, -EIO, …) and the box sends it again.
 */
int ingest_batch(struct hub *hub, const struct frame *frames, size_t count, const uint8_t *nonce,
		 size_t nonce_len, int64_t now_s, struct ingest_result *out, struct fault *why);

/*
 * An officer has matched the claim code: the device is bound, and its waiting envelopes count, in order. -ENOENT: no
 * device of that school has that code; -EALREADY: it counts already.
 */
int ingest_accept(struct hub *hub, const char *school, const char *claim_code, int64_t now_s,
		  uint64_t *counted, struct fault *why);
