// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmgr/probe/check.h"
#include "netmgr/probe/dns.h"
#include "netmgr/probe/echo.h"
#include "netmgr/kernel/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define NONCE "0123456789abcdef0123456789abcdef"

/* A reply that is read in pieces says the same as one that is read at once, or says it earlier. */
static void read_check(const uint8_t *bytes, size_t len)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n";
	char text[CHECK_REPLY_MAX];
	if (len > sizeof(text) - sizeof(head))
		return;
	memcpy(text, head, sizeof(head) - 1);
	size_t begin = len && bytes[0] & 1 ? sizeof(head) - 1 : 0;
	memcpy(text + begin, bytes, len);
	len += begin;
	enum probe_answer whole = check_reply(text, len, CHECK_OPEN, NONCE), first = PROBE_SKIPPED;
	for (size_t n = 0; n <= len && first == PROBE_SKIPPED; n++)
		first = check_reply(text, n, CHECK_OPEN, NONCE);
	if (whole == PROBE_SKIPPED ? first != PROBE_SKIPPED : first == PROBE_SKIPPED)
		abort();
	if (whole == PROBE_OK && !memmem(text, len, "wasl " NONCE "\n", 38))
		abort();
	if (check_reply(text, len, CHECK_ENDED, NONCE) == PROBE_SKIPPED)
		abort();
}

static void read_dns(const uint8_t *bytes, size_t len)
{
	uint8_t query[DNS_QUERY_MAX], reply[DNS_REPLY_MAX];
	struct dns_answer answer;
	int query_len = dns_query("hub.example", 0x1234, query);
	if (query_len < 0)
		abort();
	(void)dns_reply(bytes, len, query, (size_t)query_len, &answer);
	/* Behind a head that is right, so that the records are reached. */
	if (len < 2 || len + (size_t)query_len > sizeof(reply))
		return;
	memcpy(reply, query, (size_t)query_len);
	reply[2] = 0x81;
	reply[7] = bytes[0];
	memcpy(reply + query_len, bytes + 1, len - 1);
	(void)dns_reply(reply, (size_t)query_len + len - 1, query, (size_t)query_len, &answer);
}

/* First byte: which reader. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint8_t token[ECHO_TOKEN];
	struct lease lease;
	if (len < 1)
		return 0;
	switch (bytes[0]) {
	case 'h':
		read_check(bytes + 1, len - 1);
		break;
	case 'd':
		read_dns(bytes + 1, len - 1);
		break;
	case 'e':
		(void)echo_reply(bytes + 1, len - 1, token);
		break;
	case 'l':
		if (lease_parse((const char *)bytes + 1, len - 1, &lease) == 0 &&
		    (lease.prefix_len < 1 || lease.prefix_len > 32))
			abort();
		break;
	default:
		break;
	}
	return 0;
}
