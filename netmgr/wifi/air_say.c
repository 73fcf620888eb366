// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>

#include "firmware/base/clean.h"
#include "firmware/base/sheet.h"
#include "netmgr/wall/zone.h"
#include "netmgr/wifi/air_priv.h"

static const char *judgement(const struct air_network *n)
{
	return n->on_air ? wifi_judgement_name(n->judgement) : n->conf->on ? "silent" : "off";
}

static const char *reason(const struct air_network *n)
{
	return n->radio->reason[0] ? n->radio->reason : n->reason;
}

/* A share of a thousand, or nothing where nobody told it. */
static json_t *share(int value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *network_json(const struct air_network *n)
{
	const struct wifi_count *c = &n->book->count;
	json_t *j =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:i, s:i, s:I, s:I, s:I, s:I, "
			  "s:I, s:I, s:I}",
			  "name", n->conf->name, "device", n->conf->device, "ssid", n->conf->ssid,
			  "kind", zone_kind_words[n->zone->kind], "security",
			  wifi_security_words[wifi_conf_security(n->conf)], "on_air", n->on_air,
			  "judgement", judgement(n), "reason", reason(n), "channel",
			  n->on_air ? (int)phy_number(n->mhz) : 0, "width",
			  n->on_air ? (int)n->width : 0, "stations",
			  (json_int_t)(n->on_air ? c->stations : 0), "weak",
			  (json_int_t)(n->on_air ? c->weak : 0), "rx_bytes",
			  (json_int_t)c->sums.rx_bytes, "tx_bytes", (json_int_t)c->sums.tx_bytes,
			  "tx_packets", (json_int_t)c->sums.tx_packets, "tx_retries",
			  (json_int_t)c->sums.tx_retries, "tx_failed",
			  (json_int_t)c->sums.tx_failed);
	json_object_set_new(j, "retries", share(c->retries));
	json_object_set_new(j, "busy", share(c->busy));
	json_object_set_new(j, "others", share(c->others));
	json_object_set_new(j, "airtime_ms",
			    c->airtime_known ? json_integer((json_int_t)(c->sums.airtime_us / 1000))
					     : json_null());
	return j;
}

json_t *air_json(const struct air *a)
{
	json_t *list = json_array();
	for (size_t i = 0; i < a->network_count; i++)
		json_array_append_new(list, network_json(&a->networks[i]));
	return json_pack("{s:o}", "networks", list);
}

/* --- Prometheus --- */

enum figure { ON_AIR, STATIONS, WEAK, BUSY, OTHERS, RX, TX, PACKETS, RETRIES, FAILED, AIRTIME };

/* -1: not known, and not told. */
static int64_t figure_of(const struct air_network *n, enum figure f)
{
	const struct wifi_count *c = &n->book->count;
	switch (f) {
	case ON_AIR:
		return n->on_air;
	case STATIONS:
		return n->on_air ? (int64_t)c->stations : 0;
	case WEAK:
		return n->on_air ? (int64_t)c->weak : 0;
	case BUSY:
		return c->busy;
	case OTHERS:
		return c->others;
	case RX:
		return (int64_t)c->sums.rx_bytes;
	case TX:
		return (int64_t)c->sums.tx_bytes;
	case PACKETS:
		return (int64_t)c->sums.tx_packets;
	case RETRIES:
		return (int64_t)c->sums.tx_retries;
	case FAILED:
		return (int64_t)c->sums.tx_failed;
	case AIRTIME:
		return c->airtime_known ? (int64_t)(c->sums.airtime_us / 1000) : -1;
	}
	return -1;
}

int air_metrics(const struct air *a, char out[static AIR_METRICS_ROOM])
{
	static const struct {
		enum figure figure;
		const char *name, *type, *help;
	} rows[] = {
		{ ON_AIR, "on_air", "gauge", "whether the network is there" },
		{ STATIONS, "stations", "gauge", "machines in the network" },
		{ WEAK, "weak_stations", "gauge", "of them, with a weak signal" },
		{ BUSY, "busy_permille", "gauge", "of the time in which the channel was taken" },
		{ OTHERS, "others_permille", "gauge", "of it, not by the radio itself" },
		{ RX, "rx_bytes_total", "counter", "bytes from the machines" },
		{ TX, "tx_bytes_total", "counter", "bytes to the machines" },
		{ PACKETS, "tx_packets_total", "counter", "packets to the machines" },
		{ RETRIES, "tx_retries_total", "counter", "sent once more" },
		{ FAILED, "tx_failed_total", "counter", "given up" },
		{ AIRTIME, "airtime_ms_total", "counter", "time on the air, both ways" },
	};
	struct sheet s = { .at = out, .room = AIR_METRICS_ROOM };
	out[0] = '\0';
	for (size_t r = 0; r < ARRAY_LEN(rows) && a->network_count; r++) {
		sheet_add(&s, "# HELP wasl_wifi_%s %s\n# TYPE wasl_wifi_%s %s\n", rows[r].name,
			  rows[r].help, rows[r].name, rows[r].type);
		for (size_t i = 0; i < a->network_count; i++) {
			const int64_t value = figure_of(&a->networks[i], rows[r].figure);
			if (value >= 0)
				sheet_add(&s, "wasl_wifi_%s{network=\"%s\"} %" PRId64 "\n",
					  rows[r].name, a->networks[i].conf->name, value);
		}
	}
	return sheet_end(&s);
}
