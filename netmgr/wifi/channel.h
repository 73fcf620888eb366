// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/wifi/phy.h"
#include "netmgr/wifi/wifi_conf.h"

/*
 * On which channel an access point is, and how wide. Pure. Never one on which radar comes first, nor one on which the radio
 * may not begin to speak; at 2.4 GHz one of 1, 6 and 11, as four between two do not disturb each other.
 */
struct channel {
	uint16_t mhz; /* of the 20 MHz that old phones use; 0: none */
	uint8_t number;
	uint8_t width;  /* 20, 40, 80 */
	int8_t second;  /* where the other half of 40 MHz is: 1 above, -1 below, 0 there is none */
	uint8_t centre; /* number of the middle of 80 MHz; 0 below that */
};

/*
 * `heard` may be empty: then the first that is permitted. -ENOENT: the radio has no channel that is. -EACCES: the one that
 * was asked for is not permitted (and none else is taken).
 */
int channel_choose(const struct phy *phy, const struct wifi_conf *wish,
		   const struct phy_survey *heard, size_t count, struct channel *out);

/* The channel of this middle and width, the other fields as they follow from them. */
struct channel channel_at(uint16_t mhz, unsigned width);

/* Whether a channel that was chosen earlier is still what is wished for, and permitted. */
bool channel_stands(const struct phy *phy, const struct wifi_conf *wish, const struct channel *c);

/* How much others are heard on a channel: 0 silence, 1000 all the time; each of them counts by itself, too. */
unsigned channel_burden(uint16_t mhz, const struct phy_survey *heard, size_t count);

/* Whether `to` is so much better than `from` that everybody is to be moved. */
bool channel_is_better(const struct channel *from, const struct channel *to,
		       const struct phy_survey *heard, size_t count);

/*
 * When it is worth listening again: a move ends every connection of the radio, so never in the hours of school, days after the
 * last one at the soonest, and only when the channel was crowded in those hours. Zeroes are a good beginning.
 */
struct channel_days {
	uint32_t looks, crowded; /* in the hours of school since the last listening */
};
void channel_days_note(struct channel_days *d, bool school, bool crowded);
/* Once the hours are over; it begins anew. `since_s`: when the channel was chosen, Unix seconds. */
bool channel_days_due(struct channel_days *d, bool school, int64_t since_s, int64_t now_s);
