// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "netmgr/wifi/channel.h"
#include "netmgr/wifi/phy.h"
#include "netmgr/wifi/wifi_conf.h"

/*
 * What hostapd is told of one radio: a file for each. Pure. It holds passphrases: whoever has the text keeps it from others and
 * wipes it (explicit_bzero).
 */
struct hostapd_network {
	const struct wifi_conf *conf;
	const char *passphrase; /* "" open */
	const char *bridge;     /* "" the zone is on the radio itself */
	bool isolate;
};

struct hostapd_spec {
	const struct phy *phy;
	const struct wifi_conf *radio; /* the section that speaks for it, on the air or not */
	struct channel channel;
	struct hostapd_network networks[WIFI_MAX];
	size_t count;
};

enum { HOSTAPD_ROOM = 8192, HOSTAPD_DEVICE_ROOM = 16 };

/* Length, or -ENOSPC. */
int hostapd_text(const struct hostapd_spec *spec, char out[static HOSTAPD_ROOM]);

/* The device of the nth network of a radio: wlan0, wlan0-1, … */
void hostapd_device(const char *radio, size_t nth, char out[static HOSTAPD_DEVICE_ROOM]);
