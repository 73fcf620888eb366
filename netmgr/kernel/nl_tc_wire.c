// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "netmgr/kernel/nl_priv.h"
#include "netmgr/kernel/nl_tc.h"

enum {
	TICK_NS = 64, /* of HTB's clock, in every kernel since 2.6.31 */
	RTT_US = 100000,
	TARGET_US = 5000,
	FILTER_PRIO = 1,
	U32_KEYS = 1,
};

/* --- orders --- */

/* Without the flag that newer families want: tc sends it with an action's options alone. */
static struct nlattr *nest(struct nl_msg *msg, int attr)
{
	struct nlattr *start = nla_nest_start(msg, attr);
	if (start)
		start->nla_type = (uint16_t)attr;
	return start;
}

static int put_htb(struct nl_msg *msg, const struct shape_object *o)
{
	const struct tc_htb_glob glob = { .version = 3, .rate2quantum = 10, .defcls = o->fallback };
	return nla_put(msg, TCA_HTB_INIT, sizeof(glob), &glob);
}

/* How long `bytes` take, in the kernel's ticks. */
static uint32_t ticks(uint64_t bytes, uint64_t rate)
{
	return (uint32_t)(bytes * 1000000000 / rate / TICK_NS);
}

static int put_htb_class(struct nl_msg *msg, const struct shape_object *o)
{
	/* A link layer that is known: the kernel needs no tables then. */
	struct tc_htb_opt opt = {
		.rate = { .linklayer = TC_LINKLAYER_ETHERNET,
			  .rate = o->rate < UINT32_MAX ? (uint32_t)o->rate : UINT32_MAX },
		.ceil = { .linklayer = TC_LINKLAYER_ETHERNET,
			  .rate = o->ceil < UINT32_MAX ? (uint32_t)o->ceil : UINT32_MAX },
		.buffer = ticks(o->burst, o->rate),
		.cbuffer = ticks(o->burst, o->ceil),
		.quantum = o->quantum,
		.prio = o->prio,
	};
	if (o->rate >= UINT32_MAX && nla_put_u64(msg, TCA_HTB_RATE64, o->rate) < 0)
		return -1;
	if (o->ceil >= UINT32_MAX && nla_put_u64(msg, TCA_HTB_CEIL64, o->ceil) < 0)
		return -1;
	return nla_put(msg, TCA_HTB_PARMS, sizeof(opt), &opt);
}

/* One class, as classes are told apart before; each host of the house gets its share. */
static int put_cake(struct nl_msg *msg, const struct shape_object *o)
{
	const struct {
		int attr;
		uint32_t value;
		enum { BOTH, IN, OUT } way;
	} rows[] = {
		{ TCA_CAKE_DIFFSERV_MODE, CAKE_DIFFSERV_BESTEFFORT, BOTH },
		{ TCA_CAKE_ATM, CAKE_ATM_NONE, BOTH },
		{ TCA_CAKE_FLOW_MODE, o->ingress ? CAKE_FLOW_DUAL_DST : CAKE_FLOW_TRIPLE, BOTH },
		{ TCA_CAKE_OVERHEAD, 0, BOTH },
		{ TCA_CAKE_RAW, 0, BOTH },
		{ TCA_CAKE_RTT, RTT_US, BOTH },
		{ TCA_CAKE_TARGET, TARGET_US, BOTH },
		{ TCA_CAKE_AUTORATE, 0, BOTH },
		{ TCA_CAKE_NAT, 1, BOTH },
		{ TCA_CAKE_SPLIT_GSO, 1, BOTH },
		{ TCA_CAKE_INGRESS, 1, IN },
		{ TCA_CAKE_ACK_FILTER, CAKE_ACK_NONE, OUT },
	};
	if (nla_put_u64(msg, TCA_CAKE_BASE_RATE64, o->rate) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].way != (o->ingress ? OUT : IN) &&
		    nla_put_u32(msg, rows[i].attr, rows[i].value) < 0)
			return -1;
	return 0;
}

static int put_fq_codel(struct nl_msg *msg, const struct shape_object *o)
{
	return nla_put_u32(msg, TCA_FQ_CODEL_LIMIT, o->limit) < 0 ||
			       nla_put_u32(msg, TCA_FQ_CODEL_INTERVAL, RTT_US) < 0 ||
			       nla_put_u32(msg, TCA_FQ_CODEL_TARGET, TARGET_US) < 0
		       ? -1
		       : nla_put_u32(msg, TCA_FQ_CODEL_ECN, 1);
}

static int put_mirror(struct nl_msg *msg, const struct shape_object *o)
{
	const struct tc_mirred mirred = { .action = TC_ACT_STOLEN,
					  .eaction = TCA_EGRESS_REDIR,
					  .ifindex = (uint32_t)o->to_ifindex };
	/* Its keys follow: every bit is masked out, everything matches. */
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = U32_KEYS };
	uint8_t all[sizeof(sel) + U32_KEYS * sizeof(struct tc_u32_key)] = { 0 };
	memcpy(all, &sel, sizeof(sel));
	struct nlattr *acts = nest(msg, TCA_U32_ACT);
	struct nlattr *act = acts ? nest(msg, 1) : NULL;
	if (!act || nla_put_string(msg, TCA_ACT_KIND, "mirred") < 0)
		return -1;
	struct nlattr *options = nla_nest_start(msg, TCA_ACT_OPTIONS);
	if (!options || nla_put(msg, TCA_MIRRED_PARMS, sizeof(mirred), &mirred) < 0)
		return -1;
	nla_nest_end(msg, options);
	nla_nest_end(msg, act);
	nla_nest_end(msg, acts);
	return nla_put(msg, TCA_U32_SEL, sizeof(all), all);
}

static int put_options(struct nl_msg *msg, const struct shape_object *o)
{
	const struct tc_fifo_qopt fifo = { .limit = o->limit };
	if (o->what == SHAPE_IS_INGRESS)
		return 0;
	if (o->what == SHAPE_IS_PFIFO)
		return nla_put(msg, TCA_OPTIONS, sizeof(fifo), &fifo);
	static int (*const put[])(struct nl_msg * msg, const struct shape_object *o) = {
		[SHAPE_IS_HTB] = put_htb,       [SHAPE_IS_HTB_CLASS] = put_htb_class,
		[SHAPE_IS_CAKE] = put_cake,     [SHAPE_IS_FQ_CODEL] = put_fq_codel,
		[SHAPE_IS_MIRROR] = put_mirror,
	};
	struct nlattr *options = nest(msg, TCA_OPTIONS);
	if (!options || put[o->what](msg, o) < 0)
		return -1;
	nla_nest_end(msg, options);
	return 0;
}

static int type_of(enum shape_what what, enum nl_order order)
{
	const bool put = order == NL_PUT;
	if (what == SHAPE_IS_HTB_CLASS)
		return put ? RTM_NEWTCLASS : RTM_DELTCLASS;
	if (what == SHAPE_IS_MIRROR)
		return put ? RTM_NEWTFILTER : RTM_DELTFILTER;
	return put ? RTM_NEWQDISC : RTM_DELQDISC;
}

struct nl_msg *nl_tc_encode(const struct shape_object *o, enum nl_order order)
{
	const bool put = order == NL_PUT;
	struct tcmsg info = { .tcm_ifindex = o->ifindex,
			      .tcm_handle = o->handle,
			      .tcm_parent = o->parent };
	if (o->what == SHAPE_IS_MIRROR)
		info.tcm_info = TC_H_MAKE(FILTER_PRIO << 16, htons(ETH_P_ALL));
	/* A filter of that handle is replaced without being told. */
	const int flags = !put                         ? 0
			  : o->what == SHAPE_IS_MIRROR ? NLM_F_CREATE
						       : NLM_F_CREATE | NLM_F_REPLACE;
	CLEANUP(clean_msg)
	struct nl_msg *msg =
		nlmsg_alloc_simple(type_of(o->what, order), NLM_F_REQUEST | NLM_F_ACK | flags);
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    (put &&
	     (nla_put_string(msg, TCA_KIND, shape_kind(o->what)) < 0 || put_options(msg, o) < 0)))
		return NULL;
	return MOVE_PTR(msg);
}

/* --- answers --- */

static void read_htb_class(struct nlattr *options, struct shape_object *out)
{
	struct nlattr *attrs[TCA_HTB_MAX + 1];
	struct tc_htb_opt opt;
	if (nla_parse_nested(attrs, TCA_HTB_MAX, options, NULL) < 0 || !attrs[TCA_HTB_PARMS] ||
	    nla_memcpy(&opt, attrs[TCA_HTB_PARMS], sizeof(opt)) < (int)sizeof(opt))
		return;
	out->rate = attrs[TCA_HTB_RATE64] && nla_len(attrs[TCA_HTB_RATE64]) == 8
			    ? nla_get_u64(attrs[TCA_HTB_RATE64])
			    : opt.rate.rate;
	out->ceil = attrs[TCA_HTB_CEIL64] && nla_len(attrs[TCA_HTB_CEIL64]) == 8
			    ? nla_get_u64(attrs[TCA_HTB_CEIL64])
			    : opt.ceil.rate;
	out->prio = opt.prio;
}

static uint32_t u32_of(struct nlattr *attr)
{
	return attr && nla_len(attr) == sizeof(uint32_t) ? nla_get_u32(attr) : 0;
}

static void read_cake(struct nlattr *options, struct shape_object *out)
{
	struct nlattr *attrs[TCA_CAKE_MAX + 1];
	if (nla_parse_nested(attrs, TCA_CAKE_MAX, options, NULL) < 0)
		return;
	if (attrs[TCA_CAKE_BASE_RATE64] && nla_len(attrs[TCA_CAKE_BASE_RATE64]) == 8)
		out->rate = nla_get_u64(attrs[TCA_CAKE_BASE_RATE64]);
	out->ingress = u32_of(attrs[TCA_CAKE_INGRESS]) != 0;
}

static void read_fq_codel(struct nlattr *options, struct shape_object *out)
{
	struct nlattr *attrs[TCA_FQ_CODEL_MAX + 1];
	if (nla_parse_nested(attrs, TCA_FQ_CODEL_MAX, options, NULL) == 0)
		out->limit = u32_of(attrs[TCA_FQ_CODEL_LIMIT]);
}

static void read_pfifo(struct nlattr *options, struct shape_object *out)
{
	struct tc_fifo_qopt opt;
	if (nla_memcpy(&opt, options, sizeof(opt)) == (int)sizeof(opt))
		out->limit = opt.limit;
}

/* Where a filter of ours leads to. */
static void read_mirror(struct nlattr *options, struct shape_object *out)
{
	struct nlattr *attrs[TCA_U32_MAX + 1], *acts[2], *act[TCA_ACT_MAX + 1],
		*mirred[TCA_MIRRED_MAX + 1];
	struct tc_mirred to;
	if (nla_parse_nested(attrs, TCA_U32_MAX, options, NULL) < 0 || !attrs[TCA_U32_ACT] ||
	    nla_parse_nested(acts, 1, attrs[TCA_U32_ACT], NULL) < 0 || !acts[1] ||
	    nla_parse_nested(act, TCA_ACT_MAX, acts[1], NULL) < 0 || !act[TCA_ACT_OPTIONS] ||
	    nla_parse_nested(mirred, TCA_MIRRED_MAX, act[TCA_ACT_OPTIONS], NULL) < 0 ||
	    !mirred[TCA_MIRRED_PARMS] ||
	    nla_memcpy(&to, mirred[TCA_MIRRED_PARMS], sizeof(to)) < (int)sizeof(to))
		return;
	out->to_ifindex = (int)to.ifindex;
}

/* Of which a queue has no options worth reading: an HTB's, an ingress's. */
static void read_nothing(struct nlattr *options, struct shape_object *out)
{
	(void)options;
	(void)out;
}

bool nl_tc_decode(struct nl_msg *msg, struct shape_object *out)
{
	static const struct {
		enum shape_what what;
		int type;
		void (*read)(struct nlattr *options, struct shape_object *out);
	} rows[] = {
		{ SHAPE_IS_HTB, RTM_NEWQDISC, read_nothing },
		{ SHAPE_IS_HTB_CLASS, RTM_NEWTCLASS, read_htb_class },
		{ SHAPE_IS_CAKE, RTM_NEWQDISC, read_cake },
		{ SHAPE_IS_FQ_CODEL, RTM_NEWQDISC, read_fq_codel },
		{ SHAPE_IS_PFIFO, RTM_NEWQDISC, read_pfifo },
		{ SHAPE_IS_INGRESS, RTM_NEWQDISC, read_nothing },
		{ SHAPE_IS_MIRROR, RTM_NEWTFILTER, read_mirror },
	};
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct nlattr *attrs[TCA_MAX + 1];
	char kind[16];
	if (nlmsg_parse(header, sizeof(struct tcmsg), attrs, TCA_MAX, NULL) < 0 ||
	    !attrs[TCA_KIND] || nla_strlcpy(kind, attrs[TCA_KIND], sizeof(kind)) == 0)
		return false;
	const struct tcmsg *info = nlmsg_data(header);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].type != header->nlmsg_type ||
		    strcmp(shape_kind(rows[i].what), kind) != 0)
			continue;
		*out = (struct shape_object){ .what = rows[i].what,
					      .ifindex = info->tcm_ifindex,
					      .handle = info->tcm_handle,
					      .parent = info->tcm_parent };
		if (attrs[TCA_OPTIONS])
			rows[i].read(attrs[TCA_OPTIONS], out);
		return true;
	}
	return false;
}
