// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/six/ra_book.h"

#include <string.h>

static uint64_t after(uint64_t now_ms, uint32_t life_s)
{
	return life_s == RA_FOREVER ? UINT64_MAX : now_ms + (uint64_t)life_s * 1000;
}

static bool same(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

uint32_t ra_book_left_s(uint64_t until_ms, uint64_t now_ms)
{
	if (until_ms == UINT64_MAX)
		return RA_FOREVER;
	uint64_t left = until_ms > now_ms ? (until_ms - now_ms) / 1000 : 0;
	return left < RA_FOREVER ? (uint32_t)left : RA_FOREVER - 1;
}

static void take_router(struct ra_book *b, const struct in6_addr *from, const struct ra *ra,
			uint64_t now_ms)
{
	size_t i = 0;
	while (i < b->router_count && !same(&b->routers[i].address, from))
		i++;
	/* One that leads nowhere is no router; more than a handful is no wire of a school. */
	if (i == RA_BOOK_ROUTERS || (i == b->router_count && !ra->router_s))
		return;
	if (i == b->router_count)
		b->router_count++;
	b->routers[i] = (struct ra_router){ .address = *from,
					    .until_ms = after(now_ms, ra->router_s),
					    .heard_ms = now_ms,
					    .preference = ra->preference,
					    .mtu = ra->mtu };
}

/* RFC 4862 5.5.3 e: nobody takes an address away at once by a lie, as nothing here is signed. */
static uint64_t valid_until(uint64_t before_ms, const struct ra_prefix *p, uint64_t now_ms)
{
	enum { TWO_HOURS_S = 7200 };
	const uint64_t said_ms = after(now_ms, p->valid_s);
	const uint64_t floor_ms = after(now_ms, TWO_HOURS_S);
	if (p->valid_s > TWO_HOURS_S || said_ms > before_ms)
		return said_ms;
	return before_ms <= floor_ms ? before_ms : floor_ms;
}

static void take_prefix(struct ra_book *b, const struct ra_prefix *p, uint64_t now_ms)
{
	size_t i = 0;
	while (i < b->net_count &&
	       (b->nets[i].len != p->len || !same(&b->nets[i].prefix, &p->prefix)))
		i++;
	if (i == RA_BOOK_NETS || (i == b->net_count && !p->valid_s))
		return;
	if (i == b->net_count)
		b->nets[b->net_count++] = (struct ra_net){ .prefix = p->prefix, .len = p->len };
	struct ra_net *n = &b->nets[i];
	n->heard_ms = now_ms;
	/* Without the flag nothing is said of it, neither way. */
	if (p->on_link)
		n->on_link_ms = after(now_ms, p->valid_s);
	if (!p->autonomous)
		return;
	n->valid_ms =
		n->autonomous ? valid_until(n->valid_ms, p, now_ms) : after(now_ms, p->valid_s);
	n->preferred_ms = after(now_ms, p->preferred_s);
	n->autonomous = true;
}

static void take_server(struct ra_book *b, const struct ra_server *s, uint64_t now_ms)
{
	size_t i = 0;
	while (i < b->server_count && !same(&b->servers[i].address, &s->address))
		i++;
	if (i == RA_BOOK_SERVERS || (i == b->server_count && !s->life_s))
		return;
	if (i == b->server_count)
		b->server_count++;
	b->servers[i] = (struct ra_name_server){ .address = s->address,
						 .until_ms = after(now_ms, s->life_s),
						 .heard_ms = now_ms };
}

void ra_book_take(struct ra_book *b, const struct in6_addr *from, const struct ra *ra,
		  uint64_t now_ms)
{
	/* First whatever is over: it must not hold a place that somebody needs. */
	(void)ra_book_pass(b, now_ms);
	take_router(b, from, ra, now_ms);
	for (size_t i = 0; i < ra->prefix_count; i++)
		take_prefix(b, &ra->prefixes[i], now_ms);
	for (size_t i = 0; i < ra->server_count; i++)
		take_server(b, &ra->servers[i], now_ms);
	(void)ra_book_pass(b, now_ms);
}

/* Keeps what `over` says no to; all three lists have their own kind of entry. */
#define KEEP(list, count, over)                             \
	do {                                                \
		size_t kept = 0;                            \
		for (size_t i = 0; i < (count); i++)        \
			if (!(over(&(list)[i], limit_ms)))  \
				(list)[kept++] = (list)[i]; \
		(count) = kept;                             \
	} while (0)

static bool router_over(const struct ra_router *r, uint64_t limit_ms)
{
	return r->until_ms <= limit_ms;
}

static bool net_over(const struct ra_net *n, uint64_t limit_ms)
{
	return n->on_link_ms <= limit_ms && n->valid_ms <= limit_ms;
}

static bool server_over(const struct ra_name_server *s, uint64_t limit_ms)
{
	return s->until_ms <= limit_ms;
}

static bool router_old(const struct ra_router *r, uint64_t limit_ms)
{
	return r->heard_ms < limit_ms;
}

static bool net_old(const struct ra_net *n, uint64_t limit_ms)
{
	return n->heard_ms < limit_ms;
}

static bool server_old(const struct ra_name_server *s, uint64_t limit_ms)
{
	return s->heard_ms < limit_ms;
}

void ra_book_forget(struct ra_book *b, uint64_t limit_ms)
{
	KEEP(b->routers, b->router_count, router_old);
	KEEP(b->nets, b->net_count, net_old);
	KEEP(b->servers, b->server_count, server_old);
}

static uint64_t sooner(uint64_t a_ms, uint64_t b_ms, uint64_t now_ms)
{
	return b_ms > now_ms && b_ms < a_ms ? b_ms : a_ms;
}

uint64_t ra_book_pass(struct ra_book *b, uint64_t limit_ms)
{
	uint64_t next_ms = UINT64_MAX;
	KEEP(b->routers, b->router_count, router_over);
	KEEP(b->nets, b->net_count, net_over);
	KEEP(b->servers, b->server_count, server_over);
	for (size_t i = 0; i < b->router_count; i++)
		next_ms = sooner(next_ms, b->routers[i].until_ms, limit_ms);
	for (size_t i = 0; i < b->net_count; i++) {
		next_ms = sooner(next_ms, b->nets[i].on_link_ms, limit_ms);
		next_ms = sooner(next_ms, b->nets[i].valid_ms, limit_ms);
		next_ms = sooner(next_ms, b->nets[i].preferred_ms, limit_ms);
	}
	for (size_t i = 0; i < b->server_count; i++)
		next_ms = sooner(next_ms, b->servers[i].until_ms, limit_ms);
	return next_ms;
}

const struct ra_router *ra_book_router(const struct ra_book *b)
{
	const struct ra_router *best = NULL;
	for (size_t i = 0; i < b->router_count; i++)
		if (!best || b->routers[i].preference > best->preference)
			best = &b->routers[i];
	return best;
}
