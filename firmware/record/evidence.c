// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clock.h"

static const char domain[] = "wasl:minutes:1"; /* the NUL counts */

void evidence_time(int64_t minute, char out[static EVIDENCE_TIME_ROOM])
{
	char iso[21];
	clock_iso(minute * 60, iso);
	memcpy(out, iso, 16);
	memcpy(out + 16, "Z", 2);
}

/* --- what a row may say --- */

/* One word: neither empty nor with anything that separates words or lines. */
static bool is_word(const char *text, size_t room)
{
	size_t len = strnlen(text, room);
	if (len == 0 || len == room)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return true;
}

const char *evidence_row_flaw(const struct evidence_row *row)
{
	unsigned sum = 0;
	for (int i = 0; i < EVIDENCE_CLASSES; i++)
		sum += row->seconds[i];
	if (row->number < 1 || row->number > INT64_MAX / 2)
		return "its number is none";
	if (row->count < 1)
		return "it counts no minute";
	if (row->minute < 0 || row->minute > EVIDENCE_MINUTE_MAX - row->count)
		return "its time is none";
	if (!is_word(row->name, sizeof(row->name)) || !is_word(row->kind, sizeof(row->kind)))
		return "the name or the kind of its line is no word";
	if (row->fault[0] &&
	    (!is_word(row->fault, sizeof(row->fault)) || strcmp(row->fault, "-") == 0))
		return "the layer at fault is no word";
	if (sum != 60)
		return "its seconds do not add up to 60";
	return NULL;
}

/* --- writing --- */

int evidence_write(const struct evidence_row *row, char out[static EVIDENCE_LINE_ROOM])
{
	char at[EVIDENCE_TIME_ROOM];
	if (evidence_row_flaw(row))
		return -EINVAL;
	evidence_time(row->minute, at);
	int n = snprintf(out, EVIDENCE_LINE_ROOM,
			 "%" PRId64 " %s %" PRIu32 " %s %s %u %u %u %u %s %" PRIu64 " %" PRIu64
			 " %" PRIu32 " %" PRIu32,
			 row->number, at, row->count, row->name, row->kind,
			 row->seconds[EVIDENCE_UP], row->seconds[EVIDENCE_DOWN],
			 row->seconds[EVIDENCE_UNPOWERED], row->seconds[EVIDENCE_UNKNOWN],
			 row->fault[0] ? row->fault : "-", row->rx_bytes, row->tx_bytes,
			 row->rtt_us, row->down_kbps);
	return n > 0 && n < EVIDENCE_LINE_ROOM ? 0 : -EINVAL;
}

/* --- reading: whatever is left loose here is caught by writing it again --- */

struct reader {
	const char *at, *end;
	bool bad;
};

static void take_word(struct reader *r, char *out, size_t room)
{
	size_t len = 0;
	while (r->at + len < r->end && r->at[len] != ' ')
		len++;
	out[0] = '\0';
	if (r->bad || len == 0 || len >= room) {
		r->bad = true;
		return;
	}
	memcpy(out, r->at, len);
	out[len] = '\0';
	r->at += len;
	if (r->at < r->end)
		r->at++;
}

static uint64_t take_number(struct reader *r, uint64_t max)
{
	char word[21];
	uint64_t value = 0;
	take_word(r, word, sizeof(word));
	for (const char *c = word; *c && !r->bad; c++) {
		uint64_t digit = (uint64_t)(*c - '0');
		r->bad = *c < '0' || *c > '9' || value > (max - digit) / 10;
		value = value * 10 + digit;
	}
	return r->bad ? 0 : value;
}

/* Days before the first of March of year y, counted so that a leap day is the last of its year. */
static int64_t days_before(int64_t y)
{
	return y * 365 + y / 4 - y / 100 + y / 400;
}

static int64_t take_minute(struct reader *r)
{
	char word[EVIDENCE_TIME_ROOM];
	int y = 0, mo = 0, d = 0, h = 0, mi = 0, used = 0;
	take_word(r, word, sizeof(word));
	if (r->bad || sscanf(word, "%4d-%2d-%2dT%2d:%2dZ%n", &y, &mo, &d, &h, &mi, &used) != 5 ||
	    used != EVIDENCE_TIME_ROOM - 1 || y < 1970 || mo < 1 || mo > 12 || d < 1 || d > 31) {
		r->bad = true;
		return 0;
	}
	int64_t year = mo > 2 ? y : y - 1, month = mo > 2 ? mo - 3 : mo + 9;
	int64_t day = days_before(year) + (153 * month + 2) / 5 + d - 1 - 719468;
	return day * 1440 + h * 60 + mi;
}

int evidence_read(const char *line, size_t len, struct evidence_row *out)
{
	struct evidence_row row = { 0 };
	struct reader r = { .at = line, .end = line + len };
	char again[EVIDENCE_LINE_ROOM];
	row.number = (int64_t)take_number(&r, INT64_MAX / 2);
	row.minute = take_minute(&r);
	row.count = (uint32_t)take_number(&r, UINT32_MAX);
	take_word(&r, row.name, sizeof(row.name));
	take_word(&r, row.kind, sizeof(row.kind));
	for (int i = 0; i < EVIDENCE_CLASSES; i++)
		row.seconds[i] = (uint8_t)take_number(&r, 60);
	take_word(&r, row.fault, sizeof(row.fault));
	if (strcmp(row.fault, "-") == 0)
		row.fault[0] = '\0';
	row.rx_bytes = take_number(&r, UINT64_MAX);
	row.tx_bytes = take_number(&r, UINT64_MAX);
	row.rtt_us = (uint32_t)take_number(&r, UINT32_MAX);
	row.down_kbps = (uint32_t)take_number(&r, UINT32_MAX);
	if (r.bad || evidence_write(&row, again) || strlen(again) != len ||
	    memcmp(again, line, len) != 0)
		return -EBADMSG;
	*out = row;
	return 0;
}

void evidence_link(const uint8_t before[static EVIDENCE_HEAD_BYTES], const char *line, size_t len,
		   uint8_t out[static EVIDENCE_HEAD_BYTES])
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, EVIDENCE_HEAD_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)domain, sizeof(domain));
	crypto_generichash_update(&state, before, EVIDENCE_HEAD_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)line, len);
	crypto_generichash_final(&state, out, EVIDENCE_HEAD_BYTES);
}
