// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/dns.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { HEADER = 12, TYPE_A = 1, TYPE_AAAA = 28, CLASS_IN = 1, LABEL_MAX = 63 };

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

int dns_query(const char *name, uint16_t id, uint8_t out[static DNS_QUERY_MAX])
{
	size_t len = strlen(name), at = HEADER;
	if (len == 0 || len > DNS_NAME_MAX)
		return -EINVAL;
	memset(out, 0, HEADER);
	put16(out, id);
	out[2] = 1; /* recursion desired */
	put16(out + 4, 1);
	while (*name) {
		size_t label = strcspn(name, ".");
		if (label == 0 || label > LABEL_MAX)
			return -EINVAL;
		out[at++] = (uint8_t)label;
		memcpy(out + at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
	out[at++] = 0;
	put16(out + at, TYPE_A);
	put16(out + at + 2, CLASS_IN);
	return (int)(at + 4);
}

int dns_query6(const char *name, uint16_t id, uint8_t out[static DNS_QUERY_MAX])
{
	int len = dns_query(name, id, out);
	if (len > 0)
		put16(out + len - 4, TYPE_AAAA);
	return len;
}

/* Past a name that may end in a pointer; 0 when it runs out of the message. */
static size_t skip_name(const uint8_t *bytes, size_t len, size_t at)
{
	while (at < len) {
		unsigned label = bytes[at];
		if (label == 0)
			return at + 1;
		if ((label & 0xc0) == 0xc0)
			return at + 2 <= len ? at + 2 : 0;
		if (label & 0xc0)
			return 0;
		at += 1 + label;
	}
	return 0;
}

/* Names are compared without regard to case: some resolvers send them back as they like. */
static bool same_question(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t x = a[i], y = b[i];
		x = (uint8_t)(x >= 'A' && x <= 'Z' ? x + 32 : x);
		y = (uint8_t)(y >= 'A' && y <= 'Z' ? y + 32 : y);
		if (x != y)
			return false;
	}
	return true;
}

int dns_reply(const uint8_t *bytes, size_t len, const uint8_t *query, size_t query_len,
	      struct dns_answer *out)
{
	struct dns_answer answer = { 0 };
	if (len < HEADER)
		return -EBADMSG;
	if (bytes[0] != query[0] || bytes[1] != query[1])
		return -EAGAIN;
	if (!(bytes[2] & 0x80) || get16(bytes + 4) != 1 || len < query_len ||
	    !same_question(bytes + HEADER, query + HEADER, query_len - HEADER))
		return -EBADMSG;
	answer.rcode = bytes[3] & 0x0f;
	size_t at = query_len;
	for (unsigned n = get16(bytes + 6); n > 0; n--) {
		at = skip_name(bytes, len, at);
		if (!at || at + 10 > len)
			return -EBADMSG;
		size_t data = get16(bytes + at + 8);
		const unsigned type = get16(bytes + at + 2) == CLASS_IN ? get16(bytes + at) : 0;
		bool is_a = type == TYPE_A && data == sizeof(answer.address);
		bool is_aaaa = type == TYPE_AAAA && data == sizeof(answer.address6);
		if (at + 10 + data > len)
			return -EBADMSG;
		if (is_a && !answer.has_address) {
			memcpy(&answer.address, bytes + at + 10, 4);
			answer.has_address = 1;
		}
		if (is_aaaa && !answer.has_address6) {
			memcpy(&answer.address6, bytes + at + 10, sizeof(answer.address6));
			answer.has_address6 = 1;
		}
		at += 10 + data;
	}
	*out = answer;
	return 0;
}
