// SPDX-License-Identifier: GPL-2.0-or-later
/* dns-fake ADDRESS NAME HOST: a resolver for tests that knows one name; every other does not exist. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "netmgr/probe/dns.h"

enum { DNS_PORT = 53, FLAG_REPLY = 0x80, RCODE_NXDOMAIN = 3 };

int main(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(DNS_PORT) };
	struct in_addr host;
	uint8_t known[DNS_QUERY_MAX];
	if (argc != 4 || inet_pton(AF_INET, argv[1], &here.sin_addr) != 1 ||
	    inet_pton(AF_INET, argv[3], &host) != 1) {
		fprintf(stderr, "usage: dns-fake ADDRESS NAME HOST\n");
		return 2;
	}
	int known_len = dns_query(argv[2], 0, known);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (known_len < 0 || fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0) {
		perror("dns-fake");
		return 1;
	}
	for (;;) {
		uint8_t bytes[DNS_REPLY_MAX];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, bytes, sizeof(bytes) - 16, 0, (struct sockaddr *)&from,
				     &from_len);
		if (n < 12)
			continue;
		bytes[2] |= FLAG_REPLY;
		if (n == known_len && memcmp(bytes + 12, known + 12, (size_t)n - 12) == 0) {
			static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4 };
			bytes[7] = 1;
			memcpy(bytes + n, record, sizeof(record));
			memcpy(bytes + n + sizeof(record), &host, sizeof(host));
			n += (ssize_t)(sizeof(record) + sizeof(host));
		} else {
			bytes[3] |= RCODE_NXDOMAIN;
		}
		(void)sendto(fd, bytes, (size_t)n, 0, (struct sockaddr *)&from, from_len);
	}
}
