// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_looks.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { ANSWER_ROOM = 4096 };

struct question {
	struct nlmsghdr header;
	struct ifinfomsg info;
	struct nlattr mask_head;
	uint32_t mask;
	struct nlattr name_head;
	char name[16];
};

struct nl_looks {
	int fd;
	uint32_t seq; /* of the last question */
	struct question questions[NL_LOOKS_MAX];
	_Alignas(struct nlmsghdr) char answers[NL_LOOKS_MAX][ANSWER_ROOM];
};

void nl_looks_close(struct nl_looks *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

CLEAN_FN(looks, struct nl_looks, nl_looks_close)

int nl_looks_open(struct nl_looks **out, struct fault *why)
{
	CLEANUP(clean_looks) struct nl_looks *l = calloc(1, sizeof(*l));
	if (!l)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (l->fd < 0)
		return fault_set(why, -errno, "netlink.looks",
				 "cannot look at the network's devices: %s", strerror(errno));
	*out = MOVE_PTR(l);
	return 0;
}

static void read_attr(const struct nlattr *attr, const char *value, struct nl_look *out)
{
	const size_t len = attr->nla_len - sizeof(*attr);
	struct rtnl_link_stats64 counts;
	switch (attr->nla_type & NLA_TYPE_MASK) {
	case IFLA_IFNAME:
		if (len && len <= sizeof(out->device) && value[len - 1] == '\0')
			memcpy(out->device, value, len);
		break;
	case IFLA_CARRIER:
		out->carrier = len >= 1 && *value;
		break;
	case IFLA_STATS64:
		memset(&counts, 0, sizeof(counts));
		memcpy(&counts, value, len < sizeof(counts) ? len : sizeof(counts));
		out->rx_bytes = counts.rx_bytes;
		out->tx_bytes = counts.tx_bytes;
		break;
	default:
		break;
	}
}

static int read_link(const char *bytes, size_t len, struct nl_look *out)
{
	struct ifinfomsg info;
	struct nlattr attr;
	if (len < NLMSG_SPACE(sizeof(info)))
		return -EAGAIN;
	memcpy(&info, bytes + NLMSG_HDRLEN, sizeof(info));
	*out = (struct nl_look){ .ifindex = info.ifi_index, .up = (info.ifi_flags & IFF_UP) != 0 };
	const char *at = bytes + NLMSG_SPACE(sizeof(info));
	for (size_t left = len - NLMSG_SPACE(sizeof(info)); left >= sizeof(attr);) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > left)
			break;
		read_attr(&attr, at + sizeof(attr), out);
		const size_t step = NLMSG_ALIGN(attr.nla_len);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	out->carrier &= out->up;
	return out->ifindex > 0 && out->device[0] ? 0 : -EAGAIN;
}

int nl_looks_read(const void *bytes, size_t len, uint32_t *seq, struct nl_look *out)
{
	struct nlmsghdr header;
	struct nlmsgerr refusal;
	if (len < sizeof(header))
		return -EAGAIN;
	memcpy(&header, bytes, sizeof(header));
	*seq = header.nlmsg_seq;
	if (header.nlmsg_len < len)
		len = header.nlmsg_len;
	if (header.nlmsg_type == RTM_NEWLINK)
		return read_link(bytes, len, out);
	if (header.nlmsg_type != NLMSG_ERROR || len < NLMSG_SPACE(sizeof(refusal)))
		return -EAGAIN;
	memcpy(&refusal, (const char *)bytes + NLMSG_HDRLEN, sizeof(refusal));
	return refusal.error == -ENODEV ? -ENODEV : -EAGAIN;
}

static void put_question(struct question *q, const char *device, uint32_t seq)
{
	*q = (struct question){
		.header = { .nlmsg_len = sizeof(*q),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST,
			    .nlmsg_seq = seq },
		.info.ifi_family = AF_UNSPEC,
		.mask_head = { .nla_len = sizeof(q->mask_head) + sizeof(q->mask),
			       .nla_type = IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_SKIP_STATS, /* those of IPv6: ours come all the same */
		.name_head = { .nla_len = sizeof(q->name_head) + sizeof(q->name),
			       .nla_type = IFLA_IFNAME },
	};
	memcpy(q->name, device, sizeof(q->name) - 1);
}

/* All that are there: the kernel has answered when it has taken the questions. */
static void hear(struct nl_looks *l, uint32_t first, struct nl_looked **asked, unsigned count)
{
	struct iovec at[NL_LOOKS_MAX];
	struct mmsghdr messages[NL_LOOKS_MAX];
	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < count; i++) {
		at[i] = (struct iovec){ l->answers[i], ANSWER_ROOM };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &at[i], .msg_iovlen = 1 };
	}
	const int heard = recvmmsg(l->fd, messages, count, MSG_DONTWAIT, NULL);
	for (int i = 0; i < heard; i++) {
		struct nl_look look;
		uint32_t seq = 0;
		const int r = nl_looks_read(l->answers[i], messages[i].msg_len, &seq, &look);
		if (seq - first >= count)
			continue;
		asked[seq - first]->result = r;
		if (r == 0)
			asked[seq - first]->look = look;
	}
}

void nl_looks_take(struct nl_looks *l, struct nl_looked *all, size_t count)
{
	struct nl_looked *asked[NL_LOOKS_MAX];
	const uint32_t first = l->seq + 1;
	unsigned n = 0;
	for (size_t i = 0; i < count; i++) {
		all[i].result = -EAGAIN;
		if (!all[i].device[0] || n == NL_LOOKS_MAX)
			continue;
		put_question(&l->questions[n], all[i].device, first + n);
		asked[n++] = &all[i];
	}
	if (!n)
		return;
	l->seq += n;
	const size_t len = n * sizeof(l->questions[0]);
	if (send(l->fd, l->questions, len, 0) == (ssize_t)len)
		hear(l, first, asked, n);
}
