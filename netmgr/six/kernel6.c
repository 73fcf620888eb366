// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/six/kernel6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "netmgr/net_conf.h"
#include "netmgr/six/nl_net6.h"
#include "netmgr/six/ra_memo.h"
#include "netmgr/six/ra_wire.h"
#include "netmgr/six/slaac.h"

enum {
	GATHER_MS = 20,  /* what several routers say is taken in together */
	ASKING_MS = 100, /* between looks whether the wire has objected to an address */
	REPEAT_MS =
		4000, /* after another router spoke on a wire that was out: the old one is heard by then */
};

#define SECRET_FILE "/var/lib/wasl/netmgr/slaac.key"

/* An address of the box in a prefix. */
struct own {
	struct in6_addr prefix, address;
	unsigned nth; /* so many before it somebody else had */
	bool put, ready;
};

struct six_line {
	struct kernel6 *six;
	unsigned uplink;
	bool known, up, carrier;
	int ifindex;
	struct ra_wire *wire;
	struct ra_book book;
	struct ra_memo memo;
	struct own own[RA_BOOK_NETS];
	size_t own_count;
	uint64_t back_ms;   /* the cable is in again, and nobody has spoken since; 0: no */
	uint64_t forget_ms; /* then the routers of before are gone; 0: never */
	bool unsaved;
	sd_event_source *timer;
	uint64_t wake_ms;         /* when it is due; UINT64_MAX: never */
	struct plan6_uplink plan; /* as it was told */
	struct in6_addr resolver;
};

struct kernel6 {
	sd_event *loop;
	const struct net_conf *conf;
	struct nl_net *net;
	struct kernel6_calls calls;
	uint8_t secret[SLAAC_SECRET];
	bool failed; /* the last order was refused: said once */
	struct six_line lines[UPLINK_MAX];
};

static void note(struct kernel6 *s, int r, const struct fault *why)
{
	if (r < 0 && !s->failed)
		log_fault(LOG_LEVEL_WARN, "kernel6", why);
	s->failed = r < 0;
}

static const char *name_of(const struct six_line *l)
{
	return l->six->conf->uplinks[l->uplink].name;
}

/* --- what an earlier life knew --- */

static struct path memo_file(const struct six_line *l)
{
	return paths_at("/run/wasl/netmgr/routers.%s", name_of(l));
}

static void save(struct six_line *l)
{
	uint8_t bytes[RA_MEMO_ROOM];
	struct fault why;
	if (!l->unsaved)
		return;
	l->unsaved = false;
	size_t len = ra_memo_write(&l->memo, l->ifindex, bytes);
	int r = paths_mkdir(paths_at("/run/wasl/netmgr").at, 0755, &why);
	if (r == 0)
		r = fileio_replace(memo_file(l).at, bytes, len, 0644, &why);
	note(l->six, r, &why);
}

static void recall(struct six_line *l)
{
	AUTO_FREE void *bytes = NULL;
	size_t len;
	const uint64_t now_ms = clock_mono_ms();
	if (fileio_read(memo_file(l).at, RA_MEMO_ROOM, &bytes, &len, NULL) < 0)
		return;
	if (ra_memo_read(bytes, len, l->ifindex, now_ms, &l->memo) < 0)
		l->memo.count = 0;
	ra_memo_replay(&l->memo, &l->book, now_ms);
}

/* --- addresses --- */

static void take_off(struct six_line *l, const struct own *own)
{
	const struct nl6_address a = { .address = own->address, .len = 64 };
	struct fault why;
	if (own->put && l->ifindex)
		note(l->six, nl_net6_address(l->six->net, NL_REMOVE, l->ifindex, &a, &why), &why);
}

static const struct ra_net *net_of(const struct six_line *l, const struct in6_addr *prefix,
				   uint64_t now_ms)
{
	for (size_t i = 0; i < l->book.net_count; i++) {
		const struct ra_net *n = &l->book.nets[i];
		if (n->autonomous && ra_book_left_s(n->valid_ms, now_ms) &&
		    memcmp(&n->prefix, prefix, sizeof(*prefix)) == 0)
			return n;
	}
	return NULL;
}

static bool has_own(const struct six_line *l, const struct in6_addr *prefix)
{
	for (size_t i = 0; i < l->own_count; i++)
		if (memcmp(&l->own[i].prefix, prefix, sizeof(*prefix)) == 0)
			return true;
	return false;
}

/* The one that is there already: an earlier life may have had to give way. */
static void choose(struct six_line *l, struct own *own)
{
	for (own->nth = 0; own->nth < SLAAC_TRIES; own->nth++) {
		slaac_address(l->six->secret, name_of(l), &own->prefix, own->nth, &own->address);
		if (nl_net6_address_state(l->ifindex, &own->address) != NL6_GONE)
			return;
	}
	own->nth = 0;
	slaac_address(l->six->secret, name_of(l), &own->prefix, 0, &own->address);
}

/* One for each prefix of the book, none for others. */
static void list_own(struct six_line *l, uint64_t now_ms)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->own_count; i++) {
		if (net_of(l, &l->own[i].prefix, now_ms))
			l->own[kept++] = l->own[i];
		else
			take_off(l, &l->own[i]);
	}
	l->own_count = kept;
	for (size_t i = 0; i < l->book.net_count; i++) {
		const struct in6_addr *prefix = &l->book.nets[i].prefix;
		if (l->own_count == RA_BOOK_NETS || has_own(l, prefix) ||
		    !net_of(l, prefix, now_ms))
			continue;
		struct own *own = &l->own[l->own_count++];
		*own = (struct own){ .prefix = *prefix };
		choose(l, own);
	}
}

/* Somebody on the wire has it: the next one, a few times. */
static void give_way(struct six_line *l, struct own *own)
{
	char text[INET6_ADDRSTRLEN];
	inet_ntop(AF_INET6, &own->address, text, sizeof(text));
	log_warn("event=address.taken uplink=%s address=%s text=\"another machine of the wire has "
		 "it\"",
		 name_of(l), text);
	take_off(l, own);
	own->nth++;
	own->put = false;
	slaac_address(l->six->secret, name_of(l), &own->prefix, own->nth, &own->address);
}

static void put_own(struct six_line *l, struct own *own, uint64_t now_ms)
{
	const struct ra_net *n = net_of(l, &own->prefix, now_ms);
	const struct nl6_address a = { .address = own->address,
				       .len = 64,
				       .valid_s = n ? ra_book_left_s(n->valid_ms, now_ms) : 0,
				       .preferred_s =
					       n ? ra_book_left_s(n->preferred_ms, now_ms) : 0 };
	struct fault why;
	int r = a.valid_s ? nl_net6_address(l->six->net, NL_PUT, l->ifindex, &a, &why) : 0;
	if (a.valid_s)
		note(l->six, r, &why);
	own->put |= r == 0;
	own->ready = r == 0 && nl_net6_address_state(l->ifindex, &own->address) == NL6_READY;
}

static void keep_own(struct six_line *l, struct own *own, uint64_t now_ms)
{
	const bool asked = own->put && !own->ready;
	if (own->nth >= SLAAC_TRIES)
		return;
	if (asked && nl_net6_address_state(l->ifindex, &own->address) == NL6_GONE)
		give_way(l, own);
	if (own->nth < SLAAC_TRIES)
		put_own(l, own, now_ms);
}

/* --- a line as it is --- */

/* A way with more than its device can send would lose what is too long. */
static uint32_t device_mtu(int ifindex)
{
	struct ifreq ask = { .ifr_mtu = 0 };
	AUTO_FD int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !if_indextoname((unsigned)ifindex, ask.ifr_name) ||
	    ioctl(fd, SIOCGIFMTU, &ask) < 0 || ask.ifr_mtu < 0)
		return 0;
	return (uint32_t)ask.ifr_mtu;
}

static void fill_plan(const struct six_line *l, uint64_t now_ms, struct plan6_uplink *p)
{
	const struct ra_router *router = ra_book_router(&l->book);
	memset(p, 0, sizeof(*p)); /* compared as bytes */
	p->unknown = !l->known;
	if (!l->up)
		return;
	p->ifindex = l->ifindex;
	if (router) {
		p->router = router->address;
		p->mtu = router->mtu && router->mtu <= device_mtu(l->ifindex) ? router->mtu : 0;
	}
	for (size_t i = 0; i < l->book.net_count && p->net_count < PLAN6_NETS; i++) {
		const struct ra_net *n = &l->book.nets[i];
		if (n->on_link_ms > now_ms)
			p->nets[p->net_count++] = (struct plan6_net){ n->prefix, n->len };
	}
	for (size_t i = 0; i < l->own_count; i++) {
		const struct ra_net *n = net_of(l, &l->own[i].prefix, now_ms);
		p->begins |= n && l->own[i].ready && n->preferred_ms > now_ms;
	}
}

static void tell(struct six_line *l, uint64_t now_ms)
{
	struct plan6_uplink plan;
	struct in6_addr resolver = { 0 };
	char router[INET6_ADDRSTRLEN];
	fill_plan(l, now_ms, &plan);
	if (l->up && l->book.server_count)
		resolver = l->book.servers[0].address;
	if (memcmp(&plan, &l->plan, sizeof(plan)) == 0 &&
	    memcmp(&resolver, &l->resolver, sizeof(resolver)) == 0)
		return;
	const bool leads = plan6_leads(&plan);
	if (leads != plan6_leads(&l->plan)) {
		inet_ntop(AF_INET6, &plan.router, router, sizeof(router));
		log_info("event=six uplink=%s leads=%d router=%s", name_of(l), leads, router);
	}
	l->plan = plan;
	l->resolver = resolver;
	l->six->calls.changed(l->six->calls.data, l->uplink);
}

static void wake_at(struct six_line *l, uint64_t at_ms, uint64_t now_ms)
{
	const uint64_t in_ms = at_ms > now_ms ? at_ms - now_ms : 1;
	l->wake_ms = at_ms;
	(void)sd_event_source_set_time_relative(l->timer, in_ms * 1000);
	(void)sd_event_source_set_enabled(l->timer,
					  at_ms == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/* Everything that follows from the book and the time. */
static void update(struct six_line *l)
{
	const uint64_t now_ms = clock_mono_ms();
	if (l->forget_ms && now_ms >= l->forget_ms) {
		ra_book_forget(&l->book, l->back_ms);
		ra_memo_forget(&l->memo, l->back_ms);
		l->back_ms = l->forget_ms = 0;
		l->unsaved = true;
	}
	uint64_t next_ms = ra_book_pass(&l->book, now_ms);
	list_own(l, now_ms);
	for (size_t i = 0; i < l->own_count && l->up; i++) {
		keep_own(l, &l->own[i], now_ms);
		if (!l->own[i].ready && l->own[i].nth < SLAAC_TRIES && next_ms > now_ms + ASKING_MS)
			next_ms = now_ms + ASKING_MS;
	}
	if (l->forget_ms && l->forget_ms < next_ms)
		next_ms = l->forget_ms;
	wake_at(l, next_ms, now_ms);
	if (l->ifindex)
		save(l);
	tell(l, now_ms);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	struct six_line *l = data;
	(void)source;
	(void)usec;
	l->wake_ms = UINT64_MAX;
	update(l);
	return 0;
}

/* Soon, and not later because somebody goes on talking. */
static void gather(struct six_line *l, uint64_t now_ms)
{
	if (l->wake_ms > now_ms + GATHER_MS)
		wake_at(l, now_ms + GATHER_MS, now_ms);
}

static enum ra_heard on_heard(void *data, const struct in6_addr *from, const uint8_t *bytes,
			      size_t len)
{
	struct six_line *l = data;
	const uint64_t now_ms = clock_mono_ms();
	struct ra ra;
	if (ra_parse(bytes, len, &ra) < 0)
		return RA_ASK_ON;
	ra_book_take(&l->book, from, &ra, now_ms);
	ra_memo_note(&l->memo, from, bytes, len, now_ms);
	l->unsaved = true;
	if (l->back_ms && !l->forget_ms && ra.router_s)
		l->forget_ms = now_ms + REPEAT_MS;
	gather(l, now_ms);
	return ra.router_s ? RA_ANSWERED : RA_ASK_ON;
}

/* --- its device --- */

/* Where the kernel heard routers too, their word would come before any choice of a line. In the sandbox the unit has seen to it. */
static void deafen_kernel(const char *device)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", device);
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "0", 1) < 0)
		log_debug("event=six.accept_ra device=%s error=%d", device, errno);
}

static void leave_device(struct six_line *l)
{
	ra_wire_close(l->wire);
	l->wire = NULL;
	for (size_t i = 0; i < l->own_count; i++)
		take_off(l, &l->own[i]);
	l->own_count = 0;
	l->book = (struct ra_book){ 0 };
	l->memo.count = 0;
	l->back_ms = l->forget_ms = 0;
	l->up = l->carrier = false;
	l->ifindex = 0;
}

static void take_device(struct six_line *l, const struct nl_look *look)
{
	struct fault why;
	l->ifindex = look->ifindex;
	l->known = true;
	if (!look->ifindex)
		return;
	deafen_kernel(look->device);
	recall(l);
	note(l->six,
	     ra_wire_open(l->six->loop, look->ifindex, look->device, on_heard, l, &l->wire, &why),
	     &why);
}

void kernel6_look(struct kernel6 *s, unsigned uplink, const struct nl_look *look)
{
	struct six_line *l = &s->lines[uplink];
	const bool another = !l->known || look->ifindex != l->ifindex;
	if (!another && look->up == l->up && look->carrier == l->carrier)
		return;
	if (another) {
		leave_device(l);
		take_device(l, look);
	} else if (look->carrier && !l->carrier) {
		l->back_ms = clock_mono_ms();
		l->forget_ms = 0;
	}
	if (l->wire && look->carrier && !l->carrier)
		ra_wire_ask(l->wire);
	/* A device that is switched off loses its addresses. */
	for (size_t i = 0; i < l->own_count && !look->up; i++)
		l->own[i].put = l->own[i].ready = false;
	l->up = look->up;
	l->carrier = look->carrier;
	update(l);
}

void kernel6_put(struct kernel6 *s)
{
	for (size_t i = 0; i < s->conf->uplink_count; i++)
		if (s->lines[i].ifindex)
			update(&s->lines[i]);
}

int kernel6_settle(struct kernel6 *s, const struct prefer_ways *ways, struct fault *why)
{
	struct plan6_uplink uplinks[UPLINK_MAX];
	struct plan6 plan;
	for (size_t i = 0; i < s->conf->uplink_count; i++)
		uplinks[i] = s->lines[i].plan;
	plan6_make(uplinks, s->conf->uplink_count, ways, &plan);
	return nl_net6_settle(s->net, &plan, why);
}

int kernel6_remove(struct kernel6 *s, struct fault *why)
{
	static const struct plan6 nothing;
	for (size_t i = 0; i < s->conf->uplink_count; i++)
		leave_device(&s->lines[i]);
	return nl_net6_settle(s->net, &nothing, why);
}

/* --- what others ask --- */

bool kernel6_leads(const struct kernel6 *s, unsigned uplink)
{
	return plan6_leads(&s->lines[uplink].plan);
}

struct in6_addr kernel6_router(const struct kernel6 *s, unsigned uplink)
{
	return s->lines[uplink].plan.router;
}

bool kernel6_resolver(const struct kernel6 *s, unsigned uplink, struct sockaddr_in6 *out)
{
	enum { DNS_PORT = 53 };
	const struct six_line *l = &s->lines[uplink];
	if (IN6_IS_ADDR_UNSPECIFIED(&l->resolver))
		return false;
	*out = (struct sockaddr_in6){ .sin6_family = AF_INET6,
				      .sin6_port = htons(DNS_PORT),
				      .sin6_addr = l->resolver };
	if (IN6_IS_ADDR_LINKLOCAL(&l->resolver))
		out->sin6_scope_id = (uint32_t)l->ifindex;
	return true;
}

size_t kernel6_addresses(const struct kernel6 *s, unsigned uplink, struct in6_addr *out,
			 size_t room)
{
	const struct six_line *l = &s->lines[uplink];
	size_t n = 0;
	for (size_t i = 0; i < l->own_count && n < room; i++)
		if (l->own[i].ready)
			out[n++] = l->own[i].address;
	return n;
}

/* --- start and end --- */

void kernel6_close(struct kernel6 *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < UPLINK_MAX; i++) {
		ra_wire_close(s->lines[i].wire);
		sd_event_source_disable_unref(s->lines[i].timer);
	}
	sd_event_unref(s->loop);
	sodium_memzero(s->secret, sizeof(s->secret));
	free(s);
}

CLEAN_FN(six, struct kernel6, kernel6_close)

int kernel6_open(struct sd_event *loop, const struct net_conf *conf, struct nl_net *net,
		 const struct kernel6_calls *calls, struct kernel6 **out, struct fault *why)
{
	enum { ACCURACY_US = 10000 };
	CLEANUP(clean_six) struct kernel6 *s = calloc(1, sizeof(*s));
	struct fault no_secret;
	if (!s || sodium_init() < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	s->loop = sd_event_ref(loop);
	s->conf = conf;
	s->net = net;
	s->calls = *calls;
	/* One that cannot be kept does for this life. */
	if (slaac_secret(paths_at(SECRET_FILE).at, s->secret, &no_secret) < 0)
		log_fault(LOG_LEVEL_WARN, "six.secret", &no_secret);
	for (unsigned i = 0; i < UPLINK_MAX; i++) {
		struct six_line *l = &s->lines[i];
		l->six = s;
		l->uplink = i;
		l->plan.unknown = true;
		l->wake_ms = UINT64_MAX;
		int r = sd_event_add_time(loop, &l->timer, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY_US,
					  on_timer, l);
		if (r >= 0)
			r = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
		if (r < 0)
			return fault_set(why, r, "kernel6.loop", "no timers: %s", strerror(-r));
	}
	*out = MOVE_PTR(s);
	return 0;
}
