// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "provisioning/hub/hub.h"

struct fault;

#define ENROL_LIMIT_BYTES (64u << 10)

/*
 * A signed enrol request becomes a signed grant (*out malloc'ed). The order's ticket is spent and the device bound in one
 * transaction; the same device with the same order gets the grant afresh, with its new nonce. Refusals:
 *	-EBADMSG	no such record, or not signed by the keys inside it
 *	-EKEYREJECTED	the order was not signed by this ministry
 *	-EPERM		the order is for another box (claim code), or its ticket is not known here
 *	-EEXIST		the ticket was spent by another box, or this box is bound to a school already
 */
int enrol_serve(struct hub *hub, const void *request, size_t len, int64_t now_s, void **out,
		size_t *out_len, struct fault *why);

/* "ABCD-EFGH-JKMN-PQRS" or "abcdefgh…" -> 16 plain characters, as orders and tickets hold them; -EINVAL. */
int enrol_plain_claim(const char *text, char out[static 17]);
