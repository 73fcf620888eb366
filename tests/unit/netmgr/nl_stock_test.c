// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_stock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/kernel/nl_events.h"
#include "netmgr/kernel/nl_net.h"
#include "tests/unit/netmgr/namespace.h"

/* On a network of the test's own, with nobody else in it: a namespace. */
enum { STORM = 5000, FOREIGN = RTPROT_STATIC, STORM_TABLE = 77, LOOPBACK = 1 };

struct world {
	struct nl_net *net;
	int raw;
};

static int begin(void **state)
{
	static struct world world = { .raw = -1 };
	struct fault why;
	*state = NULL;
	if (!namespace_enter())
		return 0;
	assert_int_equal(nl_net_open(&world.net, &why), 0);
	assert_int_equal(nl_net_link_up(world.net, LOOPBACK, &why), 0);
	struct in_addr address;
	inet_pton(AF_INET, "192.0.2.1", &address);
	assert_int_equal(nl_net_address(world.net, NL_PUT, LOOPBACK, address, 24, &why), 0);
	world.raw = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_true(world.raw >= 0);
	*state = &world;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	if (w) {
		nl_net_close(w->net);
		close(w->raw);
	}
	return 0;
}

/* --- somebody else, who is busy --- */

struct order {
	struct nlmsghdr header;
	struct rtmsg info;
	struct rtattr to_head;
	uint32_t to;
	struct rtattr out_head;
	uint32_t out;
};

static struct order order_of(uint16_t type, uint8_t protocol, unsigned i)
{
	return (struct order){
		.header = { .nlmsg_len = sizeof(struct order),
			    .nlmsg_type = type,
			    .nlmsg_flags =
				    NLM_F_REQUEST | (type == RTM_NEWROUTE ? NLM_F_CREATE : 0) },
		.info = { .rtm_family = AF_INET,
			  .rtm_dst_len = 32,
			  .rtm_table = STORM_TABLE,
			  .rtm_protocol = protocol,
			  .rtm_scope = RT_SCOPE_LINK,
			  .rtm_type = RTN_UNICAST },
		.to_head = { .rta_len = RTA_LENGTH(4), .rta_type = RTA_DST },
		.to = htonl(0x0a000000u + i),
		.out_head = { .rta_len = RTA_LENGTH(4), .rta_type = RTA_OIF },
		.out = LOOPBACK,
	};
}

/* The kernel carries an order out before send() returns. */
static void storm(const struct world *w, uint16_t type, uint8_t protocol)
{
	for (unsigned i = 0; i < STORM; i++) {
		struct order order = order_of(type, protocol, i);
		assert_int_equal(send(w->raw, &order, sizeof(order), 0), sizeof(order));
	}
}

/* --- what is asked of the stock --- */

static void make_plan(struct plan *plan)
{
	struct plan_uplink line = { .ifindex = LOOPBACK, .device = "lo", .addressed = true };
	line.prefix_len = 24;
	inet_pton(AF_INET, "192.0.2.1", &line.address);
	inet_pton(AF_INET, "192.0.2.9", &line.gateway);
	const struct prefer_ways all = { .base = 0, .chosen = 1 };
	plan_make(&line, 1, &all, plan);
}

/* A kernel without IPv6 has no rules for it. */
static size_t rules_here(const struct plan *plan)
{
	AUTO_FD int six = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n = 0;
	for (size_t i = 0; i < plan->rule_count; i++)
		n += six >= 0 || !plan->rules[i].six;
	return n;
}

static void assert_stock_is(const struct plan *plan)
{
	struct nl_routes routes = { 0 };
	struct nl_rules rules = { 0 };
	struct fault why;
	assert_int_equal(nl_net_routes(&routes, &why), 0);
	assert_int_equal(nl_net_rules(&rules, &why), 0);
	assert_int_equal(routes.count, plan->route_count);
	assert_int_equal(rules.count, rules_here(plan));
	for (size_t i = 0; i < plan->route_count; i++) {
		size_t found = 0;
		for (size_t j = 0; j < routes.count; j++)
			found += plan_same_place(&plan->routes[i], &routes.list[j]);
		assert_int_equal(found, 1);
	}
	free(routes.list);
	free(rules.list);
}

static double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* Two events or so; the kernel rounds up. */
static int open_tiny(int *out)
{
	static const int tiny = 1;
	struct fault why;
	int r = nl_events_open(out, &why);
	return r == 0 ? setsockopt(*out, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)) : r;
}

/* Routes of a routing daemon: they neither wake us up nor cost us anything when stock is taken. */
static void leaves_the_routes_of_others_alone(void **state)
{
	struct world *w = *state;
	struct fault why;
	struct plan plan;
	AUTO_FD int events = -1;
	if (!w)
		skip();
	make_plan(&plan);
	assert_int_equal(open_tiny(&events), 0);
	storm(w, RTM_NEWROUTE, FOREIGN);
	assert_int_equal(nl_events_read(events, nl_net_port(w->net)), 0);
	assert_int_equal(nl_stock_settle(w->net, &plan, 0, &why), 0);
	assert_stock_is(&plan);
	storm(w, RTM_DELROUTE, FOREIGN);
	assert_int_equal(nl_events_read(events, nl_net_port(w->net)), 0);
}

/* Lost events are known as such, and all is as it should be again within one taking of stock. */
static void mends_after_an_overrun(void **state)
{
	struct world *w = *state;
	struct fault why;
	struct plan plan;
	AUTO_FD int events = -1;
	if (!w)
		skip();
	make_plan(&plan);
	assert_int_equal(nl_stock_settle(w->net, &plan, 0, &why), 0);
	storm(w, RTM_NEWROUTE, FOREIGN);
	assert_int_equal(open_tiny(&events), 0);
	for (size_t i = 0; i < plan.route_count; i++)
		assert_int_equal(nl_net_route(w->net, NL_REMOVE, &plan.routes[i], &why), 0);
	for (size_t i = 0; i < plan.rule_count; i++)
		assert_int_equal(nl_net_rule(w->net, NL_REMOVE, &plan.rules[i], &why), 0);
	assert_true(nl_events_read(events, nl_net_port(w->net)) & NL_NEWS_OVERRUN);

	double begun = cpu_ms();
	assert_int_equal(nl_stock_settle(w->net, &plan, 0, &why), 0);
	double took = cpu_ms() - begun;
	printf("# among %d routes of others stock was taken in %.1f ms of CPU\n", STORM, took);
	assert_true(took <= 50);
	assert_stock_is(&plan);
	assert_int_equal(nl_events_read(events, nl_net_port(w->net)) & NL_NEWS_OVERRUN, 0);
	storm(w, RTM_DELROUTE, FOREIGN);
}

/* However many are ours and not wanted: one taking of stock finds them all. */
static void removes_every_stray(void **state)
{
	struct world *w = *state;
	struct fault why;
	struct plan plan;
	if (!w)
		skip();
	make_plan(&plan);
	storm(w, RTM_NEWROUTE, PLAN_PROTOCOL);
	assert_int_equal(nl_stock_settle(w->net, &plan, STORM_TABLE, &why), 0);
	struct nl_routes routes = { 0 };
	assert_int_equal(nl_net_routes(&routes, &why), 0);
	assert_int_equal(routes.count, plan.route_count + STORM);
	free(routes.list);
	assert_int_equal(nl_stock_settle(w->net, &plan, 0, &why), 0);
	assert_stock_is(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_the_routes_of_others_alone),
		cmocka_unit_test(mends_after_an_overrun),
		cmocka_unit_test(removes_every_stray),
	};
	return cmocka_run_group_tests_name("netmgr/nl_stock", tests, begin, end);
}
