// SPDX-License-Identifier: GPL-2.0-or-later
/* What boxes ask: enrolment, envelopes, time, and whether this is really the hub. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/envelope.h"
#include "firmware/record/report.pb.h"
#include "provisioning/hub/enrol.h"
#include "provisioning/hub/hubd.h"

static const char octets[] = "application/octet-stream";

/* Header Wasl-Nonce: up to 32 bytes in hexadecimal; absent is fine where a carrier cannot ask. */
static int read_nonce(const struct ctl_request *req, uint8_t out[static INGEST_NONCE_MAX],
		      size_t *len, struct fault *why)
{
	const char *hex = ctl_header(req, "Wasl-Nonce");
	size_t digits = hex ? strlen(hex) : 0;
	if (digits % 2 || digits > 2 * INGEST_NONCE_MAX ||
	    (digits && text_unhex(hex, out, digits / 2)))
		return fault_set(why, -EINVAL, "nonce",
				 "the header Wasl-Nonce must be up to %u bytes in hexadecimal",
				 INGEST_NONCE_MAX);
	*len = digits / 2;
	return 0;
}

void api_enrol(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	AUTO_FREE void *grant = NULL;
	size_t len = 0, body_len = 0;
	const void *body = ctl_body(req, &body_len);
	int rc = enrol_serve(&d->hub, body, body_len, clock_wall_s(), &grant, &len, &why);
	if (rc) {
		d->refused_enrolments++;
		log_warn("event=enrol.refused fault=%s text=\"%s\"", why.id, why.text);
		ctl_reply_fault(req, rc == -EKEYREJECTED ? 403 : ctl_status_of(rc), &why);
		return;
	}
	d->grants++;
	log_info("event=enrol.granted");
	ctl_reply_bytes(req, 200, octets, grant, len);
	hubd_changed(d);
}

static void reply_batch(struct ctl_request *req, const struct ingest_result *r, size_t count)
{
	char number[16];
	if (r->ends[INGEST_REFUSED] == count && count > 0) {
		ctl_reply_fault(req, ctl_status_of(r->refusal.code), &r->refusal);
		return;
	}
	snprintf(number, sizeof(number), "%u", r->ends[INGEST_REFUSED]);
	ctl_reply_header(req, "Wasl-Refused", number);
	ctl_reply_bytes(req, 200, octets, r->receipts, r->receipts_len);
}

void api_envelopes(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	struct frame frames[FRAMES_MAX];
	uint8_t nonce[INGEST_NONCE_MAX];
	size_t count = 0, nonce_len = 0, len = 0;
	const void *body = ctl_body(req, &len);
	int rc = frames_read(body, len, ENVELOPE_LIMIT_BYTES, frames, &count, &why);
	if (rc == 0)
		rc = read_nonce(req, nonce, &nonce_len, &why);
	if (rc) {
		ctl_reply_fault(req, 400, &why);
		return;
	}
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	rc = ingest_batch(&d->hub, frames, count, nonce, nonce_len, clock_wall_s(), &result, &why);
	if (rc) {
		d->failed_batches++;
		hubd_reply_failed(req, &why);
		return;
	}
	d->batches++;
	for (int i = 0; i < INGEST_ENDS; i++)
		d->ends[i] += result.ends[i];
	if (result.refusal.code)
		log_warn("event=ingest.refused count=%u fault=%s text=\"%s\"",
			 result.ends[INGEST_REFUSED], result.refusal.id, result.refusal.text);
	if (result.offers)
		hubd_sweep_films(d);
	reply_batch(req, &result, count);
	if (result.ends[INGEST_REFUSED] + result.ends[INGEST_AGAIN] < count)
		hubd_changed(d);
}

void api_time(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	wasl_TimeAnswer answer = wasl_TimeAnswer_init_zero;
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	size_t nonce_len = 0, body_len = 0, len = 0;
	int rc = read_nonce(req, answer.nonce.bytes, &nonce_len, &why);
	if (rc == 0 && nonce_len < 16)
		rc = fault_set(&why, -EINVAL, "nonce",
			       "send 16 to 32 fresh random bytes in the header Wasl-Nonce");
	if (rc) {
		ctl_reply_fault(req, 400, &why);
		return;
	}
	answer.nonce.size = (pb_size_t)nonce_len;
	answer.hub_unix_s = clock_wall_s();
	rc = codec_encode(wasl_TimeAnswer_fields, &answer, &body, &body_len, &why);
	if (rc == 0)
		rc = signed_make(SIGNED_TIME, body, body_len, &d->hub.time_key, 1, &record, &len,
				 &why);
	if (rc)
		hubd_reply_failed(req, &why);
	else
		ctl_reply_bytes(req, 200, octets, record, len);
}

/* A captive portal answers everything with its own page; only the hub echoes this. */
void api_check(struct ctl_request *req, void *data)
{
	(void)data;
	const char *nonce = ctl_rest(req);
	size_t len = strlen(nonce);
	int good = len > 0 && len <= 64;
	for (size_t i = 0; good && i < len; i++)
		good = isalnum((unsigned char)nonce[i]) || nonce[i] == '-' || nonce[i] == '_';
	if (!good) {
		struct fault why = { 0 };
		fault_set(&why, -EINVAL, "nonce", "the nonce must be 1 to 64 letters and digits");
		ctl_reply_fault(req, 400, &why);
		return;
	}
	char text[80];
	int n = snprintf(text, sizeof(text), "wasl %s\n", nonce);
	ctl_reply_header(req, "Cache-Control", "no-store");
	ctl_reply_bytes(req, 200, "text/plain; charset=utf-8", text, (size_t)n);
}
