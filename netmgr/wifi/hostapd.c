// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/hostapd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/sheet.h"
#include "firmware/base/text.h"

void hostapd_device(const char *radio, size_t nth, char out[static HOSTAPD_DEVICE_ROOM])
{
	if (nth == 0)
		snprintf(out, HOSTAPD_DEVICE_ROOM, "%.13s", radio);
	else
		snprintf(out, HOSTAPD_DEVICE_ROOM, "%.13s-%zu", radio, nth % 10);
}

/* What the radio does is taken where it costs old phones nothing; hostapd refuses what the radio has not. */
static void add_abilities(struct sheet *s, const struct hostapd_spec *spec)
{
	static const struct {
		uint16_t bit;
		unsigned width;
		const char *word;
	} ht[] = { { 1 << 0, 20, "[LDPC]" },
		   { 1 << 5, 20, "[SHORT-GI-20]" },
		   { 1 << 6, 40, "[SHORT-GI-40]" } };
	const struct channel *c = &spec->channel;
	const unsigned band = phy_band(c->mhz);
	if (band >= PHY_BANDS || !spec->phy->ht[band])
		return;
	sheet_add(s, "ieee80211n=1\nht_capab=");
	if (c->second)
		sheet_add(s, "[HT40%c]", c->second > 0 ? '+' : '-');
	for (size_t i = 0; i < ARRAY_LEN(ht); i++)
		if (spec->phy->ht_capab[band] & ht[i].bit && c->width >= ht[i].width)
			sheet_add(s, "%s", ht[i].word);
	sheet_add(s, "\n");
	if (band != 1 || !spec->phy->vht[1])
		return;
	sheet_add(s, "ieee80211ac=1\nvht_oper_chwidth=%d\n", c->width == 80);
	if (c->width == 80)
		sheet_add(s, "vht_oper_centr_freq_seg0_idx=%d\n", c->centre);
}

static void add_radio(struct sheet *s, const struct hostapd_spec *spec)
{
	const struct wifi_conf *radio = spec->radio;
	const struct channel *c = &spec->channel;
	const bool low = phy_band(c->mhz) == 0;
	sheet_add(s,
		  "# Written by wasl-netmgrd; what is changed here is lost.\n"
		  "interface=%s\ndriver=nl80211\n"
		  "hw_mode=%c\nchannel=%d\n",
		  radio->device, low ? 'g' : 'a', c->number);
	if (radio->country[0])
		sheet_add(s, "country_code=%s\nieee80211d=1\n", radio->country);
	add_abilities(s, spec);
	/* One phone at 1 Mbit/s, or every beacon at it, takes the air of forty. */
	if (low && !radio->old_rates)
		sheet_add(s, "supported_rates=60 90 120 180 240 360 480 540\n"
			     "basic_rates=60 120 240\n");
	/* Who came and went is nobody's business: from warnings on, and nothing to any journal. */
	sheet_add(s, "logger_syslog=0\nlogger_stdout=-1\nlogger_stdout_level=4\n");
}

static void add_security(struct sheet *s, const struct hostapd_network *n)
{
	switch (wifi_conf_security(n->conf)) {
	case WIFI_SECURITY_AUTO:
	case WIFI_OPEN:
		sheet_add(s, "wpa=0\n");
		return;
	case WIFI_WPA2:
		/* The phones that this is for do not find a network that offers protected management frames. */
		sheet_add(s, "wpa=2\nwpa_key_mgmt=WPA-PSK\nieee80211w=0\n");
		break;
	case WIFI_MIXED:
		sheet_add(s, "wpa=2\nwpa_key_mgmt=WPA-PSK SAE\nieee80211w=1\n"
			     "sae_require_mfp=1\nsae_pwe=2\n");
		break;
	case WIFI_WPA3:
		sheet_add(s, "wpa=2\nwpa_key_mgmt=SAE\nieee80211w=2\nsae_pwe=2\n");
		break;
	}
	sheet_add(s, "rsn_pairwise=CCMP\nwpa_group_rekey=86400\nwpa_passphrase=%s\n",
		  n->passphrase);
}

static void add_network(struct sheet *s, const struct hostapd_spec *spec, size_t nth)
{
	const struct hostapd_network *n = &spec->networks[nth];
	char device[HOSTAPD_DEVICE_ROOM], ssid[2 * sizeof(n->conf->ssid) + 1];
	if (nth) {
		hostapd_device(spec->radio->device, nth, device);
		sheet_add(s, "\nbss=%s\n", device);
	}
	/* As hexadecimal, in which nothing means something else to hostapd. */
	text_hex(n->conf->ssid, strlen(n->conf->ssid), ssid);
	sheet_add(s, "# [wifi %s]\nssid2=%s\nutf8_ssid=1\n", n->conf->name, ssid);
	if (n->bridge[0])
		sheet_add(s, "bridge=%s\n", n->bridge);
	sheet_add(s,
		  "wmm_enabled=1\nuapsd_advertisement_enabled=1\n"
		  "dtim_period=2\nmax_num_sta=%" PRId64 "\nap_isolate=%d\n"
		  "multicast_to_unicast=%d\ndisassoc_low_ack=1\n",
		  n->conf->max_stations, n->isolate, n->conf->unicast);
	add_security(s, n);
}

int hostapd_text(const struct hostapd_spec *spec, char out[static HOSTAPD_ROOM])
{
	struct sheet s = { .at = out, .room = HOSTAPD_ROOM };
	add_radio(&s, spec);
	for (size_t i = 0; i < spec->count; i++)
		add_network(&s, spec, i);
	return sheet_end(&s);
}
