// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/library_rung.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/names_builder.h"
#include "cache/store_note.h"
#include "content/catalogue/library_keys.h"
#include "content/shelf/playlists.h"
#include "content/kitchen/version.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

CLEAN_FN(rendition, struct store_rendition, store_rendition_close)

/* Notes beside the rendition (store_note.h): plain data of this box, with a version. */
enum { NOTE_MEASURED = 1, NOTE_DOWNLOAD = 2, NOTE_VERSION = 1 };

struct measured {
	uint64_t version, segments, peak_bps, average_bps, stamp;
};

struct download { /* which file the index had for these bytes */
	uint64_t version, stamp, sound_stamp, etag;
};

struct library_download library_download_name(enum kitchen_rung rung)
{
	struct library_download d;
	snprintf(d.name, sizeof(d.name), rung == RUNG_AUDIO ? "%s.m4a" : "download-%s.mp4",
		 kitchen_rung_name(rung));
	return d;
}

static const char *name_of(unsigned slot)
{
	return kitchen_rung_name((enum kitchen_rung)(slot % RUNG_COUNT));
}

/* Where the segments of a complete rendition lie. */
struct places {
	uint64_t *offsets;
	uint32_t *lengths;
};

static void places_done(struct places *p)
{
	free(p->offsets);
	free(p->lengths);
}

static int places_read(const struct store_rendition *r, uint32_t segments, struct places *out)
{
	out->offsets = calloc((size_t)segments + 1, sizeof(*out->offsets));
	out->lengths = calloc((size_t)segments + 1, sizeof(*out->lengths));
	int code = out->offsets && out->lengths ? 0 : -ENOMEM;
	for (uint32_t i = 0; code == 0 && i <= segments; i++)
		code = store_rendition_slot(r, i, &out->offsets[i], &out->lengths[i]);
	return code;
}

int library_open_rung(struct library *l, size_t lesson, unsigned slot, struct store_rendition **out,
		      struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	int r = store_rendition_open(l->store, it->item->id, version_generation(it, slot),
				     name_of(slot), it->segments, 0, out, why);
	if (r || it->rungs[slot].number)
		return r;
	it->rungs[slot].number = store_rendition_number(*out);
	library_note_number(l, lesson, slot);
	version_settle(it);
	return 0;
}

static int measure(struct library_lesson *it, unsigned slot, const struct places *at)
{
	AUTO_FREE uint64_t *us = calloc(it->segments, sizeof(*us));
	if (!us)
		return -ENOMEM;
	for (uint32_t i = 0; i < it->segments; i++) {
		us[i] = kitchen_segment_us(&it->item->plan, (enum kitchen_rung)(slot % RUNG_COUNT),
					   i + 1);
		if (!us[i])
			us[i] = 1; /* a last segment with no sound left in it */
	}
	playlists_measure(at->lengths + 1, us, it->segments, &it->rungs[slot].peak_bps,
			  &it->rungs[slot].average_bps);
	return 0;
}

static uint64_t stamp_of(uint64_t number, const struct places *at, uint32_t segments)
{
	crypto_generichash_state h;
	uint64_t stamp;
	uint8_t hash[16];
	crypto_generichash_init(&h, NULL, 0, sizeof(hash));
	crypto_generichash_update(&h, (const void *)&number, sizeof(number));
	crypto_generichash_update(&h, (const void *)at->offsets,
				  ((size_t)segments + 1) * sizeof(*at->offsets));
	crypto_generichash_update(&h, (const void *)at->lengths,
				  ((size_t)segments + 1) * sizeof(*at->lengths));
	crypto_generichash_final(&h, hash, sizeof(hash));
	memcpy(&stamp, hash, sizeof(stamp));
	return stamp | 1;
}

/* The stamp of the sound that goes with a picture; 0 where there is none. */
static uint64_t sound_stamp(const struct library_lesson *it, enum kitchen_rung rung)
{
	return rung == RUNG_AUDIO ? 0 : it->rungs[RUNG_AUDIO].stamp;
}

static struct kitchen_track track_of(const struct store_rendition *r, const struct places *at,
				     uint32_t segments)
{
	return (struct kitchen_track){ store_rendition_fd(r), at->offsets, at->lengths, segments };
}

static int take_download(struct library_lesson *it, enum kitchen_rung rung, void *header,
			 size_t header_len, const struct kitchen_piece *pieces, size_t count)
{
	struct library_rung *out = &it->rungs[rung];
	struct names_extent *extents = calloc(count ? count : 1, sizeof(*extents));
	if (!extents)
		return -ENOMEM;
	uint64_t bytes = header_len;
	for (size_t i = 0; i < count; i++) {
		extents[i] = (struct names_extent){
			it->rungs[pieces[i].from_video ? rung : RUNG_AUDIO].number,
			pieces[i].offset, pieces[i].length
		};
		bytes += pieces[i].length;
	}
	free(out->header);
	free(out->extents);
	out->header = header;
	out->header_len = header_len;
	out->extents = extents;
	out->extent_count = count;
	out->download_bytes = bytes;
	return 0;
}

/* A note that cannot be kept costs time at the next start, nothing else. */
static void note_download(struct library *l, const struct library_lesson *it,
			  enum kitchen_rung rung)
{
	const struct library_rung *r = &it->rungs[rung];
	const struct download note = { NOTE_VERSION, r->stamp, sound_stamp(it, rung),
				       names_virtual_etag(r->header, r->header_len, r->extents,
							  r->extent_count) };
	store_note_put(l->store, r->number, NOTE_DOWNLOAD, &note, sizeof(note), NULL);
}

/* The whole file of a complete rung and, for a picture, of its complete sound. */
static int make_download(struct library *l, size_t lesson, enum kitchen_rung rung,
			 struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	CLEANUP(places_done) struct places video_at = { 0 };
	CLEANUP(places_done) struct places audio_at = { 0 };
	CLEANUP(clean_rendition) struct store_rendition *video = NULL;
	CLEANUP(clean_rendition) struct store_rendition *audio = NULL;
	bool sound = it->ladder & 1u << RUNG_AUDIO;
	struct kitchen_track tracks[2] = { 0 };
	int r = 0;
	if (rung != RUNG_AUDIO) {
		r = library_open_rung(l, lesson, rung, &video, why);
		if (r == 0)
			r = places_read(video, it->segments, &video_at);
	}
	if (r == 0 && sound) {
		r = library_open_rung(l, lesson, RUNG_AUDIO, &audio, why);
		if (r == 0)
			r = places_read(audio, it->segments, &audio_at);
	}
	if (r)
		return r;
	if (video)
		tracks[0] = track_of(video, &video_at, it->segments);
	if (audio)
		tracks[1] = track_of(audio, &audio_at, it->segments);
	AUTO_FREE void *header = NULL;
	AUTO_FREE struct kitchen_piece *pieces = NULL;
	size_t header_len = 0, count = 0;
	r = kitchen_progressive(video ? &tracks[0] : NULL, audio ? &tracks[1] : NULL, &header,
				&header_len, &pieces, &count, why);
	if (r)
		return r;
	r = take_download(it, rung, header, header_len, pieces, count);
	if (r)
		return r;
	(void)MOVE_PTR(header);
	note_download(l, it, rung);
	return 0;
}

/* Downloads that became possible: this rung's, or with the sound every picture's. */
static int make_downloads(struct library *l, size_t lesson, enum kitchen_rung rung,
			  struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	bool sound = it->ladder & 1u << RUNG_AUDIO;
	int r = 0;
	for (unsigned k = 0; r == 0 && k < RUNG_COUNT; k++) {
		if (!(it->ladder & 1u << k) || !it->rungs[k].complete || it->rungs[k].header)
			continue;
		if ((k == rung || rung == RUNG_AUDIO) && (!sound || it->rungs[RUNG_AUDIO].complete))
			r = make_download(l, lesson, (enum kitchen_rung)k, why);
	}
	return r;
}

int library_download_rung(struct library *l, size_t lesson, enum kitchen_rung rung,
			  struct fault *why)
{
	const struct library_lesson *it = &l->lessons[lesson];
	const bool sound = it->ladder & 1u << RUNG_AUDIO;
	if (!it->rungs[rung].complete || (sound && !it->rungs[RUNG_AUDIO].complete))
		return 0;
	return make_download(l, lesson, rung, why);
}

static int is_whole(struct library *l, size_t lesson, unsigned slot,
		    const struct store_rendition *have, struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	struct library_rung *to = &it->rungs[slot];
	CLEANUP(places_done) struct places at = { 0 };
	int r = places_read(have, it->segments, &at);
	if (r == 0)
		r = measure(it, slot, &at);
	if (r)
		return fault_set(why, r, "library.measure",
				 "rendition %llu of '%s' cannot be measured",
				 (unsigned long long)to->number, it->item->id);
	to->stamp = stamp_of(to->number, &at, it->segments);
	const struct kitchen_track track = track_of(have, &at, it->segments);
	r = library_keys_read(l, it, slot, &track, why);
	if (r)
		return r;
	to->complete = true;
	version_settle(it);
	const struct measured note = { NOTE_VERSION, it->segments, to->peak_bps, to->average_bps,
				       to->stamp };
	store_note_put(l->store, to->number, NOTE_MEASURED, &note, sizeof(note), NULL);
	return slot < RUNG_COUNT ? make_downloads(l, lesson, (enum kitchen_rung)slot, why) : 0;
}

static int shape_of(struct library_lesson *it, unsigned slot, struct fault *why)
{
	int r = kitchen_shape(&it->item->plan, (enum kitchen_rung)(slot % RUNG_COUNT),
			      &it->rungs[slot].shape);
	return r ? fault_set(why, r, "kitchen.shape", "lesson '%s' has no %s", it->item->id,
			     name_of(slot))
		 : 0;
}

int library_refresh_rung(struct library *l, size_t lesson, unsigned slot, struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	struct library_rung *to = &it->rungs[slot];
	if (to->complete)
		return 0;
	CLEANUP(clean_rendition) struct store_rendition *have = NULL;
	int r = shape_of(it, slot, why);
	if (r == 0)
		r = library_open_rung(l, lesson, slot, &have, why);
	if (r)
		return r;
	for (uint32_t i = 0; i <= it->segments; i++)
		if (store_rendition_has(have, i))
			it->made[i] |= 1u << slot;
	to->done = store_rendition_done(have);
	if (to->done < it->segments || !store_rendition_has(have, 0))
		return 0;
	return is_whole(l, lesson, slot, have, why);
}

void library_drop_download(struct library_rung *r)
{
	free(MOVE_PTR(r->header));
	free(MOVE_PTR(r->extents));
	r->header_len = r->extent_count = 0;
	r->download_bytes = 0;
}

/* Nothing of the slot is known any more. */
static void forget_slot(struct library_lesson *it, unsigned slot)
{
	struct library_rung *to = &it->rungs[slot];
	for (uint32_t i = 0; i <= it->segments; i++)
		if (!(it->lost[i] & 1u << slot))
			it->made[i] &= ~(1u << slot);
	to->done = 0;
	to->complete = false;
	to->stamp = to->peak_bps = to->average_bps = 0;
	library_keys_drop(to);
	for (unsigned k = 0; k < RUNG_COUNT; k++)
		if (k == slot || slot == RUNG_AUDIO)
			library_drop_download(&it->rungs[k]);
}

static int number_again(struct library *l, size_t lesson, unsigned slot, struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	struct library_rung *to = &it->rungs[slot];
	const uint64_t number = to->number;
	bool used;
	int r = store_rendition_reserve(l->store, it->item->id, version_generation(it, slot),
					name_of(slot), it->segments, &to->number, &used, why);
	if (r)
		to->number = 0; /* not named until it can be */
	if (to->number != number && number)
		library_forget_number(l, number); /* who waits for it is told to ask again */
	if (r == 0 && to->number != number)
		library_note_number(l, lesson, slot);
	return r;
}

int library_recheck_rung(struct library *l, size_t lesson, unsigned slot, struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	forget_slot(it, slot);
	int r = number_again(l, lesson, slot, why);
	if (r == 0)
		r = library_refresh_rung(l, lesson, slot, why);
	version_settle(it);
	if (slot >= RUNG_COUNT || it->rungs[slot].point == POINT_NOW)
		return r;
	/* Of the better version nothing is left, or less than of the other: what is made in a hurry is offered again. */
	const struct library_rung *other = &it->rungs[slot + RUNG_COUNT];
	if (!it->rungs[slot].done || other->done > it->rungs[slot].done) {
		version_swap(l, lesson, (enum kitchen_rung)slot);
		if (!it->rungs[slot].number)
			r = number_again(l, lesson, slot, why);
		(void)library_download_rung(l, lesson, (enum kitchen_rung)slot, NULL);
		version_settle(it);
	}
	return r;
}

struct rows {
	struct library_lesson *lesson;
	unsigned slot;
};

static void take_row(void *data, uint32_t segment)
{
	const struct rows *rows = data;
	if (segment > rows->lesson->segments)
		return;
	rows->lesson->made[segment] |= 1u << rows->slot;
	rows->lesson->rungs[rows->slot].done += segment > 0;
}

static bool load_measured(struct library *l, struct library_lesson *it, unsigned slot)
{
	struct library_rung *to = &it->rungs[slot];
	struct measured note;
	if (store_note_get(l->store, to->number, NOTE_MEASURED, &note, sizeof(note), NULL) ||
	    note.version != NOTE_VERSION || note.segments != it->segments)
		return false;
	to->stamp = note.stamp;
	if (!library_keys_load(l, it, slot))
		return false;
	for (uint32_t i = 0; i <= it->segments; i++)
		it->made[i] |= 1u << slot;
	to->done = it->segments;
	to->peak_bps = note.peak_bps;
	to->average_bps = note.average_bps;
	to->complete = true;
	return true;
}

int library_load_rung(struct library *l, size_t lesson, unsigned slot, bool *open,
		      struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	struct library_rung *to = &it->rungs[slot];
	bool used = false;
	int r = shape_of(it, slot, why);
	if (r)
		return r;
	r = store_rendition_reserve(l->store, it->item->id, version_generation(it, slot),
				    name_of(slot), it->segments, &to->number, &used, why);
	if (r)
		return r;
	library_note_number(l, lesson, slot);
	*open = false;
	if (load_measured(l, it, slot))
		return 0;
	/* What failed is in the table alone, and is forgotten by opening it. */
	*open = used;
	return store_rendition_rows(l->store, to->number, take_row, &(struct rows){ it, slot },
				    why);
}

/* A copy of what the index in use has for this download, when that is what the note speaks of. */
static int copy_download(struct library_lesson *it, enum kitchen_rung rung,
			 const struct names_entry *e)
{
	struct library_rung *to = &it->rungs[rung];
	AUTO_FREE void *header = malloc(e->bytes_len + 1);
	AUTO_FREE struct names_extent *extents = calloc(e->extent_count + 1, sizeof(*extents));
	if (!header || !extents)
		return -ENOMEM;
	memcpy(header, e->bytes, e->bytes_len);
	memcpy(extents, e->extents, e->extent_count * sizeof(*extents));
	to->header = MOVE_PTR(header);
	to->header_len = e->bytes_len;
	to->extents = MOVE_PTR(extents);
	to->extent_count = e->extent_count;
	to->download_bytes = e->size;
	return 0;
}

int library_load_download(struct library *l, size_t lesson, enum kitchen_rung rung,
			  struct names *index, struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	const struct library_rung *r = &it->rungs[rung];
	const bool sound = it->ladder & 1u << RUNG_AUDIO;
	struct download note;
	struct names_entry e;
	char path[NAMES_MAX_PATH + 1];
	if (!r->complete || r->header || (sound && !it->rungs[RUNG_AUDIO].complete))
		return 0;
	snprintf(path, sizeof(path), "/m/%s/%s", it->item->id, library_download_name(rung).name);
	if (index &&
	    store_note_get(l->store, r->number, NOTE_DOWNLOAD, &note, sizeof(note), NULL) == 0 &&
	    note.version == NOTE_VERSION && note.stamp == r->stamp &&
	    note.sound_stamp == sound_stamp(it, rung) &&
	    names_find(index, path, strlen(path), &e) == 0 && e.kind == NAMES_VIRTUAL &&
	    e.etag == note.etag)
		return copy_download(it, rung, &e);
	return make_download(l, lesson, rung, why);
}
