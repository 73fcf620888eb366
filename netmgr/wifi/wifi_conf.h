// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/conf.h"

struct fault;
struct zone_conf;
struct zones_conf;

/*
 * Section [wifi NAME]: one wireless network of the school on one radio of the box. Several with the same device are
 * networks of one radio: they share its channel, which the first of them says. Who is in a network, where its packets go
 * and whether its machines are kept from each other is its zone's.
 */
enum { WIFI_MAX = 8, WIFI_PASS_MIN = 8, WIFI_PASS_MAX = 63 };

enum wifi_security {
	WIFI_SECURITY_AUTO, /* with a passphrase: mixed; without: open */
	WIFI_OPEN,
	WIFI_WPA2,
	WIFI_MIXED, /* WPA2 and WPA3 by turns, as each phone can */
	WIFI_WPA3
};
enum wifi_band { WIFI_BAND_AUTO, WIFI_BAND_2, WIFI_BAND_5 };
enum wifi_width { WIFI_WIDTH_AUTO, WIFI_WIDTH_20, WIFI_WIDTH_40, WIFI_WIDTH_80 };

struct wifi_conf {
	char name[32];
	bool on;
	char device[16];
	char ssid[33];
	char zone[32];
	int security; /* enum wifi_security */
	char passphrase_file[128];
	char country[8]; /* "TN"; "": of no country in particular */
	int band;        /* enum wifi_band */
	int64_t channel; /* 0: chosen by the box */
	int width;       /* enum wifi_width */
	char still[16];  /* "06:00-20:00" */
	int64_t max_stations;
	bool old_rates, unicast;
};

#define WIFI_CONF_KEYS 14u
extern const struct conf_key wifi_conf_keys[WIFI_CONF_KEYS];
extern const char *const wifi_security_words[];

#define WIFI_CONF_SECTION(type, field, count_field)                                             \
	{                                                                                       \
		.name = "wifi", .keys = wifi_conf_keys, .key_count = WIFI_CONF_KEYS,            \
		.at = offsetof(type, field), .each = sizeof(struct wifi_conf), .max = WIFI_MAX, \
		.count_at = offsetof(type, count_field),                                        \
		.help = "A wireless network of the school; several may be on one radio."        \
	}

/* What the table cannot say, of one section and those before it. 0 or -EINVAL. */
int wifi_conf_check(const struct wifi_conf *first, const struct wifi_conf *c,
		    const struct zones_conf *zones, struct fault *why);

/* The section that speaks for the radio of `c`: the first one with its device. */
const struct wifi_conf *wifi_conf_radio(const struct wifi_conf *first, const struct wifi_conf *c);

/* NULL: there is none of that name. */
const struct zone_conf *wifi_conf_zone(const struct wifi_conf *c, const struct zones_conf *zones);

enum wifi_security wifi_conf_security(const struct wifi_conf *c); /* never WIFI_SECURITY_AUTO */

/*
 * The passphrase in a file's bytes: its first line. 0, or -EINVAL where it is none (8 to 63 characters of ASCII); what
 * stands there is in no message.
 */
int wifi_conf_passphrase(const char *bytes, size_t len, char out[static WIFI_PASS_MAX + 1]);
