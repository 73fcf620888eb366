// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/rest.h"

#include <stdlib.h>
#include <string.h>

#define COOLER_C 8     /* than the limit, before it goes on */
#define LEAST_MS 5000u /* once begun */
#define LATE_MOST_MS \
	30000u /* then it goes on for twenty looks at least: a box that is always late makes lessons, too */
#define PUPILS_MS 2000u /* the next one who waits may come at once */
#define ROOMY(bytes) ((bytes) + (bytes) / 4)

const char *rest_name(enum rest_reason reason)
{
	switch (reason) {
	case REST_NOT:
		return "";
	case REST_PUPILS:
		return "pupils";
	case REST_LATE:
		return "late";
	case REST_HOT:
		return "hot";
	case REST_BATTERY:
		return "battery";
	}
	return "";
}

static int compare(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	return x < y ? -1 : x > y;
}

/* The second latest of the last looks; fewer say nothing yet. */
static unsigned lateness(const struct rest *r)
{
	unsigned sorted[REST_LOOKS];
	const size_t count = r->looks < REST_LOOKS ? r->looks : REST_LOOKS;
	if (count < REST_LOOKS)
		return 0;
	memcpy(sorted, r->late_ms, sizeof(sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	return sorted[count - 2];
}

/* At a limit, what rests because of it goes on resting until it is well below. */
static bool is_hot(const struct rest *r, const struct rest_limits *l, int warm_c)
{
	const int limit = r->reason == REST_HOT ? l->hot_c - COOLER_C : l->hot_c;
	return l->hot_c && warm_c != REST_UNKNOWN_C && warm_c >= limit;
}

static bool is_late(const struct rest *r, const struct rest_limits *l)
{
	return l->late_ms && lateness(r) >= (r->reason == REST_LATE ? l->late_ms / 2 : l->late_ms);
}

static enum rest_reason reason_of(const struct rest *r, const struct rest_limits *l,
				  const struct rest_seen *seen)
{
	if (seen->power == REST_ON_BATTERY)
		return REST_BATTERY;
	if (is_hot(r, l, seen->warm_c))
		return REST_HOT;
	if (is_late(r, l))
		return REST_LATE;
	if (r->pupils_ms && seen->now_ms - r->pupils_ms < PUPILS_MS)
		return REST_PUPILS;
	return REST_NOT;
}

struct rest_verdict rest_look(struct rest *r, const struct rest_limits *limits,
			      const struct rest_seen *seen)
{
	r->late_ms[r->looks++ % REST_LOOKS] = seen->late_ms;
	if (seen->pupils_wait)
		r->pupils_ms = seen->now_ms;
	if (r->reason == REST_LATE && seen->now_ms - r->since_ms >= LATE_MOST_MS)
		r->looks = 0;
	const enum rest_reason reason = reason_of(r, limits, seen);
	const bool brief = r->reason == REST_NOT || r->reason == REST_PUPILS;
	if (reason != r->reason &&
	    (brief || reason != REST_NOT || seen->now_ms - r->since_ms >= LEAST_MS)) {
		r->reason = reason;
		r->since_ms = seen->now_ms;
	}
	/* Where the room ends, what is extra neither begins nor ends with every segment. */
	const uint64_t reserve = limits->reserve_bytes;
	if (seen->wanted || !r->wanted_ms)
		r->wanted_ms = seen->now_ms;
	const bool quiet = limits->quiet_ms && seen->now_ms - r->wanted_ms >= limits->quiet_ms;
	r->roomy = seen->room_bytes >= (r->roomy ? reserve : ROOMY(reserve));
	const bool roomy = r->reason == REST_NOT && r->roomy;
	return (struct rest_verdict){ r->reason, roomy, roomy && quiet };
}
