// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/net_conf.h"
#include "netmgr/wifi/air.h"
#include "netmgr/wifi/air_book.h"
#include "netmgr/wifi/hostapd.h"
#include "netmgr/wifi/radio.h"

/* What air.c keeps, for those who tell of it (air_say.c). */
struct air_radio {
	const struct wifi_conf *conf; /* the section that speaks for it */
	enum air_state { AIR_AWAY, AIR_COUNTRY, AIR_LISTENS, AIR_SET } state;
	struct phy_look look;
	struct phy phy;
	struct channel channel;
	int64_t since_s;
	uint64_t due_ms, until_ms;
	struct channel_days days;
	char reason[200]; /* why it is no access point; "" */
	bool said;
};

struct air_network {
	const struct wifi_conf *conf;
	const struct zone_conf *zone;
	struct air_radio *radio;
	char device[HOSTAPD_DEVICE_ROOM]; /* "" not in hostapd's file */
	bool on_air;
	uint16_t mhz, width; /* where it is on air */
	enum wifi_judgement judgement;
	struct wifi_book *book;
	uint64_t tell_ms; /* that it is strained, not before */
	char reason[200];
};

struct air {
	const struct net_conf *conf;
	struct air_calls calls;
	struct radio *kernel;
	struct air_book chosen;
	struct air_radio radios[WIFI_MAX];
	size_t radio_count;
	struct air_network networks[WIFI_MAX];
	size_t network_count;
};
