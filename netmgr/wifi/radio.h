// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

#include "netmgr/wifi/phy.h"
#include "netmgr/wifi/wifi.h"

struct fault;

/*
 * The radios as the system below has them. The build gives each daemon one of two: nl80211.c asks the kernel, radio_sim.c has
 * none. 0 or -errno: -ENODEV, there is no such device; -EOPNOTSUPP, it is no radio, or the kernel has no Wi-Fi.
 */
struct radio;

int radio_open(struct radio **out, struct fault *why);
void radio_close(struct radio *r); /* NULL is fine */

int radio_look(struct radio *r, const char *device, struct phy_look *out);
int radio_phy(struct radio *r, const struct phy_look *look, struct phy *out);

/* One look at the machines of a network: counts alone come back. */
int radio_stations(struct radio *r, const struct phy_look *look, struct wifi_book *book);

/* Channels with what was heard there, at most PHY_CHANNELS, the other access points of the last scan with them. */
int radio_heard(struct radio *r, const struct phy_look *look,
		struct phy_survey out[static PHY_CHANNELS], size_t *count);
/* The same of the channel in use alone; -ENOENT: it is not told. */
int radio_survey(struct radio *r, const struct phy_look *look, struct phy_survey *out);

/* Begins to listen on every channel, for some seconds; a device that is an access point serves nobody meanwhile. */
int radio_listen(struct radio *r, const struct phy_look *look);

/* Whose rules hold now; and a wish that others' do, which the kernel grants later or never. */
int radio_country(struct radio *r, char out[static 3]);
int radio_set_country(struct radio *r, const char *country);
