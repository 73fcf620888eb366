// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/record/evidence_kit.h"

enum { FIRST = 8 /* the text's line with the first minute */ };

CLEAN_FN(sheet, struct sheet, sheet_free)

static struct evidence_report good(struct sheet *s, evidence_open_fn open)
{
	struct evidence_report r;
	struct fault why = { 0 };
	if (evidence_file_check(s->text, s->len, open, s, &r, &why))
		fail_msg("%s\n%s", why.text, s->text);
	assert_int_equal(r.wrong_line, 0);
	return r;
}

static void bad(const char *text, size_t len, struct sheet *s, size_t line, const char *said)
{
	struct evidence_report r;
	struct fault why = { 0 };
	assert_int_equal(evidence_file_check(text, len, sheet_open, s, &r, &why), -EBADMSG);
	if (r.wrong_line != line || !strstr(why.text, said))
		fail_msg("line %zu, \"%s\" wanted; said: %s", line, said, why.text);
}

static void says_what_is_countersigned(void **state)
{
	(void)state;
	CLEANUP(clean_sheet) struct sheet *s = sheet_new();
	struct evidence_report r = good(s, sheet_open);
	assert_int_equal(r.lines, SHEET_LINES);
	assert_int_equal(r.proofs, 4);
	assert_int_equal(r.receipts, 3);
	assert_int_equal(r.signed_lines, 7);
	assert_string_equal(r.school, "TN-0042");
	assert_int_equal(r.from, SHEET_DAY);
	assert_int_equal(r.until, SHEET_DAY);
	assert_int_equal(r.made_s, (int64_t)(SHEET_DAY + 1) * 86400 + 3661);
	assert_int_equal(r.minutes, 37);
	assert_int_equal(r.days_minutes, 2 * 1440);
	assert_int_equal(r.unsigned_minutes, 1);
	assert_int_equal(r.signed_until, s->rows[6].minute + 30);
	/* The line before the run of 30 minutes waited for its end, and five minutes for the receipt. */
	assert_int_equal(r.latest_s, 300 + 30 * 60);
	assert_int_equal(r.ahead, 0);
	assert_int_equal(r.uplink_count, 2);
	assert_string_equal(r.uplinks[0].name, "adsl");
	assert_string_equal(r.uplinks[1].kind, "mobile");
	assert_int_equal(r.uplinks[0].seconds[EVIDENCE_UP], 33 * 60 - 10);
	assert_int_equal(r.uplinks[0].seconds[EVIDENCE_DOWN], 10);
	assert_int_equal(r.uplinks[0].minutes, 33);
	assert_int_equal(r.uplinks[0].signed_minutes, 33);
	assert_int_equal(r.uplinks[1].minutes, 4);
	assert_int_equal(r.uplinks[1].signed_minutes, 3);

	/* Without a key nothing is proved, but the box's own word is held to itself. */
	r = good(s, NULL);
	assert_int_equal(r.signed_lines, 0);
	assert_int_equal(r.unsigned_minutes, 37);
	assert_string_equal(r.school, "");
}

/* Only what lies in the days that were asked for is added up; a run may reach out of them. */
static void counts_the_days_asked_for(void **state)
{
	(void)state;
	CLEANUP(clean_sheet) struct sheet *s = sheet_new();
	s->rows[6].count = 2000;
	s->rows[7].number = s->rows[6].number + 2000;
	sheet_again(s);
	struct evidence_report r = good(s, sheet_open);
	assert_int_equal(r.uplinks[0].minutes, 3 + 1440 - 603);
	assert_int_equal(r.uplinks[1].minutes, 4);
	assert_int_equal(r.days_minutes, 2 * 1440);
}

/* A sheet in which nothing of its day is missing: both lines in rows of 600, 1, 1 and 838 minutes. */
static struct sheet *whole_day(void)
{
	static const struct {
		int minute;
		uint32_t count;
	} rows[] = { { 0, 600 }, { 600, 1 }, { 601, 1 }, { 602, 838 } };
	struct sheet *s = sheet_new();
	for (int i = 0; i < SHEET_LINES; i++) {
		struct evidence_row *r = &s->rows[i];
		r->number = i ? s->rows[i - 1].number + s->rows[i - 1].count : 100;
		r->minute = (int64_t)SHEET_DAY * 1440 + rows[i / 2].minute;
		r->count = rows[i / 2].count;
	}
	sheet_again(s);
	return s;
}

/* Who cuts something off at an end changes nothing that is left: it must show that the days are not all there. */
static void counts_what_is_not_there(void **state)
{
	(void)state;
	CLEANUP(clean_sheet) struct sheet *s = whole_day();
	struct evidence_report r = good(s, sheet_open);
	assert_int_equal(r.minutes, 2 * 1440);
	assert_int_equal(r.days_minutes, 2 * 1440);
	static const struct {
		const char *what;
		struct sheet_part part;
		uint64_t minutes, days_minutes;
	} rows[] = {
		{ "all", { 0, 8, 0, 4, -1 }, 2880, 2880 },
		{ "one row less at the beginning", { 1, 8, 0, 4, -1 }, 2280, 2880 },
		{ "two, up to a head", { 2, 8, 0, 4, -1 }, 1680, 2880 },
		{ "two, without the proof of them", { 2, 8, 1, 4, -1 }, 1680, 2880 },
		{ "five, with the later proofs", { 5, 8, 3, 4, -1 }, 838 * 2 + 1, 2880 },
		{ "what is not countersigned", { 0, 7, 0, 4, -1 }, 2042, 2880 },
		{ "the end with its proof", { 0, 5, 0, 3, -1 }, 1203, 2880 },
		{ "both ends", { 2, 5, 1, 3, -1 }, 3, 2880 },
		{ "a whole line", { 7, 8, 4, 4, -1 }, 838, 1440 },
		{ "everything", { 3, 3, 4, 4, -1 }, 0, 1440 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sheet_write_part(s, &rows[i].part);
		r = good(s, sheet_open);
		if (r.minutes != rows[i].minutes || r.days_minutes != rows[i].days_minutes)
			fail_msg("%s: %d of %d", rows[i].what, (int)r.minutes, (int)r.days_minutes);
	}
}

/* Whole is what is there and countersigned; behind the day there may be minutes that are not. */
static void knows_a_whole_day(void **state)
{
	(void)state;
	CLEANUP(clean_sheet) struct sheet *s = whole_day();
	struct evidence_report r = good(s, sheet_open);
	assert_false(evidence_is_whole(&r));
	s->rows[5].count += s->rows[7].count;
	s->rows[6].number = s->rows[5].number + s->rows[5].count;
	s->rows[7].number = s->rows[6].number + s->rows[6].count;
	s->rows[7].minute += s->rows[7].count;
	sheet_again(s);
	r = good(s, sheet_open);
	assert_true(evidence_is_whole(&r));
	assert_int_equal(r.earlier, 99);
	r = good(s, NULL);
	assert_false(evidence_is_whole(&r));
	const struct sheet_part part = { 1, 8, 0, 4, -1 };
	sheet_write_part(s, &part);
	r = good(s, sheet_open);
	assert_int_equal(r.unsigned_minutes, 0);
	assert_int_equal(r.earlier, 99 + 600);
	assert_false(evidence_is_whole(&r));
}

/* Inside: a chain without a gap whose box had no minutes for an hour; and a line that was there later only. */
static void counts_holes_inside(void **state)
{
	(void)state;
	CLEANUP(clean_sheet) struct sheet *s = whole_day();
	s->rows[7].minute += 60;
	s->rows[7].count -= 60;
	sheet_again(s);
	struct evidence_report r = good(s, sheet_open);
	assert_int_equal(r.minutes, 2880 - 60);
	assert_int_equal(r.days_minutes, 2880);
	s->rows[7].minute += 1440;
	snprintf(s->rows[7].name, sizeof(s->rows[7].name), "satellite");
	sheet_again(s);
	r = good(s, sheet_open);
	assert_int_equal(r.minutes, 1440 + 602);
	assert_int_equal(r.days_minutes, 3 * 1440);
	assert_int_equal(r.uplinks[2].minutes, 0);
}

/* The text with line `number` replaced; NULL: taken out; `twice`: put in again behind itself. */
static char *edited(const char *text, size_t number, const char *instead)
{
	char *out = NULL;
	size_t len = 0, n = 1;
	FILE *to = open_memstream(&out, &len);
	for (const char *at = text; *at; n++) {
		const char *end = strchr(at, '\n') + 1;
		if (n != number)
			fwrite(at, 1, (size_t)(end - at), to);
		else if (instead)
			fputs(instead, to);
		at = end;
	}
	fclose(to);
	return out;
}

static char *line_of(const char *text, size_t number)
{
	for (size_t n = 1; n < number; n++)
		text = strchr(text, '\n') + 1;
	return strndup(text, (size_t)(strchr(text, '\n') + 1 - text));
}

/* Somebody edits the text and no more. */
static void finds_each_edit_at_its_line(void **state)
{
	(void)state;
	CLEANUP(clean_sheet) struct sheet *s = sheet_new();
	static const struct {
		size_t line;
		const char *from,
			*to; /* within the line; NULL `to`: the line goes; `from` "": it stands twice */
		size_t wrong;
		const char *said;
	} rows[] = {
		{ 1, "evidence 1", "evidence 2", 1, "no file of evidence" },
		{ 2, "seconds", "minutes", 2, "was changed" },
		{ 4, "box ", "box 0", 4, "here belongs 'box'" },
		{ 5, "days ", "day ", 5, "here belongs 'days'" },
		{ 6, "made ", "made 1", 6, "here belongs 'made'" },
		{ 7, "1111", "1112", FIRST, "number 100 (adsl" },
		{ FIRST, "1000", "1001", FIRST, "is not what the box wrote" },
		{ FIRST + 4, " 50 10 ", " 60 0 ", FIRST + 4, "number 104 (adsl" },
		{ FIRST + 4, " 50 10 ", " 60 10 ", FIRST + 4, "no minute as a box writes it" },
		{ FIRST + 4, "ISP", "hub", FIRST + 4, "is not what the box wrote" },
		{ FIRST + 3, NULL, NULL, FIRST + 3, "number 103 to 103 are missing" },
		{ FIRST + 6, NULL, NULL, FIRST + 6, "number 106 to 135 are missing" },
		{ FIRST + 7, NULL, NULL, FIRST + 11 + 3, "here belongs 'end 7 4 3'" },
		{ FIRST + 3, "", NULL, FIRST + 4, "does not belong here" },
		{ FIRST + 8, NULL, NULL, FIRST + 8, "here belongs 'end" },
		{ FIRST + 9, NULL, NULL, FIRST + 14, "lines or proofs were left out" },
		{ FIRST + 10, NULL, NULL, FIRST + 10, "does not follow" },
		{ FIRST + 8, "", NULL, FIRST + 9, "does not follow" },
		{ FIRST + 15, NULL, NULL, FIRST + 15, "breaks off" },
		{ FIRST + 15, "", NULL, FIRST + 16, "something follows" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *line = line_of(s->text, rows[i].line);
		char other[4096] = "";
		if (rows[i].from && rows[i].to) {
			char *at = strstr(line, rows[i].from);
			assert_non_null(at);
			snprintf(other, sizeof(other), "%.*s%s%s", (int)(at - line), line,
				 rows[i].to, at + strlen(rows[i].from));
		} else if (rows[i].from) {
			snprintf(other, sizeof(other), "%s%s", line, line);
		}
		AUTO_FREE char *text = edited(s->text, rows[i].line, rows[i].from ? other : NULL);
		bad(text, strlen(text), s, rows[i].wrong, rows[i].said);
	}
}

/* No byte of the text can be another, and no end of it be missing. */
static void finds_every_flipped_byte(void **state)
{
	(void)state;
	CLEANUP(clean_sheet) struct sheet *s = whole_day();
	struct evidence_report r;
	size_t proofs = (size_t)(strstr(s->text, "\nproof ") - s->text);
	for (size_t i = 0; i < s->len; i += i < proofs ? 1 : 13) {
		char whole = s->text[i];
		s->text[i] ^= proofs < i && i % 2 ? (char)0x80 : 1;
		/* When it was made is the box's word; other days are not all there. */
		size_t line = 1;
		for (size_t k = 0; k < i; k++)
			line += s->text[k] == '\n';
		int got = evidence_file_check(s->text, s->len, sheet_open, s, &r, NULL);
		if (line == 5 && got == 0)
			assert_true(r.minutes < r.days_minutes);
		else if (line != 6)
			assert_int_equal(got, -EBADMSG);
		s->text[i] = whole;
	}
	for (size_t len = 0; len < s->len; len += 11)
		assert_int_equal(evidence_file_check(s->text, len, sheet_open, s, &r, NULL),
				 -EBADMSG);
}

/* Somebody who has the program, too: all checks are made anew. What was countersigned holds. */
static void finds_a_past_that_was_written_anew(void **state)
{
	(void)state;
	struct sheet *s = sheet_new();
	s->rows[4].seconds[EVIDENCE_UP] = 60;
	s->rows[4].seconds[EVIDENCE_DOWN] = 0;
	s->rows[4].fault[0] = '\0';
	sheet_write(s, SHEET_LINES, -1);
	bad(s->text, s->len, s, FIRST + 11, "something from number 103 to 104 was changed");
	sheet_free(s);

	/* Cut off at the end, with the numbers put right. */
	s = sheet_new();
	sheet_write(s, 5, -1);
	bad(s->text, s->len, s, FIRST + 5 + 5, "up to number 135, which are missing at the end");
	sheet_free(s);

	/* A report that does not fit is left out. */
	s = sheet_new();
	sheet_write(s, SHEET_LINES, 1);
	bad(s->text, s->len, s, FIRST + 8 + 2, "report 13 does not follow report 11");
	sheet_free(s);

	/* Behind the last countersignature it is the box's word. */
	s = sheet_new();
	s->rows[7].seconds[EVIDENCE_UP] = 0;
	s->rows[7].seconds[EVIDENCE_DOWN] = 60;
	sheet_write(s, SHEET_LINES, -1);
	struct evidence_report r = good(s, sheet_open);
	assert_int_equal(r.signed_lines, 7);
	assert_int_equal(r.uplinks[1].signed_minutes, 3);
	sheet_free(s);
}

static void finds_exchanged_receipts(void **state)
{
	(void)state;
	struct sheet *s = sheet_new();
	char *kept = s->receipts[0];
	s->receipts[0] = s->receipts[2];
	s->receipts[2] = kept;
	sheet_write(s, SHEET_LINES, -1);
	bad(s->text, s->len, s, FIRST + 9, "not for the report above it");
	sheet_free(s);

	/* Signed by somebody else. */
	s = sheet_new();
	uint8_t hash[32] = { 0 };
	struct signed_key other = kit_key(3);
	free(s->receipts[2]);
	s->receipts[2] = sheet_receipt(s, &other, 13, hash, 1795000000);
	sheet_write(s, SHEET_LINES, -1);
	bad(s->text, s->len, s, FIRST + 12, "not the hub's signature");
	sheet_free(s);

	/* Another box's keys: its reports are not signed with them. */
	s = sheet_new();
	s->device = kit_key(4);
	memcpy(s->box.sign_public, s->device.public_key, 32);
	device_id(s->box.sign_public, s->box.box_public, s->box.device);
	sheet_write(s, SHEET_LINES, -1);
	bad(s->text, s->len, s, FIRST + 8, "not signed by the key of this box");
	sheet_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_countersigned),
		cmocka_unit_test(counts_the_days_asked_for),
		cmocka_unit_test(counts_what_is_not_there),
		cmocka_unit_test(knows_a_whole_day),
		cmocka_unit_test(counts_holes_inside),
		cmocka_unit_test(finds_each_edit_at_its_line),
		cmocka_unit_test(finds_every_flipped_byte),
		cmocka_unit_test(finds_a_past_that_was_written_anew),
		cmocka_unit_test(finds_exchanged_receipts),
	};
	return cmocka_run_group_tests_name("record/evidence_file", tests, NULL, NULL);
}
