// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/evidence_view.h"
#include "firmware/ctl/wasl.h"
#include "firmware/record/envelope.h"
#include "firmware/record/trust.h"
#include "firmware/record/trust_dir.h"

/* Of --verify, beside those of every command: what the file is worth. */
enum { EVIDENCE_PARTLY = 3, EVIDENCE_IS_WRONG = 4 };
enum { PAGE = 1000, KEYS_MAX = 16, KEY_LIMIT_BYTES = 1 << 20, DAY_TEXT = 10 };

CLEAN_FN(json, json_t, json_decref)
CLEAN_FN(trust, struct trust, trust_free)

/* --- writing one ------------------------------------------------------------------------------ */

struct book {
	struct evidence_box box;
	int32_t from, until;
	int64_t first, last; /* numbers of the days' minutes */
	json_t *proofs;
	char *text;
	size_t len;
	size_t lines, receipts;
	int64_t next; /* number of the minute that follows; 0 before the first */
	uint8_t head[EVIDENCE_HEAD_BYTES];
};

static void book_done(struct book *b)
{
	json_decref(b->proofs);
	free(b->text);
}

static int strange(const char *program, struct fault *why)
{
	return fault_set(why, -EBADMSG, "ctl.answer",
			 "wasl-%s gave an answer that this program does not understand", program);
}

/* "2026-11-23" is the day of a line that begins then. */
int wasl_evidence_day(const char *text, int32_t *out, struct fault *why)
{
	char line[EVIDENCE_LINE_ROOM];
	struct evidence_row row;
	int n = snprintf(line, sizeof(line), "1 %.20sT00:00Z 1 - - 60 0 0 0 - 0 0 0 0", text);
	if (strlen(text) != DAY_TEXT || evidence_read(line, (size_t)n, &row))
		return fault_set(why, -EINVAL, "evidence.day",
				 "'%s' is no day; write it as 2026-11-23", text);
	*out = (int32_t)(row.minute / 1440);
	return 0;
}

static int ask_box(struct book *b, struct fault *why)
{
	CLEANUP(clean_json) json_t *who = NULL;
	int r = ask_json("agentd", "GET", "/v1/identity", ASK_TIMEOUT_MS, &who, why);
	if (r)
		return r;
	if (text_unhex(view_text(who, "device"), b->box.device, 16) ||
	    text_unhex(view_text(who, "sign_public"), b->box.sign_public, 32) ||
	    text_unhex(view_text(who, "box_public"), b->box.box_public, 32))
		return strange("agentd", why);
	return 0;
}

static int ask_range(struct book *b, struct fault *why)
{
	char target[96], from[11], until[11];
	CLEANUP(clean_json) json_t *chain = NULL;
	snprintf(target, sizeof(target), "/v1/chain?from=%d&until=%d", b->from, b->until);
	int r = ask_json("netmgrd", "GET", target, ASK_TIMEOUT_MS, &chain, why);
	if (r)
		return r;
	b->first = view_int(chain, "first", 0);
	b->last = view_int(chain, "last", 0);
	clock_day_text(b->from, from);
	clock_day_text(b->until, until);
	if (b->first < 1 || b->last < b->first)
		return fault_set(why, -ENOENT, "evidence.none",
				 "the book of this box has no chained minute from %s to %s", from,
				 until);
	return 0;
}

/* All envelopes that prove these minutes. */
static int ask_proofs(struct book *b, struct fault *why)
{
	b->proofs = json_array();
	for (int64_t after = 0;;) {
		char target[128];
		CLEANUP(clean_json) json_t *answer = NULL;
		snprintf(target, sizeof(target),
			 "/v1/proofs?from=%" PRId64 "&until=%" PRId64 "&after=%" PRId64, b->first,
			 b->last, after);
		int r = ask_json("agentd", "GET", target, ASK_TIMEOUT_MS, &answer, why);
		if (r)
			return r;
		const json_t *rows = json_object_get(answer, "rows");
		size_t n = json_array_size(rows);
		if (n == 0)
			return 0;
		int64_t cursor = view_int(json_array_get(rows, n - 1), "cursor", 0);
		if (cursor <= after)
			return strange("agentd", why);
		if (!b->proofs || json_array_extend(b->proofs, json_object_get(answer, "rows")))
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		after = cursor;
	}
}

/* The last minute that one of them knows of: lines go on up to there. */
static int64_t proved_through(const struct book *b)
{
	int64_t through = b->last;
	size_t i;
	json_t *row;
	json_array_foreach (b->proofs, i, row) {
		AUTO_FREE void *bytes = NULL;
		size_t len = 0, total = 0;
		struct envelope_header h;
		if (text_unbase64(view_text(row, "envelope"), &bytes, &len) == 0 &&
		    envelope_peek(bytes, len, &h, &total, NULL) == 0 &&
		    (int64_t)h.minutes_through > through)
			through = (int64_t)h.minutes_through;
	}
	return through;
}

static int put_links(struct book *b, const json_t *rows, int64_t through, FILE *to,
		     struct fault *why)
{
	size_t i;
	json_t *row;
	json_array_foreach (rows, i, row) {
		int64_t number = view_int(row, "cursor", 0), count = view_int(row, "count", 0);
		const char *line = view_text(row, "line");
		uint8_t before[EVIDENCE_HEAD_BYTES];
		if (number > through)
			return 0;
		if (number < 1 || count < 1 || (b->next && number < b->next) ||
		    text_unhex(view_text(row, "before"), before, sizeof(before)))
			return strange("netmgrd", why);
		if (!b->next)
			evidence_file_head(to, &b->box, b->from, b->until, clock_wall_s(), before);
		/* Where the disk has lost a row, --verify says so: here it is written as it stands. */
		memcpy(b->head, before, sizeof(before));
		evidence_file_line(to, line, b->head);
		b->lines++;
		b->next = number + count;
	}
	return 0;
}

static int put_lines(struct book *b, FILE *to, struct fault *why)
{
	int64_t through = proved_through(b);
	while (!b->next || b->next <= through) {
		char target[96];
		CLEANUP(clean_json) json_t *answer = NULL;
		int64_t before = b->next;
		snprintf(target, sizeof(target), "/v1/links?after=%" PRId64 "&limit=%d",
			 b->next ? b->next - 1 : b->first - 1, PAGE);
		int r = ask_json("netmgrd", "GET", target, ASK_TIMEOUT_MS, &answer, why);
		if (!r)
			r = put_links(b, json_object_get(answer, "rows"), through, to, why);
		if (r)
			return r;
		if (b->next == before)
			break;
	}
	return b->next ? 0 : strange("netmgrd", why);
}

static void put_proofs(struct book *b, FILE *to)
{
	size_t i;
	json_t *row;
	json_array_foreach (b->proofs, i, row) {
		const char *receipt = json_string_value(json_object_get(row, "receipt"));
		evidence_file_proof(to, view_text(row, "envelope"), receipt);
		b->receipts += receipt != NULL;
	}
	evidence_file_end(to, b->lines, json_array_size(b->proofs), b->receipts);
}

static int collect(struct book *b, struct fault *why)
{
	int r = ask_box(b, why);
	if (!r)
		r = ask_range(b, why);
	if (!r)
		r = ask_proofs(b, why);
	if (r)
		return r;
	FILE *to = open_memstream(&b->text, &b->len);
	if (!to)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	r = put_lines(b, to, why);
	if (!r)
		put_proofs(b, to);
	if (fclose(to) != 0 && !r)
		r = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (!r && b->len > EVIDENCE_FILE_LIMIT_BYTES)
		r = fault_set(
			why, -EFBIG, "evidence.big",
			"evidence of %zu MB is more than one file may have; ask for fewer days",
			b->len >> 20);
	return r;
}

static int write_out(const char *from, const char *until, const char *out)
{
	CLEANUP(book_done) struct book b = { 0 };
	struct fault why = { 0 };
	if (wasl_evidence_day(from, &b.from, &why) ||
	    wasl_evidence_day(until ? until : from, &b.until, &why))
		return wasl_misused("%s", why.text);
	if (b.from > b.until)
		return wasl_misused("--from %s is after --to %s", from, until);
	int r = collect(&b, &why);
	if (!r && out)
		r = fileio_replace(out, b.text, b.len, 0644, &why);
	if (r)
		return wasl_failed(&why);
	if (!out)
		fwrite(b.text, 1, b.len, stdout);
	else
		printf("%s: %zu lines, %zu reports, %zu receipts\n", out, b.lines,
		       json_array_size(b.proofs), b.receipts);
	return WASL_GOOD;
}

/* --- checking one ----------------------------------------------------------------------------- */

/* Whom a receipt has to be signed by: keys, or a root record, or the roots that this box keeps. */
struct judge {
	uint8_t keys[KEYS_MAX][32];
	size_t count;
	struct trust *trust;
};

static void judge_done(struct judge *j)
{
	trust_free(j->trust);
}

static int open_by_key(void *data, const void *record, size_t len, const void **body,
		       size_t *body_len, struct fault *why)
{
	const struct judge *j = data;
	struct signed_view view;
	if (j->trust)
		return trust_check(j->trust, SIGNED_RECEIPT, record, len, body, body_len, why);
	int r = signed_open(record, len, SIGNED_RECEIPT, &view, why);
	if (r)
		return r;
	if (!signed_count_good(&view, j->keys, j->count))
		return fault_set(why, -EKEYREJECTED, "evidence.key",
				 "this receipt is not signed with the key that --key names");
	*body = view.body;
	*body_len = view.body_len;
	return 0;
}

static int open_by_roots(void *data, const void *record, size_t len, const void **body,
			 size_t *body_len, struct fault *why)
{
	(void)data;
	return trust_dir_recheck(SIGNED_RECEIPT, record, len, body, body_len, why);
}

/* 64 hexadecimal digits a line, or a root record. */
static int read_keys(const char *path, struct judge *j, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int r = fileio_read(path, KEY_LIMIT_BYTES, &bytes, &len, why);
	if (r)
		return r;
	if (len > 4 && memcmp(bytes, "WSLR", 4) == 0)
		return trust_open(bytes, len, &j->trust, why);
	char *rest = NULL;
	for (char *word = strtok_r(bytes, " \t\r\n", &rest); word;
	     word = strtok_r(NULL, " \t\r\n", &rest)) {
		if (j->count == KEYS_MAX || text_unhex(word, j->keys[j->count], 32)) {
			j->count = 0;
			break;
		}
		j->count++;
	}
	return j->count ? 0
			: fault_set(why, -EINVAL, "evidence.key",
				    "'%s' holds neither keys of 64 hexadecimal digits (waslhub key "
				    "show receipt) nor a root record",
				    path);
}

/* Who checks receipts; NULL: nobody can. */
static int choose_judge(const char *key, struct judge *j, evidence_open_fn *out, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *roots = NULL;
	if (key) {
		*out = open_by_key;
		return read_keys(key, j, why);
	}
	*out = trust_dir_open(&roots, NULL) == 0 ? open_by_roots : NULL;
	return 0;
}

static int verify(const struct wasl *w, const char *path, const char *key)
{
	CLEANUP(judge_done) struct judge j = { 0 };
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	evidence_open_fn open = NULL;
	struct evidence_report report;
	struct fault why = { 0 };
	int r = fileio_read(path, EVIDENCE_FILE_LIMIT_BYTES, &text, &len, &why);
	if (!r)
		r = choose_judge(key, &j, &open, &why);
	if (r)
		return wasl_failed(&why);
	r = evidence_file_check(text, len, open, &j, &report, &why);
	if (r) {
		fprintf(stderr, "wasl: '%s' is wrong: %s\n", path, why.text);
		return report.wrong_line ? EVIDENCE_IS_WRONG : WASL_FAILED;
	}
	if (w->form == WASL_JSON) {
		CLEANUP(clean_json) json_t *answer = evidence_view_json(&report);
		wasl_show_json(answer);
	} else {
		evidence_view(&report, open ? EVIDENCE_VIEW_KEY : EVIDENCE_VIEW_NO_KEY, &w->view,
			      stdout);
	}
	return evidence_is_whole(&report) ? WASL_GOOD : EVIDENCE_PARTLY;
}

/* --- the command ------------------------------------------------------------------------------ */

static void usage(FILE *to)
{
	fputs("usage: wasl net evidence --from DAY [--to DAY] [--out FILE]\n"
	      "       wasl net evidence --verify FILE [--key FILE]\n\n"
	      "  --from DAY       the first day (UTC), 2026-11-23\n"
	      "  --to DAY         the last one; else the first\n"
	      "  --out FILE       where it is written; else it is shown\n"
	      "  --verify FILE    checks one, without asking anybody\n"
	      "  --key FILE       the hub's receipt key (waslhub key show receipt) or a root "
	      "record;\n"
	      "                   else the roots that this box keeps\n",
	      to);
}

int wasl_evidence(const struct wasl *w, int argc, char **argv)
{
	const char *from = NULL, *until = NULL, *out = NULL, *file = NULL, *key = NULL;
	const struct commands_option options[] = {
		{ "from", &from, NULL },   { "to", &until, NULL }, { "out", &out, NULL },
		{ "verify", &file, NULL }, { "key", &key, NULL },
	};
	struct wasl mine = *w;
	int r = commands_options(options, ARRAY_LEN(options), usage, &mine, &argc, &argv);
	if (r != COMMANDS_GO_ON)
		return r;
	if (argc)
		return wasl_misused("'%s' is too much for 'net evidence'", argv[0]);
	if (file && (from || until || out))
		return wasl_misused("--verify takes --key and nothing else");
	if (file)
		return verify(&mine, file, key);
	if (!from || key)
		return wasl_misused("'net evidence' needs --from DAY, or --verify FILE");
	if (mine.form == WASL_JSON)
		return wasl_misused("evidence has one form, which is not JSON; --verify knows it");
	return write_out(from, until, out);
}
