// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/portal/site.h"

struct http;
struct sd_event;

/*
 * What wasl-netmgrd says of the lines, for the portal's status. Asked gently and without waiting; when it does not answer the
 * portal says that it does not know.
 */
#define UPLINKS_MOST 8u

struct uplinks_view {
	enum site_internet internet;
	int64_t since_s; /* Unix time of the change; 0 not known */
	char layer[16];  /* where it fails; "" */
	struct uplinks_one {
		char name[32], state[16], grade[16], reason[16];
		bool preferred, metered;
		bool syncs; /* lessons that nobody waits for take it */
		bool sync_held; /* its quota is nearly used up: the rest is for who waits, and receipts */
		bool sync_never;    /* it is not for them now, by a setting */
		uint32_t down_kbps; /* what last came in while the line was busy; 0 not known */
		uint64_t used_bytes, quota_bytes; /* of this quota period; quota 0: none */
		int quota_day;                    /* 0 not known */
	} lines[UPLINKS_MOST];
	size_t count;
};

/* Reads the answer to GET /v1/uplinks: -EBADMSG for anything else. `now_s` is the wall clock. Pure. */
int uplinks_parse(const char *json, size_t len, int64_t now_s, struct uplinks_view *out);
/* Whether a person would see a difference. */
bool uplinks_differ(const struct uplinks_view *a, const struct uplinks_view *b);

/* Of the preferred line, or of the one that is up; 0: not known. */
uint32_t uplinks_down_kbps(const struct uplinks_view *v);

/* The line that lessons take: the one for those that nobody waits for, else the preferred one, else one that is up, else the one named `last`, else one that costs money; NULL: none. */
const struct uplinks_one *uplinks_line(const struct uplinks_view *v, const char *last);

struct uplinks;
int uplinks_new(struct sd_event *loop, struct http *http, void (*changed)(void *data), void *data,
		struct uplinks **out, struct fault *why);
void uplinks_free(struct uplinks *u); /* NULL is fine */
const struct uplinks_view *uplinks_now(const struct uplinks *u);
/* What it said last, even if it does not answer now; no line: it never did. */
const struct uplinks_view *uplinks_heard(const struct uplinks *u);
bool uplinks_asked(const struct uplinks *u); /* it has answered, or failed to, since the start */
