// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "firmware/record/evidence.h"

struct fault;

/*
 * Minutes of a box, the chain through them and what the hub countersigned of it, in one text that a person can read
 * and a program checks without asking anybody. Pure.
 *
 *	wasl-evidence 1
 *	# what the columns are; these two lines are always the same
 *	box DEVICE SIGN_PUBLIC BOX_PUBLIC		hexadecimal
 *	days FROM UNTIL					that were asked for: 2026-11-23
 *	made TIME					by the box's clock
 *	begins HEAD					the head before the first line, 64 hexadecimal digits
 *	LINE CHECK					as evidence.h says, and the first 16 digits of the head after it
 *	...
 *	proof BASE64					an envelope
 *	receipt BASE64					the first receipt that names the envelope above it
 *	...
 *	end LINES PROOFS RECEIPTS
 *
 * Lines follow each other without a gap in their numbers; they go on beyond the last day up to the first head that is
 * countersigned. Envelopes follow each other without a gap, too: each speaks of this chain or of none.
 *
 * Whoever cuts lines off at either end, with what proves them, or writes other days or another time than the box did,
 * leaves a text in which nothing is wrong: it is a shorter piece of the same chain. So the days are counted.
 */
#define EVIDENCE_FILE_LIMIT_BYTES (64u << 20)
enum {
	EVIDENCE_CHECK_BYTES = 8,
	EVIDENCE_UPLINKS = 32, /* of one file */
	EVIDENCE_SCHOOL_ROOM = 64,
	EVIDENCE_AHEAD_S = 600, /* a clock further ahead of the hub's is told */
};

struct evidence_box {
	uint8_t device[16], sign_public[32], box_public[32];
};

/* --- writing; nothing here fails but the stream, whose error the caller asks for --- */
void evidence_file_head(FILE *to, const struct evidence_box *box, int32_t from, int32_t until,
			int64_t made_s, const uint8_t begins[static EVIDENCE_HEAD_BYTES]);
/* One line; `head` is that before it and becomes the one after it. */
void evidence_file_line(FILE *to, const char *line, uint8_t head[static EVIDENCE_HEAD_BYTES]);
/* Base64 both; `receipt` may be NULL. */
void evidence_file_proof(FILE *to, const char *envelope, const char *receipt);
void evidence_file_end(FILE *to, size_t lines, size_t proofs, size_t receipts);

/* --- checking --- */

/* Opens a signed receipt: 0 and the body inside `record`, or an error. */
typedef int (*evidence_open_fn)(void *data, const void *record, size_t len, const void **body,
				size_t *body_len, struct fault *why);

/* One uplink in the days that were asked for. */
struct evidence_sum {
	char name[EVIDENCE_NAME_ROOM], kind[EVIDENCE_WORD_ROOM];
	uint64_t seconds[EVIDENCE_CLASSES];
	uint64_t minutes, signed_minutes;
};

struct evidence_report {
	struct evidence_box box;
	int32_t from, until; /* days since 1970 */
	int64_t made_s;
	size_t lines, proofs, receipts;
	/* Countersigned: lines, counted from the first one, and until when (Unix minute behind the last of them). */
	size_t signed_lines;
	int64_t signed_until;
	int64_t first_signed_s, last_signed_s; /* the hub's time of the first and last receipt */
	int64_t latest_s; /* longest time between the end of a line's minutes and the hub's receipt for it */
	uint64_t
		ahead; /* lines that ended after the hub's receipt, by more than EVIDENCE_AHEAD_S */
	uint64_t minutes, unsigned_minutes; /* of the days asked for */
	/*
	 * What `minutes` would be if all of these days of every line that the text names were in it. Fewer: some were
	 * cut off, or the box never had them, or they had not been yet; the chain cannot tell which.
	 */
	uint64_t days_minutes;
	uint64_t earlier;                  /* minutes of the chain before the first of the text */
	char school[EVIDENCE_SCHOOL_ROOM]; /* as the last receipt says; "" where none was checked */
	struct evidence_sum uplinks[EVIDENCE_UPLINKS];
	size_t uplink_count;
	size_t wrong_line; /* of the text, from 1; 0 nothing is wrong */
};

/* Every minute of the days is there and countersigned. */
bool evidence_is_whole(const struct evidence_report *r);

/*
 * Checks all of a text. 0: nothing of it was changed; *out says what is countersigned. -EBADMSG: *why and
 * out->wrong_line name the first thing that is wrong. `open` NULL: no key is at hand, receipts prove nothing.
 */
int evidence_file_check(const char *text, size_t len, evidence_open_fn open, void *data,
			struct evidence_report *out, struct fault *why);
