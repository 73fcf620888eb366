// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hub/fakebox.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/record/enrol.pb.h"
#include "firmware/record/envelope.h"
#include "firmware/record/root.pb.h"

static void must(int rc, const struct fault *why)
{
	if (rc == 0)
		return;
	fprintf(stderr, "fakebox: %s\n", why->text);
	exit(99);
}

void fakebox_make(struct fakebox *box)
{
	struct fault why = { .text = "no keys" };
	*box = (struct fakebox){ 0 };
	must(device_keys_make(&box->keys), &why);
	device_id(box->keys.sign.public_key, box->keys.box_public, box->id);
	device_claim_code(box->keys.sign.public_key, box->keys.box_public, box->claim_code);
}

void fakebox_request(const struct fakebox *box, const void *order, size_t order_len,
		     const uint8_t nonce[static 32], void **out, size_t *len)
{
	struct fault why = { 0 };
	wasl_EnrolRequest r = wasl_EnrolRequest_init_zero;
	AUTO_FREE void *body = NULL;
	size_t body_len = 0;
	memcpy(r.sign_public, box->keys.sign.public_key, sizeof(r.sign_public));
	memcpy(r.box_public, box->keys.box_public, sizeof(r.box_public));
	memcpy(r.nonce, nonce, sizeof(r.nonce));
	r.root_version = 1;
	snprintf(r.image_version, sizeof(r.image_version), "0.1.0");
	snprintf(r.board, sizeof(r.board), "fake");
	must(codec_bytes(order, order_len, &r.order, &why), &why);
	must(codec_encode(wasl_EnrolRequest_fields, &r, &body, &body_len, &why), &why);
	must(signed_make(SIGNED_ENROL_REQUEST, body, body_len, &box->keys.sign, 1, out, len, &why),
	     &why);
	pb_release(wasl_EnrolRequest_fields, &r);
}

static int take_sealing_key(struct fakebox *box, const struct trust *trust, const wasl_Grant *grant)
{
	const void *body = NULL;
	size_t len = 0;
	wasl_SealingKeys list = wasl_SealingKeys_init_zero;
	if (!grant->sealing_keys ||
	    trust_check(trust, SIGNED_SEALING_KEYS, grant->sealing_keys->bytes,
			grant->sealing_keys->size, &body, &len, NULL) ||
	    codec_decode(wasl_SealingKeys_fields, body, len, &list, NULL) || list.keys_count == 0)
		return -EBADMSG;
	memcpy(box->sealing_public, list.keys[list.keys_count - 1].public_key, 32);
	return 0;
}

int fakebox_take_grant(struct fakebox *box, const struct trust *trust, const void *record,
		       size_t len, const uint8_t nonce[static 32])
{
	const void *body = NULL;
	size_t body_len = 0;
	wasl_Grant grant = wasl_Grant_init_zero;
	if (trust_check(trust, SIGNED_GRANT, record, len, &body, &body_len, NULL) ||
	    codec_decode(wasl_Grant_fields, body, body_len, &grant, NULL))
		return -EBADMSG;
	int rc = memcmp(grant.device, box->id, 16) || memcmp(grant.nonce, nonce, 32) ||
				 memcmp(grant.sign_public, box->keys.sign.public_key, 32)
			 ? -EBADMSG
			 : take_sealing_key(box, trust, &grant);
	if (rc == 0) {
		box->epoch = grant.epoch;
		box->seq = grant.first_seq - 1;
		box->provisional = grant.provisional;
		if (grant.probe_key.size == sizeof(box->probe_key))
			memcpy(box->probe_key, grant.probe_key.bytes, sizeof(box->probe_key));
		snprintf(box->school, sizeof(box->school), "%s", grant.school_code);
	}
	pb_release(wasl_Grant_fields, &grant);
	return rc;
}

void fakebox_seal(struct fakebox *box, const wasl_Report *report, int32_t first, int32_t last,
		  void **out, size_t *len)
{
	struct fault why = { 0 };
	AUTO_FREE void *rows = NULL;
	size_t rows_len = 0;
	struct envelope_header h = { .type = ENVELOPE_REPORT,
				     .epoch = box->epoch,
				     .boot_count = 1,
				     .seq = box->seq + 1,
				     .time_floor_s = (int64_t)first * 86400,
				     .first_day = first,
				     .last_day = last };
	memcpy(h.device, box->id, sizeof(h.device));
	memcpy(h.previous, box->head, sizeof(h.previous));
	envelope_sealing_key_id(box->sealing_public, h.sealing_key_id);
	must(codec_encode(wasl_Report_fields, report, &rows, &rows_len, &why), &why);
	must(envelope_seal(&h, rows, rows_len, box->sealing_public, &box->keys.sign, out, len,
			   box->head, &why),
	     &why);
	box->seq++;
}

void fakebox_hour(struct fakebox *box, int32_t day, unsigned hour, uint32_t up_s, uint32_t down_s,
		  void **out, size_t *len)
{
	wasl_UplinkHour row = wasl_UplinkHour_init_zero;
	wasl_Report report = wasl_Report_init_zero;
	row.day = day;
	row.hour = hour;
	row.kind = 2;
	row.up_s = up_s;
	row.down_s = down_s;
	snprintf(row.uplink, sizeof(row.uplink), "adsl");
	report.uplink_hours = &row;
	report.uplink_hours_count = 1;
	report.has_health = true;
	report.health.unix_s = (int64_t)day * 86400 + hour * 3600;
	report.health.disk_bad = 3;
	report.health.disk_unreadable = 1;
	report.health.disk_read_bytes = 5000;
	report.health.disk_read_s = report.health.unix_s - 86400;
	report.health.disk_wear = 8;
	fakebox_seal(box, &report, day, day, out, len);
}

int fakebox_receipt(const struct fakebox *box, const struct trust *trust, const void *record,
		    size_t len, const uint8_t *nonce, size_t nonce_len, wasl_Receipt *out)
{
	const void *body = NULL;
	size_t body_len = 0;
	if (trust_check(trust, SIGNED_RECEIPT, record, len, &body, &body_len, NULL) ||
	    codec_decode(wasl_Receipt_fields, body, body_len, out, NULL))
		return -EBADMSG;
	if (memcmp(out->device, box->id, 16) != 0 || out->nonce.size != nonce_len ||
	    (nonce_len && memcmp(out->nonce.bytes, nonce, nonce_len) != 0))
		return -EBADMSG;
	return 0;
}
