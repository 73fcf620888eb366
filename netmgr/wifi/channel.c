// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/channel.h"

#include <errno.h>
#include <stdlib.h>

#include "firmware/base/clean.h"

enum {
	FULL = 1000,
	EACH = 60, /* what one more access point costs, however silent it was */
	OVERLAP_MHZ =
		20,  /* channels of 20 MHz whose middles are nearer than this disturb each other */
	FREE = 250,  /* what the second half may have, to be taken without being asked for */
	GAIN = 200,  /* what a move must gain */
	LOOKS = 180, /* half an hour, to speak of a day */
	SHARE = 300, /* of a thousand looks in the hours of school */
	DWELL_S = 3 * 86400,
};

static const uint16_t usual[] = { 2412, 2437, 2462, 5180, 5220, 5745,
				  5785, 5200, 5240, 5765, 5805, 5825 };

static const struct phy_channel *find(const struct phy *phy, uint16_t mhz)
{
	for (size_t i = 0; i < phy->channel_count; i++)
		if (phy->channels[i].mhz == mhz)
			return &phy->channels[i];
	return NULL;
}

static bool permitted(const struct phy *phy, uint16_t mhz)
{
	const struct phy_channel *c = find(phy, mhz);
	return c && !c->off && !c->silent && !c->radar;
}

unsigned channel_burden(uint16_t mhz, const struct phy_survey *heard, size_t count)
{
	unsigned sum = 0;
	for (size_t i = 0; i < count; i++) {
		const struct phy_survey *s = &heard[i];
		const unsigned apart = (unsigned)abs((int)s->mhz - (int)mhz);
		if (apart >= OVERLAP_MHZ)
			continue;
		unsigned here = (unsigned)s->others * EACH;
		if (s->timed && s->time_ms) {
			const uint64_t own = s->tx_ms < s->busy_ms ? s->tx_ms : s->busy_ms;
			const uint64_t busy = (s->busy_ms - own) * FULL / s->time_ms;
			here += busy < FULL ? (unsigned)busy : FULL;
		}
		sum += here * (OVERLAP_MHZ - apart) / OVERLAP_MHZ;
	}
	return sum;
}

/* 5 GHz: 36 and 40, 44 and 48, … belong together, and 36 to 48, 149 to 161 by four. */
static unsigned place(uint16_t mhz, unsigned of)
{
	const unsigned first = mhz >= 5745 ? 5745 : 5180;
	return (mhz - first) / 20 % of;
}

static uint16_t other_half(uint16_t mhz)
{
	return (uint16_t)(place(mhz, 2) ? mhz - 20 : mhz + 20);
}

static bool wide_permitted(const struct phy *phy, uint16_t mhz, unsigned parts)
{
	const unsigned first = mhz - 20 * place(mhz, parts);
	for (unsigned i = 0; i < parts; i++)
		if (!permitted(phy, (uint16_t)(first + 20 * i)))
			return false;
	return true;
}

struct channel channel_at(uint16_t mhz, unsigned width)
{
	struct channel c = { .mhz = mhz, .number = (uint8_t)phy_number(mhz), .width = 20 };
	if (phy_band(mhz) != 1 || width < 40)
		return c;
	c.width = width >= 80 ? 80 : 40;
	c.second = place(mhz, 2) ? -1 : 1;
	if (c.width == 80)
		c.centre = (uint8_t)(c.number - 4 * place(mhz, 4) + 6);
	return c;
}

static unsigned width_of(const struct phy *phy, uint16_t mhz, int wish,
			 const struct phy_survey *heard, size_t count)
{
	enum { HT_40 = 1 << 1 };
	/* Forty phones share 2.4 GHz with the neighbours: there is no room for more. */
	if (phy_band(mhz) != 1 || wish == WIFI_WIDTH_20 || !phy->ht[1] ||
	    !(phy->ht_capab[1] & HT_40) || !wide_permitted(phy, mhz, 2))
		return 20;
	if (wish == WIFI_WIDTH_AUTO)
		return channel_burden(other_half(mhz), heard, count) > FREE ? 20 : 40;
	return wish == WIFI_WIDTH_80 && phy->vht[1] && wide_permitted(phy, mhz, 4) ? 80 : 40;
}

static bool has_band(const struct phy *phy, unsigned band)
{
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (phy_band(usual[i]) == band && permitted(phy, usual[i]))
			return true;
	return false;
}

static uint16_t best_of(const struct phy *phy, unsigned band, const struct phy_survey *heard,
			size_t count)
{
	uint16_t best = 0;
	unsigned least = 0;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		const unsigned burden = channel_burden(usual[i], heard, count);
		if (phy_band(usual[i]) != band || !permitted(phy, usual[i]) ||
		    (best && burden >= least))
			continue;
		best = usual[i];
		least = burden;
	}
	return best;
}

static uint16_t numbered(const struct phy *phy, unsigned number, int band)
{
	for (size_t i = 0; i < phy->channel_count; i++)
		if (phy_number(phy->channels[i].mhz) == number &&
		    (band == WIFI_BAND_AUTO ||
		     phy_band(phy->channels[i].mhz) == (unsigned)band - WIFI_BAND_2))
			return phy->channels[i].mhz;
	return 0;
}

int channel_choose(const struct phy *phy, const struct wifi_conf *wish,
		   const struct phy_survey *heard, size_t count, struct channel *out)
{
	uint16_t mhz;
	if (wish->channel) {
		mhz = numbered(phy, (unsigned)wish->channel, wish->band);
		if (!permitted(phy, mhz))
			return -EACCES;
	} else {
		const unsigned band = wish->band == WIFI_BAND_AUTO
					      ? !has_band(phy, 0)
					      : (unsigned)wish->band - WIFI_BAND_2;
		mhz = best_of(phy, band, heard, count);
		if (!mhz)
			return -ENOENT;
	}
	*out = channel_at(mhz, width_of(phy, mhz, wish->width, heard, count));
	return 0;
}

bool channel_stands(const struct phy *phy, const struct wifi_conf *wish, const struct channel *c)
{
	static const unsigned widths[] = { 0, 20, 40, 80 };
	return permitted(phy, c->mhz) &&
	       (c->width < 40 || wide_permitted(phy, c->mhz, c->width / 20)) &&
	       (!wish->channel || wish->channel == c->number) &&
	       (wish->band == WIFI_BAND_AUTO ||
		phy_band(c->mhz) == (unsigned)wish->band - WIFI_BAND_2) &&
	       (wish->width == WIFI_WIDTH_AUTO || c->width <= widths[wish->width] ||
		phy_band(c->mhz) == 0);
}

bool channel_is_better(const struct channel *from, const struct channel *to,
		       const struct phy_survey *heard, size_t count)
{
	return channel_burden(to->mhz, heard, count) + GAIN <=
	       channel_burden(from->mhz, heard, count);
}

void channel_days_note(struct channel_days *d, bool school, bool crowded)
{
	if (!school)
		return;
	d->looks++;
	d->crowded += crowded;
}

bool channel_days_due(struct channel_days *d, bool school, int64_t since_s, int64_t now_s)
{
	const struct channel_days was = *d;
	if (school)
		return false;
	*d = (struct channel_days){ 0 };
	return was.looks >= LOOKS && was.crowded * FULL >= was.looks * SHARE &&
	       now_s - since_s >= DWELL_S;
}
