// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/record/evidence_file.h"

#include <errno.h>

#include "firmware/base/text.h"
#include "firmware/record/device.h"
#include "firmware/record/envelope.h"
#include "firmware/record/report.pb.h"
#include "tests/unit/record/kit.h"

/* A file of evidence as a box would make it, and the hub that countersigns it. Always the same bytes but for the seals. */
enum { SHEET_LINES = 8, SHEET_PROOFS = 4, SHEET_DAY = 20785 };

struct sheet {
	struct signed_key device, hub;
	struct evidence_box box;
	struct evidence_row rows[SHEET_LINES];
	uint8_t begins[32], heads[SHEET_LINES][32];
	char *envelopes[SHEET_PROOFS], *receipts[SHEET_PROOFS];
	char *text;
	size_t len;
};

/* Of which line each report knew, counted from 1, and whether it got a receipt of its own. */
static const struct {
	int lines, receipt;
} sheet_proofs[SHEET_PROOFS] = { { 2, 1 }, { 3, 0 }, { 5, 1 }, { 7, 1 } };

static inline int sheet_open(void *data, const void *record, size_t len, const void **body,
			     size_t *body_len, struct fault *why)
{
	const struct sheet *s = data;
	struct signed_view view;
	int r = signed_open(record, len, SIGNED_RECEIPT, &view, why);
	if (r)
		return r;
	if (!signed_count_good(&view, &s->hub.public_key, 1))
		return fault_set(why, -EKEYREJECTED, "signed.rejected", "not the hub's signature");
	*body = view.body;
	*body_len = view.body_len;
	return 0;
}

static inline void sheet_rows(struct sheet *s)
{
	for (int i = 0; i < SHEET_LINES; i++) {
		struct evidence_row *r = &s->rows[i];
		*r = (struct evidence_row){
			.number = i ? s->rows[i - 1].number + s->rows[i - 1].count : 100,
			.minute = (int64_t)SHEET_DAY * 1440 + 600 + i / 2,
			.count = i == SHEET_LINES - 2 ? 30 : 1,
			.seconds = { 60, 0, 0, 0 },
			.rx_bytes = 1000
		};
		snprintf(r->name, sizeof(r->name), "%s", i % 2 ? "lte" : "adsl");
		snprintf(r->kind, sizeof(r->kind), "%s", i % 2 ? "mobile" : "dsl");
	}
	s->rows[4].seconds[EVIDENCE_UP] = 50;
	s->rows[4].seconds[EVIDENCE_DOWN] = 10;
	snprintf(s->rows[4].fault, sizeof(s->rows[4].fault), "ISP");
}

/* The head behind each row. */
static inline void sheet_chain(struct sheet *s)
{
	uint8_t head[32];
	char line[EVIDENCE_LINE_ROOM];
	memcpy(head, s->begins, sizeof(head));
	for (int i = 0; i < SHEET_LINES; i++) {
		assert_int_equal(evidence_write(&s->rows[i], line), 0);
		evidence_link(head, line, strlen(line), head);
		memcpy(s->heads[i], head, sizeof(head));
	}
}

static inline char *sheet_receipt(const struct sheet *s, const struct signed_key *by, uint64_t seq,
				  const uint8_t hash[static 32], int64_t hub_s)
{
	wasl_Receipt r = { .epoch = 3,
			   .through_seq = seq,
			   .hub_unix_s = hub_s,
			   .ledger = 1,
			   .school_code = "TN-0042" };
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	size_t body_len = 0, len = 0;
	memcpy(r.device, s->box.device, 16);
	memcpy(r.head_hash, hash, 32);
	assert_int_equal(codec_encode(wasl_Receipt_fields, &r, &body, &body_len, NULL), 0);
	assert_int_equal(signed_make(SIGNED_RECEIPT, body, body_len, by, 1, &record, &len, NULL),
			 0);
	return text_base64(record, len);
}

static inline void sheet_seal(struct sheet *s)
{
	uint8_t previous[32], hash[32], seed[32] = { 50 }, box_public[32], box_secret[32];
	crypto_box_seed_keypair(box_public, box_secret, seed);
	memset(previous, 0xab, sizeof(previous));
	for (int i = 0; i < SHEET_PROOFS; i++) {
		const struct evidence_row *last = &s->rows[sheet_proofs[i].lines - 1];
		struct envelope_header h = { .type = ENVELOPE_REPORT,
					     .epoch = 3,
					     .seq = 11 + (uint64_t)i };
		AUTO_FREE void *bytes = NULL;
		size_t len = 0;
		memcpy(h.device, s->box.device, 16);
		memcpy(h.previous, previous, 32);
		h.minutes_through = (uint64_t)(last->number + last->count - 1);
		memcpy(h.minutes_head, s->heads[sheet_proofs[i].lines - 1], 32);
		assert_int_equal(envelope_seal(&h, "rows", 4, box_public, &s->device, &bytes, &len,
					       hash, NULL),
				 0);
		memcpy(previous, hash, 32);
		s->envelopes[i] = text_base64(bytes, len);
		s->receipts[i] = sheet_receipt(s, &s->hub, h.seq, hash,
					       (last->minute + last->count) * 60 + 300);
	}
}

/* What of a sheet is written: from `line` up to before `lines`, and so the proofs; one of them may be left out (-1 none). */
struct sheet_part {
	int line, lines, proof, proofs, without;
};

static inline void sheet_write_part(struct sheet *s, const struct sheet_part *part)
{
	uint8_t head[32];
	char line[EVIDENCE_LINE_ROOM];
	size_t proofs = 0, receipts = 0;
	free(s->text);
	FILE *to = open_memstream(&s->text, &s->len);
	memcpy(head, part->line ? s->heads[part->line - 1] : s->begins, sizeof(head));
	evidence_file_head(to, &s->box, SHEET_DAY, SHEET_DAY,
			   (int64_t)(SHEET_DAY + 1) * 86400 + 3661, head);
	for (int i = part->line; i < part->lines; i++) {
		assert_int_equal(evidence_write(&s->rows[i], line), 0);
		evidence_file_line(to, line, head);
	}
	for (int i = part->proof; i < part->proofs; i++) {
		if (i == part->without)
			continue;
		evidence_file_proof(to, s->envelopes[i],
				    sheet_proofs[i].receipt ? s->receipts[i] : NULL);
		proofs++;
		receipts += sheet_proofs[i].receipt != 0;
	}
	evidence_file_end(to, (size_t)(part->lines - part->line), proofs, receipts);
	assert_int_equal(fclose(to), 0);
}

static inline void sheet_write(struct sheet *s, int lines, int without)
{
	const struct sheet_part part = { 0, lines, 0, SHEET_PROOFS, without };
	sheet_write_part(s, &part);
}

static inline struct sheet *sheet_new(void)
{
	struct sheet *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->device = kit_key(1);
	s->hub = kit_key(2);
	memcpy(s->box.sign_public, s->device.public_key, 32);
	memset(s->box.box_public, 7, 32);
	device_id(s->box.sign_public, s->box.box_public, s->box.device);
	memset(s->begins, 0x11, sizeof(s->begins));
	sheet_rows(s);
	sheet_chain(s);
	sheet_seal(s);
	sheet_write(s, SHEET_LINES, -1);
	return s;
}

/* The rows were changed: chains, seals and writes anew. */
static inline void sheet_again(struct sheet *s)
{
	sheet_chain(s);
	for (int i = 0; i < SHEET_PROOFS; i++) {
		free(s->envelopes[i]);
		free(s->receipts[i]);
	}
	sheet_seal(s);
	sheet_write(s, SHEET_LINES, -1);
}

static inline void sheet_free(struct sheet *s)
{
	for (int i = 0; i < SHEET_PROOFS; i++) {
		free(s->envelopes[i]);
		free(s->receipts[i]);
	}
	free(s->text);
	free(s);
}
