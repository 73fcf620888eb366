// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/evidence_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/device.h"
#include "firmware/record/evidence_priv.h"

static const char title[] = "wasl-evidence 1";
static const char *const legend[] = {
	"# number, first minute (UTC), minutes, line, kind, seconds of each minute up, down, "
	"unpowered, unknown, at fault, "
	"bytes received, sent, round trip (us), kbit/s, check",
	"# every check covers all lines above it; proofs are reports of the box that the "
	"ministry's hub has signed for: "
	"wasl net evidence --verify FILE --key FILE",
};
enum { LEGEND = ARRAY_LEN(legend) };

/* --- writing ---------------------------------------------------------------------------------- */

static void put_hex(FILE *to, const void *bytes, size_t len)
{
	char hex[2 * EVIDENCE_HEAD_BYTES + 1];
	text_hex(bytes, len, hex);
	fputs(hex, to);
}

void evidence_file_head(FILE *to, const struct evidence_box *box, int32_t from, int32_t until,
			int64_t made_s, const uint8_t begins[static EVIDENCE_HEAD_BYTES])
{
	char first[11], last[11], made[21];
	clock_day_text(from, first);
	clock_day_text(until, last);
	clock_iso(made_s, made);
	fprintf(to, "%s\n", title);
	for (size_t i = 0; i < LEGEND; i++)
		fprintf(to, "%s\n", legend[i]);
	fputs("box ", to);
	put_hex(to, box->device, sizeof(box->device));
	putc(' ', to);
	put_hex(to, box->sign_public, sizeof(box->sign_public));
	putc(' ', to);
	put_hex(to, box->box_public, sizeof(box->box_public));
	fprintf(to, "\ndays %s %s\nmade %s\nbegins ", first, last, made);
	put_hex(to, begins, EVIDENCE_HEAD_BYTES);
	putc('\n', to);
}

void evidence_file_line(FILE *to, const char *line, uint8_t head[static EVIDENCE_HEAD_BYTES])
{
	evidence_link(head, line, strlen(line), head);
	fprintf(to, "%s ", line);
	put_hex(to, head, EVIDENCE_CHECK_BYTES);
	putc('\n', to);
}

void evidence_file_proof(FILE *to, const char *envelope, const char *receipt)
{
	fprintf(to, "proof %s\n", envelope);
	if (receipt)
		fprintf(to, "receipt %s\n", receipt);
}

void evidence_file_end(FILE *to, size_t lines, size_t proofs, size_t receipts)
{
	fprintf(to, "end %zu %zu %zu\n", lines, proofs, receipts);
}

/* --- reading ---------------------------------------------------------------------------------- */

int evidence_wrong(struct evidence_check *c, const char *fmt, ...)
{
	char said[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	c->report->wrong_line = c->line_number;
	return fault_set(c->why, -EBADMSG, "evidence.wrong", "line %zu: %s", c->line_number, said);
}

/* The next line of the text, without its end. A text must end with a line's end. */
static bool next_line(struct evidence_check *c)
{
	c->line_number++;
	const char *end = c->at < c->end ? memchr(c->at, '\n', (size_t)(c->end - c->at)) : NULL;
	if (!end)
		return false;
	c->line = c->at;
	c->line_len = (size_t)(end - c->at);
	c->at = end + 1;
	return true;
}

static bool line_is(const struct evidence_check *c, const char *text)
{
	return c->line_len == strlen(text) && memcmp(c->line, text, c->line_len) == 0;
}

/* What follows "WORD " on the line; NULL when the line begins otherwise. */
static const char *rest_of(const struct evidence_check *c, const char *word, size_t *len)
{
	size_t n = strlen(word);
	if (c->line_len <= n || memcmp(c->line, word, n) != 0 || c->line[n] != ' ')
		return NULL;
	*len = c->line_len - n - 1;
	return c->line + n + 1;
}

/* Exactly `len` bytes as lower-case digits at `at`. */
static bool take_hex(const char *at, void *out, size_t len)
{
	char hex[2 * EVIDENCE_HEAD_BYTES + 1], again[2 * EVIDENCE_HEAD_BYTES + 1];
	memcpy(hex, at, 2 * len);
	hex[2 * len] = '\0';
	if (text_unhex(hex, out, len))
		return false;
	text_hex(out, len, again);
	return strcmp(hex, again) == 0;
}

static int read_box(struct evidence_check *c)
{
	struct evidence_box *b = &c->report->box;
	uint8_t id[sizeof(b->device)];
	size_t len = 0;
	const char *at = next_line(c) ? rest_of(c, "box", &len) : NULL;
	if (!at || len != 32 + 1 + 64 + 1 + 64 || at[32] != ' ' || at[97] != ' ' ||
	    !take_hex(at, b->device, 16) || !take_hex(at + 33, b->sign_public, 32) ||
	    !take_hex(at + 98, b->box_public, 32))
		return evidence_wrong(c, "here belongs 'box', its id and its two public keys");
	device_id(b->sign_public, b->box_public, id);
	if (memcmp(id, b->device, sizeof(id)) != 0)
		return evidence_wrong(c, "these are not the keys of the box that is named");
	return 0;
}

/* "2026-11-23" by way of the line that such a day would be in. */
static bool take_day(const char *at, int32_t *out)
{
	char line[EVIDENCE_LINE_ROOM];
	struct evidence_row row;
	int n = snprintf(line, sizeof(line), "1 %.10sT00:00Z 1 - - 60 0 0 0 - 0 0 0 0", at);
	if (evidence_read(line, (size_t)n, &row))
		return false;
	*out = (int32_t)(row.minute / 1440);
	return true;
}

static int read_times(struct evidence_check *c)
{
	struct evidence_report *r = c->report;
	size_t len = 0;
	const char *at = next_line(c) ? rest_of(c, "days", &len) : NULL;
	if (!at || len != 21 || at[10] != ' ' || !take_day(at, &r->from) ||
	    !take_day(at + 11, &r->until) || r->from > r->until)
		return evidence_wrong(c, "here belongs 'days' and the first and the last of them");
	at = next_line(c) ? rest_of(c, "made", &len) : NULL;
	int32_t day = 0;
	char text[21], again[21];
	unsigned h = 0, m = 0, s = 0;
	if (at && len == 20) {
		memcpy(text, at, 20);
		text[20] = '\0';
		if (take_day(at, &day) && sscanf(text + 10, "T%2u:%2u:%2uZ", &h, &m, &s) == 3) {
			r->made_s = (int64_t)day * 86400 + h * 3600 + m * 60 + s;
			clock_iso(r->made_s, again);
			if (strcmp(text, again) == 0)
				return 0;
		}
	}
	return evidence_wrong(c, "here belongs 'made' and when that was");
}

static int read_head(struct evidence_check *c)
{
	size_t len = 0;
	if (!next_line(c) || !line_is(c, title))
		return evidence_wrong(c, "this is no file of evidence, or of another version");
	for (size_t i = 0; i < LEGEND; i++)
		if (!next_line(c) || !line_is(c, legend[i]))
			return evidence_wrong(c, "what says what the columns are was changed");
	int r = read_box(c);
	if (!r)
		r = read_times(c);
	if (r)
		return r;
	const char *at = next_line(c) ? rest_of(c, "begins", &len) : NULL;
	if (!at || len != 2 * EVIDENCE_HEAD_BYTES || !take_hex(at, c->head, EVIDENCE_HEAD_BYTES))
		return evidence_wrong(c, "here belongs 'begins' and the head before the first "
					 "minute");
	memcpy(c->begins, c->head, sizeof(c->begins));
	return 0;
}

/* --- the minutes ------------------------------------------------------------------------------ */

static int sum_of(struct evidence_check *c, const struct evidence_row *row, size_t *out)
{
	struct evidence_report *r = c->report;
	size_t i = 0;
	while (i < r->uplink_count && strcmp(r->uplinks[i].name, row->name) != 0)
		i++;
	if (i == EVIDENCE_UPLINKS)
		return evidence_wrong(c, "more than %d lines of one box", (int)EVIDENCE_UPLINKS);
	if (i == r->uplink_count) {
		struct evidence_sum *sum = &r->uplinks[r->uplink_count++];
		memcpy(sum->name, row->name, sizeof(sum->name));
	}
	memcpy(r->uplinks[i].kind, row->kind, sizeof(row->kind));
	*out = i;
	return 0;
}

/* How many of the row's minutes lie in the days that were asked for. */
static uint64_t minutes_asked(const struct evidence_report *r, const struct evidence_row *row)
{
	int64_t from = (int64_t)r->from * 1440, until = ((int64_t)r->until + 1) * 1440;
	int64_t first = row->minute > from ? row->minute : from;
	int64_t last = row->minute + row->count < until ? row->minute + row->count : until;
	return last > first ? (uint64_t)(last - first) : 0;
}

static int keep_row(struct evidence_check *c, const struct evidence_row *row)
{
	size_t sum = 0;
	int r = sum_of(c, row, &sum);
	if (r)
		return r;
	if (row->minute < c->ends[sum].minute)
		return evidence_wrong(c, "minutes of '%s' that are there already", row->name);
	c->ends[sum].minute = row->minute + row->count;
	if (c->row_count == c->row_room) {
		size_t room = c->row_room ? 2 * c->row_room : 1024;
		struct evidence_point *more = realloc(c->rows, room * sizeof(*more));
		if (!more)
			return fault_set(c->why, -ENOMEM, "memory", "out of memory");
		c->rows = more;
		c->row_room = room;
	}
	struct evidence_point *p = &c->rows[c->row_count++];
	*p = (struct evidence_point){ .last = row->number + row->count - 1,
				      .end_s = (row->minute + row->count) * 60,
				      .asked = minutes_asked(c->report, row),
				      .uplink = sum };
	memcpy(p->head, c->head, sizeof(p->head));
	for (int i = 0; i < EVIDENCE_CLASSES; i++)
		c->report->uplinks[sum].seconds[i] += p->asked * row->seconds[i];
	c->report->uplinks[sum].minutes += p->asked;
	c->report->minutes += p->asked;
	return 0;
}

static int read_row(struct evidence_check *c)
{
	enum { TAIL = 1 + 2 * EVIDENCE_CHECK_BYTES };
	struct evidence_row row;
	uint8_t check[EVIDENCE_CHECK_BYTES];
	size_t len = c->line_len > TAIL ? c->line_len - TAIL : 0;
	if (!len || c->line[len] != ' ' || evidence_read(c->line, len, &row) ||
	    !take_hex(c->line + len + 1, check, sizeof(check)))
		return evidence_wrong(c, "this is no minute as a box writes it");
	int64_t want = c->row_count ? c->rows[c->row_count - 1].last + 1 : row.number;
	if (row.number > want)
		return evidence_wrong(c, "minutes number %" PRId64 " to %" PRId64 " are missing",
				      want, row.number - 1);
	if (row.number < want)
		return evidence_wrong(c,
				      "a minute that does not belong here: number %" PRId64
				      " where %" PRId64 " follows",
				      row.number, want);
	c->first = c->row_count ? c->first : row.number;
	evidence_link(c->head, c->line, len, c->head);
	if (memcmp(check, c->head, sizeof(check)) != 0) {
		char at[EVIDENCE_TIME_ROOM];
		evidence_time(row.minute, at);
		return evidence_wrong(c,
				      "number %" PRId64 " (%s, %s) is not what the box wrote, or "
				      "what follows line %zu is not",
				      row.number, row.name, at, c->line_number - 1);
	}
	return keep_row(c, &row);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* "end LINES PROOFS RECEIPTS", and nothing behind it. */
static int read_end(struct evidence_check *c)
{
	char want[80];
	snprintf(want, sizeof(want), "end %zu %zu %zu", c->row_count, c->report->proofs,
		 c->report->receipts);
	if (!line_is(c, want))
		return evidence_wrong(c, "here belongs '%s'; lines or proofs were left out", want);
	if (c->at != c->end) {
		c->line_number++;
		return evidence_wrong(c, "something follows the end");
	}
	return 0;
}

static bool begins(const struct evidence_check *c, const char *word)
{
	size_t len = 0;
	return rest_of(c, word, &len) != NULL;
}

static int read_all(struct evidence_check *c)
{
	int r = read_head(c);
	bool there = !r && next_line(c);
	for (; !r && there && c->line_len && c->line[0] >= '0' && c->line[0] <= '9';
	     there = !r && next_line(c))
		r = read_row(c);
	while (!r && there && begins(c, "proof")) {
		size_t len = 0;
		const char *envelope = rest_of(c, "proof", &len);
		struct evidence_blob pair[2] = { { envelope, len }, { NULL, 0 } };
		size_t line_number = c->line_number;
		there = next_line(c);
		if (there)
			pair[1].text = rest_of(c, "receipt", &pair[1].len);
		/* What is wrong is told of the line on which it stands. */
		c->line_number = line_number;
		r = evidence_proof(c, &pair[0], pair[1].text ? &pair[1] : NULL);
		c->line_number = r ? c->line_number : line_number + 1;
		if (!r && pair[1].text)
			there = next_line(c);
	}
	if (r)
		return r;
	if (!there)
		return evidence_wrong(c, "the text breaks off here");
	return read_end(c);
}

bool evidence_is_whole(const struct evidence_report *r)
{
	return r->signed_lines && !r->unsigned_minutes && r->minutes == r->days_minutes;
}

int evidence_file_check(const char *text, size_t len, evidence_open_fn open, void *data,
			struct evidence_report *out, struct fault *why)
{
	*out = (struct evidence_report){ 0 };
	struct evidence_check c = {
		.at = text, .end = text + len, .report = out, .open = open, .data = data, .why = why
	};
	int r = read_all(&c);
	if (!r)
		evidence_settle(&c);
	out->lines = c.row_count;
	free(c.rows);
	return r;
}
