// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hub-seed DIR SOCKET COUNT: enrols a made-up box at each of the first COUNT schools of a running hub and sends weeks of plausible
 * reports, as real envelopes through its socket. For pictures of the pages and for load; never for a hub in use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "provisioning/hub/frames.h"
#include "tests/hub/fakehub.h"
#include "tests/hub/hubcall.h"

enum { DAYS = 45, ROWS_MAX = DAYS * 24 * 2, USES_MAX = DAYS * 6 };

enum manner { FAST, SLOW, UNSTEADY, UNMEASURED, OFFLINE, DARK, SILENT, ABSENT, MANNERS };

static const enum manner manners[] = { FAST, SLOW,       FAST, UNSTEADY, FAST,   OFFLINE, FAST,
				       DARK, UNMEASURED, FAST, SILENT,   ABSENT, UNSTEADY };

static uint64_t state = 1;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static void stop(const char *what)
{
	fprintf(stderr, "hub-seed: %s\n", what);
	exit(1);
}

struct codes {
	char (*at)[32];
	size_t count, room;
};

static int take_code(void *data, const struct school *school, const struct school_status *status)
{
	struct codes *c = data;
	(void)status;
	if (c->count < c->room)
		memcpy(c->at[c->count++], school->code, 32);
	return 0;
}

/* One hour of one uplink, by the school's manner; `back` counts hours from now. */
static void an_hour(wasl_UplinkHour *r, enum manner manner, int spare, unsigned hour, unsigned back)
{
	uint32_t down = 0, dark = 0, unknown = 0;
	int night = hour < 5 || hour > 18;
	if (manner == DARK)
		dark = back < 30      ? (hour % 4 == 1 ? 600 : 3600)
		       : night        ? 3600
		       : draw(6) == 0 ? draw(3600)
				      : 0;
	else if (night && draw(3) == 0)
		dark = draw(40) == 0 ? 3600 : 0;
	if (manner == OFFLINE && back < 40)
		down = 3600;
	else if (manner == UNSTEADY)
		down = draw(4) == 0 ? 300 + draw(2400) : draw(200);
	else if (draw(spare ? 12 : 40) == 0)
		down = draw(spare ? 2400 : 900);
	if (draw(220) == 0)
		unknown = draw(3600);
	dark = dark > 3600 ? 3600 : dark;
	down = down > 3600 - dark ? 3600 - dark : down;
	unknown = unknown > 3600 - dark - down ? 3600 - dark - down : unknown;
	r->unpowered_s = dark;
	r->down_s = down;
	r->unknown_s = unknown;
	r->up_s = 3600 - dark - down - unknown;
	if (r->up_s == 0)
		return;
	r->rx_bytes = (uint64_t)r->up_s * (2000 + draw(30000));
	r->tx_bytes = r->rx_bytes / 9;
	r->rtt_us = spare ? 60000 + draw(50000) : 18000 + draw(30000);
	if (manner == UNMEASURED)
		return;
	r->down_kbps = manner == SLOW || spare ? 1400 + draw(2600) : 6200 + draw(14000);
	r->up_kbps = r->down_kbps / 8;
	r->samples = 3 + draw(40);
}

static size_t hours_of(wasl_UplinkHour *rows, enum manner manner, int64_t now_s, int two)
{
	size_t n = 0;
	int64_t last = now_s / 3600 - (manner == SILENT ? 24 * 5 : 0);
	for (int64_t h = last - DAYS * 24 + 25; h < last; h++) {
		if (draw(900) == 0)
			h += draw(60); /* a gap: nothing is known of these */
		for (int u = 0; u <= two && h < last; u++) {
			wasl_UplinkHour *r = &rows[n++];
			*r = (wasl_UplinkHour)wasl_UplinkHour_init_zero;
			r->day = (int32_t)(h / 24);
			r->hour = (uint32_t)(h % 24);
			r->kind = u ? 3 : 2;
			snprintf(r->uplink, sizeof(r->uplink), "%s", u ? "4g" : "adsl");
			an_hour(r, manner, u, r->hour, (unsigned)(last - h));
		}
	}
	return n;
}

static size_t uses_of(wasl_LessonUse *rows, enum manner manner, int64_t now_s)
{
	static const char *const lessons[] = { "fractions", "photosynthesis", "la-phrase-simple" };
	static const char *const rungs[] = { "240p", "360p", "audio" };
	size_t n = 0;
	int32_t last = clock_day(now_s) - (manner == SILENT ? 5 : 0);
	for (int32_t day = last - DAYS + 3; day <= last; day++) {
		if ((day + 4) % 7 == 0)
			continue;
		for (size_t l = 0; l < 2; l++) {
			wasl_LessonUse *u = &rows[n++];
			*u = (wasl_LessonUse)wasl_LessonUse_init_zero;
			u->day = day;
			snprintf(u->lesson, sizeof(u->lesson), "%s",
				 lessons[(day + (int32_t)l) % 3]);
			snprintf(u->rung, sizeof(u->rung), "%s", rungs[draw(3)]);
			u->starts = 4 + draw(40);
			u->completions = u->starts * (50 + draw(40)) / 100;
			u->watched_s = (uint64_t)u->starts * (60 + draw(40));
			u->sent_bytes = u->watched_s * 40000;
			u->devices = 5 + draw(30);
		}
	}
	return n;
}

static void report(struct fakehub *hub, const char *socket, const char *code, enum manner manner,
		   int64_t now_s)
{
	struct fakebox box;
	AUTO_FREE wasl_UplinkHour *hours = calloc(ROWS_MAX, sizeof(*hours));
	AUTO_FREE wasl_LessonUse *uses = calloc(USES_MAX, sizeof(*uses));
	AUTO_FREE void *sealed = NULL;
	AUTO_FREE void *body = NULL;
	size_t len = 0, body_len = 0;
	wasl_Event event = wasl_Event_init_zero;
	wasl_Report r = wasl_Report_init_zero;
	if (!hours || !uses)
		stop("out of memory");
	fakehub_enrol(hub, code, FAKEHUB_CLAIMED, &box);
	r.uplink_hours = hours;
	r.uplink_hours_count = (pb_size_t)hours_of(hours, manner, now_s, (int)draw(2));
	r.lesson_use = uses;
	r.lesson_use_count = (pb_size_t)uses_of(uses, manner, now_s);
	event.unix_s = now_s - 40 * 3600;
	event.number = 1;
	snprintf(event.kind, sizeof(event.kind), "uplink.down");
	snprintf(event.subject, sizeof(event.subject), "adsl");
	snprintf(event.reason, sizeof(event.reason), "%s", draw(2) ? "isp" : "cable");
	r.events = &event;
	r.events_count = manner == OFFLINE || manner == UNSTEADY;
	r.has_health = true;
	r.health.unix_s = now_s;
	r.health.disk_free_bytes = 18000000000u + draw(1000000000);
	r.health.disk_read_s = now_s - 3 * 86400;
	r.health.disk_bad = 3;
	r.health.disk_unreadable = 1;
	r.health.disk_wear = 8;
	r.health.lessons_ready = r.health.lessons_total = 3;
	snprintf(r.health.image_version, sizeof(r.health.image_version), "0.1.0");
	snprintf(r.health.board, sizeof(r.health.board), "generic-x86_64");
	fakebox_seal(&box, &r, clock_day(now_s) - 2 * DAYS, clock_day(now_s), &sealed, &len);
	CLEANUP(hubcall_done) struct hubcall_reply reply = { 0 };
	if (frames_append(&body, &body_len, sealed, (uint32_t)len))
		stop("out of memory");
	hubcall(socket, "/v1/envelopes", NULL, body, body_len, &reply);
	if (reply.status != 200)
		stop(reply.body);
}

int main(int argc, char **argv)
{
	struct fakehub hub = { 0 };
	struct fault why = { 0 };
	if (argc != 4)
		stop("usage: hub-seed DIR SOCKET COUNT");
	if (hub_open(argv[1], NULL, &hub_default_rules, &hub.hub, &why))
		stop(why.text);
	size_t count = strtoul(argv[3], NULL, 10);
	AUTO_FREE char(*at)[32] = calloc(count + 1, 32);
	struct codes codes = { at, 0, count };
	if (!at || store_schools_each(hub.hub.store, take_code, &codes, &why))
		stop(why.text);
	int64_t now_s = clock_wall_s();
	for (size_t i = 0; i < codes.count; i++) {
		state = i + 1;
		enum manner manner = manners[i % ARRAY_LEN(manners)];
		if (manner != ABSENT)
			report(&hub, argv[2], codes.at[i], manner, now_s);
	}
	printf("hub-seed: %zu schools\n", codes.count);
	hub_close(&hub.hub);
	return 0;
}
