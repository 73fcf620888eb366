// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_ROOM = 256 };

/* The first word of a list. */
static bool first_address(const char *value, struct in_addr *out)
{
	char word[INET_ADDRSTRLEN];
	size_t len = strcspn(value, " ");
	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, value, len);
	word[len] = '\0';
	return inet_pton(AF_INET, word, out) == 1;
}

/* An address that a single machine can have. */
static bool usable(struct in_addr a)
{
	unsigned first = ntohl(a.s_addr) >> 24;
	return first != 0 && first != 127 && first < 224;
}

static bool take(const char *key, const char *value, struct lease *lease)
{
	if (strcmp(key, "ip") == 0)
		return first_address(value, &lease->address);
	if (strcmp(key, "router") == 0)
		return first_address(value, &lease->gateway);
	if (strcmp(key, "dns") == 0)
		return first_address(value, &lease->resolver);
	if (strcmp(key, "mask") == 0) {
		char *end;
		unsigned long bits = strtoul(value, &end, 10);
		lease->prefix_len = (unsigned)bits;
		return end != value && *end == '\0' && bits >= 1 && bits <= 32;
	}
	return true; /* keys of later hooks */
}

int lease_parse(const char *text, size_t len, struct lease *out)
{
	struct lease lease = { 0 };
	if (len > LEASE_BYTES_MAX)
		return -EBADMSG;
	while (len) {
		char line[VALUE_ROOM];
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		if (n >= sizeof(line) || memchr(text, '\0', n))
			return -EBADMSG;
		memcpy(line, text, n);
		line[n] = '\0';
		char *equals = strchr(line, '=');
		if (equals) {
			*equals = '\0';
			if (equals[1] && !take(line, equals + 1, &lease))
				return -EBADMSG;
		}
		text += n + (end ? 1 : 0);
		len -= n + (end ? 1 : 0);
	}
	if (!usable(lease.address) || !usable(lease.gateway) || !lease.prefix_len)
		return -EBADMSG;
	if (lease.resolver.s_addr && !usable(lease.resolver))
		lease.resolver.s_addr = 0;
	*out = lease;
	return 0;
}
