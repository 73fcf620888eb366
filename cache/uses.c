// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/uses.h"

#include <sodium.h>
#include <string.h>

enum {
	VISIT_MIN = 30,
	VIDEO_MIN = 2,
	RUNGS = 32,
	RUNG_LEN = 24,
	PROBES = 8,
};
#define USES_MAGIC 0x5345535557415357ull /* changes with the layout: an older one is begun anew */

enum slot_flag { COMPLETED = 1, OWED = 2 };

struct slot {         /* one device with one lesson, today */
	uint64_t who; /* 0: free */
	uint32_t seen,
		video;      /* minute + 1 of the last request, of the last one for video; 0 never */
	uint32_t delivered; /* media segments in this visit */
	uint32_t rungs;     /* bits of the rungs on which this device was counted today */
	uint32_t owed_ms;   /* of a first audio segment that is not counted yet */
	uint32_t flags;
};

struct uses {
	uint64_t magic;
	int32_t day;
	uint32_t rung_count;
	uint64_t slot_count; /* power of two */
	uint8_t salt[USES_SALT_BYTES];
	char rungs[RUNGS][RUNG_LEN];
	struct slot slots[];
};

_Static_assert(sizeof(struct slot) == 32, "a slot fits half a cache line");
_Static_assert(USES_SALT_BYTES == crypto_shorthash_KEYBYTES, "the salt is the key of the hash");

struct uses *uses_at(void *memory, size_t bytes)
{
	struct uses *u = memory;
	uint64_t count = 1;
	while (sizeof(*u) + count * 2 * sizeof(struct slot) <= bytes)
		count *= 2;
	if (u->magic == USES_MAGIC && u->slot_count == count)
		return u;
	memset(u, 0, sizeof(*u) + count * sizeof(struct slot));
	u->magic = USES_MAGIC;
	u->slot_count = count;
	u->day = INT32_MIN;
	return u;
}

bool uses_needs_salt(const struct uses *u, int32_t day)
{
	return u->day != day;
}

void uses_new_day(struct uses *u, int32_t day, const uint8_t salt[static USES_SALT_BYTES])
{
	memset(u->slots, 0, u->slot_count * sizeof(struct slot));
	memset(u->rungs, 0, sizeof(u->rungs));
	u->rung_count = 0;
	memcpy(u->salt, salt, USES_SALT_BYTES);
	u->day = day;
}

static uint64_t hash(const struct uses *u, const void *bytes, size_t len)
{
	uint64_t h;
	crypto_shorthash((unsigned char *)&h, bytes, len, u->salt);
	return h;
}

uint64_t uses_device(const struct uses *u, const void *address, size_t address_len,
		     const void *agent, size_t agent_len)
{
	struct {
		uint64_t agent, len;
		uint8_t address[16];
	} all = { hash(u, agent, agent_len), address_len, { 0 } };
	memcpy(all.address, address, address_len < 16 ? address_len : 16);
	return hash(u, &all, sizeof(all));
}

/*
 * A device's lesson. The device is a secret hash already, so that a plain one of the lesson (FNV-1a, and MurmurHash3's published
 * finalizer over both) is as good as another secret one, and costs little: this is on the way of each segment, twice.
 */
static uint64_t who_of(const struct uses_event *e)
{
	uint64_t h = 0xcbf29ce484222325ull;
	for (const char *at = e->lesson; *at; at++)
		h = (h ^ (uint8_t)*at) * 0x100000001b3ull;
	if (!strcmp(e->rung, USES_FILE_RUNG))
		h = (h ^ 0xff) * 0x100000001b3ull; /* no byte of a lesson's name */
	h ^= e->device;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	return (h ^ h >> 33) | 1;
}

/* The device's slot for this lesson, begun anew when half an hour has passed. Of a full neighbourhood the oldest goes. */
static struct slot *visit(struct uses *u, const struct uses_event *e)
{
	const uint64_t who = who_of(e);
	struct slot *best = NULL;
	for (uint64_t i = 0; i < PROBES; i++) {
		struct slot *s = &u->slots[(who + i) & (u->slot_count - 1)];
		if (s->who == who) {
			best = s;
			break;
		}
		if (!best || s->seen < best->seen)
			best = s;
	}
	if (best->who != who)
		*best = (struct slot){ .who = who };
	else if (e->minute + 1 > best->seen + VISIT_MIN)
		*best = (struct slot){ .who = who, .rungs = best->rungs };
	best->seen = e->minute + 1;
	return best;
}

static bool is_audio(const struct uses_event *e)
{
	return !strncmp(e->rung, "audio", 5);
}

static uint32_t rung_bit(struct uses *u, const char *rung)
{
	uint32_t i = 0;
	while (i < u->rung_count && strncmp(u->rungs[i], rung, RUNG_LEN - 1))
		i++;
	if (i == u->rung_count && i < RUNGS) {
		memcpy(u->rungs[i], rung, strnlen(rung, RUNG_LEN - 1));
		u->rung_count++;
	}
	return UINT32_C(1) << (i < RUNGS ? i : RUNGS - 1);
}

void uses_asked(struct uses *u, const struct uses_event *e)
{
	struct slot *s = visit(u, e);
	if (!is_audio(e))
		s->video = e->minute + 1;
}

struct uses_gain uses_delivered(struct uses *u, const struct uses_event *e)
{
	struct slot *s = visit(u, e);
	struct uses_gain gain = { .watched_ms = e->duration_ms };
	if (is_audio(e)) {
		if (s->video && e->minute + 1 <= s->video + VIDEO_MIN) {
			s->flags &= ~(uint32_t)OWED;
			return (struct uses_gain){ 0 };
		}
		if (!s->delivered && !(s->flags & OWED) && e->segment < e->segment_count) {
			s->flags |= OWED;
			s->owed_ms = e->duration_ms;
			return (struct uses_gain){ 0 };
		}
		if (s->flags & OWED) {
			gain.watched_ms += s->owed_ms;
			s->delivered++;
			gain.starts = 1;
		}
	}
	s->flags &= ~(uint32_t)OWED;
	if (!s->delivered)
		gain.starts = 1;
	s->delivered++;
	if (e->segment == e->segment_count && (uint64_t)s->delivered * 2 >= e->segment_count &&
	    !(s->flags & COMPLETED)) {
		s->flags |= COMPLETED;
		gain.completions = 1;
	}
	const uint32_t bit = rung_bit(u, e->rung);
	gain.new_devices = !(s->rungs & bit);
	s->rungs |= bit;
	return gain;
}
