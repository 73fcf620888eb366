// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "netmgr/wifi/radio.h"

CLEAN_FN(radio, struct radio, radio_close)

/* radio-look DEVICE: what is read of a radio, in lines that a test compares with another reader's. */
int main(int argc, char **argv)
{
	CLEANUP(clean_radio) struct radio *r = NULL;
	struct phy_survey heard[PHY_CHANNELS];
	struct phy_look look;
	struct phy phy;
	size_t count = 0;
	if (argc != 2 || radio_open(&r, NULL) < 0 || radio_look(r, argv[1], &look) < 0 ||
	    radio_phy(r, &look, &phy) < 0 || radio_heard(r, &look, heard, &count) < 0)
		return 1;
	printf("networks %u\n", phy.networks);
	for (size_t i = 0; i < phy.channel_count; i++)
		printf("channel %u %u%s%s%s\n", phy.channels[i].mhz,
		       phy_number(phy.channels[i].mhz), phy.channels[i].off ? " off" : "",
		       phy.channels[i].silent ? " silent" : "",
		       phy.channels[i].radar ? " radar" : "");
	for (size_t i = 0; i < count; i++)
		if (heard[i].timed)
			printf("survey %u %d %" PRIu64 " %" PRIu64 "\n", heard[i].mhz,
			       heard[i].noise_dbm, heard[i].time_ms, heard[i].busy_ms);
	return 0;
}
