// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/library_rung.h"

#include <errno.h>
#include <stdlib.h>

#include "content/playlists.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

CLEAN_FN(rendition, struct store_rendition, store_rendition_close)

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

int library_open_rung(struct library *l, size_t lesson, enum kitchen_rung rung,
		      struct store_rendition **out, struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	int r = store_rendition_open(l->store, it->item->id, it->generation,
				     kitchen_rung_name(rung), it->segments, 0, out, why);
	if (r || it->rungs[rung].number)
		return r;
	it->rungs[rung].number = store_rendition_number(*out);
	library_note_number(l, lesson, rung);
	return 0;
}

static int measure(struct library_lesson *it, enum kitchen_rung rung, const struct places *at)
{
	AUTO_FREE uint64_t *us = calloc(it->segments, sizeof(*us));
	if (!us)
		return -ENOMEM;
	for (uint32_t i = 0; i < it->segments; i++) {
		us[i] = kitchen_segment_us(&it->item->plan, rung, i + 1);
		if (!us[i])
			us[i] = 1; /* a last segment with no sound left in it */
	}
	playlists_measure(at->lengths + 1, us, it->segments, &it->rungs[rung].peak_bps,
			  &it->rungs[rung].average_bps);
	return 0;
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
	if (r == 0)
		(void)MOVE_PTR(header);
	return r;
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

int library_refresh_rung(struct library *l, size_t lesson, enum kitchen_rung rung,
			 struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	struct library_rung *to = &it->rungs[rung];
	if (to->complete)
		return 0;
	int r = kitchen_shape(&it->item->plan, rung, &to->shape);
	if (r)
		return fault_set(why, r, "kitchen.shape", "lesson '%s' has no %s", it->item->id,
				 kitchen_rung_name(rung));
	CLEANUP(clean_rendition) struct store_rendition *have = NULL;
	r = library_open_rung(l, lesson, rung, &have, why);
	if (r)
		return r;
	for (uint32_t i = 0; i <= it->segments; i++)
		if (store_rendition_has(have, i))
			it->made[i] |= 1u << rung;
	to->done = store_rendition_done(have);
	if (to->done < it->segments || !store_rendition_has(have, 0))
		return 0;
	CLEANUP(places_done) struct places at = { 0 };
	r = places_read(have, it->segments, &at);
	if (r == 0)
		r = measure(it, rung, &at);
	if (r)
		return fault_set(why, r, "library.measure",
				 "rendition %llu of '%s' cannot be measured",
				 (unsigned long long)to->number, it->item->id);
	to->complete = true;
	return make_downloads(l, lesson, rung, why);
}
