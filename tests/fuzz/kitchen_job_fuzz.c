// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Copies the input into an aligned message of its own size; the first bytes are what a real one has. */
static void *message(const uint8_t *bytes, size_t len, size_t size)
{
	uint8_t *m = calloc(1, size > len ? size : len);
	if (m && len)
		memcpy(m, bytes, len);
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct job_order *o = message(bytes, len, sizeof(*o));
	if (o && job_order_check(o, sizeof(*o)) == 0)
		for (uint32_t i = 0; i < o->span_count; i++)
			if (o->spans[i].from + o->spans[i].len > o->source_size)
				abort();
	free(o);
	struct job_reply *r = message(bytes, len, sizeof(*r));
	if (r && job_reply_check(r, sizeof(*r)) == 0) {
		if (strlen(r->text) >= sizeof(r->text) || strlen(r->id) >= sizeof(r->id) ||
		    (r->kind == JOB_FAILED && r->code >= 0))
			abort();
		for (const char *c = r->text; *c; c++)
			if ((unsigned char)*c < 0x20)
				abort();
	}
	free(r);
	return 0;
}
