// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/line/prefer.h"
#include "netmgr/wall/zone.h"
#include "netmgr/wifi/air_file.h"
#include "netmgr/wifi/air_priv.h"

enum {
	LOOK_MS = 10000,
	AWAY_MS = 5000,
	COUNTRY_MS = 5000, /* the kernel asks its database, or nobody answers */
	LISTEN_MS = 8000,  /* some forty channels */
	TELL_MS = 3600000,
};

static void say(const struct air *a, const char *kind, const char *subject, const char *reason)
{
	if (a->calls.said)
		a->calls.said(a->calls.data, kind, subject, reason);
}

/* --- what a radio lacks --- */

static void refuse(struct air_radio *r, const char *sentence)
{
	snprintf(r->reason, sizeof(r->reason), "%.*s", (int)sizeof(r->reason) - 1, sentence);
	if (!r->said)
		log_warn("event=wifi.radio device=%s text=\"%s\"", r->conf->device, r->reason);
	r->said = true;
}

static void leave_air(struct air_network *n)
{
	if (n->on_air)
		wifi_forget(n->book);
	n->on_air = false;
	n->judgement = WIFI_WELL;
}

static void go_away(struct air *a, struct air_radio *r, uint64_t now_ms, const char *sentence)
{
	r->state = AIR_AWAY;
	r->due_ms = now_ms + AWAY_MS;
	refuse(r, sentence);
	for (size_t i = 0; i < a->network_count; i++)
		if (a->networks[i].radio == r)
			leave_air(&a->networks[i]);
}

/* --- hostapd's file --- */

static int add_network(struct air_network *n, struct hostapd_spec *spec,
		       char pass[static WIFI_PASS_MAX + 1])
{
	struct fault why;
	const char *said = "";
	if (spec->count >= spec->phy->networks)
		said = "the radio cannot be one access point more";
	else if (air_file_passphrase(n->conf, pass, &why) < 0)
		said = why.text;
	if (said[0] && strncmp(said, n->reason, sizeof(n->reason) - 1) != 0)
		log_warn("event=wifi.network network=%s text=\"%.300s\"", n->conf->name, said);
	snprintf(n->reason, sizeof(n->reason), "%.*s", (int)sizeof(n->reason) - 1, said);
	if (said[0])
		return -EINVAL;
	spec->networks[spec->count++] = (struct hostapd_network){
		.conf = n->conf,
		.passphrase = pass,
		.bridge = strcmp(n->zone->device, n->conf->device) == 0 ? "" : n->zone->device,
		.isolate = zone_isolates(n->zone),
	};
	return 0;
}

static int put_text(struct air_radio *r, const struct hostapd_spec *spec, struct fault *why)
{
	char text[HOSTAPD_ROOM];
	int n = spec->count ? hostapd_text(spec, text) : 0;
	if (n < 0)
		n = fault_set(why, n, "wifi.text", "hostapd's configuration finds no room");
	else if (spec->count)
		n = air_file_put(r->conf->device, text, why);
	else
		n = air_file_remove(r->conf->device, why);
	explicit_bzero(text, sizeof(text));
	if (n > 0)
		log_info("event=wifi.set device=%s channel=%d width=%d networks=%zu",
			 r->conf->device, r->channel.number, r->channel.width, spec->count);
	return n;
}

static void keep_file(struct air *a, struct air_radio *r)
{
	struct hostapd_spec spec = { .phy = &r->phy, .radio = r->conf, .channel = r->channel };
	char pass[WIFI_MAX][WIFI_PASS_MAX + 1];
	struct fault why;
	for (size_t i = 0; i < a->network_count; i++) {
		struct air_network *n = &a->networks[i];
		if (n->radio != r || !n->conf->on)
			continue;
		const size_t nth = spec.count;
		n->device[0] = '\0';
		if (add_network(n, &spec, pass[nth]) == 0)
			hostapd_device(r->conf->device, nth, n->device);
	}
	const int n = put_text(r, &spec, &why);
	explicit_bzero(pass, sizeof(pass));
	if (n < 0)
		refuse(r, why.text);
	else
		r->reason[0] = '\0';
	r->said = n < 0;
}

/* --- a channel --- */

static void settle(struct air *a, struct air_radio *r, const struct channel *c, int64_t since_s)
{
	struct fault why;
	struct air_choice choice = { .channel = *c, .since_s = since_s };
	r->channel = *c;
	r->since_s = since_s;
	r->state = AIR_SET;
	r->due_ms = 0;
	memcpy(choice.device, r->conf->device, sizeof(choice.device));
	const struct air_choice *before = air_book_find(&a->chosen, choice.device);
	if (before && before->channel.mhz == c->mhz && before->channel.width == c->width &&
	    before->since_s == since_s)
		return;
	air_book_put(&a->chosen, &choice);
	if (air_file_save(&a->chosen, &why) < 0)
		log_fault(LOG_LEVEL_ERROR, "wifi.book", &why);
}

static void choose(struct air *a, struct air_radio *r, uint64_t now_ms, int64_t wall_s)
{
	struct phy_survey heard[PHY_CHANNELS];
	struct channel c;
	size_t count = 0;
	char number[16];
	if (radio_heard(a->kernel, &r->look, heard, &count) < 0)
		count = 0;
	const int n = channel_choose(&r->phy, r->conf, heard, count, &c);
	if (n < 0) {
		go_away(a, r, now_ms,
			n == -EACCES
				? "the channel that is configured is not permitted here, or radar "
				  "may take it; write channel = 0"
				: "there is no channel of this band that is permitted here");
		return;
	}
	const bool first = !r->channel.mhz;
	if (!first &&
	    (r->channel.mhz == c.mhz || !channel_is_better(&r->channel, &c, heard, count))) {
		r->state = AIR_SET;
		return;
	}
	settle(a, r, &c, wall_s);
	snprintf(number, sizeof(number), "%d", c.number);
	log_info("event=wifi.channel device=%s channel=%s heard=%zu", r->conf->device, number,
		 count);
	if (!first)
		say(a, "wifi.moved", r->conf->name, number);
}

static void hear(struct air *a, struct air_radio *r, uint64_t now_ms, int64_t wall_s)
{
	if (radio_listen(a->kernel, &r->look) < 0) {
		choose(a, r, now_ms, wall_s);
		return;
	}
	r->state = AIR_LISTENS;
	r->until_ms = now_ms + LISTEN_MS;
}

/* --- from a device that is there to an access point --- */

static void begin(struct air *a, struct air_radio *r, uint64_t now_ms, int64_t wall_s)
{
	const struct air_choice *c = air_book_find(&a->chosen, r->conf->device);
	if (radio_phy(a->kernel, &r->look, &r->phy) < 0 || !r->phy.networks) {
		go_away(a, r, now_ms, "the radio cannot be an access point");
		return;
	}
	r->channel = (struct channel){ 0 };
	if (c && channel_stands(&r->phy, r->conf, &c->channel))
		settle(a, r, &c->channel, c->since_s);
	else if (r->conf->channel)
		choose(a, r, now_ms, wall_s);
	else
		hear(a, r, now_ms, wall_s);
}

static bool country_holds(struct air *a, const struct air_radio *r)
{
	char now[3];
	return !r->conf->country[0] || radio_country(a->kernel, now) < 0 ||
	       strcmp(now, r->conf->country) == 0;
}

static void arrive(struct air *a, struct air_radio *r, uint64_t now_ms, int64_t wall_s)
{
	if (country_holds(a, r) || radio_set_country(a->kernel, r->conf->country) < 0) {
		begin(a, r, now_ms, wall_s);
		return;
	}
	r->state = AIR_COUNTRY;
	r->until_ms = now_ms + COUNTRY_MS;
}

/* --- counts --- */

/* A channel about as full as is just too much changes its word every minute: it is told once an hour. */
static void judge(struct air *a, struct air_network *n, uint64_t now_ms)
{
	n->judgement = wifi_judge(&n->book->count, (uint32_t)n->conf->max_stations);
	if ((n->judgement != WIFI_CROWDED && n->judgement != WIFI_FULL) || now_ms < n->tell_ms)
		return;
	n->tell_ms = now_ms + TELL_MS;
	log_info("event=wifi.strained network=%s is=%s", n->conf->name,
		 wifi_judgement_name(n->judgement));
	say(a, "wifi.strained", n->conf->name, wifi_judgement_name(n->judgement));
}

static void count(struct air *a, struct air_network *n, uint64_t now_ms)
{
	struct phy_look look;
	struct phy_survey survey;
	const bool was = n->on_air, is = n->device[0] &&
					 radio_look(a->kernel, n->device, &look) == 0 && look.ap &&
					 look.mhz && radio_stations(a->kernel, &look, n->book) == 0;
	if (is != was)
		log_info("event=wifi.air network=%s on=%d", n->conf->name, is);
	if (!is) {
		leave_air(n);
		return;
	}
	n->on_air = true;
	n->mhz = look.mhz;
	n->width = look.width;
	const int r = radio_survey(a->kernel, &look, &survey);
	wifi_end(n->book, r == 0 ? &survey : NULL);
	judge(a, n, now_ms);
}

static bool at_school(const struct air_radio *r, int minute)
{
	int from = 0, to = 0;
	/* While nobody knows the time it may be a lesson's. */
	return minute < 0 || prefer_hours(r->conf->still, strlen(r->conf->still), &from, &to) < 0 ||
	       prefer_within(from, to, minute);
}

static void look_at(struct air *a, struct air_radio *r, uint64_t now_ms, int minute, int64_t wall_s)
{
	bool crowded = false, on_air = false;
	const bool school = at_school(r, minute);
	keep_file(a, r);
	for (size_t i = 0; i < a->network_count; i++) {
		struct air_network *n = &a->networks[i];
		if (n->radio != r)
			continue;
		count(a, n, now_ms);
		on_air |= n->on_air;
		crowded |= n->on_air && n->judgement == WIFI_CROWDED;
	}
	if (on_air)
		channel_days_note(&r->days, school, crowded);
	if (!r->conf->channel && minute >= 0 &&
	    channel_days_due(&r->days, school, r->since_s, wall_s))
		hear(a, r, now_ms, wall_s);
}

static void tick(struct air *a, struct air_radio *r, uint64_t now_ms, int minute, int64_t wall_s)
{
	const int n = radio_look(a->kernel, r->conf->device, &r->look);
	r->due_ms = now_ms + LOOK_MS;
	if (n < 0) {
		go_away(a, r, now_ms,
			n == -ENODEV ? "there is no such device" : "the device is no radio");
		return;
	}
	switch (r->state) {
	case AIR_AWAY:
		arrive(a, r, now_ms, wall_s);
		break;
	case AIR_COUNTRY:
		if (now_ms >= r->until_ms || country_holds(a, r))
			begin(a, r, now_ms, wall_s);
		break;
	case AIR_LISTENS:
		if (now_ms >= r->until_ms)
			choose(a, r, now_ms, wall_s);
		break;
	case AIR_SET:
		look_at(a, r, now_ms, minute, wall_s);
		break;
	}
	if (r->state == AIR_COUNTRY || r->state == AIR_LISTENS)
		r->due_ms = 0;
}

void air_tick(struct air *a, uint64_t now_ms, int minute, int64_t wall_s)
{
	for (size_t i = 0; i < a->radio_count; i++)
		if (now_ms >= a->radios[i].due_ms)
			tick(a, &a->radios[i], now_ms, minute, minute < 0 ? 0 : wall_s);
}

/* --- start and end --- */

static struct air_radio *radio_of(struct air *a, const struct wifi_conf *c)
{
	const struct wifi_conf *speaks = wifi_conf_radio(a->conf->wifis, c);
	for (size_t i = 0; i < a->radio_count; i++)
		if (a->radios[i].conf == speaks)
			return &a->radios[i];
	struct air_radio *r = &a->radios[a->radio_count++];
	r->conf = speaks;
	return r;
}

void air_free(struct air *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->network_count; i++)
		free(a->networks[i].book);
	radio_close(a->kernel);
	free(a);
}

CLEAN_FN(air, struct air, air_free)

int air_new(const struct net_conf *conf, const struct air_calls *calls, struct air **out,
	    struct fault *why)
{
	CLEANUP(clean_air) struct air *a = calloc(1, sizeof(*a));
	if (!a)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	a->conf = conf;
	a->calls = *calls;
	air_file_sweep(conf->wifis, conf->wifi_count);
	if (conf->wifi_count) {
		int r = radio_open(&a->kernel, why);
		if (r < 0)
			return r;
		air_file_load(&a->chosen);
	}
	for (size_t i = 0; i < conf->wifi_count; i++) {
		struct air_network *n = &a->networks[a->network_count];
		n->book = calloc(1, sizeof(*n->book));
		if (!n->book)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		a->network_count++;
		wifi_forget(n->book);
		n->conf = &conf->wifis[i];
		n->zone = wifi_conf_zone(n->conf, &conf->zones);
		n->radio = radio_of(a, n->conf);
	}
	*out = MOVE_PTR(a);
	return 0;
}
