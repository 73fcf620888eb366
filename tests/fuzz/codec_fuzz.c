// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pb_decode.h>

#include "firmware/base/clean.h"
#include "firmware/record/catalogue.pb.h"
#include "firmware/record/codec.h"
#include "firmware/record/enrol.pb.h"
#include "firmware/record/manage.pb.h"
#include "firmware/record/report.pb.h"
#include "firmware/record/root.pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct {
	const pb_msgdesc_t *fields;
	size_t size;
} messages[] = {
	{ wasl_Root_fields, sizeof(wasl_Root) },
	{ wasl_SealingKeys_fields, sizeof(wasl_SealingKeys) },
	{ wasl_Catalogue_fields, sizeof(wasl_Catalogue) },
	{ wasl_Order_fields, sizeof(wasl_Order) },
	{ wasl_EnrolRequest_fields, sizeof(wasl_EnrolRequest) },
	{ wasl_Grant_fields, sizeof(wasl_Grant) },
	{ wasl_Report_fields, sizeof(wasl_Report) },
	{ wasl_Receipt_fields, sizeof(wasl_Receipt) },
	{ wasl_Close_fields, sizeof(wasl_Close) },
	{ wasl_TimeAnswer_fields, sizeof(wasl_TimeAnswer) },
	{ wasl_Settings_fields, sizeof(wasl_Settings) },
	{ wasl_Release_fields, sizeof(wasl_Release) },
	{ wasl_OfferAnswers_fields, sizeof(wasl_OfferAnswers) },
};

/*
 * First byte: which message. What can be read can be written, and says the same when it is read
 * again.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 1 || len > 16384 || bytes[0] >= ARRAY_LEN(messages))
		return 0;
	const pb_msgdesc_t *fields = messages[bytes[0]].fields;
	AUTO_FREE void *message = malloc(messages[bytes[0]].size),
		       *again = malloc(messages[bytes[0]].size);
	if (!message || !again)
		return 0;
	memset(message, 0xbe,
	       messages[bytes[0]].size); /* whatever memory held before must not matter */
	memset(again, 0xbe, messages[bytes[0]].size);
	if (codec_decode(fields, bytes + 1, len - 1, message, NULL))
		return 0;
	AUTO_FREE void *first = NULL, *second = NULL;
	size_t first_len = 0, second_len = 0;
	if (codec_encode(fields, message, &first, &first_len, NULL) ||
	    codec_decode(fields, first, first_len, again, NULL) ||
	    codec_encode(fields, again, &second, &second_len, NULL) || first_len != second_len ||
	    memcmp(first, second, first_len) != 0)
		abort();
	pb_release(fields, message);
	pb_release(fields, again);
	return 0;
}
