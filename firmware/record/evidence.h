// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * A minute of a line as evidence: one line of text that has exactly one form, and the chain through these lines. Pure.
 *
 *	NUMBER YYYY-MM-DDTHH:MMZ COUNT NAME KIND UP DOWN UNPOWERED UNKNOWN FAULT RECEIVED SENT RTT_US DOWN_KBPS
 *
 * stands for COUNT equal minutes, the first of which begins at the time that is named; they have the numbers NUMBER to
 * NUMBER + COUNT - 1. The four classes are seconds of each minute and add up to 60; FAULT is the layer that is to blame
 * for the seconds down, "-" for none. Fields are separated by one space, numbers have no leading zero.
 *
 *	head after a line = BLAKE2b-256("wasl:minutes:1\0" + head before it + the line without its end)
 *
 * Whoever holds a head holds all lines before it: none can be changed, left out or added. The first head is random.
 */
enum {
	EVIDENCE_HEAD_BYTES = 32,
	EVIDENCE_LINE_ROOM = 256,
	EVIDENCE_NAME_ROOM = 32,
	EVIDENCE_WORD_ROOM = 12,
	EVIDENCE_CLASSES = 4,
};

/* The order of the classes in a line. */
enum evidence_class {
	EVIDENCE_UP,
	EVIDENCE_DOWN,
	EVIDENCE_UNPOWERED,
	EVIDENCE_UNKNOWN,
};

struct evidence_row {
	int64_t number; /* from 1 */
	int64_t minute; /* Unix time / 60 of the first */
	uint32_t count;
	char name[EVIDENCE_NAME_ROOM];  /* "adsl" */
	char kind[EVIDENCE_WORD_ROOM];  /* "dsl" */
	char fault[EVIDENCE_WORD_ROOM]; /* "ISP"; "" none */
	uint8_t seconds[EVIDENCE_CLASSES];
	uint64_t rx_bytes, tx_bytes;
	uint32_t rtt_us, down_kbps; /* 0 none */
};

/* -EINVAL: no line says this (see evidence_row_flaw()). */
int evidence_write(const struct evidence_row *row, char out[static EVIDENCE_LINE_ROOM]);

/* Reads one line of `len` bytes without its end; -EBADMSG for anything that evidence_write() would write otherwise. */
int evidence_read(const char *line, size_t len, struct evidence_row *out);

/* What is wrong with a row, a few words; NULL when nothing is. */
const char *evidence_row_flaw(const struct evidence_row *row);

/* The head after this line; `out` may be `before`. */
void evidence_link(const uint8_t before[static EVIDENCE_HEAD_BYTES], const char *line, size_t len,
		   uint8_t out[static EVIDENCE_HEAD_BYTES]);

/* "2026-11-23T14:05Z"; the minute must be from 0 to EVIDENCE_MINUTE_MAX. */
enum { EVIDENCE_TIME_ROOM = 18 };
#define EVIDENCE_MINUTE_MAX INT64_C(4223371679) /* the last of the year 9999 */
void evidence_time(int64_t minute, char out[static EVIDENCE_TIME_ROOM]);
