// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/* A machine and its port, in either family; family 0: nobody. Pure. */
union host {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

union host host_four(struct in_addr address, uint16_t port);
union host host_six(struct in6_addr address, uint16_t port);

/* The same machine at another port. */
union host host_at(const union host *h, uint16_t port);

socklen_t host_len(const union host *h);

/* Its address as programs read it, "" for nobody; on the wire of `device` where it is of one wire only: "fe80::1%wan0". */
enum { HOST_ROOM = INET6_ADDRSTRLEN + 1 + 16 };
void host_text(const union host *h, const char *device, char out[static HOST_ROOM]);
