// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/nl80211_read.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "netmgr/kernel/nl_priv.h"
#include "netmgr/wifi/radio.h"

static const uint8_t key[16] = "no secret at all";

/* --- messages as the kernel writes them --- */

static struct nl_msg *begin(uint8_t command)
{
	struct nl_msg *msg = nlmsg_alloc();
	assert_non_null(msg);
	assert_non_null(genlmsg_put(msg, 0, 0, 31, 0, 0, command, 1));
	return msg;
}

static void u32(struct nl_msg *msg, int type, uint32_t value)
{
	assert_int_equal(nla_put_u32(msg, type, value), 0);
}

static void u64(struct nl_msg *msg, int type, uint64_t value)
{
	assert_int_equal(nla_put_u64(msg, type, value), 0);
}

static struct nlattr *nest(struct nl_msg *msg, int type)
{
	struct nlattr *at = nla_nest_start(msg, type);
	assert_non_null(at);
	return at;
}

static struct nl_msg *station(const uint8_t address[6], int8_t dbm)
{
	struct nl_msg *msg = begin(NL80211_CMD_NEW_STATION);
	nla_put(msg, NL80211_ATTR_MAC, 6, address);
	struct nlattr *info = nest(msg, NL80211_ATTR_STA_INFO);
	u32(msg, NL80211_STA_INFO_RX_BYTES, 1);
	u32(msg, NL80211_STA_INFO_TX_BYTES, 2000);
	u64(msg, NL80211_STA_INFO_RX_BYTES64, UINT64_C(5000000001));
	u32(msg, NL80211_STA_INFO_TX_PACKETS, 90);
	u32(msg, NL80211_STA_INFO_TX_RETRIES, 8);
	u32(msg, NL80211_STA_INFO_TX_FAILED, 7);
	nla_put_u8(msg, NL80211_STA_INFO_SIGNAL, (uint8_t)-20);
	nla_put_u8(msg, NL80211_STA_INFO_SIGNAL_AVG, (uint8_t)dbm);
	u64(msg, NL80211_STA_INFO_RX_DURATION, 300);
	u64(msg, NL80211_STA_INFO_TX_DURATION, 40);
	nla_nest_end(msg, info);
	return msg;
}

static void reads_a_machine(void **state)
{
	(void)state;
	static const uint8_t one[6] = { 2, 0, 0, 0, 1, 0 }, other[6] = { 2, 0, 0, 0, 2, 0 };
	static const uint8_t other_key[16] = "of the next time";
	CLEANUP(clean_msg) struct nl_msg *a = station(one, -77);
	CLEANUP(clean_msg) struct nl_msg *b = station(other, -50);
	struct wifi_station s, again, b_said, later;
	assert_true(nl80211_read_station(nlmsg_hdr(a), key, &s));
	assert_int_equal(s.rx_bytes, UINT64_C(5000000001));
	assert_int_equal(s.tx_bytes, 2000);
	assert_int_equal(s.tx_packets, 90);
	assert_int_equal(s.tx_retries, 8);
	assert_int_equal(s.tx_failed, 7);
	assert_true(s.signal_known);
	assert_int_equal(s.signal_dbm, -77);
	assert_true(s.airtime_known);
	assert_int_equal(s.airtime_us, 340);
	/* known again by its hash, which says nothing the next time the daemon runs */
	assert_true(nl80211_read_station(nlmsg_hdr(a), key, &again));
	assert_true(nl80211_read_station(nlmsg_hdr(b), key, &b_said));
	assert_true(nl80211_read_station(nlmsg_hdr(a), other_key, &later));
	assert_true(s.who == again.who && s.who != b_said.who && s.who != later.who);
}

static void reads_a_device(void **state)
{
	(void)state;
	static const struct {
		uint32_t type, width;
		bool ap;
		unsigned want;
	} rows[] = { { NL80211_IFTYPE_AP, NL80211_CHAN_WIDTH_20_NOHT, true, 20 },
		     { NL80211_IFTYPE_AP, NL80211_CHAN_WIDTH_20, true, 20 },
		     { NL80211_IFTYPE_AP, NL80211_CHAN_WIDTH_40, true, 40 },
		     { NL80211_IFTYPE_AP, NL80211_CHAN_WIDTH_80, true, 80 },
		     { NL80211_IFTYPE_STATION, 99, false, 0 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_msg) struct nl_msg *msg = begin(NL80211_CMD_NEW_INTERFACE);
		struct phy_look look;
		u32(msg, NL80211_ATTR_IFINDEX, 7);
		u32(msg, NL80211_ATTR_WIPHY, 3);
		assert_false(nl80211_read_interface(nlmsg_hdr(msg), &look));
		u32(msg, NL80211_ATTR_IFTYPE, rows[i].type);
		u32(msg, NL80211_ATTR_WIPHY_FREQ, 2437);
		u32(msg, NL80211_ATTR_CHANNEL_WIDTH, rows[i].width);
		assert_true(nl80211_read_interface(nlmsg_hdr(msg), &look));
		assert_int_equal(look.ifindex, 7);
		assert_int_equal(look.phy, 3);
		assert_int_equal(look.ap, rows[i].ap);
		assert_int_equal(look.mhz, 2437);
		assert_int_equal(look.width, rows[i].want);
	}
}

static void reads_what_is_heard(void **state)
{
	(void)state;
	CLEANUP(clean_msg) struct nl_msg *msg = begin(NL80211_CMD_NEW_SURVEY_RESULTS);
	struct phy_survey s;
	uint16_t mhz = 0;
	struct nlattr *info = nest(msg, NL80211_ATTR_SURVEY_INFO);
	u32(msg, NL80211_SURVEY_INFO_FREQUENCY, 5180);
	nla_put_u8(msg, NL80211_SURVEY_INFO_NOISE, (uint8_t)-95);
	nla_put_flag(msg, NL80211_SURVEY_INFO_IN_USE);
	u64(msg, NL80211_SURVEY_INFO_TIME, 1000);
	u64(msg, NL80211_SURVEY_INFO_TIME_BUSY, 400);
	u64(msg, NL80211_SURVEY_INFO_TIME_RX, 200);
	u64(msg, NL80211_SURVEY_INFO_TIME_TX, 100);
	nla_nest_end(msg, info);
	assert_true(nl80211_read_survey(nlmsg_hdr(msg), &s));
	assert_true(s.mhz == 5180 && s.in_use && s.timed && s.noise_known && s.noise_dbm == -95);
	assert_true(s.time_ms == 1000 && s.busy_ms == 400 && s.rx_ms == 200 && s.tx_ms == 100);

	CLEANUP(clean_msg) struct nl_msg *bare = begin(NL80211_CMD_NEW_SURVEY_RESULTS);
	info = nest(bare, NL80211_ATTR_SURVEY_INFO);
	u32(bare, NL80211_SURVEY_INFO_FREQUENCY, 2412);
	nla_nest_end(bare, info);
	assert_true(nl80211_read_survey(nlmsg_hdr(bare), &s));
	assert_true(s.mhz == 2412 && !s.in_use && !s.timed && !s.noise_known);

	CLEANUP(clean_msg) struct nl_msg *other = begin(NL80211_CMD_NEW_SCAN_RESULTS);
	info = nest(other, NL80211_ATTR_BSS);
	u32(other, NL80211_BSS_FREQUENCY, 2462);
	nla_nest_end(other, info);
	assert_true(nl80211_read_heard(nlmsg_hdr(other), &mhz));
	assert_int_equal(mhz, 2462);
	assert_false(nl80211_read_heard(nlmsg_hdr(msg), &mhz));
	assert_false(nl80211_read_survey(nlmsg_hdr(other), &s));
}

static void put_channel(struct nl_msg *msg, int nth, uint32_t mhz, int flag)
{
	struct nlattr *at = nest(msg, nth);
	u32(msg, NL80211_FREQUENCY_ATTR_FREQ, mhz);
	if (flag)
		nla_put_flag(msg, flag);
	nla_nest_end(msg, at);
}

/* One message of a radio: a band with two channels. */
static struct nl_msg *band(int number, uint32_t mhz, int flag)
{
	struct nl_msg *msg = begin(NL80211_CMD_NEW_WIPHY);
	u32(msg, NL80211_ATTR_WIPHY, 2);
	struct nlattr *bands = nest(msg, NL80211_ATTR_WIPHY_BANDS), *one = nest(msg, number);
	nla_put_u16(msg, NL80211_BAND_ATTR_HT_CAPA, 0x0062);
	if (number == NL80211_BAND_5GHZ)
		u32(msg, NL80211_BAND_ATTR_VHT_CAPA, 0x12345678);
	struct nlattr *list = nest(msg, NL80211_BAND_ATTR_FREQS);
	put_channel(msg, 0, mhz, flag);
	put_channel(msg, 1, mhz + 20, 0);
	nla_nest_end(msg, list);
	nla_nest_end(msg, one);
	nla_nest_end(msg, bands);
	return msg;
}

static struct nl_msg *combination(uint32_t aps, uint32_t all)
{
	struct nl_msg *msg = begin(NL80211_CMD_NEW_WIPHY);
	u32(msg, NL80211_ATTR_WIPHY, 2);
	struct nlattr *types = nest(msg, NL80211_ATTR_SUPPORTED_IFTYPES);
	nla_put_flag(msg, NL80211_IFTYPE_STATION);
	nla_put_flag(msg, NL80211_IFTYPE_AP);
	nla_nest_end(msg, types);
	struct nlattr *list = nest(msg, NL80211_ATTR_INTERFACE_COMBINATIONS), *one = nest(msg, 1),
		      *limits = nest(msg, NL80211_IFACE_COMB_LIMITS), *limit = nest(msg, 1);
	u32(msg, NL80211_IFACE_LIMIT_MAX, aps);
	types = nest(msg, NL80211_IFACE_LIMIT_TYPES);
	nla_put_flag(msg, NL80211_IFTYPE_AP);
	nla_nest_end(msg, types);
	nla_nest_end(msg, limit);
	nla_nest_end(msg, limits);
	u32(msg, NL80211_IFACE_COMB_MAXNUM, all);
	nla_nest_end(msg, one);
	nla_nest_end(msg, list);
	return msg;
}

static void reads_a_radio_in_many_messages(void **state)
{
	(void)state;
	struct phy phy = { 0 };
	CLEANUP(clean_msg)
	struct nl_msg *low = band(NL80211_BAND_2GHZ, 2437, NL80211_FREQUENCY_ATTR_DISABLED);
	CLEANUP(clean_msg)
	struct nl_msg *high = band(NL80211_BAND_5GHZ, 5240, NL80211_FREQUENCY_ATTR_NO_IR);
	CLEANUP(clean_msg)
	struct nl_msg *radar = band(NL80211_BAND_5GHZ, 5260, NL80211_FREQUENCY_ATTR_RADAR);
	CLEANUP(clean_msg) struct nl_msg *far = band(NL80211_BAND_60GHZ, 58320, 0);
	CLEANUP(clean_msg) struct nl_msg *none = combination(0, 8);
	CLEANUP(clean_msg) struct nl_msg *some = combination(4, 3);
	assert_true(nl80211_read_phy(nlmsg_hdr(none), &phy));
	assert_int_equal(phy.networks, 1); /* an access point, in no combination */
	assert_true(nl80211_read_phy(nlmsg_hdr(low), &phy));
	assert_true(nl80211_read_phy(nlmsg_hdr(high), &phy));
	assert_true(nl80211_read_phy(nlmsg_hdr(radar), &phy));
	assert_true(nl80211_read_phy(nlmsg_hdr(far), &phy));
	assert_true(nl80211_read_phy(nlmsg_hdr(some), &phy));
	assert_int_equal(phy.index, 2);
	assert_int_equal(phy.networks, 3);
	assert_true(phy.ht[0] && phy.ht[1] && !phy.vht[0] && phy.vht[1]);
	assert_int_equal(phy.ht_capab[1], 0x0062);
	assert_int_equal(phy.vht_capab[1], 0x12345678);
	static const struct phy_channel want[] = { { .mhz = 2437, .off = true },
						   { .mhz = 2457 },
						   { .mhz = 5240, .silent = true },
						   { .mhz = 5260, .radar = true },
						   { .mhz = 5280 } };
	assert_int_equal(phy.channel_count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_memory_equal(&phy.channels[i], &want[i], sizeof(want[i]));
}

static void keeps_within_its_room(void **state)
{
	(void)state;
	struct phy phy = { 0 };
	for (uint32_t mhz = 5160; mhz <= 5865; mhz += 2) {
		CLEANUP(clean_msg) struct nl_msg *msg = band(NL80211_BAND_5GHZ, mhz, 0);
		assert_true(nl80211_read_phy(nlmsg_hdr(msg), &phy));
	}
	assert_int_equal(phy.channel_count, PHY_CHANNELS);
}

/* What is too short, cut off, or of another type is nothing. */
static void refuses_what_is_broken(void **state)
{
	(void)state;
	static const uint8_t address[6] = { 2 };
	struct wifi_station s;
	struct phy_look look;
	CLEANUP(clean_msg) struct nl_msg *whole = station(address, -50);
	const size_t len = nlmsg_hdr(whole)->nlmsg_len;
	for (size_t cut = sizeof(struct nlmsghdr); cut < len; cut++) {
		AUTO_FREE struct nlmsghdr *part = malloc(cut);
		assert_non_null(part);
		memcpy(part, nlmsg_hdr(whole), cut);
		part->nlmsg_len = (uint32_t)cut;
		(void)nl80211_read_station(part, key, &s);
		assert_false(nl80211_read_interface(part, &look));
	}
	CLEANUP(clean_msg) struct nl_msg *short_address = begin(NL80211_CMD_NEW_STATION);
	nla_put(short_address, NL80211_ATTR_MAC, 5, address);
	nla_nest_end(short_address, nest(short_address, NL80211_ATTR_STA_INFO));
	assert_false(nl80211_read_station(nlmsg_hdr(short_address), key, &s));
	CLEANUP(clean_msg) struct nl_msg *short_count = begin(NL80211_CMD_NEW_STATION);
	nla_put(short_count, NL80211_ATTR_MAC, 6, address);
	struct nlattr *info = nest(short_count, NL80211_ATTR_STA_INFO);
	nla_put_u8(short_count, NL80211_STA_INFO_RX_BYTES64, 1);
	nla_nest_end(short_count, info);
	assert_false(nl80211_read_station(nlmsg_hdr(short_count), key, &s));
}

static void reads_whose_rules_hold(void **state)
{
	(void)state;
	char country[3] = "";
	CLEANUP(clean_msg) struct nl_msg *msg = begin(NL80211_CMD_GET_REG);
	assert_false(nl80211_read_country(nlmsg_hdr(msg), country));
	nla_put_string(msg, NL80211_ATTR_REG_ALPHA2, "TN");
	assert_true(nl80211_read_country(nlmsg_hdr(msg), country));
	assert_string_equal(country, "TN");
}

/* As Debian's kernel said it of two simulated radios, one an access point with a machine in it; iw read the same figures. */
static struct nlmsghdr *recorded(const char *name)
{
	void *bytes = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(paths_given("tests/fuzz/corpus/netmgr_wifi/%s", name).at, 4096,
				     &bytes, &len, NULL),
			 0);
	struct nlmsghdr *msg = bytes;
	assert_int_equal(msg->nlmsg_len, len);
	return msg;
}

static void reads_what_a_kernel_said(void **state)
{
	(void)state;
	struct phy_look look;
	struct wifi_station s;
	struct phy_survey survey;
	struct phy phy = { 0 };
	uint16_t mhz;
	char country[3];
	AUTO_FREE struct nlmsghdr *device = recorded("device"), *machine = recorded("station");
	AUTO_FREE struct nlmsghdr *heard = recorded("heard"), *channel = recorded("survey");
	AUTO_FREE struct nlmsghdr *rules = recorded("country"), *radar = recorded("radar");
	AUTO_FREE struct nlmsghdr *types = recorded("types"), *more = recorded("combinations");
	assert_true(nl80211_read_interface(device, &look));
	assert_true(look.ap && look.mhz == 2437 && look.width == 20);
	assert_true(nl80211_read_station(machine, key, &s));
	assert_true(s.rx_bytes == 604 && s.tx_bytes == 61 && s.tx_packets == 1);
	assert_true(s.tx_retries == 0 && s.tx_failed == 0 && s.signal_dbm == -30);
	assert_true(s.airtime_known && s.airtime_us == 0);
	assert_true(nl80211_read_survey(channel, &survey));
	assert_true(survey.mhz == 2412 && survey.noise_dbm == -92);
	assert_true(survey.timed && survey.time_ms == 76 && survey.busy_ms == 9);
	assert_true(nl80211_read_heard(heard, &mhz));
	assert_int_equal(mhz, 2437);
	assert_true(nl80211_read_country(rules, country));
	assert_string_equal(country, "TN");
	assert_true(nl80211_read_phy(types, &phy));
	assert_int_equal(phy.networks, 1);
	assert_true(nl80211_read_phy(more, &phy));
	assert_int_equal(phy.networks, 2048);
	assert_true(nl80211_read_phy(radar, &phy));
	assert_int_equal(phy.channel_count, 1);
	assert_true(phy.channels[0].radar);
}

/* On a machine whose kernel has no Wi-Fi, or with a device that is no radio. */
static void says_that_there_is_no_radio(void **state)
{
	(void)state;
	struct radio *r = NULL;
	struct phy_look look;
	assert_int_equal(radio_open(&r, NULL), 0);
	assert_int_equal(radio_look(r, "no-such-device", &look), -ENODEV);
	assert_int_equal(radio_look(r, "lo", &look), -EOPNOTSUPP);
	radio_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_machine),
		cmocka_unit_test(reads_a_device),
		cmocka_unit_test(reads_what_is_heard),
		cmocka_unit_test(reads_a_radio_in_many_messages),
		cmocka_unit_test(keeps_within_its_room),
		cmocka_unit_test(refuses_what_is_broken),
		cmocka_unit_test(reads_whose_rules_hold),
		cmocka_unit_test(reads_what_a_kernel_said),
		cmocka_unit_test(says_that_there_is_no_radio),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
