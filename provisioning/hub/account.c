// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/account.h"

#include <string.h>

enum account_verdict account_resume(const struct account_head *head,
				    const uint8_t previous[static 32])
{
	return memcmp(head->hash, previous, 32) == 0 ? ACCOUNT_STORE : ACCOUNT_FORK;
}

enum account_verdict account_decide(const struct account_head *head, const struct account_input *in)
{
	/* Stored as SQL integers, and seq + 1 must not wrap. */
	if (in->seq == 0 || in->seq >= INT64_MAX)
		return ACCOUNT_INVALID;
	if (in->known)
		return memcmp(in->hash, in->known_hash, 32) == 0 ? ACCOUNT_AGAIN : ACCOUNT_FORK;
	/* At or below the head, and yet nothing is stored under that number: bodies are never forgotten before hashes. */
	if (in->seq <= head->through_seq)
		return ACCOUNT_FORK;
	if (in->seq == head->through_seq + 1)
		return account_resume(head, in->previous);
	if (head->held >= ACCOUNT_HELD_MAX || head->held_bytes + in->bytes > ACCOUNT_HELD_BYTES)
		return ACCOUNT_FULL;
	return ACCOUNT_HOLD;
}
