// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/wifi_conf.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "netmgr/net_conf.h"
#include "netmgr/line/prefer.h"
#include "netmgr/wall/zone.h"

const char *const wifi_security_words[] = { "auto", "open", "wpa2", "wpa2+wpa3", "wpa3", NULL };
static const char *const band_words[] = { "auto", "2.4", "5", NULL };
static const char *const width_words[] = { "auto", "20", "40", "80", NULL };

const struct conf_key wifi_conf_keys[WIFI_CONF_KEYS] = {
	CONF_BOOL(struct wifi_conf, on, "on", "yes", "no switches the network off"),
	CONF_STR(struct wifi_conf, device, "device", "", "network device of the radio: wlan0"),
	CONF_STR(struct wifi_conf, ssid, "ssid", "madrasa",
		 "the name that phones show, at most 32 bytes of UTF-8"),
	CONF_STR(
		struct wifi_conf, zone, "zone", "",
		"name of a [zone NAME]: who is there; where that one's device is not the radio, it "
		"is a bridge that the network becomes a port of"),
	CONF_WORD(struct wifi_conf, security, "security", "auto", wifi_security_words,
		  "wpa2 alone is for phones that do not find wpa2+wpa3; auto: wpa2+wpa3 with a "
		  "passphrase, open without one (never for staff)"),
	CONF_STR(struct wifi_conf, passphrase_file, "passphrase_file", "",
		 "file with the passphrase in its first line, 8 to 63 characters of ASCII, that "
		 "only "
		 "the daemon can read"),
	CONF_STR(struct wifi_conf, country, "country", "",
		 "two letters, whose rules of the air hold: TN, MA, DZ; empty: what is permitted "
		 "everywhere"),
	CONF_WORD(struct wifi_conf, band, "band", "auto", band_words,
		  "GHz; auto: 2.4, which every phone has, unless the radio has it not"),
	CONF_INT(
		struct wifi_conf, channel, "channel", "0", 0, 196,
		"0: chosen by the box from what it hears, and kept; never one that radar may take"),
	CONF_WORD(struct wifi_conf, width, "width", "auto", width_words,
		  "MHz; auto: 20 at 2.4 GHz, 40 at 5 GHz where the neighbouring channel is free"),
	CONF_STR(struct wifi_conf, still, "still", "06:00-20:00",
		 "hours in which the channel is never changed"),
	CONF_INT(struct wifi_conf, max_stations, "max_stations", "64", 1, 2007,
		 "how many machines may be in the network at once"),
	CONF_BOOL(struct wifi_conf, old_rates, "old_rates", "no",
		  "whether the slow rates of 802.11b are permitted, of which one machine holds up "
		  "forty others"),
	CONF_BOOL(struct wifi_conf, unicast, "unicast", "yes",
		  "whether what is for everybody is sent to each one, at the rate that each can"),
};

const struct wifi_conf *wifi_conf_radio(const struct wifi_conf *first, const struct wifi_conf *c)
{
	for (; first < c; first++)
		if (strcmp(first->device, c->device) == 0)
			return first;
	return c;
}

const struct zone_conf *wifi_conf_zone(const struct wifi_conf *c, const struct zones_conf *zones)
{
	for (size_t i = 0; i < zones->count; i++)
		if (strcmp(zones->zones[i].name, c->zone) == 0)
			return &zones->zones[i];
	return NULL;
}

enum wifi_security wifi_conf_security(const struct wifi_conf *c)
{
	if (c->security != WIFI_SECURITY_AUTO)
		return (enum wifi_security)c->security;
	return c->passphrase_file[0] ? WIFI_MIXED : WIFI_OPEN;
}

int wifi_conf_passphrase(const char *bytes, size_t len, char out[static WIFI_PASS_MAX + 1])
{
	const char *end = memchr(bytes, '\n', len);
	size_t n = end ? (size_t)(end - bytes) : len;
	if (n && bytes[n - 1] == '\r')
		n--;
	if (n < WIFI_PASS_MIN || n > WIFI_PASS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			return -EINVAL;
	memcpy(out, bytes, n);
	out[n] = '\0';
	return 0;
}

static bool good_ssid(const char *ssid)
{
	for (const char *c = ssid; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return ssid[0] && text_is_utf8(ssid, strlen(ssid));
}

static bool good_country(const char *c)
{
	return !c[0] ||
	       (strlen(c) == 2 && c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z');
}

static int check_itself(const struct wifi_conf *c, struct fault *why)
{
	int from, to;
	/* A network beside the first one of a radio is a device of its own, with two more letters. */
	if (!c->device[0] || !net_conf_good_device(c->device) ||
	    strlen(c->device) + 2 >= sizeof(c->device))
		return fault_set(why, -EINVAL, "wifi.device",
				 "[wifi %s] device '%s' is no name of a radio; write wlan0",
				 c->name, c->device);
	if (!good_ssid(c->ssid))
		return fault_set(why, -EINVAL, "wifi.ssid",
				 "[wifi %s] ssid: write 1 to 32 bytes of text: madrasa", c->name);
	if (!good_country(c->country))
		return fault_set(why, -EINVAL, "wifi.country",
				 "[wifi %s] country '%s': write two capital letters: TN, MA, DZ",
				 c->name, c->country);
	if (prefer_hours(c->still, strlen(c->still), &from, &to) < 0)
		return fault_set(why, -EINVAL, "wifi.still",
				 "[wifi %s] still '%s': write hours of the day: 06:00-20:00",
				 c->name, c->still);
	if (c->passphrase_file[0] && c->passphrase_file[0] != '/')
		return fault_set(
			why, -EINVAL, "wifi.passphrase",
			"[wifi %s] passphrase_file '%s': write the path of a file, from / on",
			c->name, c->passphrase_file);
	return 0;
}

static int check_zone(const struct wifi_conf *c, const struct zones_conf *zones, struct fault *why)
{
	const struct zone_conf *z = wifi_conf_zone(c, zones);
	const enum wifi_security security = wifi_conf_security(c);
	if (!z)
		return fault_set(why, -EINVAL, "wifi.zone",
				 "[wifi %s] zone '%s': write the name of a [zone NAME] section",
				 c->name, c->zone);
	if (security == WIFI_OPEN && z->kind != ZONE_CLASSROOM)
		return fault_set(why, -EINVAL, "wifi.open",
				 "[wifi %s] is open to everybody, and [zone %s] is no classroom; "
				 "write passphrase_file = /var/lib/wasl/conf/%s.pass",
				 c->name, z->name, c->name);
	if ((security == WIFI_OPEN) != !c->passphrase_file[0])
		return fault_set(why, -EINVAL, "wifi.passphrase",
				 "[wifi %s] security = %s %s passphrase_file", c->name,
				 wifi_security_words[security],
				 security == WIFI_OPEN ? "has no use for a" : "needs a");
	return 0;
}

static int check_radio(const struct wifi_conf *first, const struct wifi_conf *c, struct fault *why)
{
	const struct wifi_conf *radio = wifi_conf_radio(first, c);
	for (const struct wifi_conf *other = first; other < c; other++)
		if (strcmp(other->device, c->device) == 0 && strcmp(other->ssid, c->ssid) == 0)
			return fault_set(why, -EINVAL, "wifi.ssid",
					 "[wifi %s] and [wifi %s] have the same name on one radio; "
					 "phones could not tell them apart",
					 other->name, c->name);
	if ((c->country[0] && strcmp(c->country, radio->country) != 0) ||
	    (c->channel && c->channel != radio->channel) || (c->band && c->band != radio->band) ||
	    (c->width && c->width != radio->width))
		return fault_set(
			why, -EINVAL, "wifi.radio",
			"[wifi %s] is on the radio of [wifi %s]: country, band, channel and "
			"width stand there alone",
			c->name, radio->name);
	return 0;
}

int wifi_conf_check(const struct wifi_conf *first, const struct wifi_conf *c,
		    const struct zones_conf *zones, struct fault *why)
{
	int r = check_itself(c, why);
	if (r == 0)
		r = check_zone(c, zones, why);
	return r < 0 ? r : check_radio(first, c, why);
}
