// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/net_conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/fault.h"
#include "netmgr/modem/apn.h"
#include "netmgr/line/prefer.h"

static const char *const leave_words[] = { "keep", "remove", NULL };
static const char *const metered_words[] = { "auto", "yes", "no", NULL };
static const char *const when_cut_words[] = { "refuse", "hang", NULL };

static const struct conf_key net_keys[] = {
	CONF_STR(
		struct net_settings, check_url, "check_url", "",
		"the hub's check address; a random word is appended: http://hub.example/v1/check/"),
	CONF_STR(struct net_settings, check_name, "check_name", "",
		 "DNS name asked of each uplink's resolver below a random label; empty: the host "
		 "of check_url"),
	CONF_STR(struct net_settings, far_a, "far_a", "9.9.9.9",
		 "IPv4 address of a machine of another operator than the hub's that answers ICMP "
		 "echoes: whether a line leads further than to its provider; empty: none"),
	CONF_STR(struct net_settings, far_b, "far_b", "1.1.1.1",
		 "a second one, of a third operator"),
	CONF_INT(struct net_settings, gateway_every_ms, "gateway_every_ms", "1000", 100, 60000,
		 "between two questions to the gateway of an unmetered uplink"),
	CONF_INT(struct net_settings, resolver_every_s, "resolver_every_s", "10", 1, 3600,
		 "between two questions to the resolver of an unmetered uplink"),
	CONF_INT(struct net_settings, hub_every_s, "hub_every_s", "60", 1, 3600,
		 "between two questions to the hub over an unmetered uplink"),
	CONF_INT(struct net_settings, echo_port, "echo_port", "4607", 1, 65535,
		 "UDP port of wasl-ndtd on the hub's machine"),
	CONF_INT(struct net_settings, echo_every_s, "echo_every_s", "3", 1, 3600,
		 "between two of the frequent small questions over an unmetered uplink: to the "
		 "hub's "
		 "UDP echo where it answers, else to the far machines"),
	CONF_INT(
		struct net_settings, far_every_s, "far_every_s", "30", 1, 3600,
		"between two questions to the far machines where a hub's echo is asked more often"),
	CONF_INT(struct net_settings, metered_resolver_every_s, "metered_resolver_every_s", "240",
		 1, 3600, "the same for a metered uplink, in all within 20 MB a month"),
	CONF_INT(struct net_settings, metered_hub_every_s, "metered_hub_every_s", "900", 1, 3600,
		 "the same for a metered uplink"),
	CONF_INT(struct net_settings, metered_echo_every_s, "metered_echo_every_s", "36", 1, 3600,
		 "the same for a metered uplink; bytes that come in stand for an answer"),
	CONF_INT(struct net_settings, metered_far_every_s, "metered_far_every_s", "600", 1, 3600,
		 "the same for a metered uplink"),
	CONF_INT(struct net_settings, retry_s, "retry_s", "5", 1, 600,
		 "between two questions over an uplink that is down (metered: six times as long)"),
	CONF_INT(struct net_settings, hold_s, "hold_s", "10", 1, 300,
		 "how long an uplink must answer after a fall before it is trusted; doubles with "
		 "each fall, to 300 s"),
	CONF_INT(struct net_settings, dwell_s, "dwell_s", "60", 0, 3600,
		 "no voluntary move to another uplink sooner than this after the last one"),
	CONF_INT(struct net_settings, better_s, "better_s", "20", 0, 3600,
		 "how long an uplink must limp before a better one is taken"),
	CONF_INT(struct net_settings, regret_s, "regret_s", "600", 0, 86400,
		 "a fall this soon after a voluntary move makes the next one wait as long"),
	CONF_INT(struct net_settings, window_s, "window_s", "600", 0, 86400,
		 "new flows change from one uplink to another three times at most in this long, so "
		 "that "
		 "lines that fall by turns cut nobody off again and again; 0: no bound"),
	CONF_INT(struct net_settings, drain_s, "drain_s", "600", 0, 86400,
		 "connections that are still on a metered line this long after an unmetered one is "
		 "back are ended; 0: never"),
	CONF_INT(struct net_settings, keep_days, "keep_days", "100", 8, 1000,
		 "how long minutes and events are kept on the box"),
	CONF_WORD(struct net_settings, leave, "leave", "keep", leave_words,
		  "what happens to addresses, routes and rules at a regular end"),
	CONF_STR(struct net_settings, dhcp_client, "dhcp_client", "/bin/busybox udhcpc",
		 "DHCP client; started with the options of BusyBox udhcpc"),
	CONF_STR(struct net_settings, dhcp_hook, "dhcp_hook", "/usr/lib/wasl/udhcpc-hook",
		 "script that tells this daemon what the DHCP client was given"),
	CONF_STR(struct net_settings, operators, "operators", APN_XML,
		 "list of mobile operators and their access point names, as "
		 "mobile-broadband-provider-info has it"),
};

static const struct conf_key gate_keys[] = {
	CONF_STR(struct gate_conf, listen, "listen", "",
		 "address:port of the simulated line on loopback (wasl-netmgrd-sim only); empty: "
		 "none"),
	CONF_STR(struct gate_conf, target, "target", "",
		 "address:port of hub and origin behind it"),
	CONF_WORD(struct gate_conf, when_cut, "when_cut", "refuse", when_cut_words,
		  "what a cut line does: refuse and reset, or swallow everything silently"),
};

static const struct conf_key uplink_keys[] = {
	CONF_WORD(struct uplink_conf, kind, "kind", "other", uplink_kind_words, "what the line is"),
	CONF_BOOL(struct uplink_conf, on, "on", "yes", "no switches it off"),
	CONF_STR(struct uplink_conf, device, "device", "",
		 "network device: eth1; usb* is whichever begins so and no other uplink has, for "
		 "modems that come back under "
		 "another name"),
	CONF_STR(struct uplink_conf, address, "address", "dhcp",
		 "dhcp, or address/length: 192.0.2.2/24"),
	CONF_STR(struct uplink_conf, gateway, "gateway", "", "router, for a fixed address"),
	CONF_STR(struct uplink_conf, resolver, "resolver", "",
		 "DNS server to use instead of the one that DHCP names"),
	CONF_INT(struct uplink_conf, preference, "preference", "100", 0, 1000,
		 "the smallest one that works carries the traffic"),
	CONF_WORD(struct uplink_conf, metered, "metered", "auto", metered_words,
		  "whether bytes cost money; auto: mobile and satellite"),
	CONF_BYTES(struct uplink_conf, quota_bytes, "quota", "0", 0, INT64_C(1) << 44,
		   "bytes a month, both directions; 0: none"),
	CONF_INT(struct uplink_conf, quota_day, "quota_day", "1", 1, 28,
		 "day of the month on which the quota begins anew"),
	CONF_INT(struct uplink_conf, price_per_gb, "price_per_gb", "0", 0, 1000000,
		 "what 10^9 bytes cost, in hundredths of the currency; 0: not known"),
	CONF_STR(struct uplink_conf, currency, "currency", "", "its three letters: MRU"),
	CONF_STR(struct uplink_conf, never, "never", "",
		 "what this line does not carry, so that another one does or it waits: live, "
		 "browsing, sync (lessons that nobody waits for), firmware; with hours of the day, "
		 "in these alone: sync firmware 06:00-18:00, live; reports always get through"),
	CONF_STR(struct uplink_conf, spare, "spare", "",
		 "the same words: what this line carries only when no other one does"),
	CONF_BOOL(struct uplink_conf, shape, "shape", "yes",
		  "whether the queue of the line is kept in the box, where classes can pass each "
		  "other"),
	CONF_INT(struct uplink_conf, up_kbps, "up_kbps", "0", 0, 10000000,
		 "what the line carries upward; 0: it is learned"),
	CONF_INT(struct uplink_conf, down_kbps, "down_kbps", "0", 0, 10000000,
		 "what the line carries downward: a tenth less is let in; 0: it is left alone"),
	CONF_INT(struct uplink_conf, sim_rate_kbps, "sim_rate_kbps", "0", 0, 10000000,
		 "simulated line: rate in each direction; 0: no limit"),
	CONF_INT(struct uplink_conf, sim_rtt_ms, "sim_rtt_ms", "0", 0, 5000,
		 "simulated line: added round trip"),
	MODEM_CONF_KEYS(struct uplink_conf, modem),
};

static const struct conf_section sections[] = {
	{ .name = "net",
	  .keys = net_keys,
	  .key_count = ARRAY_LEN(net_keys),
	  .at = offsetof(struct net_conf, net),
	  .help = "How uplinks are watched and chosen." },
	{ .name = "gate",
	  .keys = gate_keys,
	  .key_count = ARRAY_LEN(gate_keys),
	  .at = offsetof(struct net_conf, gate),
	  .help = "The simulated line, a proxy on loopback." },
	{ .name = "uplink",
	  .keys = uplink_keys,
	  .key_count = ARRAY_LEN(uplink_keys),
	  .at = offsetof(struct net_conf, uplinks),
	  .each = sizeof(struct uplink_conf),
	  .max = UPLINK_MAX,
	  .count_at = offsetof(struct net_conf, uplink_count),
	  .help = "One way to the Internet; the name is what reports call it." },
	LAN_CONF_SECTION(struct net_conf, lans, lan_count),
	WIFI_CONF_SECTION(struct net_conf, wifis, wifi_count),
	MEASURE_CONF_SECTION(struct net_conf, measure),
	ZONE_CONF_SECTIONS(struct net_conf, zones),
	BOX_CONF_SECTION(struct net_conf, box),
};

const struct conf_schema net_conf_schema = { "wasl-netmgrd", sections, ARRAY_LEN(sections) };

/* --- small parsers --- */

static int parse_number(const char *text, long max, long *out)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	long value = strtol(text, &end, 10);
	if (*end || value > max)
		return -EINVAL;
	*out = value;
	return 0;
}

int net_conf_endpoint(const char *text, struct sockaddr_in *out)
{
	char host[64];
	long port;
	const char *colon = strrchr(text, ':');
	if (!colon || (size_t)(colon - text) >= sizeof(host) ||
	    parse_number(colon + 1, 65535, &port) < 0)
		return -EINVAL;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
		return -EINVAL;
	*out = to;
	return 0;
}

int net_conf_prefix(const char *text, struct in_addr *address, unsigned *len)
{
	char host[32];
	long bits;
	const char *slash = strchr(text, '/');
	if (!slash || (size_t)(slash - text) >= sizeof(host) ||
	    parse_number(slash + 1, 32, &bits) < 0)
		return -EINVAL;
	memcpy(host, text, (size_t)(slash - text));
	host[slash - text] = '\0';
	if (inet_pton(AF_INET, host, address) != 1)
		return -EINVAL;
	*len = (unsigned)bits;
	return 0;
}

static bool good_host(const char *host)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	return host[0] && host[0] != '.' && host[0] != '-' && host[strspn(host, allowed)] == '\0' &&
	       !strstr(host, "..");
}

int net_conf_check_url(const char *url, struct net_check *out, struct fault *why)
{
	static const char scheme[] = "http://";
	struct net_check check = { .port = 80 };
	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return fault_set(
			why, -EINVAL, "net.check_url",
			"[net] check_url '%.80s': a portal can only be seen over plain HTTP; write "
			"http://HOST/v1/check/",
			url);
	const char *host = url + sizeof(scheme) - 1;
	size_t host_len = strcspn(host, "/");
	const char *path = host + host_len;
	const char *colon = memchr(host, ':', host_len);
	long port = 80;
	char digits[8] = "";
	size_t name_len = colon ? (size_t)(colon - host) : host_len;
	if (colon)
		snprintf(digits, sizeof(digits), "%.*s", (int)(host_len - name_len - 1), colon + 1);
	bool bad = name_len >= sizeof(check.host) || strlen(path) + 2 > sizeof(check.path) ||
		   (colon && (parse_number(digits, 65535, &port) < 0 || port == 0));
	if (!bad) {
		memcpy(check.host, host, name_len);
		snprintf(check.path, sizeof(check.path), "%s%s", path,
			 path[0] && path[strlen(path) - 1] == '/' ? "" : "/");
		bad = !good_host(check.host) || strpbrk(check.path, " \t\r\n") != NULL;
	}
	if (bad)
		return fault_set(
			why, -EINVAL, "net.check_url",
			"[net] check_url '%.80s' is no address; write http://HOST/v1/check/ or "
			"http://HOST:PORT/v1/check/",
			url);
	check.port = (uint16_t)port;
	check.literal = inet_pton(AF_INET, check.host, &check.address) == 1;
	*out = check;
	return 0;
}

/* --- what the table cannot say --- */

bool net_conf_good_device(const char *device)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return device[strspn(device, allowed)] == '\0' && device[0] != '.' && device[0] != '-';
}

bool net_conf_any_device(const struct uplink_conf *u)
{
	size_t len = strlen(u->device);
	return len > 1 && u->device[len - 1] == '*';
}

/* A name, or what a name begins with and a star. */
static bool good_device_or_any(const struct uplink_conf *u)
{
	char begins[sizeof(u->device)];
	snprintf(begins, sizeof(begins), "%s", u->device);
	if (net_conf_any_device(u))
		begins[strlen(begins) - 1] = '\0';
	return net_conf_good_device(begins);
}

static int check_rules(const struct uplink_conf *u, const char *key, const char *text,
		       struct fault *why)
{
	struct prefer_rules rules;
	if (prefer_parse(text, &rules) == 0)
		return 0;
	return fault_set(
		why, -EINVAL, "net.classes",
		"[uplink %s] %s '%s': write live, browsing, sync or firmware, then hours if "
		"there are any, up to four times with commas between them: sync "
		"06:00-18:00, firmware",
		u->name, key, text);
}

static int check_uplink(const struct net_conf *conf, const struct uplink_conf *u, struct fault *why)
{
	struct in_addr address;
	unsigned len;
	if (!good_device_or_any(u))
		return fault_set(why, -EINVAL, "net.device",
				 "[uplink %s] device '%s' is no name of a network device; write "
				 "eth1, or usb* for whichever begins so",
				 u->name, u->device);
	if (check_rules(u, "never", u->never, why) < 0 ||
	    check_rules(u, "spare", u->spare, why) < 0 || modem_conf_check(u, why) < 0)
		return -EINVAL;
	if (strcmp(u->address, "dhcp") != 0 && net_conf_prefix(u->address, &address, &len) < 0)
		return fault_set(
			why, -EINVAL, "net.address",
			"[uplink %s] address '%s' is no address; write dhcp or 192.0.2.2/24",
			u->name, u->address);
	if (u->gateway[0] && inet_pton(AF_INET, u->gateway, &address) != 1)
		return fault_set(why, -EINVAL, "net.gateway",
				 "[uplink %s] gateway '%s' is no IPv4 address; write that of "
				 "the router, as 192.0.2.1",
				 u->name, u->gateway);
	if (u->resolver[0] && inet_pton(AF_INET, u->resolver, &address) != 1)
		return fault_set(why, -EINVAL, "net.resolver",
				 "[uplink %s] resolver '%s' is no IPv4 address; write 192.0.2.53, "
				 "or nothing for the one that DHCP names",
				 u->name, u->resolver);
	for (const struct uplink_conf *other = conf->uplinks; other < u; other++)
		if (u->device[0] && strcmp(u->device, other->device) == 0)
			return fault_set(why, -EINVAL, "net.device",
					 "[uplink %s] and [uplink %s] both use device '%s'; give "
					 "each its own",
					 other->name, u->name, u->device);
	return 0;
}

static int check_lan(const struct net_conf *conf, const struct lan_conf *c, struct fault *why)
{
	for (size_t i = 0; i < conf->uplink_count; i++)
		if (c->device[0] && strcmp(c->device, conf->uplinks[i].device) == 0)
			return fault_set(
				why, -EINVAL, "lan.device",
				"[lan %s] and [uplink %s] both use device '%s'; where pupils "
				"are on the router's own wire there is no [lan]",
				c->name, conf->uplinks[i].name, c->device);
	return lan_conf_check(conf->lans, c, why);
}

int net_conf_check(const void *data, struct fault *why)
{
	const struct net_conf *conf = data;
	struct net_check check;
	struct sockaddr_in to;
	if (conf->net.check_url[0] && net_conf_check_url(conf->net.check_url, &check, why) < 0)
		return -EINVAL;
	if (conf->net.check_name[0] && !good_host(conf->net.check_name))
		return fault_set(why, -EINVAL, "net.check_name",
				 "[net] check_name '%s' is no DNS name; write one such as "
				 "hub.example, or nothing for the host of check_url",
				 conf->net.check_name);
	struct in_addr far;
	if (conf->net.far_a[0] && inet_pton(AF_INET, conf->net.far_a, &far) != 1)
		return fault_set(
			why, -EINVAL, "net.far",
			"[net] far_a '%s' is no IPv4 address; write one such as 192.0.2.9, or "
			"nothing for none",
			conf->net.far_a);
	if (conf->net.far_b[0] && inet_pton(AF_INET, conf->net.far_b, &far) != 1)
		return fault_set(
			why, -EINVAL, "net.far",
			"[net] far_b '%s' is no IPv4 address; write one such as 192.0.2.9, or "
			"nothing for none",
			conf->net.far_b);
	if (conf->gate.listen[0] && net_conf_endpoint(conf->gate.listen, &to) < 0)
		return fault_set(why, -EINVAL, "net.gate",
				 "[gate] listen '%s': write an address such as 127.0.0.1:8090",
				 conf->gate.listen);
	if (conf->gate.target[0] && net_conf_endpoint(conf->gate.target, &to) < 0)
		return fault_set(why, -EINVAL, "net.gate",
				 "[gate] target '%s': write an address such as 127.0.0.1:8081",
				 conf->gate.target);
	if (conf->gate.listen[0] && !conf->gate.target[0])
		return fault_set(why, -EINVAL, "net.gate",
				 "[gate] listens but has no target; write target = 127.0.0.1:PORT");
	for (size_t i = 0; i < conf->uplink_count; i++)
		if (check_uplink(conf, &conf->uplinks[i], why) < 0)
			return -EINVAL;
	for (size_t i = 0; i < conf->lan_count; i++)
		if (check_lan(conf, &conf->lans[i], why) < 0)
			return -EINVAL;
	int r = zone_check(&conf->zones, why);
	for (size_t i = 0; r == 0 && i < conf->wifi_count; i++)
		r = wifi_conf_check(conf->wifis, &conf->wifis[i], &conf->zones, why);
	return r;
}

/* --- for the core --- */

enum uplink_kind net_conf_kind(const struct uplink_conf *u)
{
	return (enum uplink_kind)(UPLINK_FIBRE + u->kind);
}

bool net_conf_metered(const struct uplink_conf *u)
{
	enum uplink_kind kind = net_conf_kind(u);
	if (u->metered == NET_METERED_AUTO)
		return kind == UPLINK_MOBILE || kind == UPLINK_SATELLITE;
	return u->metered == NET_METERED_YES;
}

void net_conf_rules(const struct net_conf *conf, struct core_rules *out)
{
	const struct net_settings *n = &conf->net;
	*out = (struct core_rules){
		.burst_ms = 50,
		.repeats = 3,
		.fails = 3,
		.patience_ms = 150,
		.patience_max_ms = 3000,
		.silence_ms = 300,
		.stream_ms = 150,
		.last_ms = 100,
		.hold_ms = (uint32_t)n->hold_s * 1000,
		.hold_max_ms = 300000,
		.quiet_ms = 600000,
		.choose = { .dwell_ms = (uint64_t)n->dwell_s * 1000,
			    .better_ms = (uint64_t)n->better_s * 1000,
			    .regret_ms = (uint64_t)n->regret_s * 1000,
			    .patience_ms = 6 * (uint64_t)n->regret_s * 1000,
			    .window_ms = (uint64_t)n->window_s * 1000 },
	};
}

void net_conf_line(const struct net_conf *conf, const struct uplink_conf *u, unsigned possible,
		   struct core_line *out)
{
	const struct net_settings *n = &conf->net;
	bool metered = net_conf_metered(u);
	enum uplink_kind kind = net_conf_kind(u);
	int64_t echo_s = metered ? n->metered_echo_every_s : n->echo_every_s;
	int64_t far_s = metered ? n->metered_far_every_s : n->far_every_s;
	if (!(possible & PROBE_BIT(PROBE_ECHO)))
		far_s = metered ? 2 * echo_s : echo_s; /* there are two of them */
	/*
	 * Within 20 MB a month where bytes cost money: 120 bytes for an echo, 220 for a DNS question, 1 kB for the
	 * hub's check.
	 */
	*out = (struct core_line){
		.rank = (unsigned)u->preference,
		.possible = possible,
		.frugal = metered,
		.idle_ms = { [PROBE_GATEWAY] = metered ? 0 : (uint32_t)n->gateway_every_ms,
			     [PROBE_RESOLVER] = (uint32_t)(metered ? n->metered_resolver_every_s
								   : n->resolver_every_s) *
						1000,
			     [PROBE_ECHO] = (uint32_t)echo_s * 1000,
			     [PROBE_FAR_A] = (uint32_t)far_s * 1000,
			     [PROBE_FAR_B] = (uint32_t)far_s * 1000,
			     [PROBE_HUB] =
				     (uint32_t)(metered ? n->metered_hub_every_s : n->hub_every_s) *
				     1000 },
		.busy_ms = { [PROBE_RESOLVER] = (uint32_t)n->resolver_every_s * 1000,
			     [PROBE_ECHO] = (uint32_t)n->echo_every_s * 1000,
			     [PROBE_FAR_A] = (uint32_t)n->far_every_s * 1000,
			     [PROBE_FAR_B] = (uint32_t)n->far_every_s * 1000,
			     [PROBE_HUB] = (uint32_t)n->hub_every_s * 1000 },
		.watch_ms = metered ? 3000 : 1000,
		.retry_ms = (uint32_t)n->retry_s * (metered ? 6000 : 1000),
		.limp_ms = metered ? (uint32_t)n->metered_echo_every_s * 1000
				   : (uint32_t)n->retry_s * 1000,
		.doubt_ms = metered ? 1200000 : 2000,
		.stall_ms = kind == UPLINK_MOBILE || kind == UPLINK_SATELLITE ? 300 : 0,
		.slow_ms = kind == UPLINK_SATELLITE ? 2000 : 1000,
	};
}
