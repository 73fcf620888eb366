// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/phy.h"

enum { FIRST_2 = 2412, LAST_2 = 2472, CHANNEL_14 = 2484, FIRST_5 = 5160, LAST_5 = 5885 };

unsigned phy_band(uint16_t mhz)
{
	if ((mhz >= FIRST_2 && mhz <= LAST_2) || mhz == CHANNEL_14)
		return 0;
	return mhz >= FIRST_5 && mhz <= LAST_5 ? 1 : PHY_BANDS;
}

unsigned phy_number(uint16_t mhz)
{
	if (mhz == CHANNEL_14)
		return 14;
	switch (phy_band(mhz)) {
	case 0:
		return (mhz - 2407u) / 5;
	case 1:
		return (mhz - 5000u) / 5;
	default:
		return 0;
	}
}
