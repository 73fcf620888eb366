// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "netmgr/kernel/host.h"
#include "netmgr/six/plan6.h"
#include "netmgr/six/ra.h"
#include "netmgr/six/ra_book.h"
#include "netmgr/six/ra_memo.h"
#include "netmgr/six/slaac.h"
#include "tests/unit/netmgr/ways.h"

static struct in6_addr at(const char *text)
{
	struct in6_addr a;
	if (inet_pton(AF_INET6, text, &a) != 1)
		fail_msg("'%s' is no address", text);
	return a;
}

static bool is_at(const struct in6_addr *a, const char *text)
{
	const struct in6_addr b = at(text);
	return memcmp(a, &b, sizeof(b)) == 0;
}

/* --- what a router says --- */

#define HEAD(flags, life) "\x86\0\0\0\x40" flags life "\0\0\0\0\0\0\0\0"
#define LIFE_1800 "\x07\x08"
#define PREFIX(len, flags, valid, preferred) "\x03\x04" len flags valid preferred "\0\0\0\0"
#define NET_DB8_1 "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\0"
#define DAY "\0\1\x51\x80"
#define HOUR "\0\0\x0e\x10"
#define SERVERS_HEAD(eights, life) "\x19" eights "\0\0" life
#define BYTES(literal) literal, sizeof(literal) - 1

static void reads_what_a_router_says(void **state)
{
	(void)state;
	static const struct {
		const char *name, *bytes;
		size_t len;
		int want;
		uint32_t router_s, mtu;
		int preference;
		size_t prefixes, servers;
	} rows[] = {
		{ "bare", BYTES(HEAD("\0", LIFE_1800)), 0, 1800, 0, 0, 0, 0 },
		{ "high", BYTES(HEAD("\x08", LIFE_1800)), 0, 1800, 0, 1, 0, 0 },
		{ "low", BYTES(HEAD("\x18", LIFE_1800)), 0, 1800, 0, -1, 0, 0 },
		{ "reserved preference", BYTES(HEAD("\x10", LIFE_1800)), 0, 1800, 0, 0, 0, 0 },
		{ "no router", BYTES(HEAD("\0", "\0\0")), 0, 0, 0, 0, 0, 0 },
		{ "prefix",
		  BYTES(HEAD("\0", LIFE_1800) PREFIX("\x40", "\xc0", DAY, HOUR) NET_DB8_1), 0, 1800,
		  0, 0, 1, 0 },
		{ "preferred for longer than valid",
		  BYTES(HEAD("\0", LIFE_1800) PREFIX("\x40", "\xc0", HOUR, DAY) NET_DB8_1), 0, 1800,
		  0, 0, 0, 0 },
		{ "the wire's own prefix",
		  BYTES(HEAD("\0", LIFE_1800) PREFIX("\x40", "\xc0", DAY,
						     HOUR) "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		  0, 1800, 0, 0, 0, 0 },
		{ "everybody's",
		  BYTES(HEAD("\0", LIFE_1800) PREFIX("\x40", "\xc0", DAY,
						     HOUR) "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		  0, 1800, 0, 0, 0, 0 },
		{ "the whole world",
		  BYTES(HEAD("\0", LIFE_1800) PREFIX("\0", "\xc0", DAY, HOUR) NET_DB8_1), 0, 1800,
		  0, 0, 0, 0 },
		{ "a length beyond all",
		  BYTES(HEAD("\0", LIFE_1800) PREFIX("\x81", "\xc0", DAY, HOUR) NET_DB8_1),
		  -EBADMSG, 0, 0, 0, 0, 0 },
		{ "mtu", BYTES(HEAD("\0", LIFE_1800) "\5\1\0\0\0\0\x05\xc8"), 0, 1800, 1480, 0, 0,
		  0 },
		{ "mtu below the least", BYTES(HEAD("\0", LIFE_1800) "\5\1\0\0\0\0\4\0"), 0, 1800,
		  0, 0, 0, 0 },
		{ "resolvers",
		  BYTES(HEAD("\0", LIFE_1800) SERVERS_HEAD("\5", HOUR) NET_DB8_1
			"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
		  0, 1800, 0, 0, 0, 2 },
		{ "a resolver that is this machine",
		  BYTES(HEAD("\0", LIFE_1800)
				SERVERS_HEAD("\3", HOUR) "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
		  0, 1800, 0, 0, 0, 0 },
		{ "half a resolver",
		  BYTES(HEAD("\0", LIFE_1800) SERVERS_HEAD("\2", HOUR) "\x20\1\0\0\0\0\0\0"),
		  -EBADMSG, 0, 0, 0, 0, 0 },
		{ "what others want to know", BYTES(HEAD("\0", LIFE_1800) "\xc8\1\0\0\0\0\0\0"), 0,
		  1800, 0, 0, 0, 0 },
		{ "an option of no length", BYTES(HEAD("\0", LIFE_1800) "\5\0\0\0\0\0\0\0"),
		  -EBADMSG, 0, 0, 0, 0, 0 },
		{ "an option beyond the end", BYTES(HEAD("\0", LIFE_1800) "\5\2\0\0\0\0\0\0"),
		  -EBADMSG, 0, 0, 0, 0, 0 },
		{ "a byte too many", BYTES(HEAD("\0", LIFE_1800) "\5"), -EBADMSG, 0, 0, 0, 0, 0 },
		{ "too short", "\x86\0\0\0\x40\0\x07\x08", 8, -EBADMSG, 0, 0, 0, 0, 0 },
		{ "another kind", BYTES("\x85\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), -EBADMSG, 0, 0, 0, 0,
		  0 },
		{ "another code", BYTES("\x86\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), -EBADMSG, 0, 0, 0, 0,
		  0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ra ra = { 0 };
		int r = ra_parse((const uint8_t *)rows[i].bytes, rows[i].len, &ra);
		if (r != rows[i].want || ra.router_s != rows[i].router_s || ra.mtu != rows[i].mtu ||
		    ra.preference != rows[i].preference || ra.prefix_count != rows[i].prefixes ||
		    ra.server_count != rows[i].servers)
			fail_msg("%s: %d, router %u, mtu %u, preference %d, %zu and %zu",
				 rows[i].name, r, ra.router_s, ra.mtu, ra.preference,
				 ra.prefix_count, ra.server_count);
	}
}

/* A wire that announces more than has room does not push out what came first. */
static void takes_no_more_than_has_room(void **state)
{
	(void)state;
	static const uint8_t one[] = { 3, 4, 64, 0xc0, 0, 0, 1, 0, 0, 0, 1, 0 };
	uint8_t bytes[RA_BYTES_MAX] = { 0x86 };
	size_t len = 16;
	for (uint8_t i = 0; len + 32 <= sizeof(bytes); i++, len += 32) {
		memcpy(bytes + len, one, sizeof(one));
		memcpy(bytes + len + 16, (uint8_t[]){ 0x20, 1, 0xd, 0xb8, 0, i }, 6);
	}
	struct ra ra;
	assert_int_equal(ra_parse(bytes, len, &ra), 0);
	assert_int_equal(ra.prefix_count, RA_PREFIXES);
	assert_true(is_at(&ra.prefixes[0].prefix, "2001:db8::"));
	struct ra_book book = { 0 };
	const struct in6_addr from = at("fe80::1");
	ra_book_take(&book, &from, &ra, 1000);
	assert_int_equal(book.net_count, RA_BOOK_NETS);
	assert_true(is_at(&book.nets[3].prefix, "2001:db8:3::"));
}

static void believes_its_own_wire_only(void **state)
{
	(void)state;
	const struct in6_addr near = at("fe80::1"), far = at("2001:db8::1");
	assert_true(ra_is_near(&near, 255));
	assert_false(ra_is_near(&near, 254));
	assert_false(ra_is_near(&near, 64));
	assert_false(ra_is_near(&near, -1));
	assert_false(ra_is_near(&far, 255));
}

static void asks_less_and_less(void **state)
{
	(void)state;
	static const uint8_t mac[] = { 2, 0, 0, 0, 0, 7 };
	uint8_t bytes[RA_SOLICIT_ROOM];
	assert_int_equal(ra_solicit(mac, sizeof(mac), bytes), 16);
	assert_memory_equal(bytes, "\x85\0\0\0\0\0\0\0\1\1\2\0\0\0\0\7", 16);
	assert_int_equal(ra_solicit(mac, 0, bytes), 8);
	static const struct {
		uint32_t before, least, most;
	} rows[] = { { 0, 3600, 4400 },
		     { 4000, 7200, 8800 },
		     { 1000000, 1800000, 2200000 },
		     { 3960000, 3240000, 3960000 },
		     { UINT32_MAX, 3240000, 3960000 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (uint32_t random = 0; random < 2000000000; random += 77777777) {
			uint32_t wait = ra_wait_ms(rows[i].before, random);
			assert_true(wait >= rows[i].least && wait <= rows[i].most);
		}
}

/* --- what is known --- */

static struct ra says(uint32_t router_s, const char *prefix, uint32_t valid_s, uint32_t preferred_s)
{
	struct ra ra = { .router_s = router_s };
	if (prefix)
		ra.prefixes[ra.prefix_count++] = (struct ra_prefix){ .prefix = at(prefix),
								     .len = 64,
								     .on_link = true,
								     .autonomous = true,
								     .valid_s = valid_s,
								     .preferred_s = preferred_s };
	return ra;
}

/* A router with a prefix and a resolver, heard at 1000. */
static void hear(struct ra_book *b, const struct in6_addr *from)
{
	struct ra ra = says(600, "2001:db8:1::", 86400, 3600);
	ra.servers[ra.server_count++] = (struct ra_server){ at("2001:db8:1::53"), 1200 };
	ra_book_take(b, from, &ra, 1000);
}

static void forgets_what_is_over(void **state)
{
	(void)state;
	struct ra_book b = { 0 };
	const struct in6_addr from = at("fe80::1");
	hear(&b, &from);
	assert_non_null(ra_book_router(&b));
	assert_int_equal(ra_book_pass(&b, 1000), 601000);
	assert_int_equal(ra_book_pass(&b, 601000), 1201000);
	assert_null(ra_book_router(&b));
	assert_int_equal(b.server_count, 1);
	assert_int_equal(ra_book_pass(&b, 1201000), 3601000); /* no longer preferred */
	assert_int_equal(b.server_count, 0);
	assert_int_equal(ra_book_pass(&b, 3601000), 86401000);
	assert_int_equal(b.net_count, 1);
	assert_int_equal(ra_book_pass(&b, 86401000), UINT64_MAX);
	assert_int_equal(b.net_count, 0);
	/* For ever is for ever. */
	struct ra ra = says(600, "2001:db8:1::", RA_FOREVER, RA_FOREVER);
	ra_book_take(&b, &from, &ra, 1000);
	assert_int_equal(ra_book_pass(&b, UINT64_MAX - 1), UINT64_MAX);
	assert_int_equal(b.net_count, 1);
	assert_int_equal(ra_book_left_s(b.nets[0].valid_ms, 1000), RA_FOREVER);
	assert_int_equal(ra_book_left_s(5999, 1000), 4);
	assert_int_equal(ra_book_left_s(1000, 1000), 0);
}

/* RFC 4861 6.3.4, RFC 4862 5.5.3: a router that resigns does so at once; an address outlives a lie by two hours. */
static void takes_things_back(void **state)
{
	(void)state;
	struct ra_book b = { 0 };
	const struct in6_addr from = at("fe80::1");
	hear(&b, &from);
	struct ra ra = says(0, "2001:db8:1::", 0, 0);
	ra.servers[ra.server_count++] = (struct ra_server){ at("2001:db8:1::53"), 0 };
	ra_book_take(&b, &from, &ra, 2000);
	assert_null(ra_book_router(&b));
	assert_int_equal(b.server_count, 0);
	assert_int_equal(b.net_count, 1);
	assert_int_equal(b.nets[0].valid_ms, 2000 + 7200000);
	assert_true(b.nets[0].preferred_ms <= 2000);
	assert_true(b.nets[0].on_link_ms <= 2000);
	/* Less than two hours are left: nobody makes them fewer, and whoever says more is believed. */
	ra = says(0, "2001:db8:1::", 60, 60);
	ra_book_take(&b, &from, &ra, 3602000);
	assert_int_equal(b.nets[0].valid_ms, 2000 + 7200000);
	ra = says(0, "2001:db8:1::", 7000, 60);
	ra_book_take(&b, &from, &ra, 3602000);
	assert_int_equal(b.nets[0].valid_ms, 3602000 + 7000000);
	/* What nobody has heard of is not taken back. */
	ra = says(0, "2001:db8:2::", 0, 0);
	ra_book_take(&b, &from, &ra, 3602000);
	assert_int_equal(b.net_count, 1);
}

static void prefers_the_preferred_router(void **state)
{
	(void)state;
	static const struct {
		int preference[3];
		const char *want;
	} rows[] = { { { 0, 0, 0 }, "fe80::1" },
		     { { 0, 1, 1 }, "fe80::2" },
		     { { -1, -1, 0 }, "fe80::3" } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ra_book b = { 0 };
		struct in6_addr from = at("fe80::");
		for (uint8_t n = 0; n < 3; n++) {
			struct ra ra = says(600, NULL, 0, 0);
			ra.preference = rows[i].preference[n];
			from.s6_addr[15] = (uint8_t)(n + 1);
			ra_book_take(&b, &from, &ra, 1000);
		}
		assert_true(is_at(&ra_book_router(&b)->address, rows[i].want));
	}
}

/* The cable is in another provider's router: what that one does not repeat is not of this wire. */
static void forgets_another_wire(void **state)
{
	(void)state;
	struct ra_book b = { 0 };
	const struct in6_addr old = at("fe80::1"), new = at("fe80::2");
	struct ra ra = says(600, "2001:db8:1::", 86400, 3600);
	ra_book_take(&b, &old, &ra, 1000);
	ra = says(600, "2001:db8:2::", 86400, 3600);
	ra_book_take(&b, &new, &ra, 5000);
	ra_book_forget(&b, 4000);
	assert_int_equal(b.router_count, 1);
	assert_true(is_at(&ra_book_router(&b)->address, "fe80::2"));
	assert_int_equal(b.net_count, 1);
	assert_true(is_at(&b.nets[0].prefix, "2001:db8:2::"));
}

/* --- what the next life knows --- */

static const uint8_t whole_ra[] = HEAD("\0", LIFE_1800) PREFIX("\x40", "\xc0", DAY, HOUR) NET_DB8_1;
enum { WHOLE = sizeof(whole_ra) - 1 };

static void knows_what_the_life_before_knew(void **state)
{
	(void)state;
	struct ra_memo *m = calloc(1, sizeof(*m)), *back = calloc(1, sizeof(*back));
	uint8_t *file = malloc(RA_MEMO_ROOM);
	const struct in6_addr one = at("fe80::1"), two = at("fe80::2"), far = at("2001:db8::9");
	struct ra_book b = { 0 };
	assert_true(m && back && file);
	ra_memo_note(m, &one, whole_ra, WHOLE, 1000);
	ra_memo_note(m, &two, whole_ra, WHOLE, 2000);
	ra_memo_note(m, &one, whole_ra, 16, 2500); /* of no prefix, beside what it said of one */
	assert_int_equal(m->count, 3);
	ra_memo_note(m, &one, whole_ra, WHOLE, 3000);
	assert_int_equal(m->count, 3);
	ra_memo_note(m, &far, whole_ra, WHOLE, 3000);
	assert_int_equal(m->count, 4);
	size_t len = ra_memo_write(m, 7, file);
	assert_int_equal(ra_memo_read(file, len, 7, 4000, back), 0);
	assert_int_equal(back->count, 4);
	assert_memory_equal(back, m, sizeof(*m));
	ra_memo_replay(back, &b, 4000);
	assert_int_equal(b.router_count, 2); /* none of afar */
	assert_int_equal(b.nets[0].valid_ms, 3000 + 86400000);
	/* Another device, another boot, a file that was cut or is longer. */
	assert_int_equal(ra_memo_read(file, len, 8, 4000, back), -EBADMSG);
	assert_int_equal(ra_memo_read(file, len, 7, 2999, back), -EBADMSG);
	for (size_t cut = 0; cut < len; cut++) {
		int r = ra_memo_read(file, cut, 7, 4000, back);
		assert_true(r == -EBADMSG || back->count < 4);
	}
	file[len] = 0;
	assert_int_equal(ra_memo_read(file, len + 1, 7, 4000, back), -EBADMSG);
	ra_memo_forget(m, 2400);
	assert_int_equal(m->count, 3);
	for (uint8_t i = 0; i < 2 * RA_MEMO_SAID; i++) {
		struct in6_addr from = at("fe80::");
		from.s6_addr[15] = i;
		ra_memo_note(m, &from, whole_ra, WHOLE, 5000 + i);
	}
	assert_int_equal(m->count, RA_MEMO_SAID);
	assert_int_equal(m->said[0].at_ms, 5000 + RA_MEMO_SAID);
	assert_int_equal(m->said[RA_MEMO_SAID - 1].at_ms, 4999 + 2 * RA_MEMO_SAID);
	free(m);
	free(back);
	free(file);
}

/* --- addresses --- */

static void chooses_an_address_of_its_own(void **state)
{
	(void)state;
	uint8_t secret[SLAAC_SECRET] = { 1 }, other[SLAAC_SECRET] = { 2 };
	const struct in6_addr one = at("2001:db8:1::"), two = at("2001:db8:2::");
	struct in6_addr first, a;
	slaac_address(secret, "fibre", &one, 0, &first);
	assert_memory_equal(&first, &one, 8);
	assert_memory_not_equal(first.s6_addr + 8, "\0\0\0\0\0\0\0\0", 8);
	slaac_address(secret, "fibre", &one, 0, &a);
	assert_memory_equal(&a, &first, sizeof(a));
	slaac_address(secret, "fibre", &one, 1, &a);
	assert_memory_not_equal(a.s6_addr + 8, first.s6_addr + 8, 8);
	slaac_address(secret, "lte", &one, 0, &a);
	assert_memory_not_equal(a.s6_addr + 8, first.s6_addr + 8, 8);
	slaac_address(secret, "fibre", &two, 0, &a);
	assert_memory_not_equal(a.s6_addr + 8, first.s6_addr + 8, 8);
	slaac_address(other, "fibre", &one, 0, &a);
	assert_memory_not_equal(a.s6_addr + 8, first.s6_addr + 8, 8);
}

static void is_written_as_programs_read_it(void **state)
{
	(void)state;
	const struct in_addr four = { htonl(0xc0000201) };
	const union host rows[] = { host_four(four, 53),
				    host_six(at("2001:db8::53"), 53),
				    host_six(at("fe80::1"), 53),
				    { .any.sa_family = 0 } };
	static const char *const want[] = { "192.0.2.1", "2001:db8::53", "fe80::1%wan0", "" };
	char text[HOST_ROOM];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		host_text(&rows[i], "wan0", text);
		assert_string_equal(text, want[i]);
	}
	const union host other = host_at(&rows[1], 80), same = host_at(&rows[0], 80);
	assert_int_equal(other.six.sin6_port, htons(80));
	assert_true(is_at(&other.six.sin6_addr, "2001:db8::53"));
	assert_int_equal(same.four.sin_port, htons(80));
	assert_int_equal(host_len(&other), sizeof(struct sockaddr_in6));
	assert_int_equal(host_len(&same), sizeof(struct sockaddr_in));
}

/* --- routes --- */

static struct plan6_uplink line(int ifindex, const char *router, const char *prefix)
{
	struct plan6_uplink u = { .ifindex = ifindex, .begins = true };
	if (router)
		u.router = at(router);
	if (prefix)
		u.nets[u.net_count++] = (struct plan6_net){ at(prefix), 64 };
	return u;
}

static size_t ways_in(const struct plan6 *p, uint32_t table)
{
	size_t n = 0;
	for (size_t i = 0; i < p->route_count; i++)
		n += p->routes[i].table == table && !p->routes[i].unreachable;
	return n;
}

static void leads_over_the_chosen_line_only(void **state)
{
	(void)state;
	struct plan6_uplink lines[] = { line(3, "fe80::1", "2001:db8:1::"),
					line(4, "fe80::1", "2001:db8:1::"),
					line(5, NULL, "2001:db8:3::"), line(0, NULL, NULL) };
	lines[1].mtu = 1480;
	struct prefer_ways ways = ways_all_over(1);
	struct plan6 p;
	plan6_make(lines, ARRAY_LEN(lines), &ways, &p);
	static const size_t want[] = { 3, 3, 2, 0 };
	for (unsigned i = 0; i < ARRAY_LEN(lines); i++) {
		bool ends = false;
		assert_int_equal(ways_in(&p, PLAN_TABLE_UPLINK + i), want[i]);
		for (size_t r = 0; r < p.route_count; r++) {
			const struct plan6_route *route = &p.routes[r];
			if (route->table != PLAN_TABLE_UPLINK + i)
				continue;
			ends |= route->unreachable && route->metric == UINT32_MAX && !route->to_len;
			if (!route->unreachable)
				assert_int_equal(route->ifindex, lines[i].ifindex);
		}
		assert_true(ends);
	}
	/* Where no line is named, no router's word leads anywhere: he could say that the hub is on his wire. */
	assert_int_equal(ways_in(&p, PLAN_TABLE_NEAR), 0);
	assert_int_equal(ways_in(&p, PLAN_TABLE_CLASS), 2);
	for (size_t r = 0; r < p.route_count; r++) {
		const struct plan6_route *route = &p.routes[r];
		if (route->table == PLAN_TABLE_CLASS)
			assert_int_equal(route->ifindex, 4);
		if (route->table == PLAN_TABLE_CLASS && !route->to_len) {
			assert_true(is_at(&route->gateway, "fe80::1"));
			assert_int_equal(route->mtu, 1480);
		}
		for (size_t q = 0; q < r; q++)
			assert_false(plan6_same_place(route, &p.routes[q]));
	}
	/* No router, no device, no address that may begin anything, nobody chosen: no way, whatever the other lines have. */
	lines[0].begins = false;
	for (int base = -1; base < (int)ARRAY_LEN(lines); base++) {
		ways = ways_all_over(base);
		plan6_make(lines, ARRAY_LEN(lines), &ways, &p);
		assert_int_equal(ways_in(&p, PLAN_TABLE_CLASS), base == 1 ? 2 : 0);
	}
	assert_int_equal(ways_in(&p, PLAN_TABLE_UPLINK), 3); /* who began before goes on */
}

/* After a restart, what nobody has looked at yet stays as it was. */
static void spares_what_it_does_not_know(void **state)
{
	(void)state;
	struct plan6_uplink lines[] = { line(3, "fe80::1", "2001:db8:1::"), { .unknown = true } };
	struct prefer_ways ways = ways_all_over(0);
	struct plan6 p;
	plan6_make(lines, ARRAY_LEN(lines), &ways, &p);
	assert_false(plan6_spares(&p, PLAN_TABLE_UPLINK));
	assert_true(plan6_spares(&p, PLAN_TABLE_UPLINK + 1));
	assert_true(plan6_spares(&p, PLAN_TABLE_NEAR));
	assert_false(plan6_spares(&p, PLAN_TABLE_CLASS));
	assert_false(plan6_spares(&p, 77));
	ways.chosen = 0;
	plan6_make(lines, ARRAY_LEN(lines), &ways, &p);
	assert_true(plan6_spares(&p, PLAN_TABLE_CLASS));
	ways = ways_all_over(1);
	plan6_make(lines, ARRAY_LEN(lines), &ways, &p);
	assert_true(plan6_spares(&p, PLAN_TABLE_CLASS));
	for (size_t r = 0; r < p.route_count; r++)
		assert_true(p.routes[r].table != PLAN_TABLE_UPLINK + 1);
}

static void fits_the_most(void **state)
{
	(void)state;
	struct plan6_uplink lines[UPLINK_MAX];
	struct prefer_ways ways = ways_all_over(UPLINK_MAX - 1);
	struct plan6 p;
	for (uint8_t i = 0; i < UPLINK_MAX; i++) {
		lines[i] = line(i + 1, "fe80::1", NULL);
		lines[i].net_count = PLAN6_NETS;
		for (uint8_t n = 0; n < PLAN6_NETS; n++) {
			lines[i].nets[n] = (struct plan6_net){ at("2001:db8::"), 64 };
			lines[i].nets[n].prefix.s6_addr[6] = i;
			lines[i].nets[n].prefix.s6_addr[7] = n;
		}
	}
	plan6_make(lines, UPLINK_MAX, &ways, &p);
	assert_int_equal(p.route_count, PLAN6_ROUTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_a_router_says),
		cmocka_unit_test(takes_no_more_than_has_room),
		cmocka_unit_test(believes_its_own_wire_only),
		cmocka_unit_test(asks_less_and_less),
		cmocka_unit_test(forgets_what_is_over),
		cmocka_unit_test(takes_things_back),
		cmocka_unit_test(prefers_the_preferred_router),
		cmocka_unit_test(forgets_another_wire),
		cmocka_unit_test(knows_what_the_life_before_knew),
		cmocka_unit_test(chooses_an_address_of_its_own),
		cmocka_unit_test(is_written_as_programs_read_it),
		cmocka_unit_test(leads_over_the_chosen_line_only),
		cmocka_unit_test(spares_what_it_does_not_know),
		cmocka_unit_test(fits_the_most),
	};
	return cmocka_run_group_tests_name("netmgr/six", tests, NULL, NULL);
}
