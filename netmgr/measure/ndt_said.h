// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "firmware/record/ndtmsg.h"

/* What wasl-ndt tells wasl-netmgrd: lines of JSON. It has read a stranger's bytes, so its own are a stranger's, too. Pure. */
enum ndt_end {
	NDT_END_RUNS,   /* not yet */
	NDT_END_STABLE, /* stopped early: the rate does not change */
	NDT_END_CAP,    /* as many bytes as it may cost */
	NDT_END_FULL,   /* ten seconds: an ndt7 measurement */
	NDT_END_BROKEN, /* the other side ended early, or never began */
	NDT_END_REFUSED,
	NDT_END_RUDE, /* what came is no ndt7 */
	NDT_END_LATE, /* the other side neither goes on nor ends */
	NDT_END_LINE, /* the line fell; said by wasl-netmgrd alone */
	NDT_ENDS
};
const char *ndt_end_name(enum ndt_end end);             /* "stable" */
int ndt_end_parse(const char *name, enum ndt_end *out); /* 0 or -EINVAL */

struct ndt_result {
	enum ndt_end end;
	uint64_t bps, bytes; /* bytes of messages that were carried, as far as it is known */
	uint32_t ms;         /* from the first to the last */
	uint32_t rtt_us;     /* the least; 0: not known */
	char proof[NDT_PROOF_ROOM];
};

enum { NDT_SAID_MAX = 512 };
void ndt_said_write(const struct ndt_result *r, FILE *to);
int ndt_said_read(const char *line, size_t len, struct ndt_result *out); /* 0 or -EBADMSG */
