// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/record/evidence_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A receipt of whatever signature: what is inside is read, too. */
static int open_any(void *data, const void *record, size_t len, const void **body, size_t *body_len,
		    struct fault *why)
{
	(void)data;
	(void)why;
	*body = record;
	*body_len = len;
	return 0;
}

/* A line that is read is written again as it stood, and is a row that can be. */
static void read_one(const char *text, size_t len)
{
	struct evidence_row row;
	char line[EVIDENCE_LINE_ROOM];
	if (evidence_read(text, len, &row))
		return;
	if (evidence_row_flaw(&row) || evidence_write(&row, line) || strlen(line) != len ||
	    memcmp(line, text, len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes, *end = text + len;
	struct evidence_report r;
	for (const char *at = text; at < end;) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t line = (size_t)((eol ? eol : end) - at);
		read_one(at, line);
		/* As in a file: a check stands behind it. */
		if (line > 17)
			read_one(at, line - 17);
		at += line + 1;
	}
	if (evidence_file_check(text, len, open_any, NULL, &r, NULL)) {
		if (!r.wrong_line)
			abort();
		return 0;
	}
	if (r.wrong_line || r.signed_lines > r.lines || r.receipts > r.proofs ||
	    r.unsigned_minutes > r.minutes || r.minutes > r.days_minutes ||
	    r.uplink_count > EVIDENCE_UPLINKS)
		abort();
	return 0;
}
