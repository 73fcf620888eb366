// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/envelope.h"
#include "firmware/record/evidence_priv.h"
#include "firmware/record/report.pb.h"

static int unpack(struct evidence_check *c, const struct evidence_blob *blob, void **out,
		  size_t *len)
{
	AUTO_FREE char *text = strndup(blob->text, blob->len);
	if (!text)
		return fault_set(c->why, -ENOMEM, "memory", "out of memory");
	if (strlen(text) != blob->len || text_unbase64(text, out, len))
		return evidence_wrong(c, "this is not base64");
	return 0;
}

/* The line behind which the chain had reached `number`; NULL: none of them. */
static const struct evidence_point *point_at(const struct evidence_check *c, int64_t number)
{
	size_t low = 0, high = c->row_count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (c->rows[mid].last < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->row_count && c->rows[low].last == number ? &c->rows[low] : NULL;
}

/* The head in the envelope is that of these lines, or from before them. */
static int check_head(struct evidence_check *c, const struct envelope_header *h)
{
	int64_t number = (int64_t)h->minutes_through;
	const uint8_t *own = NULL;
	if (h->minutes_through < c->through)
		return evidence_wrong(c, "a report that knows fewer minutes than the one before "
					 "it");
	if (!number || number < c->first - 1)
		return 0;
	if (number == c->first - 1)
		own = c->begins;
	const struct evidence_point *p = own ? NULL : point_at(c, number);
	if (p)
		own = p->head;
	if (!own && (!c->row_count || number > c->rows[c->row_count - 1].last))
		return evidence_wrong(c,
				      "the box had told the hub of minutes up to number %" PRId64
				      ", which are missing at the end",
				      number);
	if (!own)
		return evidence_wrong(c, "no line ends with number %" PRId64 ", as the report says",
				      number);
	if (memcmp(own, h->minutes_head, EVIDENCE_HEAD_BYTES) != 0)
		return evidence_wrong(
			c,
			"the box told the hub of other minutes: something from number "
			"%" PRId64 " to %" PRId64 " was changed after that",
			c->through >= (uint64_t)c->first ? (int64_t)c->through + 1 : c->first,
			number);
	return 0;
}

static int check_envelope(struct evidence_check *c, const void *bytes, size_t len,
			  struct envelope_header *h)
{
	struct fault inner;
	if (envelope_verify(bytes, len, c->report->box.sign_public, h, &inner))
		return evidence_wrong(c, "%s", inner.text);
	if (memcmp(h->device, c->report->box.device, sizeof(h->device)) != 0)
		return evidence_wrong(c, "a report of another box");
	if (c->report->proofs && h->epoch == c->epoch &&
	    (h->seq != c->seq + 1 || memcmp(h->previous, c->hash, sizeof(c->hash)) != 0))
		return evidence_wrong(c,
				      "report %" PRIu64 " does not follow report %" PRIu64
				      ": one was left out or exchanged",
				      h->seq, c->seq);
	if (c->report->proofs && h->epoch != c->epoch && (h->epoch < c->epoch || h->seq != 1))
		return evidence_wrong(c, "a report of epoch %u after one of epoch %u", h->epoch,
				      c->epoch);
	return check_head(c, h);
}

/* Lines from the last that was countersigned up to the one that ends with `number` are so at `hub_s`. */
static void countersign(struct evidence_check *c, int64_t number, int64_t hub_s)
{
	struct evidence_report *r = c->report;
	if (!r->first_signed_s)
		r->first_signed_s = hub_s;
	r->last_signed_s = hub_s;
	for (; r->signed_lines < c->row_count && c->rows[r->signed_lines].last <= number;
	     r->signed_lines++) {
		const struct evidence_point *p = &c->rows[r->signed_lines];
		if (hub_s - p->end_s > r->latest_s)
			r->latest_s = hub_s - p->end_s;
		r->ahead += p->end_s - hub_s > EVIDENCE_AHEAD_S;
		if (p->end_s / 60 > r->signed_until)
			r->signed_until = p->end_s / 60;
	}
}

static int check_receipt(struct evidence_check *c, const struct envelope_header *h,
			 const uint8_t hash[static 32], const struct evidence_blob *blob)
{
	AUTO_FREE void *record = NULL;
	const void *body = NULL;
	size_t len = 0, body_len = 0;
	wasl_Receipt receipt;
	struct fault inner;
	int r = unpack(c, blob, &record, &len);
	if (r || !c->open)
		return r;
	if (c->open(c->data, record, len, &body, &body_len, &inner) ||
	    codec_decode(wasl_Receipt_fields, body, body_len, &receipt, &inner))
		return evidence_wrong(c, "%s", inner.text);
	if (memcmp(receipt.device, h->device, sizeof(h->device)) != 0 ||
	    receipt.epoch != h->epoch || receipt.through_seq != h->seq ||
	    memcmp(receipt.head_hash, hash, 32) != 0)
		return evidence_wrong(c, "this receipt is not for the report above it");
	if (receipt.hub_unix_s < 0 || receipt.hub_unix_s > EVIDENCE_MINUTE_MAX * 60)
		return evidence_wrong(c, "a receipt of an impossible time");
	snprintf(c->report->school, sizeof(c->report->school), "%s", receipt.school_code);
	if (h->minutes_through && (int64_t)h->minutes_through >= c->first)
		countersign(c, (int64_t)h->minutes_through, receipt.hub_unix_s);
	return 0;
}

int evidence_proof(struct evidence_check *c, const struct evidence_blob *envelope,
		   const struct evidence_blob *receipt)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct envelope_header h;
	uint8_t hash[32];
	int r = unpack(c, envelope, &bytes, &len);
	if (!r)
		r = check_envelope(c, bytes, len, &h);
	if (r)
		return r;
	envelope_hash(bytes, len, hash);
	c->report->proofs++;
	if (receipt) {
		c->line_number++;
		c->report->receipts++;
		r = check_receipt(c, &h, hash, receipt);
		c->line_number -= r ? 0 : 1;
	}
	if (r)
		return r;
	c->epoch = h.epoch;
	c->seq = h.seq;
	c->through = h.minutes_through;
	memcpy(c->hash, hash, sizeof(hash));
	return 0;
}

void evidence_settle(struct evidence_check *c)
{
	struct evidence_report *r = c->report;
	/* Minutes of one line never overlap: keep_row(). */
	r->days_minutes = ((uint64_t)(r->until - r->from) + 1) * 1440 *
			  (r->uplink_count ? r->uplink_count : 1);
	r->earlier = c->row_count ? (uint64_t)(c->first - 1) : 0;
	for (size_t i = 0; i < c->row_count; i++) {
		const struct evidence_point *p = &c->rows[i];
		if (i < r->signed_lines)
			r->uplinks[p->uplink].signed_minutes += p->asked;
		else
			r->unsigned_minutes += p->asked;
	}
}
