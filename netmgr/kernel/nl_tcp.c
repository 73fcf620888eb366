// SPDX-License-Identifier: GPL-2.0-or-later
/* Without libnl: its headers bring glibc's struct tcp_info, which is an old one. */
#include "netmgr/kernel/nl_tcp.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum { RESTED_MS = 10000, NEVER_TRIPPED = UINT32_MAX };

/* The kernel gives as much of TCP_INFO as it has; what is missing is zero. */
static void read_info(const struct tcp_info *info, struct passive_flow *out)
{
	out->acked_bytes = info->tcpi_bytes_acked;
	out->received_bytes = info->tcpi_bytes_received;
	out->sent_bytes = info->tcpi_bytes_sent;
	out->resent_bytes = info->tcpi_bytes_retrans;
	out->busy_us = info->tcpi_busy_time;
	out->held_us = info->tcpi_rwnd_limited + info->tcpi_sndbuf_limited;
	out->rtt_us = info->tcpi_rtt;
	out->least_rtt_us = info->tcpi_min_rtt == NEVER_TRIPPED ? 0 : info->tcpi_min_rtt;
	out->receiver_rtt_us = info->tcpi_rcv_rtt;
	out->heard_ms_ago = info->tcpi_last_data_recv;
}

static bool find_info(const char *at, size_t left, struct tcp_info *out)
{
	for (struct nlattr attr; left >= sizeof(attr);) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > left)
			return false;
		const size_t len = attr.nla_len - sizeof(attr), step = NLMSG_ALIGN(attr.nla_len);
		if ((attr.nla_type & NLA_TYPE_MASK) == INET_DIAG_INFO) {
			memset(out, 0, sizeof(*out));
			memcpy(out, at + sizeof(attr), len < sizeof(*out) ? len : sizeof(*out));
			return true;
		}
		if (step >= left)
			return false;
		at += step;
		left -= step;
	}
	return false;
}

int nl_tcp_read(const void *bytes, size_t len, struct nl_tcp *out)
{
	struct nlmsghdr header;
	struct inet_diag_msg found;
	struct tcp_info info;
	const size_t head = NLMSG_SPACE(sizeof(found));
	if (len < head)
		return -EBADMSG;
	memcpy(&header, bytes, sizeof(header));
	if (header.nlmsg_len < head || header.nlmsg_len > len)
		return -EBADMSG;
	memcpy(&found, (const char *)bytes + NLMSG_HDRLEN, sizeof(found));
	if ((found.idiag_family != AF_INET && found.idiag_family != AF_INET6) ||
	    !find_info((const char *)bytes + head, header.nlmsg_len - head, &info))
		return -ENODATA;
	*out = (struct nl_tcp){
		.flow.id = (uint64_t)found.id.idiag_cookie[1] << 32 | found.id.idiag_cookie[0],
		.family = found.idiag_family,
		.id = found.id,
	};
	read_info(&info, &out->flow);
	/* It rests: neither bytes nor answers for a while. */
	return info.tcpi_last_data_recv > RESTED_MS && info.tcpi_last_ack_recv > RESTED_MS
		       ? -ENODATA
		       : 0;
}
