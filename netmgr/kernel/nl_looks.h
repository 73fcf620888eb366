// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netmgr/kernel/nl_net.h"

struct fault;

/*
 * A look at several devices at once, which the daemon takes twenty times a second: one order to the kernel, and one call for all
 * its answers; what nobody reads (the counters of IPv6) is not asked for.
 */
struct nl_looks;

int nl_looks_open(struct nl_looks **out, struct fault *why);
void nl_looks_close(struct nl_looks *l); /* NULL is fine */

struct nl_looked {
	char device[16];     /* to look at; "": none */
	int result;          /* 0, -ENODEV, or -EAGAIN: no answer is no news */
	struct nl_look look; /* where the result is 0 */
};

enum { NL_LOOKS_MAX = 16 };
void nl_looks_take(struct nl_looks *l, struct nl_looked *all, size_t count);

/* One answer, cut or not: 0, -ENODEV, or -EAGAIN; *seq says to which question. */
int nl_looks_read(const void *bytes, size_t len, uint32_t *seq, struct nl_look *out);
