// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/book/slot.h"

/*
 * Rows of the ledger as links of the chain that firmware/record/evidence.h describes. Pure, but for the random first
 * head of a book.
 */
bool chain_begun(const uint8_t head[static EVIDENCE_HEAD_BYTES]); /* not all zero */

/* The row's line, as it is hashed and given out; -EINVAL for one that no line can say. */
int chain_line(const struct ledger_row *row, char out[static EVIDENCE_LINE_ROOM]);

/* Links new rows behind `head` (zero: the chain begins here); the mark's `before` and `head` are outputs. */
void chain_go_on(const uint8_t head[static EVIDENCE_HEAD_BYTES], struct ledger_row *rows,
		 size_t count, struct mark *mark);

/* Rows that were read back, whose own `before` is not stored with each. */
void chain_resume(const uint8_t before[static EVIDENCE_HEAD_BYTES], struct ledger_row *rows,
		  size_t count);
