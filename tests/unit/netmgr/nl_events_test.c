// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_events.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "netmgr/kernel/plan.h"

enum { OWN_PORT = 4711 };

struct route_event {
	struct nlmsghdr header;
	struct rtmsg info;
};

struct rule_event {
	struct nlmsghdr header;
	struct fib_rule_hdr info;
	struct rtattr attr;
	uint8_t protocol, pad[3];
};

static struct nlmsghdr head(uint16_t type, size_t len, uint32_t port)
{
	return (struct nlmsghdr){ .nlmsg_type = type,
				  .nlmsg_len = (uint32_t)len,
				  .nlmsg_pid = port };
}

static void tells_what_concerns_us(void **state)
{
	(void)state;
	static const struct {
		uint16_t type;
		uint8_t protocol;
		uint32_t port;
		unsigned want;
	} rows[] = {
		{ RTM_NEWLINK, 0, 0, NL_NEWS_LINK },
		{ RTM_DELLINK, 0, 0, NL_NEWS_LINK },
		{ RTM_NEWLINK, 0, OWN_PORT, 0 },
		{ RTM_DELADDR, 0, 0, NL_NEWS_LOST },
		{ RTM_NEWADDR, 0, 0, 0 },
		{ RTM_DELROUTE, PLAN_PROTOCOL, 0, NL_NEWS_LOST },
		{ RTM_DELROUTE, PLAN_PROTOCOL, 99, NL_NEWS_LOST },
		{ RTM_DELROUTE, PLAN_PROTOCOL, OWN_PORT, 0 },
		{ RTM_DELROUTE, RTPROT_KERNEL, 0, 0 },
		{ RTM_NEWROUTE, PLAN_PROTOCOL, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct route_event e = { .info.rtm_protocol = rows[i].protocol };
		e.header = head(rows[i].type, sizeof(e), rows[i].port);
		assert_int_equal(nl_events_parse(&e, sizeof(e), OWN_PORT), rows[i].want);
	}
}

static void knows_its_rules(void **state)
{
	(void)state;
	struct rule_event e = { .attr = { RTA_LENGTH(1), FRA_PROTOCOL },
				.protocol = PLAN_PROTOCOL };
	e.header = head(RTM_DELRULE, sizeof(e), 0);
	assert_int_equal(nl_events_parse(&e, sizeof(e), OWN_PORT), NL_NEWS_LOST);
	e.protocol = RTPROT_STATIC;
	assert_int_equal(nl_events_parse(&e, sizeof(e), OWN_PORT), 0);
	e.protocol = PLAN_PROTOCOL;
	e.attr.rta_len = 0;
	assert_int_equal(nl_events_parse(&e, sizeof(e), OWN_PORT), 0);
	e.attr.rta_len = 200;
	assert_int_equal(nl_events_parse(&e, sizeof(e), OWN_PORT), 0);
}

static void reads_several_and_stops_at_a_cut(void **state)
{
	(void)state;
	struct route_event e[2] = { 0 };
	e[0].header = head(RTM_NEWLINK, sizeof(e[0]), 0);
	e[1].header = head(RTM_DELADDR, sizeof(e[1]), 0);
	assert_int_equal(nl_events_parse(e, sizeof(e), OWN_PORT), NL_NEWS_LINK | NL_NEWS_LOST);
	assert_int_equal(nl_events_parse(e, sizeof(e) - 1, OWN_PORT), NL_NEWS_LINK);
	assert_int_equal(nl_events_parse(e, 3, OWN_PORT), 0);
	e[0].header.nlmsg_len = 2;
	assert_int_equal(nl_events_parse(e, sizeof(e), OWN_PORT), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_concerns_us),
		cmocka_unit_test(knows_its_rules),
		cmocka_unit_test(reads_several_and_stops_at_a_cut),
	};
	return cmocka_run_group_tests_name("netmgr/nl_events", tests, NULL, NULL);
}
