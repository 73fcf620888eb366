// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/box_conf.h"
#include "netmgr/line/core.h"
#include "netmgr/kernel/lan_conf.h"
#include "netmgr/measure/measure_conf.h"
#include "netmgr/modem/modem_conf.h"
#include "netmgr/line/uplink.h"
#include "netmgr/wall/zone.h"
#include "netmgr/wifi/wifi_conf.h"

struct fault;

/* The configuration of both daemons: [net], [gate] and [uplink NAME]. */
struct net_settings {
	char check_url[256]; /* "http://hub.example/v1/check/"; the nonce is appended */
	char check_name
		[128]; /* asked of each uplink's resolver below a random label; "" = host of check_url */
	char far_a[16], far_b[16]; /* IPv4; "" none */
	int64_t gateway_every_ms, resolver_every_s, hub_every_s;
	int64_t echo_port, echo_every_s, far_every_s;
	int64_t metered_resolver_every_s, metered_hub_every_s, metered_echo_every_s,
		metered_far_every_s;
	int64_t retry_s, hold_s, dwell_s, better_s, regret_s, window_s, drain_s;
	int64_t keep_days;
	int leave; /* enum net_leave */
	char dhcp_client[128], dhcp_hook[128];
	char operators[128]; /* apn.h */
};

enum net_leave { NET_LEAVE_KEEP, NET_LEAVE_REMOVE };
enum net_metered { NET_METERED_AUTO, NET_METERED_YES, NET_METERED_NO };
enum net_when_cut { NET_CUT_REFUSE, NET_CUT_HANG };

struct gate_conf {
	char listen[64], target[64]; /* "127.0.0.1:8090"; "" = no gate */
	int when_cut;                /* enum net_when_cut */
};

struct uplink_conf {
	char name[UPLINK_NAME_ROOM];
	int kind; /* index into uplink_kind_words */
	bool on;
	char device[16];  /* "eth1"; IFNAMSIZ; "usb*": whichever is there */
	char address[32]; /* "dhcp" or "192.0.2.2/24" */
	char gateway[16];
	char resolver[16];
	int64_t preference;   /* smaller is preferred */
	int metered;          /* enum net_metered */
	uint64_t quota_bytes; /* a month; 0 none */
	int64_t quota_day;
	int64_t price_per_gb; /* hundredths of the currency, of 10^9 bytes; 0 not known */
	char currency[8];
	char never[96], spare[96]; /* prefer.h */
	bool shape;
	int64_t up_kbps, down_kbps; /* of the line; 0: learned (up), left alone (down) */
	int64_t sim_rate_kbps, sim_rtt_ms;
	struct modem_conf modem;
};

struct net_conf {
	struct net_settings net;
	struct gate_conf gate;
	struct box_conf box;
	struct zones_conf zones;
	struct measure_conf measure;
	struct uplink_conf uplinks[UPLINK_MAX];
	size_t uplink_count;
	struct lan_conf lans[LAN_MAX];
	size_t lan_count;
	struct wifi_conf wifis[WIFI_MAX];
	size_t wifi_count;
};

extern const struct conf_schema net_conf_schema;

/* What the table cannot say: addresses, names, that no two uplinks share a device. */
int net_conf_check(const void *conf, struct fault *why);

/* Whether a device's name may go into file names and nftables texts; a kernel takes more than that. */
bool net_conf_good_device(const char *device);
bool net_conf_any_device(const struct uplink_conf *u); /* "usb*" */

/* Parsers that the check and the users share; 0 or -EINVAL. */
int net_conf_endpoint(const char *text, struct sockaddr_in *out); /* "127.0.0.1:8090" */
int net_conf_prefix(const char *text, struct in_addr *address, unsigned *len); /* "192.0.2.2/24" */

struct net_check {
	char host[128]; /* as it stands in the Host header */
	char path[256]; /* begins with "/", ends with "/" */
	uint16_t port;
	bool literal; /* host is an IPv4 address: .address */
	struct in_addr address;
};

int net_conf_check_url(const char *url, struct net_check *out, struct fault *why);

enum uplink_kind net_conf_kind(const struct uplink_conf *u);
bool net_conf_metered(const struct uplink_conf *u); /* auto: mobile and satellite are */

/* The rules and lines of the core; `possible` per uplink are the probes that the kernel behind can ask. */
void net_conf_rules(const struct net_conf *conf, struct core_rules *out);
void net_conf_line(const struct net_conf *conf, const struct uplink_conf *u, unsigned possible,
		   struct core_line *out);
