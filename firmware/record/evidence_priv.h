// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "firmware/record/evidence_file.h"

/* Shared by evidence_file.c and evidence_proof.c only. */

/* What is left of a line of minutes once it was checked. */
struct evidence_point {
	int64_t last;                      /* number of its last minute */
	int64_t end_s;                     /* Unix seconds behind it */
	uint64_t asked;                    /* minutes in the days that were asked for */
	size_t uplink;                     /* place in the report */
	uint8_t head[EVIDENCE_HEAD_BYTES]; /* behind it */
};

struct evidence_blob { /* base64, not NUL-terminated */
	const char *text;
	size_t len;
};

struct evidence_check {
	const char *at, *end; /* what is left of the text */
	const char *line;
	size_t line_len, line_number;
	struct evidence_report *report;
	evidence_open_fn open;
	void *data;
	struct fault *why;

	uint8_t begins[EVIDENCE_HEAD_BYTES], head[EVIDENCE_HEAD_BYTES];
	int64_t first; /* number of the first minute */
	struct evidence_point *rows;
	size_t row_count, row_room;
	struct {
		int64_t minute;
	} ends[EVIDENCE_UPLINKS]; /* of what was read of each uplink */

	/* The envelope above. */
	uint32_t epoch;
	uint64_t seq, through;
	uint8_t hash[32];
};

/* Says what is wrong with the line at hand; -EBADMSG. */
int evidence_wrong(struct evidence_check *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* An envelope and, when there is one, its receipt, which stands on the next line. */
int evidence_proof(struct evidence_check *c, const struct evidence_blob *envelope,
		   const struct evidence_blob *receipt);

/* The sums that follow once all is read. */
void evidence_settle(struct evidence_check *c);
