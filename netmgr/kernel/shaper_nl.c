// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/shaper.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/kernel/nl_tc.h"
#include "netmgr/line/uplink.h"

enum { LOOK_AGAIN = 60, NAME_ROOM = 16 };

struct line {
	struct shaper_line order;
	struct shaper_view view;
	unsigned calls; /* since the last look */
	bool known;
};

struct shaper {
	struct nl_net *net;
	enum shape_leaf leaf; /* the best that this kernel has */
	bool asked;
	struct line lines[UPLINK_MAX];
};

static void ifb_name(unsigned uplink, char out[static NAME_ROOM])
{
	snprintf(out, NAME_ROOM, "waslin%u", uplink);
}

void shaper_free(struct shaper *s, enum shaper_end end)
{
	const struct shaper_line nothing = { 0 };
	if (!s)
		return;
	for (unsigned i = 0; s->net && end == SHAPER_REMOVES && i < UPLINK_MAX; i++) {
		struct shaper_line none = nothing;
		none.ifindex = s->lines[i].order.ifindex;
		if (s->lines[i].known)
			shaper_keep(s, i, &none);
	}
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
	if (r < 0)
		return r;
	*out = MOVE_PTR(s);
	return 0;
}

/* A kind of queue that the kernel has not is never asked for again. */
static int settle(struct shaper *s, struct shape_wish *wish, struct fault *why)
{
	struct shape_plan plan;
	int r = -ENOENT;
	for (; r == -ENOENT; s->leaf++) {
		wish->leaf = s->leaf;
		shape_make(wish, &plan);
		/* What arrives is led there at once: its queue comes first. */
		r = wish->ifb_ifindex ? nl_tc_settle(s->net, &plan, wish->ifb_ifindex, why) : 0;
		if (r == 0)
			r = nl_tc_settle(s->net, &plan, wish->ifindex, why);
		if (r != -ENOENT || s->leaf == SHAPE_PFIFO)
			break;
	}
	return r;
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
	if (!s->asked && nl_tc_leaf(wish.ifindex, &s->leaf) < 0)
		s->leaf = SHAPE_CAKE;
	s->asked |= wish.up_kbps || wish.down_kbps;
	int r = settle(s, &wish, &why);
	if (r == -EBUSY && wish.down_kbps) {
		/* Somebody else looks at what arrives: what leaves is ours all the same. */
		no_down = why;
		wish.down_kbps = 0;
		wish.ifb_ifindex = 0;
		r = settle(s, &wish, &why);
	}
	if (!wish.down_kbps)
		(void)nl_tc_ifb_remove(s->net, name);
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
	const bool same = l->known && l->order.ifindex == line->ifindex &&
			  l->order.up_kbps == line->up_kbps &&
			  l->order.down_kbps == line->down_kbps;
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
