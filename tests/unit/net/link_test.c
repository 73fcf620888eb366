// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "tests/net/link/faults.h"
#include "tests/net/link/frame.h"
#include "tests/net/link/order.h"
#include "tests/net/link/ring.h"
#include "tests/net/link/shape.h"

enum { MS = 1000000 };

/* --- shape --------------------------------------------------------------------------------------- */

static void takes_its_time(void **state)
{
	/* 8 Mbit/s: a microsecond for each byte; the queue holds 3000 bytes before the one on the wire. */
	static const struct {
		size_t bytes;
		uint64_t at_ns;
		enum shape_fate fate;
		uint64_t due_ns;
	} rows[] = {
		{ 1000, 0, SHAPE_COMES, 21 * MS },
		{ 1000, 0, SHAPE_COMES, 22 * MS },
		{ 1000, 0, SHAPE_COMES, 23 * MS },
		{ 1000, 0, SHAPE_COMES, 24 * MS }, /* 3000 bytes before it */
		{ 1000, 0, SHAPE_NO_ROOM, 0 },
		{ 1000, 1 * MS, SHAPE_COMES, 25 * MS },
		{ 500, 100 * MS, SHAPE_COMES, 120 * MS + MS / 2 }, /* no credit for idle time */
	};
	struct shape s = {
		.rate_bps = 8000000, .queue_bytes = 3000, .delay_ns = 20 * MS, .random = 1
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t due = 0;
		assert_int_equal(shape_take(&s, rows[i].bytes, rows[i].at_ns, &due), rows[i].fate);
		assert_int_equal(due, rows[i].due_ns);
	}
}

static void jitter_keeps_the_order(void **state)
{
	struct shape s = { .delay_ns = 5 * MS, .jitter_ns = 10 * MS, .random = 1 };
	uint64_t before = 0, least = UINT64_MAX, most = 0;
	(void)state;
	for (uint64_t at = 0; at < 1000 * 20 * (uint64_t)MS; at += 20 * MS) {
		uint64_t due = 0;
		assert_int_equal(shape_take(&s, 100, at, &due), SHAPE_COMES);
		assert_true(due >= before);
		before = due;
		least = due - at < least ? due - at : least;
		most = due - at > most ? due - at : most;
	}
	assert_in_range(least, 5 * MS, 6 * MS);
	assert_in_range(most, 14 * MS, 15 * MS);
}

static void loses_what_it_should(void **state)
{
	static const struct {
		uint32_t ppm, run;
		unsigned least, most; /* of 100,000; five standard deviations and more */
		double run_least, run_most;
	} rows[] = {
		{ 0, 1, 0, 0, 0, 0 },
		{ 1000000, 1, 100000, 100000, 0, 1e9 },
		{ 50000, 1, 4600, 5400, 1.0, 1.15 },
		{ 300000, 0, 29200, 30800, 1.3, 1.6 },
		{ 50000, 10, 3900, 6100, 8, 12 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shape s = { .loss_ppm = rows[i].ppm, .run_len = rows[i].run, .random = 7 };
		unsigned lost = 0, runs = 0;
		enum shape_fate before = SHAPE_COMES;
		for (int n = 0; n < 100000; n++) {
			uint64_t due;
			const enum shape_fate fate = shape_take(&s, 100, 0, &due);
			lost += fate == SHAPE_LOST;
			runs += fate == SHAPE_LOST && before != SHAPE_LOST;
			before = fate;
		}
		assert_in_range(lost, rows[i].least, rows[i].most);
		assert_true(!runs || (double)lost / runs >= rows[i].run_least);
		assert_true(!runs || (double)lost / runs <= rows[i].run_most);
	}
}

/* --- ring ---------------------------------------------------------------------------------------- */

/* What went in comes out, in order and whole, wherever the end of the memory falls. */
static void is_a_queue(void **state)
{
	uint8_t frame[300];
	struct ring r;
	uint64_t in = 0, out = 0, random = 1, refused = 0;
	(void)state;
	assert_int_equal(ring_init(&r, 4096), 0);
	for (int i = 0; i < 20000; i++) {
		random = random * 6364136223846793005u + 1;
		const size_t len = 1 + (random >> 33) % sizeof(frame);
		const bool more = (random >> 50) % 100 < (i / 1000 % 2 ? 70 : 30);
		uint64_t due = 0;
		size_t got = 0;
		memset(frame, (int)(in & 0xff), len);
		if (more && ring_put(&r, in << 16 | len, frame, len) == 0) {
			in++;
			continue;
		}
		refused += more;
		const uint8_t *first = ring_first(&r, &due, &got);
		assert_int_equal(first != NULL, out < in);
		if (!first)
			continue;
		assert_int_equal(due, out << 16 | got);
		assert_int_equal(first[0], out & 0xff);
		assert_int_equal(first[got - 1], out & 0xff);
		ring_drop(&r);
		out++;
	}
	assert_true(out > 5000 && refused > 100);
	ring_empty(&r);
	assert_null(ring_first(&r, &in, &(size_t){ 0 }));
	ring_done(&r);
}

/* --- frames and faults --------------------------------------------------------------------------- */

static struct in_addr address(const char *text)
{
	struct in_addr a;
	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return a;
}

static uint16_t sum_of(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)(bytes[i] << 8) | (i + 1 < len ? bytes[i + 1] : 0u);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Over header and pseudo header, with the stored sum in place: 0xffff when it is right. */
static uint16_t carried_sum(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + FRAME_ETHERNET;
	const uint32_t pseudo = ip[9] + (uint32_t)(len - FRAME_ETHERNET - 20);
	return sum_of(ip + 20, len - FRAME_ETHERNET - 20, sum_of(ip + 12, 8, pseudo));
}

struct packet {
	const char *from, *to;
	uint8_t protocol;
	uint16_t from_port, to_port;
};

enum { PACKET_LEN = FRAME_ETHERNET + 20 + 20 + 5 };

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void make(const struct packet *p, uint8_t frame[PACKET_LEN])
{
	uint8_t *ip = frame + FRAME_ETHERNET;
	const struct in_addr from = address(p->from), to = address(p->to);
	memset(frame, 0, PACKET_LEN);
	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, PACKET_LEN - FRAME_ETHERNET);
	ip[8] = 64;
	ip[9] = p->protocol;
	memcpy(ip + 12, &from, 4);
	memcpy(ip + 16, &to, 4);
	put16(ip + 10, (uint16_t)~sum_of(ip, 20, 0));
	put16(ip + 20, p->from_port);
	put16(ip + 22, p->to_port);
	memcpy(ip + 40, "hello", 5);
	uint8_t *sum = ip + 20 + (p->protocol == IPPROTO_TCP ? 16 : 6);
	put16(sum, (uint16_t)~carried_sum(frame, PACKET_LEN));
}

static void reads_frames(void **state)
{
	uint8_t frame[PACKET_LEN];
	struct frame f;
	(void)state;
	make(&(struct packet){ "10.0.0.2", "9.9.9.9", IPPROTO_TCP, 40000, 80 }, frame);
	for (size_t len = 0; len <= PACKET_LEN; len++) {
		frame_read(frame, len, &f);
		assert_int_equal(f.kind, len < FRAME_ETHERNET + 20 ? FRAME_OTHER : FRAME_IP4);
		assert_int_equal(f.has_ports, len >= FRAME_ETHERNET + 24);
	}
	assert_int_equal(f.from_port, 40000);
	assert_int_equal(f.to_port, 80);
	assert_int_equal(f.to.s_addr, address("9.9.9.9").s_addr);
	frame[FRAME_ETHERNET] = 0x4f; /* a header of 60 bytes in 45 */
	frame_read(frame, PACKET_LEN, &f);
	assert_int_equal(f.kind, FRAME_OTHER);
	put16(frame + 12, 0x0806);
	frame_read(frame, PACKET_LEN, &f);
	assert_int_equal(f.kind, FRAME_LOCAL);
}

static void readdresses(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	static const char *const others[] = { "192.168.1.1", "255.255.255.255", "0.0.0.1" };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		for (size_t j = 0; j < ARRAY_LEN(others); j++) {
			uint8_t frame[PACKET_LEN];
			struct frame f;
			make(&(struct packet){ "10.0.0.2", "9.9.9.9", protocols[i], 4000, 80 },
			     frame);
			frame_read(frame, PACKET_LEN, &f);
			frame_readdress(frame, PACKET_LEN, &f, FRAME_TO, address(others[j]));
			frame_readdress(frame, PACKET_LEN, &f, FRAME_FROM, address("10.1.2.3"));
			assert_int_equal(sum_of(frame + FRAME_ETHERNET, 20, 0), 0xffff);
			assert_int_equal(carried_sum(frame, PACKET_LEN), 0xffff);
			frame_read(frame, PACKET_LEN, &f);
			assert_int_equal(f.to.s_addr, address(others[j]).s_addr);
			assert_int_equal(f.from.s_addr, address("10.1.2.3").s_addr);
		}
}

static void fails_as_told(void **state)
{
	static const struct packet far_up = { "10.0.0.2", "9.9.9.9", IPPROTO_TCP, 40000, 443 },
				   far_down = { "9.9.9.9", "10.0.0.2", IPPROTO_TCP, 443, 40000 },
				   near_up = { "10.0.0.2", "10.0.0.1", IPPROTO_ICMP, 0, 0 },
				   dns_up = { "10.0.0.2", "9.9.9.9", IPPROTO_UDP, 4000, 53 },
				   dns_down = { "9.9.9.9", "10.0.0.2", IPPROTO_UDP, 53, 4000 };
	static const struct {
		const char *orders[2];
		const struct packet *packet;
		enum direction way;
		bool passes;
	} rows[] = {
		{ { "whole" }, &far_up, UP, true },
		{ { "silent all" }, &near_up, UP, false },
		{ { "silent beyond" }, &near_up, UP, true },
		{ { "silent beyond" }, &far_up, UP, false },
		{ { "silent beyond" }, &far_down, DOWN, false },
		{ { "oneway up" }, &far_up, UP, false },
		{ { "oneway up" }, &far_down, DOWN, true },
		{ { "oneway down" }, &far_up, UP, true },
		{ { "oneway down" }, &far_down, DOWN, false },
		{ { "silent all", "silent no" }, &far_up, UP, true },
		{ { "resolver dead" }, &dns_up, UP, false },
		{ { "resolver dead" }, &dns_down, DOWN, false },
		{ { "resolver dead" }, &far_up, UP, true },
		{ { "resolver dead", "resolver well" }, &dns_up, UP, true },
		{ { "block 9.9.9.9" }, &far_up, UP, false },
		{ { "block 9.9.9.9" }, &far_down, DOWN, false },
		{ { "block 9.9.9.8" }, &far_up, UP, true },
		{ { "block 9.9.9.9", "block no" }, &far_up, UP, true },
		{ { "portal 10.0.0.1" }, &far_up, UP, false },
		{ { "portal 10.0.0.1" }, &dns_up, UP, true },
		{ { "portal 10.0.0.1" }, &near_up, UP, true },
		{ { "portal 10.0.0.1", "whole" }, &far_up, UP, true },
		{ { "cable out" }, &near_up, UP, false },
		{ { "cable out", "cable in" }, &near_up, UP, true },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct line l = { .fd = { -1, -1 } };
		uint8_t frame[PACKET_LEN];
		assert_true(order_obey(&l, "router 10.0.0.1", 0));
		for (size_t j = 0; j < 2 && rows[i].orders[j]; j++)
			assert_true(order_obey(&l, rows[i].orders[j], 0));
		make(rows[i].packet, frame);
		if (faults_pass(&l.faults, rows[i].way, frame, PACKET_LEN) != rows[i].passes)
			fail_msg("row %zu: %s", i, rows[i].orders[0]);
		put16(frame + 12, 0x0806); /* ARP knows nothing of what lies beyond */
		const bool cut = !strcmp(rows[i].orders[0], "silent all") && !rows[i].orders[1];
		const bool out = !strcmp(rows[i].orders[0], "cable out") && !rows[i].orders[1];
		assert_int_equal(faults_pass(&l.faults, rows[i].way, frame, PACKET_LEN),
				 !cut && !out);
	}
}

static void a_portal_answers_for_all(void **state)
{
	struct line l = { .fd = { -1, -1 } };
	uint8_t frame[PACKET_LEN];
	struct frame f;
	(void)state;
	assert_true(order_obey(&l, "portal 10.0.0.1", 0));
	make(&(struct packet){ "10.0.0.2", "9.9.9.9", IPPROTO_TCP, 40000, 80 }, frame);
	assert_true(faults_pass(&l.faults, UP, frame, PACKET_LEN));
	frame_read(frame, PACKET_LEN, &f);
	assert_int_equal(f.to.s_addr, address("10.0.0.1").s_addr);
	make(&(struct packet){ "10.0.0.1", "10.0.0.2", IPPROTO_TCP, 80, 40000 }, frame);
	assert_true(faults_pass(&l.faults, DOWN, frame, PACKET_LEN));
	frame_read(frame, PACKET_LEN, &f);
	assert_int_equal(f.from.s_addr, address("9.9.9.9").s_addr);
	/* Who called the page by its own address gets its own answer. */
	make(&(struct packet){ "10.0.0.1", "10.0.0.2", IPPROTO_TCP, 80, 40001 }, frame);
	assert_true(faults_pass(&l.faults, DOWN, frame, PACKET_LEN));
	frame_read(frame, PACKET_LEN, &f);
	assert_int_equal(f.from.s_addr, address("10.0.0.1").s_addr);
}

static void refuses_what_it_does_not_know(void **state)
{
	static const char *const orders[] = {
		"",          "rate 1",        "rate 1 2 3",   "rate 1 -2", "rate 1 x",
		"delay",     "delay nan",     "delay 1ms",    "loss 101",  "loss 1 2 3",
		"silent",    "silent maybe",  "oneway",       "cable",     "flap 0 5 1",
		"flap 5 5",  "resolver gone", "portal 1.2.3", "block",     "queue 99999999",
		"whole now", "explode",       "delay 1 2 3 4"
	};
	struct line l = { .fd = { -1, -1 } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		if (order_obey(&l, orders[i], 0))
			fail_msg("'%s' was obeyed", orders[i]);
	for (int i = 0; i < FAULTS_BLOCKED_MAX; i++)
		assert_true(order_obey(&l, "block 1.1.1.1", 0));
	assert_false(order_obey(&l, "block 1.1.1.1", 0));
	assert_true(order_obey(&l, "rate 2000 8000", 0));
	assert_int_equal(l.way[UP].shape.rate_bps, 2000000);
	assert_int_equal(l.way[DOWN].shape.rate_bps, 8000000);
	assert_true(order_obey(&l, "loss 2.5 4", 0));
	assert_int_equal(l.way[UP].shape.loss_ppm, 25000);
}

/* Half a second down and one up, twice: four changes at the right moments, and none after. */
static void flaps(void **state)
{
	static const struct {
		unsigned at_ms;
		bool unplugged;
		unsigned next_ms;
	} rows[] = {
		{ 1000, true, 1500 }, { 1499, true, 1500 }, { 1500, false, 2500 },
		{ 2500, true, 3000 }, { 3001, false, 0 },   { 9000, false, 0 },
	};
	struct line l = { .fd = { -1, -1 } };
	(void)state;
	assert_true(order_obey(&l, "flap 500 1000 2", UINT64_C(1000) * MS));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint64_t next = line_run(&l, UINT64_C(1) * rows[i].at_ms * MS);
		assert_int_equal(l.faults.unplugged, rows[i].unplugged);
		assert_int_equal(next,
				 rows[i].next_ms ? UINT64_C(1) * rows[i].next_ms * MS : UINT64_MAX);
	}
	assert_true(order_obey(&l, "flap 500 1000 2", 0));
	assert_true(order_obey(&l, "whole", 0));
	assert_int_equal(line_run(&l, 0), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_its_time),
		cmocka_unit_test(jitter_keeps_the_order),
		cmocka_unit_test(loses_what_it_should),
		cmocka_unit_test(is_a_queue),
		cmocka_unit_test(reads_frames),
		cmocka_unit_test(readdresses),
		cmocka_unit_test(fails_as_told),
		cmocka_unit_test(a_portal_answers_for_all),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(flaps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
