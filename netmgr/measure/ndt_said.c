// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/ndt_said.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "firmware/base/clean.h"

enum { HOUR_MS = 3600000 };
#define BPS_MOST (UINT64_C(1) << 40)
#define BYTES_MOST (UINT64_C(1) << 44)

CLEAN_FN(json, json_t, json_decref)

static const char *const end_names[NDT_ENDS] = { "runs",    "stable", "cap",  "full", "broken",
						 "refused", "rude",   "late", "line" };

const char *ndt_end_name(enum ndt_end end)
{
	return end_names[end];
}

int ndt_end_parse(const char *name, enum ndt_end *out)
{
	for (unsigned i = 0; name && i < NDT_ENDS; i++)
		if (strcmp(name, end_names[i]) == 0) {
			*out = (enum ndt_end)i;
			return 0;
		}
	return -EINVAL;
}

void ndt_said_write(const struct ndt_result *r, FILE *to)
{
	fprintf(to,
		"{\"end\":\"%s\",\"bps\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"ms\":%" PRIu32
		",\"rtt_us\":%" PRIu32 ",\"proof\":\"%s\"}\n",
		ndt_end_name(r->end), r->bps, r->bytes, r->ms, r->rtt_us, r->proof);
}

static int number(const json_t *object, const char *key, uint64_t most, uint64_t *out)
{
	const json_t *value = json_object_get(object, key);
	const json_int_t n = json_integer_value(value);
	if (!json_is_integer(value) || n < 0 || (uint64_t)n > most)
		return -EBADMSG;
	*out = (uint64_t)n;
	return 0;
}

int ndt_said_read(const char *line, size_t len, struct ndt_result *out)
{
	struct ndt_result r = { 0 };
	uint64_t ms, rtt_us;
	if (len > NDT_SAID_MAX)
		return -EBADMSG;
	CLEANUP(clean_json) json_t *said = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *proof = json_string_value(json_object_get(said, "proof"));
	if (!said || !proof || strlen(proof) >= sizeof(r.proof) ||
	    strspn(proof, "0123456789abcdef") != strlen(proof) ||
	    ndt_end_parse(json_string_value(json_object_get(said, "end")), &r.end) ||
	    number(said, "bps", BPS_MOST, &r.bps) || number(said, "bytes", BYTES_MOST, &r.bytes) ||
	    number(said, "ms", HOUR_MS, &ms) || number(said, "rtt_us", UINT32_MAX, &rtt_us))
		return -EBADMSG;
	memcpy(r.proof, proof, strlen(proof) + 1);
	r.ms = (uint32_t)ms;
	r.rtt_us = (uint32_t)rtt_us;
	*out = r;
	return 0;
}
