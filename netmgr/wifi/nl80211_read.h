// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "netmgr/wifi/phy.h"
#include "netmgr/wifi/wifi.h"

struct nlmsghdr;

/*
 * One message of nl80211, of any bytes, as plain data: every attribute has its policy, and what is too short or of another
 * type refuses the message. False: it says nothing of what was asked. Pure.
 */
bool nl80211_read_interface(const struct nlmsghdr *msg, struct phy_look *out);

/* `key`: secret of this run; 16 bytes. The address of the machine ends here. */
bool nl80211_read_station(const struct nlmsghdr *msg, const uint8_t key[static 16],
			  struct wifi_station *out);

bool nl80211_read_survey(const struct nlmsghdr *msg, struct phy_survey *out);

/* A radio comes in many messages: each adds to *out, which was zeroes before the first. */
bool nl80211_read_phy(const struct nlmsghdr *msg, struct phy *out);

/* The channel on which one access point was heard. */
bool nl80211_read_heard(const struct nlmsghdr *msg, uint16_t *mhz);

/* Whose rules hold: "TN", "00" everybody's. */
bool nl80211_read_country(const struct nlmsghdr *msg, char out[static 3]);
