// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/net_conf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/fault.h"

static void checks_what_the_table_cannot(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *says; /* NULL: good */
	} rows[] = {
		{ "[net]\ncheck_url = http://hub.example/v1/check/\n[uplink a]\ndevice = eth0\n",
		  NULL },
		{ "[net]\ncheck_url = https://hub.example/v1/check/\n", "plain HTTP" },
		{ "[net]\ncheck_url = http:///x\n", "no address" },
		{ "[net]\ncheck_url = http://a b/x\n", "no address" },
		{ "[net]\ncheck_url = http://hub:99999/x\n", "no address" },
		{ "[net]\ncheck_url = http://hub:/x\n", "no address" },
		{ "[net]\ncheck_url = http://hub/a b\n", "no address" },
		{ "[net]\ncheck_name = a..b\n", "no DNS name; write" },
		{ "[gate]\nlisten = 127.0.0.1:8090\ntarget = 127.0.0.1:8081\n", NULL },
		{ "[gate]\nlisten = 127.0.0.1\ntarget = 127.0.0.1:8081\n", "127.0.0.1:8090" },
		{ "[gate]\nlisten = 127.0.0.1:8090\n", "no target" },
		{ "[gate]\nlisten = 127.0.0.1:8090\ntarget = hub:80\n", "target 'hub:80'" },
		{ "[uplink a]\naddress = 192.0.2.2/24\ngateway = 192.0.2.1\nresolver = 192.0.2.1\n",
		  NULL },
		{ "[uplink a]\naddress = 192.0.2.2\n", "no address" },
		{ "[uplink a]\naddress = 192.0.2.2/33\n", "no address" },
		{ "[uplink a]\ngateway = router\n", "gateway 'router' is no IPv4 address; write" },
		{ "[net]\nfar_a = ::1\n", "far_a '::1' is no IPv4 address; write" },
		{ "[net]\nfar_b = x\n", "far_b 'x' is no IPv4 address; write" },
		{ "[uplink a]\nresolver = x\n", "resolver 'x' is no IPv4 address; write" },
		{ "[uplink a]\ndevice = eth0\n[uplink b]\ndevice = eth0\n",
		  "both use device 'eth0'" },
		{ "[uplink a]\ndevice = e\"h0\n", "no name of a network device" },
		{ "[uplink a]\ndevice = ../x\n", "no name of a network device" },
		{ "[uplink a]\ndevice = us*b0\n", "no name of a network device" },
		{ "[uplink a]\ndevice = *\n", "no name of a network device" },
		{ "[uplink a]\ndevice = usb*\n[uplink b]\ndevice = usb0\n", NULL },
		{ "[uplink a]\ndevice = eth0\n[lan classroom]\ndevice = wlan0\n", NULL },
		{ "[lan classroom]\n[lan staff]\n", NULL },
		{ "[uplink a]\ndevice = eth0\n[lan classroom]\ndevice = eth0\n",
		  "[lan classroom] and [uplink a] both use device 'eth0'" },
		{ "[lan classroom]\ndevice = eth1\n[lan staff]\ndevice = eth1\n",
		  "[lan classroom] and [lan staff] both use device 'eth1'" },
		{ "[lan classroom]\ndevice = e\"h0\n", "no name of a network device" },
		{ "[lan classroom]\nnetworks = 10.0.0.1/24 8.8.8.8/24\n", "networks '10.0.0.1" },
		{ "[uplink a]\ndevice = usb*\n[uplink b]\ndevice = usb*\n",
		  "both use device 'usb*'" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct net_conf conf = { 0 };
		struct fault why = { 0 };
		conf_defaults(&net_conf_schema, &conf);
		if (conf_parse(&net_conf_schema, "t", rows[i].text, strlen(rows[i].text), &conf,
			       &why) < 0)
			fail_msg("row %zu: %s", i, why.text);
		int r = net_conf_check(&conf, &why);
		if (r != (rows[i].says ? -EINVAL : 0) ||
		    (rows[i].says && !strstr(why.text, rows[i].says)))
			fail_msg("row %zu: %d %s", i, r, why.text);
	}
}

static void keeps_metered_lines_cheap(void **state)
{
	(void)state;
	static const char text[] = "[uplink a]\nkind = fibre\n[uplink b]\nkind = mobile\n[uplink "
				   "c]\nkind = mobile\nmetered = no\n"
				   "[uplink d]\nkind = satellite\n[uplink e]\nmetered = yes\n";
	static const bool metered[] = { false, true, false, true, true };
	struct net_conf conf = { 0 };
	conf_defaults(&net_conf_schema, &conf);
	assert_int_equal(conf_parse(&net_conf_schema, "t", text, strlen(text), &conf, NULL), 0);
	assert_int_equal(conf.uplink_count, 5);
	for (size_t i = 0; i < conf.uplink_count; i++) {
		struct core_line line;
		assert_int_equal(net_conf_metered(&conf.uplinks[i]), metered[i]);
		net_conf_line(&conf, &conf.uplinks[i], PROBE_ALL, &line);
		if (!metered[i])
			continue;
		/* 20 MB a month, with all headers: 220 bytes a DNS question, 120 an echo, 1 kB the hub's
		 * check, which goes with all others. */
		uint64_t month_ms = 31ull * 86400 * 1000;
		uint64_t bytes = month_ms / line.idle_ms[PROBE_RESOLVER] * 220 +
				 month_ms / line.idle_ms[PROBE_HUB] * (1000 + 220 + 3 * 120) +
				 month_ms / line.idle_ms[PROBE_ECHO] * 120 +
				 month_ms / line.idle_ms[PROBE_FAR_A] * 240 +
				 month_ms / line.doubt_ms * 1200;
		assert_int_equal(line.idle_ms[PROBE_GATEWAY], 0);
		assert_true(bytes <= 20000000);
		assert_true(line.idle_ms[PROBE_ECHO] > 0 && line.idle_ms[PROBE_FAR_B] > 0);
		/* Without an echo of the hub the others stand in for it. */
		net_conf_line(&conf, &conf.uplinks[i], PROBE_ALL & ~PROBE_BIT(PROBE_ECHO), &line);
		assert_int_equal(line.idle_ms[PROBE_FAR_A], 2 * line.idle_ms[PROBE_ECHO]);
		bytes = month_ms / line.idle_ms[PROBE_RESOLVER] * 220 +
			month_ms / line.idle_ms[PROBE_HUB] * (1000 + 220 + 2 * 120) +
			month_ms / line.idle_ms[PROBE_FAR_A] * 240 +
			month_ms / line.doubt_ms * 1200;
		assert_true(bytes <= 20000000);
	}
}

static void reads_check_urls(void **state)
{
	(void)state;
	struct net_check check;
	assert_int_equal(net_conf_check_url("http://192.0.2.1:81/a", &check, NULL), 0);
	assert_true(check.literal);
	assert_int_equal(check.port, 81);
	assert_string_equal(check.path, "/a/");
	assert_int_equal(net_conf_check_url("http://hub.example", &check, NULL), 0);
	assert_false(check.literal);
	assert_string_equal(check.path, "/");
	assert_string_equal(check.host, "hub.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_what_the_table_cannot),
		cmocka_unit_test(keeps_metered_lines_cheap),
		cmocka_unit_test(reads_check_urls),
	};
	return cmocka_run_group_tests_name("netmgr/net_conf", tests, NULL, NULL);
}
