// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_tcp.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "netmgr/kernel/nl_looks.h"

/* --- a connection --- */

struct answer {
	struct nlmsghdr header;
	struct inet_diag_msg found;
	struct nlattr other;
	uint32_t mark[2]; /* so that nothing lies between the next head and what it is of */
	struct nlattr head;
	struct tcp_info info;
};

static struct answer answer(void)
{
	return (struct answer){
		.header.nlmsg_len = sizeof(struct answer),
		.found = { .idiag_family = AF_INET,
			   .id = { .idiag_src[0] = 1,
				   .idiag_dst[0] = 2,
				   .idiag_cookie = { 5, 1 } } },
		.other = { sizeof(struct nlattr) + 8, INET_DIAG_MARK },
		.head = { sizeof(struct nlattr) + sizeof(struct tcp_info), INET_DIAG_INFO },
		.info = { .tcpi_rtt = 40000,
			  .tcpi_min_rtt = 20000,
			  .tcpi_bytes_acked = 7,
			  .tcpi_bytes_received = 8,
			  .tcpi_bytes_sent = 9,
			  .tcpi_bytes_retrans = 2,
			  .tcpi_busy_time = 11,
			  .tcpi_rwnd_limited = 3,
			  .tcpi_sndbuf_limited = 4 },
	};
}

static void reads_a_connection(void **state)
{
	(void)state;
	struct answer a = answer();
	struct nl_tcp got;
	assert_int_equal(nl_tcp_read(&a, sizeof(a), &got), 0);
	assert_int_equal(got.flow.id, (UINT64_C(1) << 32) + 5);
	assert_int_equal(got.id.idiag_src[0] + got.id.idiag_dst[0], 3);
	assert_int_equal(got.flow.rtt_us, 40000);
	assert_int_equal(got.flow.least_rtt_us, 20000);
	assert_int_equal(got.family, AF_INET);
	a.found.idiag_family = AF_INET6;
	assert_int_equal(nl_tcp_read(&a, sizeof(a), &got), 0);
	assert_int_equal(got.family, AF_INET6);
	a.found.idiag_family = AF_INET;
	assert_int_equal(got.flow.acked_bytes, 7);
	assert_int_equal(got.flow.received_bytes, 8);
	assert_int_equal(got.flow.sent_bytes, 9);
	assert_int_equal(got.flow.resent_bytes, 2);
	assert_int_equal(got.flow.busy_us, 11);
	assert_int_equal(got.flow.held_us, 7);
	a.info.tcpi_min_rtt = UINT32_MAX; /* no round trip yet */
	assert_int_equal(nl_tcp_read(&a, sizeof(a), &got), 0);
	assert_int_equal(got.flow.least_rtt_us, 0);
}

static void knows_what_tells_nothing(void **state)
{
	(void)state;
	struct nl_tcp got;
	struct answer a = answer();
	a.info.tcpi_last_data_recv = a.info.tcpi_last_ack_recv = 60000;
	assert_int_equal(nl_tcp_read(&a, sizeof(a), &got), -ENODATA);
	a = answer();
	a.found.idiag_family = AF_UNIX;
	assert_int_equal(nl_tcp_read(&a, sizeof(a), &got), -ENODATA);
	a = answer();
	a.head.nla_type = INET_DIAG_CONG;
	assert_int_equal(nl_tcp_read(&a, sizeof(a), &got), -ENODATA);
	a = answer();
	a.other.nla_len = 0;
	assert_int_equal(nl_tcp_read(&a, sizeof(a), &got), -ENODATA);
	a = answer();
	a.head.nla_len = sizeof(struct nlattr) + 32; /* an older kernel's */
	assert_int_equal(nl_tcp_read(&a, sizeof(a), &got), 0);
	assert_int_equal(got.flow.acked_bytes, 0);
	for (size_t len = 0; len < sizeof(a); len++) {
		a = answer();
		assert_int_equal(nl_tcp_read(&a, len, &got), -EBADMSG);
	}
}

/* --- a device --- */

struct link_answer {
	struct nlmsghdr header;
	struct ifinfomsg info;
	struct nlattr name_head;
	char name[8];
	struct nlattr carrier_head;
	uint8_t carrier, pad[3];
	struct nlattr stats_head;
	struct rtnl_link_stats64 stats;
};

static struct link_answer link_answer(void)
{
	return (struct link_answer){
		.header = { .nlmsg_len = sizeof(struct link_answer),
			    .nlmsg_type = RTM_NEWLINK,
			    .nlmsg_seq = 77 },
		.info = { .ifi_index = 4, .ifi_flags = IFF_UP },
		.name_head = { sizeof(struct nlattr) + 5, IFLA_IFNAME },
		.name = "wan0",
		.carrier_head = { sizeof(struct nlattr) + 1, IFLA_CARRIER },
		.carrier = 1,
		.stats_head = { sizeof(struct nlattr) + sizeof(struct rtnl_link_stats64),
				IFLA_STATS64 },
		.stats = { .rx_bytes = 1000, .tx_bytes = 2000 },
	};
}

static void reads_a_device(void **state)
{
	(void)state;
	struct link_answer a = link_answer();
	struct nl_look look;
	uint32_t seq = 0;
	assert_int_equal(nl_looks_read(&a, sizeof(a), &seq, &look), 0);
	assert_int_equal(seq, 77);
	assert_int_equal(look.ifindex, 4);
	assert_string_equal(look.device, "wan0");
	assert_true(look.up && look.carrier);
	assert_int_equal(look.rx_bytes + look.tx_bytes, 3000);
	/* Switched off, it has no carrier that counts. */
	a.info.ifi_flags = 0;
	assert_int_equal(nl_looks_read(&a, sizeof(a), &seq, &look), 0);
	assert_false(look.up || look.carrier);
	/* Cut behind its name. */
	assert_int_equal(nl_looks_read(&a, offsetof(struct link_answer, carrier_head), &seq, &look),
			 0);
	assert_int_equal(nl_looks_read(&a, offsetof(struct link_answer, name), &seq, &look),
			 -EAGAIN);
	a.name[4] = 'x'; /* without an end */
	assert_int_equal(nl_looks_read(&a, sizeof(a), &seq, &look), -EAGAIN);
}

static void knows_a_device_that_is_gone(void **state)
{
	(void)state;
	struct {
		struct nlmsghdr header;
		struct nlmsgerr refusal;
	} a = { .header = { .nlmsg_len = sizeof(a), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 3 },
		.refusal.error = -ENODEV };
	struct nl_look look;
	uint32_t seq = 0;
	assert_int_equal(nl_looks_read(&a, sizeof(a), &seq, &look), -ENODEV);
	assert_int_equal(seq, 3);
	a.refusal.error = -ENOMEM;
	assert_int_equal(nl_looks_read(&a, sizeof(a), &seq, &look), -EAGAIN);
	for (size_t len = 0; len < sizeof(a); len++)
		assert_int_equal(nl_looks_read(&a, len, &seq, &look), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_connection),
		cmocka_unit_test(knows_what_tells_nothing),
		cmocka_unit_test(reads_a_device),
		cmocka_unit_test(knows_a_device_that_is_gone),
	};
	return cmocka_run_group_tests_name("netmgr/nl_tcp", tests, NULL, NULL);
}
