// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a radio is able and permitted to do, and what it hears, as plain data. */
enum { PHY_CHANNELS = 80, PHY_BANDS = 2 /* 2.4 and 5 GHz */ };

struct phy_channel {
	uint16_t mhz; /* of a channel of 20 MHz, its middle */
	bool off;     /* not in this country */
	bool silent;  /* only where somebody else's beacon was heard */
	bool radar;   /* only until radar is heard */
};

struct phy {
	uint32_t index;
	unsigned networks;   /* as an access point, at once; 0: it can be none */
	bool ht[PHY_BANDS];  /* 802.11n */
	bool vht[PHY_BANDS]; /* 802.11ac */
	uint16_t ht_capab[PHY_BANDS];
	uint32_t vht_capab[PHY_BANDS];
	struct phy_channel channels[PHY_CHANNELS];
	size_t channel_count;
};

/* What a device of a radio is now. */
struct phy_look {
	int ifindex;
	uint32_t phy;
	bool ap;
	uint16_t mhz;   /* 0: on no channel */
	uint16_t width; /* MHz; 0: not told */
};

/* What a radio hears on one channel, since it began. */
struct phy_survey {
	uint16_t mhz;
	bool in_use, timed; /* timed: the four below are told */
	bool noise_known;
	int8_t noise_dbm;
	uint64_t time_ms, busy_ms, rx_ms, tx_ms;
	uint16_t others; /* access points that were heard there by the last scan */
};

/* 0: of no band of ours. */
unsigned phy_number(uint16_t mhz);
unsigned phy_band(uint16_t mhz); /* 0: 2.4 GHz, 1: 5 GHz, PHY_BANDS: of neither */
