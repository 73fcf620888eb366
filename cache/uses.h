// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Counting use without knowing anybody: which devices were here today, as hashes under a salt of the day that is
 * never written anywhere. Lives in memory that workers share, so that a device is counted once whichever worker it meets;
 * the caller serialises calls (one short lock). Pure: time, salt and device come from the caller. Plain values throughout: a
 * worker that is killed in a call leaves at most one wrong count.
 *
 *	visit		a device with a lesson, until half an hour without a request for it
 *	start		first media segment delivered in a visit
 *	watched		durations of media segments delivered on a video rung. A video player also fetches the audio rung:
 *			audio counts only in a visit that asked for no video within two minutes, and the first audio segment
 *			only once a second one has come without video (or when it is the only one), because players ask
 *			for both at the same time
 *	completion	last segment delivered in a visit that was delivered at least half as many segments as there are
 *	device		distinct devices per day, lesson and rung, among deliveries that count as above
 */
struct uses;

/* Reading a document of a lesson is a visit of its own: it is neither watching nor listening. Its only segment is its last. */
#define USES_FILE_RUNG "file"

enum { USES_SALT_BYTES = 16, USES_MIN_BYTES = 65536 };

/* Takes over `bytes` (>= USES_MIN_BYTES) of 8-aligned memory; what an earlier worker left there is kept. */
struct uses *uses_at(void *memory, size_t bytes);
/* True when `day` (days since 1970) is another than the table's: call uses_new_day() with fresh random bytes. */
bool uses_needs_salt(const struct uses *u, int32_t day);
void uses_new_day(struct uses *u, int32_t day, const uint8_t salt[static USES_SALT_BYTES]);

/* A device by its address and user agent; two of them behind one address and agent are one. */
uint64_t uses_device(const struct uses *u, const void *address, size_t address_len,
		     const void *agent, size_t agent_len);

struct uses_event {
	uint64_t device;
	uint32_t minute;           /* since any fixed moment; grows */
	const char *lesson, *rung; /* rung "audio" (or beginning so): sound only */
	uint32_t segment, segment_count;
	uint32_t duration_ms;
};

struct uses_gain {
	uint32_t starts, completions, new_devices;
	uint64_t watched_ms;
};

/* A media segment was asked for. */
void uses_asked(struct uses *u, const struct uses_event *e);
/* A media segment was delivered in full: what that adds to the counts of (lesson, rung). */
struct uses_gain uses_delivered(struct uses *u, const struct uses_event *e);
