// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

union host host_four(struct in_addr address, uint16_t port)
{
	union host h = {
		.four = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address }
	};
	return h;
}

union host host_six(struct in6_addr address, uint16_t port)
{
	union host h = {
		.six = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address }
	};
	return h;
}

union host host_at(const union host *h, uint16_t port)
{
	union host other = *h;
	if (h->any.sa_family == AF_INET6)
		other.six.sin6_port = htons(port);
	else
		other.four.sin_port = htons(port);
	return other;
}

socklen_t host_len(const union host *h)
{
	return h->any.sa_family == AF_INET6 ? sizeof(h->six) : sizeof(h->four);
}

void host_text(const union host *h, const char *device, char out[static HOST_ROOM])
{
	char address[INET6_ADDRSTRLEN] = "";
	if (h->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &h->four.sin_addr, address, sizeof(address));
	else if (h->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &h->six.sin6_addr, address, sizeof(address));
	const int near = h->any.sa_family == AF_INET6 && device[0] &&
			 IN6_IS_ADDR_LINKLOCAL(&h->six.sin6_addr);
	snprintf(out, HOST_ROOM, "%s%s%.15s", address, near ? "%" : "", near ? device : "");
}
