// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/wifi_view.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

static const struct {
	const char *word, *id;
	enum view_state state;
} judgements[] = {
	{ "well", "net.wifi.well", VIEW_GOOD },
	{ "crowded", "net.wifi.crowded", VIEW_MODERATE },
	{ "full", "net.wifi.full", VIEW_MODERATE },
	{ "far", "net.wifi.far", VIEW_MODERATE },
	{ "silent", "net.wifi.silent", VIEW_NO },
	{ "off", "net.wifi.off", VIEW_NEVER },
};

static void show_network(const json_t *network, const struct view *v, FILE *to)
{
	char ssid[80], n[24], channel[24], reason[240];
	const char *word = view_text(network, "judgement"), *judgement = "";
	const bool on_air = json_is_true(json_object_get(network, "on_air"));
	enum view_state state = VIEW_UNKNOWN;
	for (size_t i = 0; i < ARRAY_LEN(judgements); i++)
		if (strcmp(judgements[i].word, word) == 0) {
			judgement = strings_get(v->lang, judgements[i].id);
			state = judgements[i].state;
		}
	view_foreign(view_text(network, "ssid"), ssid, sizeof(ssid));
	view_foreign(view_text(network, "reason"), reason, sizeof(reason));
	snprintf(n, sizeof(n), "%" PRId64, view_int(network, "stations", 0));
	snprintf(channel, sizeof(channel), "%" PRId64, view_int(network, "channel", 0));
	AUTO_FREE char *text =
		view_fill(v, on_air ? "net.wifi.row" : "net.wifi.row.silent", "name", ssid, "n", n,
			  "channel", channel, "judgement", judgement, NULL);
	view_row(v, state, text ? text : "", to);
	if (!reason[0])
		return;
	AUTO_FREE char *why = view_fill(v, "net.wifi.reason", "reason", reason, NULL);
	fprintf(to, "    %s\n", why ? why : "");
}

/* "12 %" of thousandths, or that nobody tells it. */
static void percent(const json_t *network, const char *key, const struct view *v, char *out,
		    size_t room)
{
	const int64_t value = view_int(network, key, -1);
	char tenths[24];
	if (value < 0) {
		snprintf(out, room, "%s", strings_get(v->lang, "net.wifi.unknown"));
		return;
	}
	view_tenths(v, (uint64_t)value, tenths, sizeof(tenths));
	snprintf(out, room, "%s %%", tenths);
}

static void show_traffic(const json_t *network, const struct view *v, FILE *to)
{
	char rx[40], tx[40], again[40], busy[40], others[40], weak[24];
	view_size(v, (uint64_t)view_int(network, "rx_bytes", 0), rx, sizeof(rx));
	view_size(v, (uint64_t)view_int(network, "tx_bytes", 0), tx, sizeof(tx));
	percent(network, "retries", v, again, sizeof(again));
	percent(network, "busy", v, busy, sizeof(busy));
	percent(network, "others", v, others, sizeof(others));
	snprintf(weak, sizeof(weak), "%" PRId64, view_int(network, "weak", 0));
	AUTO_FREE char *bytes = view_fill(v, "net.wifi.bytes", "rx", rx, "tx", tx, "again", again,
					  "weak", weak, NULL);
	AUTO_FREE char *air = view_fill(v, "net.wifi.air", "busy", busy, "others", others, NULL);
	fprintf(to, "    %s\n    %s\n", bytes ? bytes : "", air ? air : "");
}

void wifi_view(const json_t *answer, const struct view *v, FILE *to)
{
	const json_t *list = json_object_get(answer, "networks");
	size_t i;
	json_t *network;
	if (json_array_size(list) > 0)
		view_section(v, strings_get(v->lang, "net.wifi"), to);
	json_array_foreach (list, i, network)
		show_network(network, v, to);
}

void wifi_view_all(const json_t *answer, const struct view *v, FILE *to)
{
	const json_t *list = json_object_get(answer, "networks");
	size_t i;
	json_t *network;
	view_title(v, strings_get(v->lang, "net.wifi"), to);
	if (json_array_size(list) == 0)
		view_row(v, VIEW_UNKNOWN, strings_get(v->lang, "net.wifi.none"), to);
	json_array_foreach (list, i, network) {
		show_network(network, v, to);
		if (json_is_true(json_object_get(network, "on_air")))
			show_traffic(network, v, to);
	}
}
