// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/kernel_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/kernel/dhcp.h"
#include "netmgr/kernel/house.h"
#include "netmgr/six/kernel6.h"
#include "netmgr/kernel/nft.h"
#include "netmgr/kernel/nl_events.h"
#include "netmgr/kernel/nl_looks.h"
#include "netmgr/kernel/nl_net.h"
#include "netmgr/kernel/nl_stock.h"
#include "netmgr/kernel/resolv.h"

enum {
	LOOK_US = 50000,   /* the kernel's events come once a second: a look sees a cable at once */
	CALM_BYTES = 2000, /* on all lines between two looks: questions */
	CALM_LOOKS = 20, /* every other one: two seconds in a row, and every other one is enough */
	SETTLE_US = 50000, /* several losses are repaired together */
	FIND_LOOKS = 20,   /* a second: a device that may bear any name, should its event be late */
	STOCK_LOOKS = 1200, /* a minute: what nobody told us about */
};

int kernel_check(const struct net_conf *conf, struct fault *why)
{
	for (size_t i = 0; i < conf->uplink_count; i++) {
		const struct uplink_conf *u = &conf->uplinks[i];
		if (!u->device[0] && !modem_conf_has(u))
			return fault_set(why, -EINVAL, "net.device",
					 "[uplink %s] has no device; write device = NAME as 'ip "
					 "link' shows it",
					 u->name);
		if (strcmp(u->address, "dhcp") != 0 && !u->gateway[0])
			return fault_set(why, -EINVAL, "net.gateway",
					 "[uplink %s] has a fixed address but no gateway; write "
					 "gateway = ROUTER",
					 u->name);
	}
	return 0;
}

static void note(struct kernel *k, int r, const struct fault *why)
{
	if (r < 0 && !k->failed)
		log_fault(LOG_LEVEL_WARN, "kernel", why);
	k->failed = r < 0;
}

/* --- what should be --- */

/* The box with one port: pupils and router on the same wire. */
static bool is_zones(const struct kernel *k, const char *device)
{
	for (size_t i = 0; device[0] && i < k->conf->zones.count; i++)
		if (strcmp(k->conf->zones.zones[i].device, device) == 0)
			return true;
	return false;
}

void kernelpriv_uplinks(const struct kernel *k, struct plan_uplink out[static UPLINK_MAX])
{
	for (size_t i = 0; i < k->conf->uplink_count; i++) {
		out[i] = k->lines[i].plan;
		out[i].addressed &= k->lines[i].up;
		out[i].leads6 = kernel6_leads(k->six, (unsigned)i);
		out[i].shared = is_zones(k, out[i].device);
	}
}

int kernelpriv_settle(struct kernel *k, struct fault *why)
{
	struct plan_uplink uplinks[UPLINK_MAX];
	struct plan plan;
	kernelpriv_uplinks(k, uplinks);
	plan_make(uplinks, k->conf->uplink_count, &k->ways, &plan);
	/* Until the core has chosen, the way of an earlier life stays open. */
	int r = nl_stock_settle(k->net, &plan, k->ways.chosen ? 0 : PLAN_TABLE_CLASS, why);
	return r == 0 ? kernel6_settle(k->six, &k->ways, why) : r;
}

/* Somebody who flushed the whole ruleset took ours away too. */
static void keep_nft(struct kernel *k)
{
	struct fault why;
	if (nft_has(k->nft, "table inet wasl"))
		return;
	log_warn("event=nftables.lost text=\"table 'inet wasl' was gone and is put back\"");
	note(k, kernelpriv_put_table(k, &why), &why);
}

/* That of the line which reports take at least. */
void kernelpriv_tell_resolver(struct kernel *k)
{
	struct fault why;
	char server[HOST_ROOM] = "";
	union host to;
	if (k->ways.base >= 0 && kernel_resolver(k, (unsigned)k->ways.base, &to) == 0)
		host_text(&to, k->lines[k->ways.base].plan.device, server);
	note(k, resolv_put(server, &why), &why);
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void settle_soon(struct kernel *k)
{
	int state = SD_EVENT_OFF;
	if (sd_event_source_get_enabled(k->settle, &state) < 0 || state != SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_time_relative(k->settle, SETTLE_US);
	(void)sd_event_source_set_enabled(k->settle, SD_EVENT_ONESHOT);
}

/* --- one line --- */

static void report_address(struct kernel *k, unsigned i)
{
	struct line *l = &k->lines[i];
	const bool has = l->plan.addressed || kernel6_leads(k->six, i);
	struct core_observation seen = {
		.kind = CORE_ADDRESS, .uplink = i, .address = has, .gateway = has
	};
	l->has = has;
	k->calls.seen(k->calls.data, &seen);
}

static int put_address(struct kernel *k, unsigned i, struct fault *why)
{
	const struct plan_uplink *p = &k->lines[i].plan;
	return p->addressed && p->ifindex
		       ? nl_net_address(k->net, NL_PUT, p->ifindex, p->address, p->prefix_len, why)
		       : 0;
}

/* What the line has, the box's own networks cannot have: said before it is put on, as it may be the box's own address. */
static void tell_house(struct kernel *k, unsigned i)
{
	const struct line *l = &k->lines[i];
	struct lan_net nets[HOUSE_LINE_NETS] = { { l->plan.address, l->plan.prefix_len },
						 { l->plan.gateway, 32 },
						 { l->resolver, 32 } };
	size_t count = l->resolver.s_addr ? 3 : 2;
	const bool has = k->conf->uplinks[i].on && (l->fixed || l->plan.addressed);
	house_line(k->house, i, nets, has ? count : 0);
}

static void take_away_address(struct kernel *k, unsigned i)
{
	struct fault why;
	struct plan_uplink *p = &k->lines[i].plan;
	if (p->addressed && p->ifindex)
		note(k,
		     nl_net_address(k->net, NL_REMOVE, p->ifindex, p->address, p->prefix_len, &why),
		     &why);
	p->addressed = false;
}

static void on_lease(void *data, const struct lease *lease)
{
	struct line *l = data;
	struct kernel *k = l->kernel;
	unsigned i = (unsigned)(l - k->lines);
	struct fault why;
	bool same = lease && l->plan.addressed && l->plan.address.s_addr == lease->address.s_addr &&
		    l->plan.prefix_len == lease->prefix_len;
	if (!same)
		take_away_address(k, i);
	if (lease) {
		l->plan.address = lease->address;
		l->plan.prefix_len = lease->prefix_len;
		l->plan.gateway = lease->gateway;
		l->plan.addressed = true;
		if (!k->conf->uplinks[i].resolver[0])
			l->resolver = lease->resolver;
	}
	tell_house(k, i);
	if (lease)
		note(k, put_address(k, i, &why), &why);
	log_info("event=lease uplink=%s held=%d", k->conf->uplinks[i].name, lease != NULL);
	note(k, kernelpriv_settle(k, &why), &why);
	if (!same && is_zones(k, l->plan.device))
		note(k, kernelpriv_put_table(k, &why), &why);
	if (k->ways.base == (int)i)
		kernelpriv_tell_resolver(k);
	report_address(k, i);
}

/* The device went, became another one of the same name, or was given another name: what was ours on it is not. */
static void leave_device(struct kernel *k, unsigned i)
{
	struct line *l = &k->lines[i];
	dhcp_stop(l->dhcp);
	l->dhcp = NULL;
	take_away_address(k, i);
}

/* A device that is there for the first time, or again after it was unplugged. */
static int take_device(struct kernel *k, unsigned i, const struct nl_look *look, struct fault *why)
{
	struct line *l = &k->lines[i];
	bool renamed = look->ifindex && strcmp(l->plan.device, look->device) != 0;
	leave_device(k, i);
	if (renamed)
		memcpy(l->plan.device, look->device, sizeof(l->plan.device));
	l->plan.ifindex = look->ifindex;
	l->plan.addressed = l->fixed;
	tell_house(k, i);
	int r = renamed ? kernelpriv_put_table(k, why) : 0;
	if (r < 0 || !k->conf->uplinks[i].on || !look->ifindex)
		return r;
	r = nl_net_link_up(k->net, look->ifindex, why);
	return r == 0 ? put_address(k, i, why) : r;
}

static void watch_dhcp(struct kernel *k, unsigned i)
{
	struct line *l = &k->lines[i];
	struct fault why;
	bool wanted = !l->fixed && !l->modem.fixed && k->conf->uplinks[i].on && l->plan.ifindex &&
		      l->carrier;
	if (wanted && !l->dhcp) {
		int r = dhcp_start(k->loop, k->conf->net.dhcp_client, k->conf->net.dhcp_hook,
				   l->plan.device, on_lease, l, &l->dhcp, &why);
		note(k, r, &why);
	} else if (wanted) {
		dhcp_link_is_back(l->dhcp);
	}
}

struct asker {
	const struct kernel *kernel;
	unsigned uplink;
};

/* Another uplink's, by its name or because it has it now. */
static bool belongs_to_another(void *data, const char *device)
{
	const struct asker *asker = data;
	const struct kernel *k = asker->kernel;
	for (unsigned i = 0; i < k->conf->uplink_count; i++)
		if (i != asker->uplink &&
		    (strcmp(k->conf->uplinks[i].device, device) == 0 ||
		     (k->lines[i].plan.ifindex && strcmp(k->lines[i].plan.device, device) == 0)))
			return true;
	for (size_t i = 0; i < k->conf->lan_count; i++)
		if (strcmp(k->conf->lans[i].device, device) == 0)
			return true;
	return false;
}

enum depth { LOOK_QUICKLY, LOOK_AROUND };

/* By the name that the device bears; where it may bear any, by the one that it had, and then by what it begins with. */
static int find_device(struct kernel *k, unsigned i, enum depth depth, struct nl_look *look)
{
	const struct uplink_conf *u = &k->conf->uplinks[i];
	const struct line *l = &k->lines[i];
	struct asker asker = { k, i };
	char begins[sizeof(u->device)], device[16];
	if (modem_conf_has(u))
		return l->modem.device[0] ? nl_net_look(k->net, l->modem.device, look) : -ENODEV;
	if (!net_conf_any_device(u))
		return nl_net_look(k->net, u->device, look);
	int r = l->plan.ifindex ? nl_net_look(k->net, l->plan.device, look) : -ENODEV;
	if (r != -ENODEV)
		return r;
	if (depth == LOOK_QUICKLY && !l->plan.ifindex)
		return l->known ? -EAGAIN : -ENODEV;
	snprintf(begins, sizeof(begins), "%.*s", (int)strlen(u->device) - 1, u->device);
	r = nl_net_find(begins, belongs_to_another, &asker, device);
	return r == 0 ? nl_net_look(k->net, device, look) : r;
}

static void look_at(struct kernel *k, unsigned i, enum depth depth, const struct nl_looked *looked)
{
	static const struct nl_look nowhere;
	struct line *l = &k->lines[i];
	struct nl_look look = looked->look;
	struct fault why;
	int r = looked->result;
	if (r == -EAGAIN || (r == -ENODEV && net_conf_any_device(&k->conf->uplinks[i])))
		r = find_device(k, i, depth, &look);
	if (r < 0 && r != -ENODEV)
		return; /* no answer is no news */
	bool device_changed = !l->known || look.ifindex != l->plan.ifindex || l->modem_news;
	l->modem_news = false;
	if (device_changed) {
		note(k, take_device(k, i, &look, &why), &why);
		if (look.ifindex)
			(void)nl_net_look(k->net, l->plan.device, &look);
	}
	bool up_changed = look.up != l->up;
	l->up = look.up;
	if (device_changed || up_changed)
		note(k, kernelpriv_settle(k, &why), &why);
	if (device_changed || look.carrier != l->carrier) {
		l->carrier = look.carrier;
		struct core_observation seen = { .kind = CORE_LINK,
						 .uplink = i,
						 .present = look.ifindex != 0,
						 .carrier = look.carrier };
		k->calls.seen(k->calls.data, &seen);
		watch_dhcp(k, i);
	}
	if (device_changed && look.ifindex && l->modem.fixed)
		on_lease(l, &l->modem.lease);
	else if (device_changed)
		report_address(k, i);
	l->known = true;
	kernel6_look(k->six, i, k->conf->uplinks[i].on ? &look : &nowhere);
	struct core_observation traffic = { .kind = CORE_TRAFFIC,
					    .uplink = i,
					    .rx_bytes = look.rx_bytes,
					    .tx_bytes = look.tx_bytes };
	l->bytes = look.rx_bytes + look.tx_bytes;
	if (look.ifindex)
		k->calls.seen(k->calls.data, &traffic);
}

static void look_at_all(struct kernel *k, enum depth depth)
{
	struct nl_looked looked[UPLINK_MAX] = { 0 };
	for (unsigned i = 0; i < k->conf->uplink_count; i++) {
		const struct uplink_conf *u = &k->conf->uplinks[i];
		const struct line *l = &k->lines[i];
		if (modem_conf_has(u))
			memcpy(looked[i].device, l->modem.device, sizeof(looked[i].device));
		else if (l->plan.ifindex || !net_conf_any_device(u))
			memcpy(looked[i].device, l->plan.device, sizeof(looked[i].device));
	}
	nl_looks_take(k->looker, looked, k->conf->uplink_count);
	for (unsigned i = 0; i < k->conf->uplink_count; i++)
		look_at(k, i, depth, &looked[i]);
	if (depth == LOOK_AROUND)
		house_look(k->house);
}

/* How many looks long it is to the next one. What a quota takes is looked at twenty times a second, whoever begins. */
static unsigned looks_apart(struct kernel *k)
{
	const uint64_t before = k->bytes;
	bool counted = false;
	k->bytes = 0;
	for (size_t i = 0; i < k->conf->uplink_count; i++) {
		k->bytes += k->lines[i].bytes;
		counted |= k->conf->uplinks[i].quota_bytes > 0;
	}
	const bool calm = k->bytes - before < CALM_BYTES && !counted;
	k->calm = !calm ? 0 : k->calm + (k->calm < CALM_LOOKS);
	return k->calm == CALM_LOOKS ? 2 : 1;
}

static int on_look(sd_event_source *source, uint64_t usec, void *data)
{
	struct kernel *k = data;
	(void)usec;
	look_at_all(k, k->looks % FIND_LOOKS ? LOOK_QUICKLY : LOOK_AROUND);
	const unsigned apart = k->looks % 2 ? 1 : looks_apart(k); /* never over a full second */
	if ((k->looks += apart) % STOCK_LOOKS == 0) {
		keep_nft(k);
		settle_soon(k);
	}
	(void)sd_event_source_set_time_relative(source, (uint64_t)apart * LOOK_US);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* Addresses, routes and rules as they should be, whatever happened to them. */
static void resync(struct kernel *k)
{
	struct fault why;
	for (unsigned i = 0; i < k->conf->uplink_count; i++)
		note(k, put_address(k, i, &why), &why);
	house_put(k->house);
	kernel6_put(k->six);
	note(k, kernelpriv_settle(k, &why), &why);
}

/* Nobody knows what was lost: everything is looked at, now. Forwarding goes on meanwhile. */
static void on_overrun(struct kernel *k)
{
	uint64_t begun_us = now_us();
	look_at_all(k, LOOK_AROUND);
	keep_nft(k);
	resync(k);
	log_warn("event=netlink.overrun resync_us=%llu text=\"events of the kernel were lost, and "
		 "all was looked at anew\"",
		 (unsigned long long)(now_us() - begun_us));
}

static int on_news(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct kernel *k = data;
	(void)source;
	(void)events;
	unsigned news = nl_events_read(fd, nl_net_port(k->net));
	if (news & NL_NEWS_OVERRUN)
		on_overrun(k);
	else if (news & NL_NEWS_LINK)
		look_at_all(k, LOOK_AROUND);
	if (news & NL_NEWS_LOST)
		settle_soon(k);
	return 0;
}

static int on_settle(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	resync(data);
	return 0;
}

/* --- start and end --- */

/* Everything of ours goes: routes, rules, nftables table, addresses. */
static void remove_all(struct kernel *k)
{
	static const struct plan nothing;
	struct fault why;
	note(k, nl_stock_settle(k->net, &nothing, 0, &why), &why);
	note(k, kernel6_remove(k->six, &why), &why);
	note(k, nft_run(k->nft, plan_nft_none, "nftables.run", &why), &why);
	for (unsigned i = 0; i < k->conf->uplink_count; i++)
		take_away_address(k, i);
	house_remove(k->house);
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < UPLINK_MAX; i++)
		dhcp_stop(k->lines[i].dhcp);
	if (k->net && k->nft && k->house && k->six && k->conf->net.leave == NET_LEAVE_REMOVE)
		remove_all(k);
	sd_event_source_disable_unref(k->look);
	sd_event_source_disable_unref(k->hear);
	sd_event_source_disable_unref(k->settle);
	if (k->events >= 0)
		close(k->events);
	house_close(k->house);
	kernel6_close(k->six);
	nft_close(k->nft);
	nl_looks_close(k->looker);
	nl_net_close(k->net);
	sd_event_unref(k->loop);
	free(k);
}

CLEAN_FN(kernel, struct kernel, kernel_close)

static void take_conf(struct kernel *k)
{
	for (size_t i = 0; i < k->conf->uplink_count; i++) {
		const struct uplink_conf *u = &k->conf->uplinks[i];
		struct line *l = &k->lines[i];
		l->kernel = k;
		if (!net_conf_any_device(u))
			memcpy(l->plan.device, u->device, sizeof(l->plan.device));
		if (u->resolver[0])
			(void)inet_pton(AF_INET, u->resolver, &l->resolver);
		l->fixed = strcmp(u->address, "dhcp") != 0;
		if (!l->fixed)
			continue;
		(void)net_conf_prefix(u->address, &l->plan.address, &l->plan.prefix_len);
		(void)inet_pton(AF_INET, u->gateway, &l->plan.gateway);
	}
}

/* What begins now, and what is refused, may be another. */
static void on_six(void *data, unsigned uplink)
{
	struct kernel *k = data;
	struct fault why;
	note(k, kernelpriv_settle(k, &why), &why);
	note(k, kernelpriv_put_sets(k, &why), &why);
	if (k->ways.base == (int)uplink)
		kernelpriv_tell_resolver(k);
	/* A line that has nothing else. */
	const struct line *l = &k->lines[uplink];
	if (l->has != (l->plan.addressed || kernel6_leads(k->six, uplink)))
		report_address(k, uplink);
}

static int open_sockets(struct kernel *k, struct fault *why)
{
	const struct kernel6_calls calls = { on_six, k };
	/* Subscribed before the first look: nothing falls in between. */
	int r = nl_events_open(&k->events, why);
	if (r == 0)
		r = nl_net_open(&k->net, why);
	if (r == 0)
		r = nl_looks_open(&k->looker, why);
	if (r == 0)
		r = nft_open(&k->nft, why);
	if (r == 0)
		r = house_open(k->conf, k->net, &k->calls, &k->house, why);
	if (r == 0)
		r = kernel6_open(k->loop, k->conf, k->net, &calls, &k->six, why);
	return r == 0 ? kernelpriv_put_table(k, why) : r;
}

static int open_sources(struct kernel *k, struct fault *why)
{
	int r = sd_event_add_time_relative(k->loop, &k->look, CLOCK_MONOTONIC, 0, 1000, on_look, k);
	if (r >= 0)
		r = sd_event_add_io(k->loop, &k->hear, k->events, EPOLLIN, on_news, k);
	if (r >= 0)
		r = sd_event_add_time(k->loop, &k->settle, CLOCK_MONOTONIC, UINT64_MAX, 1000,
				      on_settle, k);
	if (r >= 0)
		r = sd_event_source_set_enabled(k->settle, SD_EVENT_OFF);
	return r < 0 ? fault_set(why, r, "kernel.loop", "no events for the network: %s",
				 strerror(-r))
		     : 0;
}

int kernel_open(struct sd_event *loop, const struct net_conf *conf,
		const struct kernel_calls *calls, struct kernel **out, struct fault *why)
{
	CLEANUP(clean_kernel) struct kernel *k = calloc(1, sizeof(*k));
	if (!k)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	k->loop = sd_event_ref(loop);
	k->conf = conf;
	k->calls = *calls;
	prefer_choose(NULL, 0, PREFER_UNCHOSEN, &k->ways);
	k->events = -1;
	take_conf(k);
	int r = open_sockets(k, why);
	if (r == 0)
		r = open_sources(k, why);
	if (r < 0)
		return r;
	*out = MOVE_PTR(k);
	return 0;
}
