// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/six/ra_wire.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/six/ra.h"

enum {
	BEGIN_MS = 500,   /* at once is when everybody asks: after a power cut */
	NOT_YET_MS = 500, /* the kernel still asks whether the device's own address is free */
	AT_ONCE = 16,     /* of a wire that floods us: the loop has its turn in between */
};

struct ra_wire {
	int fd, ifindex;
	uint8_t mac[6];
	size_t mac_len;
	uint32_t wait_ms;
	enum ra_heard (*heard)(void *data, const struct in6_addr *from, const uint8_t *bytes,
			       size_t len);
	void *data;
	sd_event_source *hear, *ask;
};

static void ask_in(struct ra_wire *w, uint32_t ms)
{
	(void)sd_event_source_set_time_relative(w->ask, (uint64_t)ms * 1000);
	(void)sd_event_source_set_enabled(w->ask, SD_EVENT_ONESHOT);
}

static int on_ask(sd_event_source *source, uint64_t usec, void *data)
{
	struct ra_wire *w = data;
	uint8_t bytes[RA_SOLICIT_ROOM];
	struct sockaddr_in6 routers = { .sin6_family = AF_INET6,
					.sin6_scope_id = (uint32_t)w->ifindex };
	(void)source;
	(void)usec;
	routers.sin6_addr.s6_addr[0] = 0xff;
	routers.sin6_addr.s6_addr[1] = 0x02;
	routers.sin6_addr.s6_addr[15] = 0x02;
	const size_t len = ra_solicit(w->mac, w->mac_len, bytes);
	if (sendto(w->fd, bytes, len, MSG_DONTWAIT, (struct sockaddr *)&routers, sizeof(routers)) <
		    0 &&
	    errno == EADDRNOTAVAIL) {
		ask_in(w, NOT_YET_MS);
		return 0;
	}
	w->wait_ms = ra_wait_ms(w->wait_ms, randombytes_random());
	ask_in(w, w->wait_ms);
	return 0;
}

void ra_wire_ask(struct ra_wire *w)
{
	w->wait_ms = 0;
	ask_in(w, randombytes_uniform(BEGIN_MS));
}

/* -1: it is not said. */
static int hops_of(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		int hops;
		if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_HOPLIMIT ||
		    c->cmsg_len < CMSG_LEN(sizeof(hops)))
			continue;
		memcpy(&hops, CMSG_DATA(c), sizeof(hops));
		return hops;
	}
	return -1;
}

/* One packet; false: there is none. */
static bool hear_one(struct ra_wire *w)
{
	uint8_t bytes[RA_BYTES_MAX + 1];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct sockaddr_in6 from = { 0 };
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr msg = { .msg_name = &from,
			      .msg_namelen = sizeof(from),
			      .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(w->fd, &msg, MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR;
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || from.sin6_family != AF_INET6 ||
	    !ra_is_near(&from.sin6_addr, hops_of(&msg)))
		return true;
	if (w->heard(w->data, &from.sin6_addr, bytes, (size_t)n) == RA_ANSWERED)
		(void)sd_event_source_set_enabled(w->ask, SD_EVENT_OFF);
	return true;
}

static int on_heard(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct ra_wire *w = data;
	(void)source;
	(void)fd;
	(void)events;
	for (int i = 0; i < AT_ONCE && hear_one(w); i++)
		;
	return 0;
}

static int set(int fd, int level, int name, const void *value, socklen_t len)
{
	return setsockopt(fd, level, name, value, len) < 0 ? -errno : 0;
}

static int open_socket(const struct ra_wire *w)
{
	static const int on = 1, hops = RA_HOPS;
	struct icmp6_filter filter;
	AUTO_FD int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	if (fd < 0)
		return -errno;
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
	int r = set(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
	if (r == 0)
		r = set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &w->ifindex, sizeof(w->ifindex));
	if (r == 0)
		r = set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on));
	if (r == 0)
		r = set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	return r < 0 ? r : MOVE_FD(fd);
}

/* Its address on the wire, where it has one of the usual kind: a router then need not ask for it. */
static void know_mac(struct ra_wire *w, const char *device)
{
	enum { ETHERNET = 1 }; /* ARPHRD_ETHER */
	struct ifreq request = { 0 };
	AUTO_FD int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0 ||
	    request.ifr_hwaddr.sa_family != ETHERNET)
		return;
	memcpy(w->mac, request.ifr_hwaddr.sa_data, sizeof(w->mac));
	w->mac_len = sizeof(w->mac);
}

void ra_wire_close(struct ra_wire *w)
{
	if (!w)
		return;
	sd_event_source_disable_unref(w->hear);
	sd_event_source_disable_unref(w->ask);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

CLEAN_FN(wire, struct ra_wire, ra_wire_close)

int ra_wire_open(struct sd_event *loop, int ifindex, const char *device,
		 enum ra_heard (*heard)(void *data, const struct in6_addr *from,
					const uint8_t *bytes, size_t len),
		 void *data, struct ra_wire **out, struct fault *why)
{
	enum { ACCURACY_US = 10000 };
	CLEANUP(clean_wire) struct ra_wire *w = calloc(1, sizeof(*w));
	if (!w)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	w->ifindex = ifindex;
	w->heard = heard;
	w->data = data;
	w->fd = open_socket(w);
	if (w->fd < 0)
		return fault_set(why, w->fd, "ra.socket", "cannot hear the routers of '%s': %s",
				 device, strerror(-w->fd));
	know_mac(w, device);
	int r = sd_event_add_io(loop, &w->hear, w->fd, EPOLLIN, on_heard, w);
	if (r >= 0)
		r = sd_event_add_time(loop, &w->ask, CLOCK_MONOTONIC, UINT64_MAX, ACCURACY_US,
				      on_ask, w);
	if (r < 0)
		return fault_set(why, r, "ra.loop", "no events for the routers of '%s': %s", device,
				 strerror(-r));
	ra_wire_ask(w);
	*out = MOVE_PTR(w);
	return 0;
}
