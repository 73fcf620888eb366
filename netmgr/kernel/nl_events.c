// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/kernel/plan.h"

enum { BUFFER_BYTES = 4 << 20, DATAGRAM_BYTES = 32 << 10, AT_ONCE = 256 };

/*
 * What news_of() has no use for never enters the buffer: above all the routes of others, as a routing daemon may bring
 * thousands. The kernel sends one message in each datagram here.
 */
static int keep_only_what_matters(int fd)
{
	enum {
		TYPE_AT = offsetof(struct nlmsghdr, nlmsg_type),
		PROTOCOL_AT = NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_protocol)
	};
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, TYPE_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWLINK), 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELADDR), 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELRULE), 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PROTOCOL_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PLAN_PROTOCOL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = ARRAY_LEN(code), .filter = code };
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

int nl_events_open(int *out, struct fault *why)
{
	static const int buffer = BUFFER_BYTES;
	AUTO_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	struct sockaddr_nl here = { .nl_family = AF_NETLINK,
				    .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
						 RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE |
						 RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE |
						 1u << (RTNLGRP_IPV6_RULE - 1) };
	if (fd < 0 || keep_only_what_matters(fd) < 0 ||
	    bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0)
		return fault_set(why, -errno, "netlink.events",
				 "cannot listen to the kernel's network: %s", strerror(errno));
	/* The default holds a few hundred routes; a lost event only costs taking stock anew. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	*out = MOVE_FD(fd);
	return 0;
}

static bool rule_is_ours(const struct nlmsghdr *header)
{
	int left = (int)(header->nlmsg_len - NLMSG_SPACE(sizeof(struct fib_rule_hdr)));
	const char *at = (const char *)header + NLMSG_SPACE(sizeof(struct fib_rule_hdr));
	for (struct rtattr attr; left >= (int)sizeof(attr);) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || attr.rta_len > left)
			return false;
		if (attr.rta_type == FRA_PROTOCOL && attr.rta_len == RTA_LENGTH(1))
			return at[RTA_LENGTH(0)] == PLAN_PROTOCOL;
		at += RTA_ALIGN(attr.rta_len);
		left -= (int)RTA_ALIGN(attr.rta_len);
	}
	return false;
}

static unsigned news_of(const struct nlmsghdr *header)
{
	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return NL_NEWS_LINK;
	case RTM_DELADDR:
		return NL_NEWS_LOST;
	case RTM_DELROUTE: {
		struct rtmsg info;
		if (header->nlmsg_len < NLMSG_SPACE(sizeof(info)))
			return 0;
		memcpy(&info, (const char *)header + NLMSG_HDRLEN, sizeof(info));
		return info.rtm_protocol == PLAN_PROTOCOL ? NL_NEWS_LOST : 0;
	}
	case RTM_DELRULE:
		return header->nlmsg_len >= NLMSG_SPACE(sizeof(struct fib_rule_hdr)) &&
				       rule_is_ours(header)
			       ? NL_NEWS_LOST
			       : 0;
	default:
		return 0;
	}
}

unsigned nl_events_parse(const void *bytes, size_t len, uint32_t own_port)
{
	unsigned news = 0;
	const struct nlmsghdr *header = bytes;
	for (; len >= sizeof(*header) && header->nlmsg_len >= sizeof(*header) &&
	       header->nlmsg_len <= len;) {
		if (header->nlmsg_pid != own_port)
			news |= news_of(header);
		size_t step = NLMSG_ALIGN(header->nlmsg_len);
		if (step >= len)
			break;
		len -= step;
		header = (const struct nlmsghdr *)((const char *)header + step);
	}
	return news;
}

unsigned nl_events_read(int fd, uint32_t own_port)
{
	_Alignas(struct nlmsghdr) char bytes[DATAGRAM_BYTES];
	unsigned news = 0;
	/* A storm is taken in pieces: probes and orders have their turn in between. */
	for (int i = 0; i < AT_ONCE; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t n =
			recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno == ENOBUFS)
			news |= NL_NEWS_OVERRUN;
		else if (n < 0 && errno != EINTR)
			return news;
		else if (n > 0 && from.nl_pid == 0)
			news |= nl_events_parse(bytes, (size_t)n, own_port);
	}
	return news;
}
