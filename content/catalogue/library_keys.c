// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/library_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store_note.h"
#include "content/shelf/playlists.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { NOTE_KEYS = 3, KEYS_VERSION = 1 };

struct keys_note {
	uint64_t version, stamp;
	uint32_t bytes[]; /* of segments 1 .. */
};

static size_t note_bytes(const struct library_lesson *it)
{
	return sizeof(struct keys_note) + it->segments * sizeof(uint32_t);
}

/* What a player that asks for key frames alone needs at most. */
static int measure(const struct library_lesson *it, unsigned slot, const uint32_t *bytes,
		   uint64_t *peak_bps)
{
	uint64_t average;
	AUTO_FREE uint64_t *us = calloc(it->segments, sizeof(*us));
	if (!us)
		return -ENOMEM;
	for (uint32_t i = 0; i < it->segments; i++)
		us[i] = kitchen_segment_us(&it->item->plan, (enum kitchen_rung)(slot % RUNG_COUNT),
					   i + 1);
	playlists_measure(bytes, us, it->segments, peak_bps, &average);
	return 0;
}

int library_keys_read(struct library *l, struct library_lesson *it, unsigned slot,
		      const struct kitchen_track *track, struct fault *why)
{
	struct library_rung *to = &it->rungs[slot];
	if (slot == RUNG_AUDIO)
		return 0;
	AUTO_FREE struct keys_note *note = malloc(note_bytes(it));
	AUTO_FREE uint32_t *bytes = calloc(it->segments, sizeof(*bytes));
	if (!note || !bytes)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = kitchen_key_bytes(track, bytes, why);
	if (r)
		return r;
	r = measure(it, slot, bytes, &to->keys_bps);
	if (r)
		return fault_set(why, r, "memory", "out of memory");
	note->version = KEYS_VERSION;
	note->stamp = to->stamp;
	memcpy(note->bytes, bytes, it->segments * sizeof(*bytes));
	/* A note that cannot be kept costs time at the next start, nothing else. */
	store_note_put(l->store, to->number, NOTE_KEYS, note, note_bytes(it), NULL);
	free(to->key_bytes);
	to->key_bytes = MOVE_PTR(bytes);
	return 0;
}

bool library_keys_load(struct library *l, struct library_lesson *it, unsigned slot)
{
	struct library_rung *to = &it->rungs[slot];
	if (slot == RUNG_AUDIO)
		return true;
	AUTO_FREE struct keys_note *note = malloc(note_bytes(it));
	AUTO_FREE uint32_t *bytes = calloc(it->segments, sizeof(*bytes));
	if (!note || !bytes ||
	    store_note_get(l->store, to->number, NOTE_KEYS, note, note_bytes(it), NULL) ||
	    note->version != KEYS_VERSION || note->stamp != to->stamp)
		return false;
	memcpy(bytes, note->bytes, it->segments * sizeof(*bytes));
	if (measure(it, slot, bytes, &to->keys_bps))
		return false;
	free(to->key_bytes);
	to->key_bytes = MOVE_PTR(bytes);
	return true;
}

void library_keys_drop(struct library_rung *r)
{
	free(MOVE_PTR(r->key_bytes));
	r->keys_bps = 0;
}
