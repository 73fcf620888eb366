// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmgr/wifi/nl80211_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What the kernel says of its radios: one message, of any bytes, at the end of its memory; read as each kind of answer. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum { ROOM = 16384 };
	static const uint8_t key[16];
	struct phy_look look;
	struct wifi_station station;
	struct phy_survey survey;
	struct phy phy = { 0 };
	uint16_t mhz;
	char country[3];
	if (len < sizeof(struct nlmsghdr) || len > ROOM)
		return 0;
	struct nlmsghdr *msg = malloc(len);
	if (!msg)
		return 0;
	memcpy(msg, bytes, len);
	msg->nlmsg_len = (uint32_t)len;
	(void)nl80211_read_interface(msg, &look);
	(void)nl80211_read_station(msg, key, &station);
	(void)nl80211_read_heard(msg, &mhz);
	if (nl80211_read_country(msg, country) && country[2])
		abort();
	if (nl80211_read_survey(msg, &survey) && survey.timed && !survey.mhz && survey.others)
		abort();
	if (nl80211_read_phy(msg, &phy) && phy.channel_count > PHY_CHANNELS)
		abort();
	free(msg);
	return 0;
}
