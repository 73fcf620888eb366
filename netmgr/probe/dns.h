// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One A or AAAA question and its answer (RFC 1035), enough to see whether a resolver resolves and to find the hub. Pure.
 */
enum { DNS_NAME_MAX = 253, DNS_QUERY_MAX = 12 + 255 + 4, DNS_REPLY_MAX = 1232 };

/* Length of the query, or -EINVAL for a name that cannot be asked. */
int dns_query(const char *name, uint16_t id, uint8_t out[static DNS_QUERY_MAX]);

/* The same for an address of IPv6 (RFC 3596). */
int dns_query6(const char *name, uint16_t id, uint8_t out[static DNS_QUERY_MAX]);

struct dns_answer {
	unsigned rcode; /* 0 fine, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED */
	int has_address;
	struct in_addr address; /* the first A record */
	int has_address6;
	struct in6_addr address6; /* the first AAAA record */
};

/* 0, -EBADMSG for anything that is not a whole, well-formed answer to this query, -EAGAIN for another query's. */
int dns_reply(const uint8_t *bytes, size_t len, const uint8_t *query, size_t query_len,
	      struct dns_answer *out);
