// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

#include "netmgr/nl_net.h"
#include "netmgr/nl_priv.h"

void nlpriv_free_msg(struct nl_msg *msg)
{
	nlmsg_free(msg);
}

void nlpriv_free_sock(struct nl_sock *sock)
{
	nl_socket_free(sock);
}

static int dump_once(int protocol, struct nl_msg *msg, const struct nlpriv_reader *reader)
{
	static const int strict = 1;
	CLEANUP(clean_sock) struct nl_sock *sock = nl_socket_alloc();
	if (!sock)
		return -NLE_NOMEM;
	int r = nl_connect(sock, protocol);
	if (r < 0)
		return r;
	/* Numbers of the socket before. */
	nlmsg_hdr(msg)->nlmsg_seq = nlmsg_hdr(msg)->nlmsg_pid = 0;
	/* Kernels before 4.20 send everything: `each` looks at what it is given. */
	(void)setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
			 sizeof(strict));
	if (reader->begin)
		reader->begin(reader->data);
	r = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, reader->each, reader->data);
	if (r >= 0)
		r = nl_send_auto(sock, msg);
	return r < 0 ? r : nl_recvmsgs_default(sock);
}

int nlpriv_dump(int protocol, struct nl_msg *msg, const struct nlpriv_reader *reader)
{
	enum { TRIES = 16 };
	int r = -NLE_DUMP_INTR;
	for (int i = 0; i < TRIES && r == -NLE_DUMP_INTR; i++)
		r = dump_once(protocol, msg, reader);
	return r == -NLE_DUMP_INTR ? -EAGAIN : nlpriv_errno(r);
}

/* --- what is stuck on an uplink --- */

struct release {
	struct nl_sock *diag, *tracking;
	struct in_addr address;
	uint32_t mark;
	struct nl_released released;
	int error; /* the first */
};

static void note_error(struct release *r, int error)
{
	if (error < 0 && !r->error)
		r->error = error;
}

static void destroy_socket(struct release *r, const struct inet_diag_sockid *id)
{
	struct inet_diag_req_v2 request = { .sdiag_family = AF_INET,
					    .sdiag_protocol = IPPROTO_TCP,
					    .idiag_states = UINT32_MAX,
					    .id = *id };
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DESTROY, 0);
	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0) {
		note_error(r, -ENOMEM);
		return;
	}
	int e = nlpriv_ask(r->diag, msg);
	/* Not there: it ended meanwhile, or the connection is forwarded for somebody with our address behind us. */
	if (e == 0)
		r->released.sockets++;
	else if (e != -ESRCH)
		note_error(r, e);
}

static void forget_flow(struct release *r, struct nlattr *tuple, struct nlattr *id,
			struct nlattr *zone)
{
	CLEANUP(clean_msg)
	struct nl_msg *msg =
		nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0);
	struct nfgenmsg info = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 };
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, CTA_TUPLE_ORIG | NLA_F_NESTED, nla_len(tuple), nla_data(tuple)) < 0 ||
	    (id && nla_put(msg, CTA_ID, nla_len(id), nla_data(id)) < 0) ||
	    (zone && nla_put(msg, CTA_ZONE, nla_len(zone), nla_data(zone)) < 0)) {
		note_error(r, -ENOMEM);
		return;
	}
	int e = nlpriv_ask(r->tracking, msg);
	if (e == 0)
		r->released.flows++;
	else if (e != -ESRCH)
		note_error(r, e);
}

/* The far ends of a connection as the machine that began it knows them; ports 0 where the protocol has none. */
static int read_tuple(struct nlattr *tuple, uint8_t *protocol, struct inet_diag_sockid *id)
{
	struct nlattr *parts[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *proto[CTA_PROTO_MAX + 1];
	if (nla_parse_nested(parts, CTA_TUPLE_MAX, tuple, NULL) < 0 || !parts[CTA_TUPLE_IP] ||
	    !parts[CTA_TUPLE_PROTO] ||
	    nla_parse_nested(ip, CTA_IP_MAX, parts[CTA_TUPLE_IP], NULL) < 0 ||
	    nla_parse_nested(proto, CTA_PROTO_MAX, parts[CTA_TUPLE_PROTO], NULL) < 0)
		return -EBADMSG;
	if (!ip[CTA_IP_V4_SRC] || nla_len(ip[CTA_IP_V4_SRC]) != 4 || !ip[CTA_IP_V4_DST] ||
	    nla_len(ip[CTA_IP_V4_DST]) != 4 || !proto[CTA_PROTO_NUM] ||
	    nla_len(proto[CTA_PROTO_NUM]) < 1)
		return -EBADMSG;
	*id = (struct inet_diag_sockid){ .idiag_cookie = { INET_DIAG_NOCOOKIE,
							   INET_DIAG_NOCOOKIE } };
	nla_memcpy(&id->idiag_src[0], ip[CTA_IP_V4_SRC], 4);
	nla_memcpy(&id->idiag_dst[0], ip[CTA_IP_V4_DST], 4);
	nla_memcpy(&id->idiag_sport, proto[CTA_PROTO_SRC_PORT], 2);
	nla_memcpy(&id->idiag_dport, proto[CTA_PROTO_DST_PORT], 2);
	*protocol = nla_get_u8(proto[CTA_PROTO_NUM]);
	return 0;
}

static int release_flow(struct nl_msg *msg, void *data)
{
	struct release *r = data;
	struct nlattr *attrs[CTA_MAX + 1];
	struct inet_diag_sockid id;
	uint8_t protocol;
	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct nfgenmsg), attrs, CTA_MAX, NULL) < 0 ||
	    !attrs[CTA_MARK] || !attrs[CTA_TUPLE_ORIG] ||
	    (ntohl(nla_get_u32(attrs[CTA_MARK])) & PLAN_MARK_UPLINK) != r->mark ||
	    read_tuple(attrs[CTA_TUPLE_ORIG], &protocol, &id) < 0)
		return NL_SKIP;
	if (protocol != IPPROTO_TCP)
		forget_flow(r, attrs[CTA_TUPLE_ORIG], attrs[CTA_ID], attrs[CTA_ZONE]);
	else if (id.idiag_src[0] == r->address.s_addr)
		destroy_socket(r, &id);
	return NL_OK;
}

int nl_net_release(struct in_addr address, uint32_t mark, struct nl_released *out)
{
	CLEANUP(clean_sock) struct nl_sock *diag = nl_socket_alloc();
	CLEANUP(clean_sock) struct nl_sock *tracking = nl_socket_alloc();
	struct release release = {
		.diag = diag, .tracking = tracking, .address = address, .mark = mark
	};
	const struct nlpriv_reader reader = { release_flow, NULL, &release };
	struct nfgenmsg info = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 };
	CLEANUP(clean_msg)
	struct nl_msg *msg =
		nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	if (!diag || !tracking || !msg ||
	    nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, CTA_MARK, htonl(mark)) < 0 ||
	    nla_put_u32(msg, CTA_MARK_MASK, htonl(PLAN_MARK_UPLINK)) < 0)
		return -ENOMEM;
	int r = nl_connect(diag, NETLINK_SOCK_DIAG);
	if (r >= 0)
		r = nl_connect(tracking, NETLINK_NETFILTER);
	if (r < 0)
		return nlpriv_errno(r);
	r = nlpriv_dump(NETLINK_NETFILTER, msg, &reader);
	*out = release.released;
	return r < 0 ? r : release.error;
}
