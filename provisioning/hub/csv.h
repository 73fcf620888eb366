// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

struct fault;

/*
 * Tables as spreadsheets write them (RFC 4180): quoted fields, CRLF or LF, a UTF-8 byte order mark, and semicolons
 * instead of commas where the first line has them (a French spreadsheet's habit). Lines that begin with "#" and
 * empty lines are passed over. Works inside the caller's buffer.
 */
#define CSV_FIELDS 32u
#define CSV_FIELD_BYTES 1024u

struct csv {
	char *at, *end;
	char separator;
	unsigned line; /* of the file, from 1 */
};

struct csv_row {
	char *field[CSV_FIELDS]; /* inside the buffer, terminated, spaces at the ends removed */
	size_t count;
	unsigned line; /* where the row begins */
};

/* `text` must be writable, with text[len] == '\0', and outlive the rows. */
void csv_init(struct csv *c, char *text, size_t len);

/*
 * 1: a row; 0: the end; -EBADMSG: this row is broken (*why names the line), the next call goes on after it.
 */
int csv_next(struct csv *c, struct csv_row *out, struct fault *why);
