// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/device.h"

struct fault;
struct trust;

/*
 * The hub's answer to an enrolment, as far as the agent lives by it.
 */
#define GRANT_LIMIT_BYTES (256u << 10)

struct grant {
	uint32_t epoch;
	uint64_t first_seq;
	char school_code[32], school_name[192], hub_url[256];
	bool provisional;
	int64_t hub_unix_s;
	uint32_t sealing_version;
	uint8_t sealing_public[32];
	bool has_probe_key; /* a hub of before gives none */
	uint8_t probe_key[32];
};

/*
 * Verifies the grant (role enrol) and the sealing keys in it (role report), and that it is for
 * this box. -EKEYREJECTED not signed by the ministry, -EPERM for another box, -EBADMSG no grant.
 */
int grant_open(const struct trust *trust, const void *bytes, size_t len,
	       const struct device_keys *me, struct grant *out, struct fault *why);

/* Reads one that was verified when it came: the key that signed it may have been retired since. */
int grant_reread(const void *bytes, size_t len, struct grant *out, struct fault *why);
