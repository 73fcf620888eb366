// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/envelope.h"
#include "provisioning/hub/store.h"

struct fault;

/* Days that were touched, each once. */
struct day_set {
	int32_t *day;
	size_t count, room;
};
int day_set_add(struct day_set *set, int32_t day); /* 0 or -ENOMEM */
void day_set_done(struct day_set *set);

struct rows_outcome {
	uint32_t taken, refused; /* rows; refused ones make no sense: an hour of the next century */
	uint32_t offers;         /* of those taken: words about lessons on offer */
	uint32_t overfull;       /* uplink hours that now add up to more than an hour */
};

/*
 * Enters the rows of one verified and opened report (Protocol Buffers, report.proto) into the store. A row that makes
 * no sense is left out and counted, the others stay. -EPROTO: it is no report at all, nothing was entered.
 * Other codes are the store's: the transaction must be given up.
 */
int rows_enter(struct store *s, const struct device *device, const struct envelope_header *header,
	       const void *rows, size_t len, int64_t now_s, struct day_set *touched,
	       struct rows_outcome *out, struct fault *why);
