// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/nl80211_read.h"

#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/nl80211.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sodium.h>
#include <string.h>

_Static_assert(crypto_shorthash_KEYBYTES == 16, "the key of a station's hash");

/* nla_parse() and its kin take no const, and change nothing. */
static struct nlattr *unconst(const void *at)
{
	union {
		const void *given;
		struct nlattr *wanted;
	} u = { .given = at };
	return u.wanted;
}

static bool parse(const struct nlmsghdr *msg, const struct nla_policy *policy,
		  struct nlattr *attrs[static NL80211_ATTR_MAX + 1])
{
	const size_t head = NLMSG_HDRLEN + GENL_HDRLEN;
	if (msg->nlmsg_len < head)
		return false;
	return nla_parse(attrs, NL80211_ATTR_MAX, unconst((const char *)msg + head),
			 (int)(msg->nlmsg_len - head), policy) >= 0;
}

static bool nested(const struct nlattr *nest, int max, const struct nla_policy *policy,
		   struct nlattr **attrs)
{
	return nest && nla_parse(attrs, max, nla_data(nest), nla_len(nest), policy) >= 0;
}

/* --- a device --- */

static unsigned width_of(uint32_t width)
{
	switch (width) {
	case NL80211_CHAN_WIDTH_20_NOHT:
	case NL80211_CHAN_WIDTH_20:
		return 20;
	case NL80211_CHAN_WIDTH_40:
		return 40;
	case NL80211_CHAN_WIDTH_80:
		return 80;
	case NL80211_CHAN_WIDTH_160:
		return 160;
	default:
		return 0;
	}
}

bool nl80211_read_interface(const struct nlmsghdr *msg, struct phy_look *out)
{
	static const struct nla_policy policy[NL80211_ATTR_MAX + 1] = {
		[NL80211_ATTR_IFINDEX] = { .type = NLA_U32 },
		[NL80211_ATTR_WIPHY] = { .type = NLA_U32 },
		[NL80211_ATTR_IFTYPE] = { .type = NLA_U32 },
		[NL80211_ATTR_WIPHY_FREQ] = { .type = NLA_U32 },
		[NL80211_ATTR_CHANNEL_WIDTH] = { .type = NLA_U32 },
	};
	struct nlattr *a[NL80211_ATTR_MAX + 1];
	if (!parse(msg, policy, a) || !a[NL80211_ATTR_IFINDEX] || !a[NL80211_ATTR_WIPHY] ||
	    !a[NL80211_ATTR_IFTYPE])
		return false;
	*out = (struct phy_look){ .ifindex = (int)nla_get_u32(a[NL80211_ATTR_IFINDEX]),
				  .phy = nla_get_u32(a[NL80211_ATTR_WIPHY]),
				  .ap = nla_get_u32(a[NL80211_ATTR_IFTYPE]) == NL80211_IFTYPE_AP };
	if (a[NL80211_ATTR_WIPHY_FREQ])
		out->mhz = (uint16_t)nla_get_u32(a[NL80211_ATTR_WIPHY_FREQ]);
	if (a[NL80211_ATTR_CHANNEL_WIDTH])
		out->width = (uint16_t)width_of(nla_get_u32(a[NL80211_ATTR_CHANNEL_WIDTH]));
	return true;
}

/* --- a machine --- */

static uint64_t hash(const uint8_t key[static 16], const struct nlattr *address)
{
	uint64_t who;
	_Static_assert(sizeof(who) == crypto_shorthash_BYTES, "one word");
	crypto_shorthash((unsigned char *)&who, nla_data(address), ETH_ALEN, key);
	return who;
}

static uint64_t get64(const struct nlattr *wide, const struct nlattr *narrow)
{
	return wide ? nla_get_u64(wide) : narrow ? nla_get_u32(narrow) : 0;
}

static uint32_t get32(const struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

bool nl80211_read_station(const struct nlmsghdr *msg, const uint8_t key[static 16],
			  struct wifi_station *out)
{
	static const struct nla_policy policy[NL80211_ATTR_MAX + 1] = {
		[NL80211_ATTR_MAC] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
		[NL80211_ATTR_STA_INFO] = { .type = NLA_NESTED },
	};
	static const struct nla_policy info[NL80211_STA_INFO_MAX + 1] = {
		[NL80211_STA_INFO_RX_BYTES] = { .type = NLA_U32 },
		[NL80211_STA_INFO_TX_BYTES] = { .type = NLA_U32 },
		[NL80211_STA_INFO_RX_BYTES64] = { .type = NLA_U64 },
		[NL80211_STA_INFO_TX_BYTES64] = { .type = NLA_U64 },
		[NL80211_STA_INFO_SIGNAL] = { .type = NLA_U8 },
		[NL80211_STA_INFO_SIGNAL_AVG] = { .type = NLA_U8 },
		[NL80211_STA_INFO_TX_PACKETS] = { .type = NLA_U32 },
		[NL80211_STA_INFO_TX_RETRIES] = { .type = NLA_U32 },
		[NL80211_STA_INFO_TX_FAILED] = { .type = NLA_U32 },
		[NL80211_STA_INFO_RX_DURATION] = { .type = NLA_U64 },
		[NL80211_STA_INFO_TX_DURATION] = { .type = NLA_U64 },
	};
	struct nlattr *a[NL80211_ATTR_MAX + 1], *i[NL80211_STA_INFO_MAX + 1];
	if (!parse(msg, policy, a) || !a[NL80211_ATTR_MAC] ||
	    !nested(a[NL80211_ATTR_STA_INFO], NL80211_STA_INFO_MAX, info, i))
		return false;
	const struct nlattr *signal = i[NL80211_STA_INFO_SIGNAL_AVG]
					      ? i[NL80211_STA_INFO_SIGNAL_AVG]
					      : i[NL80211_STA_INFO_SIGNAL];
	const struct nlattr *rx_us = i[NL80211_STA_INFO_RX_DURATION],
			    *tx_us = i[NL80211_STA_INFO_TX_DURATION];
	*out = (struct wifi_station){
		.who = hash(key, a[NL80211_ATTR_MAC]),
		.signal_known = signal != NULL,
		.signal_dbm = signal ? (int8_t)nla_get_u8(signal) : 0,
		.tx_packets = get32(i[NL80211_STA_INFO_TX_PACKETS]),
		.tx_retries = get32(i[NL80211_STA_INFO_TX_RETRIES]),
		.tx_failed = get32(i[NL80211_STA_INFO_TX_FAILED]),
		.rx_bytes = get64(i[NL80211_STA_INFO_RX_BYTES64], i[NL80211_STA_INFO_RX_BYTES]),
		.tx_bytes = get64(i[NL80211_STA_INFO_TX_BYTES64], i[NL80211_STA_INFO_TX_BYTES]),
		.airtime_known = rx_us || tx_us,
		.airtime_us = get64(rx_us, NULL) + get64(tx_us, NULL),
	};
	return true;
}

/* --- a channel --- */

bool nl80211_read_survey(const struct nlmsghdr *msg, struct phy_survey *out)
{
	static const struct nla_policy policy[NL80211_ATTR_MAX + 1] = {
		[NL80211_ATTR_SURVEY_INFO] = { .type = NLA_NESTED },
	};
	static const struct nla_policy info[NL80211_SURVEY_INFO_MAX + 1] = {
		[NL80211_SURVEY_INFO_FREQUENCY] = { .type = NLA_U32 },
		[NL80211_SURVEY_INFO_NOISE] = { .type = NLA_U8 },
		[NL80211_SURVEY_INFO_IN_USE] = { .type = NLA_FLAG },
		[NL80211_SURVEY_INFO_TIME] = { .type = NLA_U64 },
		[NL80211_SURVEY_INFO_TIME_BUSY] = { .type = NLA_U64 },
		[NL80211_SURVEY_INFO_TIME_RX] = { .type = NLA_U64 },
		[NL80211_SURVEY_INFO_TIME_TX] = { .type = NLA_U64 },
	};
	struct nlattr *a[NL80211_ATTR_MAX + 1], *i[NL80211_SURVEY_INFO_MAX + 1];
	if (!parse(msg, policy, a) ||
	    !nested(a[NL80211_ATTR_SURVEY_INFO], NL80211_SURVEY_INFO_MAX, info, i) ||
	    !i[NL80211_SURVEY_INFO_FREQUENCY] ||
	    nla_get_u32(i[NL80211_SURVEY_INFO_FREQUENCY]) > UINT16_MAX)
		return false;
	*out = (struct phy_survey){
		.mhz = (uint16_t)nla_get_u32(i[NL80211_SURVEY_INFO_FREQUENCY]),
		.in_use = i[NL80211_SURVEY_INFO_IN_USE] != NULL,
		.timed = i[NL80211_SURVEY_INFO_TIME] && i[NL80211_SURVEY_INFO_TIME_BUSY],
		.noise_known = i[NL80211_SURVEY_INFO_NOISE] != NULL,
		.time_ms = get64(i[NL80211_SURVEY_INFO_TIME], NULL),
		.busy_ms = get64(i[NL80211_SURVEY_INFO_TIME_BUSY], NULL),
		.rx_ms = get64(i[NL80211_SURVEY_INFO_TIME_RX], NULL),
		.tx_ms = get64(i[NL80211_SURVEY_INFO_TIME_TX], NULL),
	};
	if (out->noise_known)
		out->noise_dbm = (int8_t)nla_get_u8(i[NL80211_SURVEY_INFO_NOISE]);
	return true;
}

bool nl80211_read_heard(const struct nlmsghdr *msg, uint16_t *mhz)
{
	static const struct nla_policy policy[NL80211_ATTR_MAX + 1] = {
		[NL80211_ATTR_BSS] = { .type = NLA_NESTED },
	};
	static const struct nla_policy bss[NL80211_BSS_MAX + 1] = {
		[NL80211_BSS_FREQUENCY] = { .type = NLA_U32 },
	};
	struct nlattr *a[NL80211_ATTR_MAX + 1], *i[NL80211_BSS_MAX + 1];
	if (!parse(msg, policy, a) || !nested(a[NL80211_ATTR_BSS], NL80211_BSS_MAX, bss, i) ||
	    !i[NL80211_BSS_FREQUENCY] || nla_get_u32(i[NL80211_BSS_FREQUENCY]) > UINT16_MAX)
		return false;
	*mhz = (uint16_t)nla_get_u32(i[NL80211_BSS_FREQUENCY]);
	return true;
}

bool nl80211_read_country(const struct nlmsghdr *msg, char out[static 3])
{
	static const struct nla_policy policy[NL80211_ATTR_MAX + 1] = {
		[NL80211_ATTR_REG_ALPHA2] = { .minlen = 2, .maxlen = 3 },
	};
	struct nlattr *a[NL80211_ATTR_MAX + 1];
	if (!parse(msg, policy, a) || !a[NL80211_ATTR_REG_ALPHA2])
		return false;
	memcpy(out, nla_data(a[NL80211_ATTR_REG_ALPHA2]), 2);
	out[2] = '\0';
	return true;
}

/* --- a radio --- */

static struct phy_channel *channel_of(struct phy *phy, uint16_t mhz)
{
	for (size_t i = 0; i < phy->channel_count; i++)
		if (phy->channels[i].mhz == mhz)
			return &phy->channels[i];
	if (phy->channel_count == PHY_CHANNELS)
		return NULL;
	phy->channels[phy->channel_count].mhz = mhz;
	return &phy->channels[phy->channel_count++];
}

static void read_channel(const struct nlattr *nest, struct phy *phy)
{
	static const struct nla_policy policy[NL80211_FREQUENCY_ATTR_MAX + 1] = {
		[NL80211_FREQUENCY_ATTR_FREQ] = { .type = NLA_U32 },
		[NL80211_FREQUENCY_ATTR_DISABLED] = { .type = NLA_FLAG },
		[NL80211_FREQUENCY_ATTR_NO_IR] = { .type = NLA_FLAG },
		[NL80211_FREQUENCY_ATTR_RADAR] = { .type = NLA_FLAG },
	};
	struct nlattr *a[NL80211_FREQUENCY_ATTR_MAX + 1];
	if (!nested(nest, NL80211_FREQUENCY_ATTR_MAX, policy, a) || !a[NL80211_FREQUENCY_ATTR_FREQ])
		return;
	const uint32_t mhz = nla_get_u32(a[NL80211_FREQUENCY_ATTR_FREQ]);
	struct phy_channel *c = mhz <= UINT16_MAX && phy_band((uint16_t)mhz) < PHY_BANDS
					? channel_of(phy, (uint16_t)mhz)
					: NULL;
	if (!c)
		return;
	c->off = a[NL80211_FREQUENCY_ATTR_DISABLED] != NULL;
	c->silent = a[NL80211_FREQUENCY_ATTR_NO_IR] != NULL;
	c->radar = a[NL80211_FREQUENCY_ATTR_RADAR] != NULL;
}

static void read_band(const struct nlattr *nest, struct phy *phy)
{
	static const struct nla_policy policy[NL80211_BAND_ATTR_MAX + 1] = {
		[NL80211_BAND_ATTR_FREQS] = { .type = NLA_NESTED },
		[NL80211_BAND_ATTR_HT_CAPA] = { .type = NLA_U16 },
		[NL80211_BAND_ATTR_VHT_CAPA] = { .type = NLA_U32 },
	};
	struct nlattr *a[NL80211_BAND_ATTR_MAX + 1], *each;
	const int band = nla_type(nest);
	int left;
	if (!nested(nest, NL80211_BAND_ATTR_MAX, policy, a))
		return;
	if (a[NL80211_BAND_ATTR_FREQS])
		nla_for_each_nested(each, a[NL80211_BAND_ATTR_FREQS], left) read_channel(each, phy);
	if (band >= PHY_BANDS) /* NL80211_BAND_2GHZ is 0, NL80211_BAND_5GHZ is 1 */
		return;
	if (a[NL80211_BAND_ATTR_HT_CAPA]) {
		phy->ht[band] = true;
		phy->ht_capab[band] = nla_get_u16(a[NL80211_BAND_ATTR_HT_CAPA]);
	}
	if (a[NL80211_BAND_ATTR_VHT_CAPA]) {
		phy->vht[band] = true;
		phy->vht_capab[band] = nla_get_u32(a[NL80211_BAND_ATTR_VHT_CAPA]);
	}
}

/* As many access points as one of its combinations permits. */
static void read_combination(const struct nlattr *nest, struct phy *phy)
{
	static const struct nla_policy policy[MAX_NL80211_IFACE_COMB + 1] = {
		[NL80211_IFACE_COMB_LIMITS] = { .type = NLA_NESTED },
		[NL80211_IFACE_COMB_MAXNUM] = { .type = NLA_U32 },
	};
	static const struct nla_policy limit_policy[MAX_NL80211_IFACE_LIMIT + 1] = {
		[NL80211_IFACE_LIMIT_MAX] = { .type = NLA_U32 },
		[NL80211_IFACE_LIMIT_TYPES] = { .type = NLA_NESTED },
	};
	struct nlattr *a[MAX_NL80211_IFACE_COMB + 1], *l[MAX_NL80211_IFACE_LIMIT + 1], *each;
	int left;
	if (!nested(nest, MAX_NL80211_IFACE_COMB, policy, a) || !a[NL80211_IFACE_COMB_LIMITS] ||
	    !a[NL80211_IFACE_COMB_MAXNUM])
		return;
	const uint32_t all = nla_get_u32(a[NL80211_IFACE_COMB_MAXNUM]);
	nla_for_each_nested(each, a[NL80211_IFACE_COMB_LIMITS], left)
	{
		if (!nested(each, MAX_NL80211_IFACE_LIMIT, limit_policy, l) ||
		    !l[NL80211_IFACE_LIMIT_MAX] || !l[NL80211_IFACE_LIMIT_TYPES] ||
		    !nla_find(nla_data(l[NL80211_IFACE_LIMIT_TYPES]),
			      nla_len(l[NL80211_IFACE_LIMIT_TYPES]), NL80211_IFTYPE_AP))
			continue;
		const uint32_t max = nla_get_u32(l[NL80211_IFACE_LIMIT_MAX]);
		const unsigned networks = max < all ? max : all;
		if (networks > phy->networks)
			phy->networks = networks;
	}
}

bool nl80211_read_phy(const struct nlmsghdr *msg, struct phy *out)
{
	static const struct nla_policy policy[NL80211_ATTR_MAX + 1] = {
		[NL80211_ATTR_WIPHY] = { .type = NLA_U32 },
		[NL80211_ATTR_WIPHY_BANDS] = { .type = NLA_NESTED },
		[NL80211_ATTR_SUPPORTED_IFTYPES] = { .type = NLA_NESTED },
		[NL80211_ATTR_INTERFACE_COMBINATIONS] = { .type = NLA_NESTED },
	};
	struct nlattr *a[NL80211_ATTR_MAX + 1], *each;
	int left;
	if (!parse(msg, policy, a) || !a[NL80211_ATTR_WIPHY])
		return false;
	out->index = nla_get_u32(a[NL80211_ATTR_WIPHY]);
	const struct nlattr *types = a[NL80211_ATTR_SUPPORTED_IFTYPES];
	if (types && nla_find(nla_data(types), nla_len(types), NL80211_IFTYPE_AP) && !out->networks)
		out->networks = 1;
	if (a[NL80211_ATTR_WIPHY_BANDS])
		nla_for_each_nested(each, a[NL80211_ATTR_WIPHY_BANDS], left) read_band(each, out);
	if (a[NL80211_ATTR_INTERFACE_COMBINATIONS])
		nla_for_each_nested(each, a[NL80211_ATTR_INTERFACE_COMBINATIONS], left)
			read_combination(each, out);
	return true;
}
