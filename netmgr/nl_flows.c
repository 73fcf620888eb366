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

/* --- the machine's own connections --- */

enum { DESTROY_MAX = 256 };

struct victims {
	struct in_addr address;
	struct inet_diag_sockid list[DESTROY_MAX];
	int count;
};

static void forget_sockets(void *data)
{
	struct victims *v = data;
	v->count = 0;
}

static int note_socket(struct nl_msg *msg, void *data)
{
	struct victims *v = data;
	const struct inet_diag_msg *info = nlmsg_data(nlmsg_hdr(msg));
	if (nlmsg_datalen(nlmsg_hdr(msg)) < (int)sizeof(*info))
		return NL_SKIP;
	if (info->id.idiag_src[0] == v->address.s_addr && v->count < DESTROY_MAX)
		v->list[v->count++] = info->id;
	return NL_OK;
}

static struct inet_diag_req_v2 diag_request(void)
{
	return (struct inet_diag_req_v2){ .sdiag_family = AF_INET,
					  .sdiag_protocol = IPPROTO_TCP,
					  .idiag_states =
						  1u << TCP_ESTABLISHED | 1u << TCP_SYN_SENT |
						  1u << TCP_CLOSE_WAIT | 1u << TCP_FIN_WAIT1 |
						  1u << TCP_LAST_ACK };
}

static int destroy_one(struct nl_sock *sock, const struct inet_diag_sockid *id)
{
	struct inet_diag_req_v2 request = diag_request();
	request.id = *id;
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DESTROY, 0);
	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return nlpriv_ask(sock, msg);
}

int nl_net_destroy_sockets(struct nl_net *n, struct in_addr address)
{
	struct victims victims = { .address = address };
	struct inet_diag_req_v2 request = diag_request();
	(void)n;
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	const struct nlpriv_reader reader = { note_socket, forget_sockets, &victims };
	int r = nlpriv_dump(NETLINK_SOCK_DIAG, msg, &reader);
	if (r < 0 || !victims.count)
		return r < 0 ? r : 0;
	CLEANUP(clean_sock) struct nl_sock *sock = nl_socket_alloc();
	if (!sock || nl_connect(sock, NETLINK_SOCK_DIAG) < 0)
		return -EIO;
	for (int i = 0; i < victims.count; i++) {
		r = destroy_one(sock, &victims.list[i]);
		if (r < 0 && r != -ESRCH)
			return r;
	}
	return victims.count;
}

/* --- forwarded flows --- */

int nl_net_forget_flows(struct nl_net *n, uint32_t mark)
{
	(void)n;
	CLEANUP(clean_sock) struct nl_sock *sock = nl_socket_alloc();
	if (!sock)
		return -ENOMEM;
	int r = nl_connect(sock, NETLINK_NETFILTER);
	if (r < 0)
		return nlpriv_errno(r);
	CLEANUP(clean_msg)
	struct nl_msg *msg =
		nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0);
	struct nfgenmsg info = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 };
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, CTA_MARK, htonl(mark)) < 0 ||
	    nla_put_u32(msg, CTA_MARK_MASK, htonl(PLAN_MARK_UPLINK)) < 0)
		return -ENOMEM;
	r = nlpriv_ask(sock, msg);
	return r == -ESRCH ? 0 : r;
}
