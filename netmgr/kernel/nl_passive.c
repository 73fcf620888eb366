// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_passive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "netmgr/kernel/nl_batch.h"
#include "netmgr/kernel/nl_priv.h"
#include "netmgr/kernel/nl_tcp.h"

/* States of a connection over which bytes go, as the kernel numbers them. */
enum { ESTABLISHED = 1, FIN_WAIT1 = 4, FIN_WAIT2 = 5, CLOSE_WAIT = 8 };

struct look {
	const struct nl_passive_ends *ends;
	const struct passive *known;
	struct passive_flow *out;
	size_t count, room;
	struct nl_batch ask;
	size_t asked[PASSIVE_FLOWS]; /* which of `out` each question is about */
	size_t asked_count;
	int error;
};

static void clear_look(struct look *l)
{
	nl_batch_clear(&l->ask);
}

static void begin(void *data)
{
	struct look *l = data;
	l->count = l->asked_count = 0;
	nl_batch_clear(&l->ask);
}

/* From an address of an uplink, to beyond its wire: who is on it is a pupil of a box with one port, or a router. */
static bool goes_out_by_six(const struct nl_passive_ends *ends, const struct nl_tcp *c)
{
	enum { WIRE_BYTES = 8 };
	struct in6_addr from, to;
	memcpy(&from, c->id.idiag_src, sizeof(from));
	memcpy(&to, c->id.idiag_dst, sizeof(to));
	for (size_t i = 0; i < ends->six_count && !IN6_IS_ADDR_LINKLOCAL(&to); i++)
		if (IN6_ARE_ADDR_EQUAL(&ends->six[i], &from) && memcmp(&from, &to, WIRE_BYTES) != 0)
			return true;
	return false;
}

static bool goes_out(const struct nl_passive_ends *ends, const struct nl_tcp *c)
{
	if (c->family == AF_INET6)
		return goes_out_by_six(ends, c);
	for (size_t i = 0; i < ends->uplink_count; i++) {
		const struct plan_uplink *u = &ends->uplinks[i];
		const uint32_t mask = u->prefix_len ? htonl(UINT32_MAX << (32 - u->prefix_len)) : 0;
		if (u->addressed && u->address.s_addr == c->id.idiag_src[0] &&
		    (c->id.idiag_dst[0] & mask) != (u->address.s_addr & mask))
			return true;
	}
	return false;
}

static int each(struct nl_msg *msg, void *data)
{
	struct look *l = data;
	struct nl_tcp c;
	if (l->count == l->room || nl_tcp_read(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, &c) < 0 ||
	    !goes_out(l->ends, &c))
		return NL_SKIP;
	c.flow.line = passive_line_of(l->known, c.flow.id);
	if (c.flow.line == PASSIVE_NEW) {
		c.flow.line = PASSIVE_NOWHERE;
		if (nlpriv_ask_mark(&l->ask, c.family, &c.id) < 0)
			l->error = -ENOMEM;
		else
			l->asked[l->asked_count++] = l->count;
	}
	l->out[l->count++] = c.flow;
	return NL_OK;
}

static void note_mark(void *data, unsigned nth, struct nlmsghdr *answer)
{
	struct look *l = data;
	const uint32_t mark = nlpriv_read_mark(answer);
	for (unsigned i = 0; nth < l->asked_count && i < l->ends->uplink_count; i++)
		if (mark == plan_mark(i))
			l->out[l->asked[nth]].line = (int)i;
}

static int dump(struct look *l, int family)
{
	const struct nlpriv_reader reader = { each, begin, l };
	struct inet_diag_req_v2 request = {
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = 1 << (INET_DIAG_INFO - 1),
		.idiag_states =
			1u << ESTABLISHED | 1u << FIN_WAIT1 | 1u << FIN_WAIT2 | 1u << CLOSE_WAIT,
	};
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return nlpriv_dump(NETLINK_SOCK_DIAG, msg, &reader);
}

static int take(const struct nl_passive_ends *ends, int family, const struct passive *known,
		struct passive_flow *out, size_t room)
{
	CLEANUP(clear_look)
	struct look l = { .ends = ends,
			  .known = known,
			  .out = out,
			  .room = room < PASSIVE_FLOWS ? room : PASSIVE_FLOWS };
	const struct nl_batch_reader reader = { note_mark, &l };
	unsigned asked;
	int r = dump(&l, family);
	/* What is not there any more has ended meanwhile. */
	if (r == 0 && l.asked_count)
		r = nl_batch_send(&l.ask, NETLINK_NETFILTER, ENOENT, &reader, &asked);
	return r < 0 ? r : l.error ? l.error : (int)l.count;
}

int nl_passive_take(const struct nl_passive_ends *ends, const struct passive *known,
		    struct passive_flow *out, size_t room)
{
	const int four = take(ends, AF_INET, known, out, room);
	if (four < 0 || !ends->six_count)
		return four;
	const int six = take(ends, AF_INET6, known, out + four, room - (size_t)four);
	return six < 0 ? six : four + six;
}
