// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/house.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "netmgr/kernel/lan_book.h"
#include "netmgr/kernel/nl_net.h"

enum {
	OWN_NETS = 3, /* the hub and the far machines, where they are addresses */
	LATELY_LEN_MAX =
		24, /* networks of houses; what a mobile network gives is smaller, and another each time */
	TAKEN_MAX = UPLINK_MAX * HOUSE_LINE_NETS + OWN_NETS + LAN_MAX,
};

/* Where the box's own networks are kept across restarts. */
#define BOOK_FILE "/var/lib/wasl/netmgr/networks.json"

struct room {
	struct lan_entry entry;
	struct lan_net wishes[LAN_WISHES];
	size_t wish_count;
	struct lan_pace pace;
	int ifindex;  /* 0: the device is not there */
	int collides; /* the uplink; -1 none */
};

struct house {
	const struct net_conf *conf;
	struct nl_net *net;
	const struct kernel_calls *calls;
	struct room rooms[LAN_MAX];
	size_t count;
	struct line_nets {
		struct lan_net nets[HOUSE_LINE_NETS];
		size_t count;
	} lines[UPLINK_MAX];
	struct lan_net own[OWN_NETS];
	size_t own_count;
	struct lan_seen seen[UPLINK_MAX];
	bool failed; /* the last order was refused, or the file not written: said once */
};

static void note(struct house *h, int r, const struct fault *why)
{
	if (r < 0 && !h->failed)
		log_fault(LOG_LEVEL_WARN, "lan", why);
	h->failed = r < 0;
}

/* --- what is remembered --- */

static void save(struct house *h)
{
	struct lan_book book = { .lan_count = h->count };
	struct fault why;
	for (size_t i = 0; i < h->count; i++)
		book.lans[i] = h->rooms[i].entry;
	for (size_t i = 0; i < h->conf->uplink_count; i++)
		if (h->seen[i].net.len)
			book.seen[book.seen_count++] = h->seen[i];
	AUTO_FREE char *text = lan_book_text(&book);
	int r = text ? fileio_replace(paths_at(BOOK_FILE).at, text, strlen(text), 0644, &why)
		     : fault_set(&why, -ENOMEM, "memory", "out of memory");
	note(h, r, &why);
}

/* A network that is configured no more, or for another device, leaves nothing behind on the one that it had. */
static void leave_device(struct house *h, const struct lan_entry *e)
{
	struct nl_look look;
	struct fault why;
	if (!e->device[0] || nl_net_look(h->net, e->device, &look) < 0)
		return;
	note(h, nl_net_address(h->net, NL_REMOVE, look.ifindex, e->net.address, e->net.len, &why),
	     &why);
}

/* Whether the book is to be written anew: next time the address there may be somebody else's. */
static bool recall_one(struct house *h, const struct lan_entry *e)
{
	struct lan_entry *own = NULL;
	char device[sizeof(e->device)];
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->rooms[i].entry.name, e->name) == 0)
			own = &h->rooms[i].entry;
	const bool elsewhere = !own || strcmp(own->device, e->device) != 0;
	if (elsewhere)
		leave_device(h, e);
	if (!own)
		return true;
	memcpy(device, own->device, sizeof(device));
	*own = *e;
	memcpy(own->device, device, sizeof(own->device));
	return elsewhere;
}

static void recall(struct house *h)
{
	struct lan_book book = { 0 };
	AUTO_FREE void *text = NULL;
	size_t len;
	const struct path file = paths_at(BOOK_FILE);
	int r = fileio_read(file.at, LAN_BOOK_BYTES_MAX, &text, &len, NULL);
	if (r == 0)
		r = lan_book_parse(text, len, &book);
	if (r < 0 && r != -ENOENT)
		log_warn("event=lan.book file=%s text=\"cannot be read: networks are chosen anew\"",
			 file.at);
	bool changed = false;
	for (size_t k = 0; k < book.lan_count; k++)
		changed |= recall_one(h, &book.lans[k]);
	for (size_t i = 0; i < h->conf->uplink_count; i++)
		for (size_t k = 0; k < book.seen_count; k++)
			if (strcmp(h->seen[i].name, book.seen[k].name) == 0)
				h->seen[i] = book.seen[k];
	if (changed)
		save(h);
}

/* --- the kernel's side --- */

static void take_off(struct house *h, const struct room *room, const struct lan_net *net)
{
	struct fault why;
	if (room->ifindex && net->len)
		note(h,
		     nl_net_address(h->net, NL_REMOVE, room->ifindex, net->address, net->len, &why),
		     &why);
}

static void put_on(struct house *h, const struct room *room)
{
	struct fault why;
	const struct lan_net *net = &room->entry.net;
	if (room->ifindex && net->len)
		note(h,
		     nl_net_address(h->net, NL_PUT_NEAR, room->ifindex, net->address, net->len,
				    &why),
		     &why);
}

/* An earlier life may have ended between its note of a move and the move. */
static void take_device(struct house *h, struct room *room)
{
	struct fault why;
	if (!room->ifindex)
		return;
	note(h, nl_net_lan_up(h->net, room->ifindex, &why), &why);
	if (!lan_same(&room->entry.from, &room->entry.net))
		take_off(h, room, &room->entry.from);
	put_on(h, room);
}

/* --- which network --- */

static size_t gather(const struct house *h, size_t self, struct lan_net out[static TAKEN_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < h->conf->uplink_count; i++)
		for (size_t k = 0; k < h->lines[i].count; k++)
			out[n++] = h->lines[i].nets[k];
	for (size_t i = 0; i < h->own_count; i++)
		out[n++] = h->own[i];
	for (size_t i = 0; i < h->count; i++)
		if (i != self && h->rooms[i].entry.net.len)
			out[n++] = h->rooms[i].entry.net;
	return n;
}

/* Whose network this one meets; -1 where it is no uplink's. */
static int culprit(const struct house *h, const struct lan_net *net)
{
	for (size_t i = 0; i < h->conf->uplink_count; i++)
		for (size_t k = 0; k < h->lines[i].count; k++)
			if (lan_overlap(net, &h->lines[i].nets[k]))
				return (int)i;
	return -1;
}

static void move(struct house *h, struct room *room, const struct lan_net *to, int uplink)
{
	struct lan_entry *e = &room->entry;
	char from_text[LAN_NET_ROOM] = "none", to_text[LAN_NET_ROOM];
	const char *name = uplink >= 0 ? h->conf->uplinks[uplink].name : "";
	lan_write(to, to_text);
	if (lan_same(&e->net, to)) {
		e->wish = room->wishes[0]; /* another list, and the same choice */
		save(h);
		return;
	}
	if (e->net.len) {
		lan_write(&e->net, from_text);
		e->from = e->net;
		e->moved_s = clock_wall_s();
		snprintf(e->uplink, sizeof(e->uplink), "%s", name);
		lan_pace_note(&room->pace, clock_mono_ms());
	}
	e->net = *to;
	e->wish = room->wishes[0];
	/* On disk first: whoever dies in between finds what is to be taken off. */
	save(h);
	take_off(h, room, &e->from);
	put_on(h, room);
	log_info("event=lan.moved lan=%s from=%s to=%s uplink=%s", e->name, from_text, to_text,
		 *name ? name : "none");
	if (strcmp(from_text, "none") != 0)
		h->calls->lan_moved(h->calls->data, e->name, to);
}

static void collide(struct house *h, struct room *room, int uplink)
{
	const char *name = uplink >= 0 ? h->conf->uplinks[uplink].name : "none";
	if (room->collides == uplink)
		return;
	room->collides = uplink;
	log_warn("event=lan.collides lan=%s uplink=%s text=\"both have the same network, and there "
		 "is none to move to now\"",
		 room->entry.name, name);
	h->calls->lan_collides(h->calls->data, room->entry.name, name);
}

/* Somebody wishes for another one since it was chosen. */
static bool wishes_changed(const struct room *room)
{
	return !lan_same(&room->entry.wish, &room->wishes[0]);
}

static void decide(struct house *h, struct room *room)
{
	struct lan_net taken[TAKEN_MAX], lately[UPLINK_MAX], to;
	struct lan_ground ground = { .wishes = room->wishes,
				     .wish_count = room->wish_count,
				     .taken = taken,
				     .lately = lately };
	struct lan_net now = room->entry.net;
	if (wishes_changed(room))
		now.len = 0;
	ground.taken_count = gather(h, (size_t)(room - h->rooms), taken);
	for (size_t i = 0; i < h->conf->uplink_count; i++)
		if (h->seen[i].net.len)
			lately[ground.lately_count++] = h->seen[i].net;
	int uplink = culprit(h, room->entry.net.len ? &room->entry.net : &room->wishes[0]);
	switch (lan_choose(&now, &ground, &to)) {
	case LAN_STAYS:
		room->collides = -1;
		return;
	case LAN_MOVES:
		if (now.len && !lan_pace_allows(&room->pace, clock_mono_ms())) {
			collide(h, room, uplink);
			return;
		}
		room->collides = -1;
		move(h, room, &to, uplink);
		return;
	case LAN_NOWHERE:
		collide(h, room, uplink);
		return;
	}
}

/* What an uplink had is worth remembering where the next one may have it again: a network, not a machine. */
static bool remember(struct lan_seen *seen, const struct lan_net *nets, size_t count)
{
	if (!count || nets[0].len > LATELY_LEN_MAX || lan_same(&seen->net, &nets[0]))
		return false;
	/* Another address of the same network is the same news. */
	bool news = seen->net.len != nets[0].len || !lan_overlap(&seen->net, &nets[0]);
	if (news)
		seen->net = nets[0];
	return news;
}

void house_line(struct house *h, unsigned uplink, const struct lan_net *nets, size_t count)
{
	struct line_nets *line = &h->lines[uplink];
	line->count = count;
	if (count)
		memcpy(line->nets, nets, count * sizeof(*nets));
	for (size_t i = 0; i < h->count; i++)
		decide(h, &h->rooms[i]);
	if (h->count && remember(&h->seen[uplink], nets, count))
		save(h);
}

void house_look(struct house *h)
{
	for (size_t i = 0; i < h->count; i++) {
		struct room *room = &h->rooms[i];
		struct nl_look look = { 0 };
		if (!room->entry.net.len || room->collides >= 0 || wishes_changed(room))
			decide(h, room);
		const char *device = h->conf->lans[i].device;
		int r = device[0] ? nl_net_look(h->net, device, &look) : -ENODEV;
		if (r < 0 && r != -ENODEV)
			continue; /* no answer is no news */
		if (look.ifindex == room->ifindex)
			continue;
		room->ifindex = look.ifindex;
		take_device(h, room);
	}
}

void house_put(struct house *h)
{
	for (size_t i = 0; i < h->count; i++)
		put_on(h, &h->rooms[i]);
}

size_t house_show(const struct house *h, struct kernel_lan out[static LAN_MAX])
{
	for (size_t i = 0; i < h->count; i++) {
		const struct room *room = &h->rooms[i];
		out[i] = (struct kernel_lan){ .conf = &h->conf->lans[i],
					      .net = room->entry.net,
					      .here = room->ifindex != 0,
					      .from = room->entry.from,
					      .moved_for = room->entry.uplink,
					      .moved_s = room->entry.moved_s,
					      .collides = room->collides };
	}
	return h->count;
}

/* --- start and end --- */

/* Machines that are asked over the uplinks by their address. */
static void know_own(struct house *h)
{
	const struct net_settings *n = &h->conf->net;
	const char *const far[] = { n->far_a, n->far_b };
	struct net_check check;
	if (n->check_url[0] && net_conf_check_url(n->check_url, &check, NULL) == 0 && check.literal)
		h->own[h->own_count++] = (struct lan_net){ check.address, 32 };
	for (size_t i = 0; i < ARRAY_LEN(far); i++) {
		struct lan_net *own = &h->own[h->own_count];
		if (inet_pton(AF_INET, far[i], &own->address) != 1)
			continue;
		own->len = 32;
		h->own_count++;
	}
}

void house_close(struct house *h)
{
	free(h);
}

void house_remove(struct house *h)
{
	for (size_t i = 0; i < h->count; i++)
		take_off(h, &h->rooms[i], &h->rooms[i].entry.net);
}

int house_open(const struct net_conf *conf, struct nl_net *net, const struct kernel_calls *calls,
	       struct house **out, struct fault *why)
{
	struct house *h = calloc(1, sizeof(*h));
	if (!h)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	h->conf = conf;
	h->net = net;
	h->calls = calls;
	h->count = conf->lan_count;
	for (size_t i = 0; i < h->count; i++) {
		struct room *room = &h->rooms[i];
		memcpy(room->entry.name, conf->lans[i].name, sizeof(room->entry.name));
		memcpy(room->entry.device, conf->lans[i].device, sizeof(room->entry.device));
		int wishes = lan_read_list(conf->lans[i].networks, room->wishes);
		room->wish_count = wishes > 0 ? (size_t)wishes : 0;
		room->collides = -1;
	}
	for (size_t i = 0; i < conf->uplink_count; i++)
		memcpy(h->seen[i].name, conf->uplinks[i].name, sizeof(h->seen[i].name));
	know_own(h);
	recall(h);
	*out = h;
	return 0;
}
