// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/shaper.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/kernel/arrive.h"
#include "netmgr/kernel/nft.h"
#include "netmgr/kernel/nl_tc.h"
#include "netmgr/line/uplink.h"

enum { LOOK_AGAIN = 60, NAME_ROOM = 16 };

struct line {
	struct shaper_line order;
	struct shaper_view view;
	unsigned calls;           /* since the last look */
	char device[IF_NAMESIZE]; /* that its rules name; "": it has none */
	bool known;
};

enum rules { RULES_UNTRIED, RULES_TAKEN, RULES_REFUSED };

struct shaper {
	struct nl_net *net;
	struct nft *nft;
	enum shape_leaf leaf; /* the best that this kernel has */
	enum rules rules;     /* whether it takes those that tell apart what comes in */
	bool asked;
	struct line lines[UPLINK_MAX];
};

static void ifb_name(unsigned uplink, char out[static NAME_ROOM])
{
	snprintf(out, NAME_ROOM, "waslin%u", uplink);
}

/* --- rules that tell apart what comes in --- */

static void refuse(struct shaper *s, const char *text)
{
	s->rules = RULES_REFUSED;
	log_warn("event=shape.arrivals text=\"what comes in shares one queue: %s\"", text);
}

static enum shape_lead lead_of(struct shaper *s, const char *ifb)
{
	struct arrive a = { .ifindex = 1 };
	char text[ARRIVE_ROOM];
	if (s->rules == RULES_UNTRIED) {
		snprintf(a.device, sizeof(a.device), "%s", ifb);
		snprintf(a.ifb, sizeof(a.ifb), "%s", ifb);
		s->rules = RULES_TAKEN;
		if (arrive_nft(&a, ARRIVE_ANEW, text) < 0 || !nft_would(s->nft, text))
			refuse(s, "nftables refuses the rules that tell it apart; Linux has what "
				  "they need since 5.16");
	}
	return s->rules == RULES_TAKEN ? SHAPE_LEAD_RULES : SHAPE_LEAD_MIRROR;
}

static int run_rules(struct shaper *s, const struct arrive *a, enum arrive_how how,
		     struct fault *why)
{
	char text[ARRIVE_ROOM];
	int r = arrive_nft(a, how, text);
	return r < 0 ? fault_set(why, r, "queue.arrivals", "no room for the rules of device '%s'",
				 a->device)
		     : nft_run(s->nft, text, "queue.arrivals", why);
}

/* Those of an earlier life, of the same device, keep the flows that they know. */
static int put_rules(struct shaper *s, struct line *l, const char *ifb, struct fault *why)
{
	struct arrive a = { .ifindex = l->order.ifindex,
			    .shared = l->order.shared,
			    .wire = l->order.wire };
	char chain[ARRIVE_ROOM], device[IF_NAMESIZE];
	if (!if_indextoname((unsigned)a.ifindex, device))
		return fault_set(why, -ENODEV, "queue.device", "device %d is gone", a.ifindex);
	const bool renamed = l->device[0] && strcmp(l->device, device) != 0;
	snprintf(a.device, sizeof(a.device), "%s", device);
	snprintf(a.ifb, sizeof(a.ifb), "%s", ifb);
	if (renamed || arrive_chain(&a, chain) < 0 || !nft_has(s->nft, chain) ||
	    run_rules(s, &a, ARRIVE_KEEP, why) < 0) {
		int r = run_rules(s, &a, ARRIVE_ANEW, why);
		if (r < 0)
			return if_indextoname((unsigned)a.ifindex, device) ? r : -ENODEV;
	}
	memcpy(l->device, a.device, sizeof(l->device));
	return 0;
}

static int remove_rules(struct shaper *s, struct line *l, const char *ifb, struct fault *why)
{
	char text[ARRIVE_ROOM];
	l->device[0] = '\0';
	snprintf(text, sizeof(text), "table netdev %s", ifb);
	if (!nft_has(s->nft, text))
		return 0;
	int r = arrive_nft_none(ifb, text);
	return r < 0 ? r : nft_run(s->nft, text, "queue.arrivals", why);
}

/* Its rules may be of the name alone. */
static bool is_renamed(const struct line *l)
{
	char device[IF_NAMESIZE];
	return l->device[0] && if_indextoname((unsigned)l->order.ifindex, device) &&
	       strcmp(l->device, device) != 0;
}

/* --- queues --- */

/* What arrives is led to a queue that is there already, and never to none: rules come before a filter goes, and go after it came. */
static int settle_as(struct shaper *s, const struct shape_wish *wish, struct line *l,
		     const char *ifb, struct fault *why)
{
	const bool by_rules = shape_by_rules(wish);
	struct shape_plan plan;
	shape_make(wish, &plan);
	int r = wish->ifb_ifindex ? nl_tc_settle(s->net, &plan, wish->ifb_ifindex, why) : 0;
	if (r == 0 && by_rules) {
		r = put_rules(s, l, ifb, why);
		if (r < 0 && r != -ENODEV)
			refuse(s, why->text);
	}
	if (r == 0)
		r = nl_tc_settle(s->net, &plan, wish->ifindex, why);
	/* Should it fail, the filter comes first all the same. */
	if (r == 0 && !by_rules)
		(void)remove_rules(s, l, ifb, NULL);
	return r;
}

/* What the kernel has not, a kind of queue or rules, is never asked for again. */
static int settle(struct shaper *s, struct shape_wish *wish, struct line *l, const char *ifb,
		  struct fault *why)
{
	for (;;) {
		/* A cake takes in all that comes, people on the wire, too. */
		wish->leaf = l->order.shared && s->leaf == SHAPE_CAKE ? SHAPE_FQ_CODEL : s->leaf;
		wish->lead = wish->ifb_ifindex && wish->leaf != SHAPE_CAKE ? lead_of(s, ifb)
									   : SHAPE_LEAD_MIRROR;
		if (l->order.shared && wish->down_kbps && wish->lead == SHAPE_LEAD_MIRROR)
			return fault_set(why, -EBUSY, "queue.shared",
					 "what comes in is left alone: people are on this line's "
					 "wire, and no rules tell them apart");
		int r = settle_as(s, wish, l, ifb, why);
		if (r == -ENOENT && s->leaf != SHAPE_PFIFO)
			s->leaf++;
		else if (!shape_by_rules(wish) || s->rules == RULES_TAKEN)
			return r;
	}
}

/* Rules that lead to a device which is not there would lead what comes in to nowhere. */
static void remove_down(struct shaper *s, struct line *l, const char *ifb)
{
	struct fault why;
	if (remove_rules(s, l, ifb, &why) < 0)
		log_fault(LOG_LEVEL_WARN, "shaper", &why);
	else
		(void)nl_tc_ifb_remove(s->net, ifb);
}

static void carry_out(struct shaper *s, unsigned uplink, struct line *l)
{
	struct shape_wish wish = { .ifindex = l->order.ifindex,
				   .up_kbps = l->order.up_kbps,
				   .down_kbps = l->order.down_kbps };
	struct shaper_view view = { .queue = "" };
	struct fault why, no_down = { 0 };
	char name[NAME_ROOM];
	ifb_name(uplink, name);
	if (wish.down_kbps && nl_tc_ifb(s->net, name, &wish.ifb_ifindex, &no_down) < 0)
		wish.down_kbps = 0;
	/* What stands is not torn down for the sake of asking whether the kernel has something better. */
	if (!s->asked && nl_tc_leaf(wish.ifindex, &s->leaf) < 0 &&
	    (!wish.ifb_ifindex || nl_tc_leaf(wish.ifb_ifindex, &s->leaf) < 0))
		s->leaf = SHAPE_CAKE;
	s->asked |= wish.up_kbps || wish.down_kbps;
	int r = settle(s, &wish, l, name, &why);
	if (r == -EBUSY && wish.down_kbps) {
		/* Somebody else looks at what arrives: what leaves is ours all the same. */
		no_down = why;
		wish.down_kbps = 0;
		wish.ifb_ifindex = 0;
		r = settle(s, &wish, l, name, &why);
	}
	if (!wish.down_kbps)
		remove_down(s, l, name);
	if (r == 0) {
		view.up_kbps = wish.up_kbps;
		view.down_kbps = wish.down_kbps;
		view.queue = wish.up_kbps || wish.down_kbps ? shape_leaf_name(wish.leaf) : "";
	}
	snprintf(view.reason, sizeof(view.reason), "%.120s", r < 0 ? why.text : no_down.text);
	if (strcmp(view.reason, l->view.reason) != 0 && view.reason[0])
		log_warn("event=shape uplink=%u text=\"%s\"", uplink, view.reason);
	l->view = view;
}

void shaper_keep(struct shaper *s, unsigned uplink, const struct shaper_line *line)
{
	struct line *l = &s->lines[uplink];
	const bool same =
		l->known && l->order.ifindex == line->ifindex &&
		l->order.up_kbps == line->up_kbps && l->order.down_kbps == line->down_kbps &&
		l->order.shared == line->shared &&
		memcmp(&l->order.wire, &line->wire, sizeof(line->wire)) == 0 && !is_renamed(l);
	if (same && ++l->calls < LOOK_AGAIN)
		return;
	l->calls = 0;
	l->known = true;
	l->order = *line;
	if (line->ifindex)
		carry_out(s, uplink, l);
	else
		l->view = (struct shaper_view){ .queue = "" };
}

void shaper_look(const struct shaper *s, unsigned uplink, struct shaper_view *out)
{
	*out = s->lines[uplink].view;
	if (!out->queue)
		out->queue = "";
}

/* --- start and end --- */

void shaper_free(struct shaper *s, enum shaper_end end)
{
	const struct shaper_line nothing = { 0 };
	if (!s)
		return;
	for (unsigned i = 0; s->net && end == SHAPER_REMOVES && i < UPLINK_MAX; i++) {
		struct shaper_line none = nothing;
		char ifb[NAME_ROOM];
		ifb_name(i, ifb);
		none.ifindex = s->lines[i].order.ifindex;
		if (s->lines[i].known && none.ifindex)
			shaper_keep(s, i, &none);
		else if (s->lines[i].known)
			remove_down(s, &s->lines[i], ifb); /* of a device that went before */
	}
	nft_close(s->nft);
	nl_net_close(s->net);
	free(s);
}

static void drop(struct shaper *s)
{
	shaper_free(s, SHAPER_LEAVES);
}

CLEAN_FN(shaper, struct shaper, drop)

int shaper_new(struct shaper **out, struct fault *why)
{
	CLEANUP(clean_shaper) struct shaper *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = nl_net_open(&s->net, why);
	if (r == 0)
		r = nft_open(&s->nft, why);
	if (r < 0)
		return r;
	*out = MOVE_PTR(s);
	return 0;
}
