// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "netmgr/kernel/nl_batch.h"
#include "netmgr/kernel/nl_net.h"
#include "netmgr/six/nl_net6.h"
#include "netmgr/kernel/nl_priv.h"

/* --- this machine's connections --- */

static void note_error(int *first, int error)
{
	if (error < 0 && !*first)
		*first = error;
}

/* This machine's own connections from an address, and which of them go over an uplink. */
struct own {
	uint8_t family;
	const void *address;
	size_t address_len;
	uint32_t mark;
	struct inet_diag_sockid *list;
	size_t count, room;
	struct nl_batch destroy;
	int error; /* the first */
};

static void clear_own(struct own *o)
{
	free(o->list);
	nl_batch_clear(&o->destroy);
}

static void forget_own(void *data)
{
	struct own *o = data;
	o->count = 0;
}

static int read_socket(struct nl_msg *msg, void *data)
{
	struct own *o = data;
	const struct inet_diag_msg *found = nlmsg_data(nlmsg_hdr(msg));
	if (nlmsg_datalen(nlmsg_hdr(msg)) < (int)sizeof(*found) ||
	    found->idiag_family != o->family ||
	    memcmp(found->id.idiag_src, o->address, o->address_len) != 0)
		return NL_SKIP;
	if (o->count == o->room) {
		size_t room = 2 * o->room + 32;
		struct inet_diag_sockid *list = realloc(o->list, room * sizeof(*list));
		if (!list) {
			note_error(&o->error, -ENOMEM);
			return NL_SKIP;
		}
		o->list = list;
		o->room = room;
	}
	o->list[o->count++] = found->id;
	return NL_OK;
}

static int find_sockets(struct own *o)
{
	const struct nlpriv_reader reader = { read_socket, forget_own, o };
	struct inet_diag_req_v2 request = { .sdiag_family = o->family,
					    .sdiag_protocol = IPPROTO_TCP,
					    .idiag_states = ~(1u << TCP_LISTEN | 1u << TCP_CLOSE |
							      1u << TCP_TIME_WAIT) };
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return nlpriv_dump(NETLINK_SOCK_DIAG, msg, &reader);
}

int nlpriv_ask_mark(struct nl_batch *ask, int family, const struct inet_diag_sockid *id)
{
	const bool six = family == AF_INET6;
	const int len = six ? 16 : 4;
	CLEANUP(clean_msg)
	struct nl_msg *msg = nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, 0);
	struct nfgenmsg info = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	struct nlattr *tuple = nla_nest_start(msg, CTA_TUPLE_ORIG | NLA_F_NESTED);
	struct nlattr *ip = tuple ? nla_nest_start(msg, CTA_TUPLE_IP | NLA_F_NESTED) : NULL;
	if (!ip || nla_put(msg, six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, len, id->idiag_src) < 0 ||
	    nla_put(msg, six ? CTA_IP_V6_DST : CTA_IP_V4_DST, len, id->idiag_dst) < 0)
		return -ENOMEM;
	nla_nest_end(msg, ip);
	struct nlattr *proto = nla_nest_start(msg, CTA_TUPLE_PROTO | NLA_F_NESTED);
	if (!proto || nla_put_u8(msg, CTA_PROTO_NUM, IPPROTO_TCP) < 0 ||
	    nla_put_u16(msg, CTA_PROTO_SRC_PORT, id->idiag_sport) < 0 ||
	    nla_put_u16(msg, CTA_PROTO_DST_PORT, id->idiag_dport) < 0)
		return -ENOMEM;
	nla_nest_end(msg, proto);
	nla_nest_end(msg, tuple);
	return nl_batch_add(ask, msg);
}

uint32_t nlpriv_read_mark(struct nlmsghdr *answer)
{
	struct nlattr *attrs[CTA_MAX + 1];
	if (nlmsg_parse(answer, sizeof(struct nfgenmsg), attrs, CTA_MAX, NULL) < 0 ||
	    !attrs[CTA_MARK] || nla_len(attrs[CTA_MARK]) < (int)sizeof(uint32_t))
		return 0;
	return ntohl(nla_get_u32(attrs[CTA_MARK])) & PLAN_MARK_UPLINK;
}

static void destroy_marked(void *data, unsigned nth, struct nlmsghdr *answer)
{
	struct own *o = data;
	if (nth >= o->count || nlpriv_read_mark(answer) != o->mark)
		return;
	struct inet_diag_req_v2 request = { .sdiag_family = o->family,
					    .sdiag_protocol = IPPROTO_TCP,
					    .idiag_states = UINT32_MAX,
					    .id = o->list[nth] };
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DESTROY, 0);
	bool made = msg && nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) == 0;
	note_error(&o->error, made ? nl_batch_add(&o->destroy, msg) : -ENOMEM);
}

static int release(struct own *o, unsigned *count)
{
	const struct nl_batch_reader reader = { destroy_marked, o };
	CLEANUP(nl_batch_clear) struct nl_batch ask = { 0 };
	unsigned asked;
	*count = 0;
	note_error(&o->error, find_sockets(o));
	for (size_t i = 0; i < o->count; i++)
		if (nlpriv_ask_mark(&ask, o->family, &o->list[i]) < 0)
			return -ENOMEM;
	/* What is not there any more has ended meanwhile. */
	note_error(&o->error, nl_batch_send(&ask, NETLINK_NETFILTER, ENOENT, &reader, &asked));
	note_error(&o->error, nl_batch_send(&o->destroy, NETLINK_SOCK_DIAG, ENOENT, NULL, count));
	return o->error;
}

int nl_net_release_own(struct in_addr address, uint32_t mark, unsigned *count)
{
	CLEANUP(clear_own)
	struct own own = {
		.family = AF_INET, .address = &address, .address_len = sizeof(address), .mark = mark
	};
	return release(&own, count);
}

int nl_net6_release_own(const struct in6_addr *address, uint32_t mark, unsigned *count)
{
	CLEANUP(clear_own)
	struct own own = { .family = AF_INET6,
			   .address = address,
			   .address_len = sizeof(*address),
			   .mark = mark };
	return release(&own, count);
}

/* --- flows that the kernel tracks and that reach nobody --- */

struct forgetting {
	struct nl_batch flows;
	uint32_t mark;
	int error; /* the first */
};

static void clear_forgetting(struct forgetting *f)
{
	nl_batch_clear(&f->flows);
}

static void begin_forgetting(void *data)
{
	struct forgetting *f = data;
	nl_batch_clear(&f->flows);
}

static void forget_flow(struct forgetting *f, uint8_t family, struct nlattr *tuple,
			struct nlattr *id, struct nlattr *zone)
{
	CLEANUP(clean_msg)
	struct nl_msg *msg =
		nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0);
	struct nfgenmsg info = { .nfgen_family = family, .version = NFNETLINK_V0 };
	bool made =
		msg && nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) == 0 &&
		nla_put(msg, CTA_TUPLE_ORIG | NLA_F_NESTED, nla_len(tuple), nla_data(tuple)) == 0 &&
		(!id || nla_put(msg, CTA_ID, nla_len(id), nla_data(id)) == 0) &&
		(!zone || nla_put(msg, CTA_ZONE, nla_len(zone), nla_data(zone)) == 0);
	note_error(&f->error, made ? nl_batch_add(&f->flows, msg) : -ENOMEM);
}

/* 0 when it cannot be read: an unknown protocol is none that would have to stay. */
static uint8_t protocol_of(struct nlattr *tuple)
{
	struct nlattr *parts[CTA_TUPLE_MAX + 1], *proto[CTA_PROTO_MAX + 1];
	if (nla_parse_nested(parts, CTA_TUPLE_MAX, tuple, NULL) < 0 || !parts[CTA_TUPLE_PROTO] ||
	    nla_parse_nested(proto, CTA_PROTO_MAX, parts[CTA_TUPLE_PROTO], NULL) < 0 ||
	    !proto[CTA_PROTO_NUM] || nla_len(proto[CTA_PROTO_NUM]) < 1)
		return 0;
	return nla_get_u8(proto[CTA_PROTO_NUM]);
}

static int read_flow(struct nl_msg *msg, void *data)
{
	struct forgetting *f = data;
	struct nlattr *attrs[CTA_MAX + 1];
	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct nfgenmsg), attrs, CTA_MAX, NULL) < 0 ||
	    !attrs[CTA_MARK] || !attrs[CTA_TUPLE_ORIG] ||
	    (ntohl(nla_get_u32(attrs[CTA_MARK])) & PLAN_MARK_UPLINK) != f->mark ||
	    protocol_of(attrs[CTA_TUPLE_ORIG]) == IPPROTO_TCP)
		return NL_SKIP;
	const struct nfgenmsg *info = nlmsg_data(nlmsg_hdr(msg));
	forget_flow(f, info->nfgen_family, attrs[CTA_TUPLE_ORIG], attrs[CTA_ID], attrs[CTA_ZONE]);
	return NL_OK;
}

int nl_net_forget_flows(uint32_t mark, unsigned *count)
{
	CLEANUP(clear_forgetting) struct forgetting f = { .mark = mark };
	const struct nlpriv_reader reader = { read_flow, begin_forgetting, &f };
	struct nfgenmsg info = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	CLEANUP(clean_msg)
	struct nl_msg *msg =
		nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	*count = 0;
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, CTA_MARK, htonl(mark)) < 0 ||
	    nla_put_u32(msg, CTA_MARK_MASK, htonl(PLAN_MARK_UPLINK)) < 0)
		return -ENOMEM;
	note_error(&f.error, nlpriv_dump(NETLINK_NETFILTER, msg, &reader));
	note_error(&f.error, nl_batch_send(&f.flows, NETLINK_NETFILTER, ENOENT, NULL, count));
	return f.error;
}
