// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { ANSWER_MS = 100 };

static void clean_addresses(struct ifaddrs **held)
{
	if (*held)
		freeifaddrs(*held);
}

static int parse(const char *address, uint16_t port, struct sockaddr_in *out)
{
	*out = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	return inet_pton(AF_INET, address, &out->sin_addr) == 1 ? 0 : -EINVAL;
}

int port_is_free(const char *address, uint16_t port, struct fault *why)
{
	struct sockaddr_in at;
	if (parse(address, port, &at))
		return fault_set(why, -EINVAL, "stage.port", "'%s' is no IPv4 address", address);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* listen() too: two sockets may be bound to one port with SO_REUSEADDR. */
	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0)
		return 0;
	if (errno == EADDRINUSE)
		return fault_set(why, -EADDRINUSE, "stage.port",
				 "port %u is in use by another program", port);
	if (errno == EACCES)
		return fault_set(why, -EACCES, "stage.port",
				 "port %u needs root; choose one above 1023", port);
	return fault_set(why, -errno, "stage.port", "nothing can listen on %s:%u (%s)", address,
			 port, strerror(errno));
}

int port_answers(const char *address_port)
{
	char address[16];
	const char *colon = strchr(address_port, ':');
	char *end = NULL;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;
	struct sockaddr_in at;

	if (!colon || (size_t)(colon - address_port) >= sizeof(address) || *end || port < 1 ||
	    port > 65535)
		return -EINVAL;
	snprintf(address, sizeof(address), "%.*s", (int)(colon - address_port), address_port);
	if (parse(address, (uint16_t)port, &at))
		return -EINVAL;
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return 1;
	/* The address is one of this machine's: the answer comes at once, but not inside connect(). */
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int code = EINPROGRESS;
	socklen_t len = sizeof(code);
	if (errno != EINPROGRESS || poll(&p, 1, ANSWER_MS) != 1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		return 0;
	return code == 0;
}

int port_find(uint16_t *out, struct fault *why)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	parse("127.0.0.1", 0, &at);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return fault_set(why, -errno, "stage.port", "no free port on loopback (%s)",
				 strerror(errno));
	*out = ntohs(at.sin_port);
	return 0;
}

/* The address that packets to the rest of the world would carry; nothing is sent to find out. */
static bool outward(char out[static 16])
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	parse("192.0.2.1", 9, &at); /* RFC 5737: nobody lives there */
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	       getsockname(fd, (struct sockaddr *)&at, &len) == 0 &&
	       inet_ntop(AF_INET, &at.sin_addr, out, 16);
}

int port_lan_address(char out[static 16], struct fault *why)
{
	if (outward(out))
		return 0;
	/* Without a way out, as in a school without Internet: the first interface that is up. */
	CLEANUP(clean_addresses) struct ifaddrs *all = NULL;
	if (getifaddrs(&all) < 0)
		all = NULL;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP) ||
		    i->ifa_flags & IFF_LOOPBACK)
			continue;
		struct sockaddr_in at;
		memcpy(&at, i->ifa_addr, sizeof(at));
		if (inet_ntop(AF_INET, &at.sin_addr, out, 16))
			return 0;
	}
	return fault_set(why, -ENETUNREACH, "stage.lan",
			 "this machine has no address on a local network; connect it, or leave "
			 "LISTEN=lan out");
}
