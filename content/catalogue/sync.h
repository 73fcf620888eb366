// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/catalogue/catalogue.h"
#include "content/fetch/origin.h"
#include "content/report.h"

struct fault;
struct http;
struct sd_event;

/*
 * Looks for newer roots and a newer catalogue at the origin: at every interval, and when asked. Roots first, one number
 * after the other, because they say who may sign the catalogue. What is refused is told once, not at every look.
 */
struct sync;

struct sync_calls {
	void (*taken)(
		void *data); /* another catalogue is in force; called after the request has ended */
	/* A look has ended: 0, or why nothing could be learnt. */
	void (*looked)(void *data, int code, const struct fault *why);
	void *data;
};

int sync_new(struct sd_event *loop, struct http *http, struct origin *origin,
	     struct catalogue *catalogue, unsigned interval_s, const struct sync_calls *calls,
	     const struct report *report, struct sync **out, struct fault *why);
void sync_free(struct sync *s); /* NULL is fine */
/* Seconds between two looks from now on. */
void sync_interval(struct sync *s, unsigned interval_s);
/* Looks now, whatever was waited for. A look under way counts. */
void sync_now(struct sync *s);
