// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/shelf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/air_plan.h"
#include "cache/names_builder.h"
#include "cache/store_local.h"
#include "content/shelf/dash.h"
#include "content/shelf/playlists.h"
#include "content/kitchen/version.h"
#include "content/staff/intake.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/web/strings.h"

#define HLS_TYPE "application/vnd.apple.mpegurl"
#define DASH_TYPE "application/dash+xml"

CLEAN_FN(builder, struct names_builder, names_builder_free)

struct place {
	char at[NAMES_MAX_PATH + 1];
};

static struct place place_of(const struct library_lesson *it, const char *rest)
{
	struct place p;
	snprintf(p.at, sizeof(p.at), "/m/%s/%s", it->item->id, rest);
	return p;
}

static struct place rung_place(const struct library_lesson *it, unsigned slot, const char *rest)
{
	struct place p;
	snprintf(p.at, sizeof(p.at), "/m/%s/%s/%s/%s", it->item->id, version_generation(it, slot),
		 kitchen_rung_name((enum kitchen_rung)(slot % RUNG_COUNT)), rest);
	return p;
}

static bool has_rung(const struct library_lesson *it, unsigned rung)
{
	return it->ladder & 1u << rung && it->rungs[rung].number;
}

/* A language's own name where the house knows it, else its tag. */
static const char *language_name(const char *tag)
{
	enum strings_lang lang;
	static const char *const ids[] = { "common.lang.ar", "common.lang.fr", "common.lang.en" };
	return strings_lang_parse(tag, &lang) == 0 ? strings_get(lang, ids[lang]) : tag;
}

/* Pictures from small to large, sound last: players begin with the first. */
static size_t list_rungs(const struct library_lesson *it, struct playlists_rung out[RUNG_COUNT])
{
	size_t count = 0;
	for (unsigned k = 1; k <= RUNG_COUNT; k++) {
		unsigned rung = k % RUNG_COUNT;
		const struct library_rung *r = &it->rungs[rung];
		if (!has_rung(it, rung))
			continue;
		bool sound = rung == RUNG_AUDIO;
		out[count++] = (struct playlists_rung){
			.name = kitchen_rung_name((enum kitchen_rung)rung),
			.generation = version_generation(it, rung),
			.width = sound ? 0 : r->shape.width,
			.height = sound ? 0 : r->shape.height,
			.fps_num = r->shape.fps_num,
			.fps_den = r->shape.fps_den,
			.codecs = r->shape.codecs,
			.peak_bps = r->complete ? r->peak_bps : r->shape.cap_bps,
			.average_bps = r->average_bps,
			.keys_bps = r->complete ? r->keys_bps : 0,
		};
	}
	return count;
}

/* What playlists say of a lesson, with room for its captions. */
struct told {
	struct playlists_captions captions[16];
	struct playlists_lesson lesson;
};

static void tell(const struct library_lesson *it, const struct playlists_rung *rungs, size_t count,
		 struct told *out)
{
	size_t texts = 0;
	for (; texts < it->item->captions_count && texts < ARRAY_LEN(out->captions); texts++) {
		const wasl_Captions *c = &it->item->captions[texts];
		out->captions[texts] =
			(struct playlists_captions){ c->language,
						     c->label[0] ? c->label : c->language };
	}
	out->lesson = (struct playlists_lesson){ rungs,
						 count,
						 out->captions,
						 texts,
						 it->item->language,
						 language_name(it->item->language) };
}

static int put_master(struct names_builder *b, const struct library_lesson *it, const char *path,
		      const struct playlists_rung *rungs, size_t count)
{
	struct told told;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	tell(it, rungs, count, &told);
	int r = playlists_master(&told.lesson, &text, &len);
	return r ? r : names_add_bytes(b, path, HLS_TYPE, NAMES_CACHE_SHORT, text, len);
}

/* Durations of a rung's segments in microseconds; NULL when memory is out. */
static uint64_t *times_of(const struct library_lesson *it, enum kitchen_rung rung)
{
	uint64_t *us = calloc(it->segments, sizeof(*us));
	for (uint32_t i = 0; us && i < it->segments; i++)
		us[i] = kitchen_segment_us(&it->item->plan, rung, i + 1);
	return us;
}

static int put_manifest(struct names_builder *b, const struct library_lesson *it,
			const struct playlists_rung *rungs, size_t count)
{
	struct told told;
	AUTO_FREE uint64_t *picture = times_of(it, RUNG_240P);
	AUTO_FREE uint64_t *sound = times_of(it, RUNG_AUDIO);
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	if (!picture || !sound)
		return -ENOMEM;
	tell(it, rungs, count, &told);
	const struct dash_times times = { picture, sound, it->segments };
	int r = dash_manifest(&told.lesson, &times, &text, &len);
	return r ? r
		 : names_add_bytes(b, place_of(it, "manifest.mpd").at, DASH_TYPE, NAMES_CACHE_SHORT,
				   text, len);
}

/* What a rung takes of the air: many together take the average, which is known once it is whole. */
static uint32_t air_kbps(const struct playlists_rung *rung, const struct playlists_rung *sound)
{
	uint64_t bps = rung->average_bps ? rung->average_bps : rung->peak_bps;
	if (sound)
		bps += sound->average_bps ? sound->average_bps : sound->peak_bps;
	return (uint32_t)((bps + 999) / 1000);
}

/* The playlist once more for each picture that it may have to end at, and what the pictures take. */
static int add_capped(struct names_builder *b, const struct library_lesson *it, const char *master,
		      const struct playlists_rung *rungs, size_t count)
{
	const bool has_sound = count && rungs[count - 1].width == 0;
	const size_t pictures = count - has_sound;
	struct air_rungs all = { 0 };
	char path[NAMES_MAX_PATH + 64], text[AIR_TEXT_BYTES];
	for (size_t i = 0; i < pictures && i < AIR_RUNGS; i++) {
		struct air_rung *to = &all.all[all.count++];
		snprintf(to->name, sizeof(to->name), "%s", rungs[i].name);
		to->kbps = air_kbps(&rungs[i], has_sound ? &rungs[count - 1] : NULL);
	}
	if (all.count < 2)
		return 0;
	size_t len = air_rungs_text(&all, text, sizeof(text));
	snprintf(path, sizeof(path), AIR_PLAN_PATH "%s", master);
	int r = names_add_bytes(b, path, "text/plain", NAMES_CACHE_NONE, text, len);
	for (size_t most = 1; r == 0 && most < all.count; most++) {
		struct playlists_rung few[RUNG_COUNT];
		memcpy(few, rungs, most * sizeof(*few));
		if (has_sound)
			few[most] = rungs[count - 1];
		snprintf(path, sizeof(path), AIR_CAPPED_PATH "/%s%s", rungs[most - 1].name, master);
		r = put_master(b, it, path, few, most + has_sound);
	}
	return r;
}

static int add_master(struct names_builder *b, const struct library_lesson *it,
		      const struct air_plan *air)
{
	const struct place at = place_of(it, "master.m3u8");
	struct playlists_rung rungs[RUNG_COUNT];
	const size_t count = list_rungs(it, rungs);
	int r = put_master(b, it, at.at, rungs, count);
	if (r == 0)
		r = put_manifest(b, it, rungs, count);
	return r || !air->count ? r : add_capped(b, it, at.at, rungs, count);
}

/* Segments may be made anew with other bytes: kept for a short time only. */
static int add_keys(struct names_builder *b, const struct library_lesson *it, unsigned slot,
		    const uint64_t *us)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r = playlists_keys(us, it->rungs[slot].key_bytes, it->segments, &text, &len);
	return r ? r
		 : names_add_bytes(b, rung_place(it, slot, "iframes.m3u8").at, HLS_TYPE,
				   NAMES_CACHE_SHORT, text, len);
}

static int add_rung(struct names_builder *b, const struct library_lesson *it, unsigned slot)
{
	const enum kitchen_rung rung = (enum kitchen_rung)(slot % RUNG_COUNT);
	AUTO_FREE uint64_t *us = times_of(it, rung);
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	if (!us)
		return -ENOMEM;
	int r = playlists_media(us, it->segments, &text, &len);
	if (r == 0)
		r = names_add_bytes(b, rung_place(it, slot, "index.m3u8").at, HLS_TYPE,
				    NAMES_CACHE_IMMUTABLE, text, len);
	if (r == 0 && it->rungs[slot].complete && it->rungs[slot].key_bytes)
		r = add_keys(b, it, slot, us);
	if (r == 0)
		r = names_add_rendition(b, rung_place(it, slot, "").at, it->rungs[slot].number,
					it->item->id, kitchen_rung_name(rung),
					rung == RUNG_AUDIO ? "audio/mp4" : "video/mp4");
	return r;
}

static int add_download(struct names_builder *b, const struct library_lesson *it,
			enum kitchen_rung rung)
{
	const struct library_rung *r = &it->rungs[rung];
	const char *name = kitchen_rung_name(rung);
	char file[128];
	if (!r->header)
		return 0;
	bool sound = rung == RUNG_AUDIO;
	snprintf(file, sizeof(file), sound ? "%s.m4a" : "%s-%s.mp4", it->item->id, name);
	return names_add_virtual(b, place_of(it, library_download_name(rung).name).at,
				 sound ? "audio/mp4" : "video/mp4", it->item->id, name, file,
				 r->header, r->header_len, r->extents, r->extent_count);
}

static int add_object(struct names_builder *b, const struct library *l, const struct place *at,
		      size_t object, const char *media_type, const char *download_name)
{
	if (object == LIBRARY_NONE)
		return 0;
	const struct library_object *o = &l->objects[object];
	return names_add_object(b, at->at, media_type, NAMES_CACHE_SHORT, &o->id, o->size,
				download_name);
}

static int add_document(struct names_builder *b, const struct library *l, const struct place *at,
			size_t object, const wasl_ObjectRef *file, const char *lesson)
{
	if (object == LIBRARY_NONE)
		return 0;
	const struct library_object *o = &l->objects[object];
	return names_add_file(b, at->at, file->media_type, NAMES_CACHE_SHORT, &o->id, o->size,
			      lesson, file->name);
}

static int add_captions(struct names_builder *b, const struct library *l,
			const struct library_lesson *it)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < it->item->captions_count; i++) {
		const char *language = it->item->captions[i].language;
		char name[40];
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		snprintf(name, sizeof(name), "captions-%s.vtt", language);
		struct place at = place_of(it, name);
		r = add_object(b, l, &at, it->captions[i], "text/vtt", NULL);
		if (r == 0)
			r = playlists_subtitles(language, it->item->duration_ms, &text, &len);
		snprintf(name, sizeof(name), "captions-%s.m3u8", language);
		if (r == 0)
			r = names_add_bytes(b, place_of(it, name).at, HLS_TYPE, NAMES_CACHE_SHORT,
					    text, len);
	}
	return r;
}

static int add_files(struct names_builder *b, const struct library *l,
		     const struct library_lesson *it)
{
	struct place at = place_of(it, "poster.jpg");
	int r = it->poster == LIBRARY_NONE
			? 0
			: add_object(b, l, &at, it->poster, it->item->poster.media_type, NULL);
	for (size_t i = 0; r == 0 && i < it->item->attachments_count; i++) {
		const wasl_ObjectRef *f = &it->item->attachments[i];
		char rest[160];
		snprintf(rest, sizeof(rest), "files/%s", f->name);
		at = place_of(it, rest);
		r = add_document(b, l, &at, it->files[i], f, it->item->id);
	}
	return r;
}

/* One file of a lesson's preview, where it has that. */
static int add_piece(struct names_builder *b, const struct library_lesson *it, unsigned file,
		     const char *path, const char *media_type)
{
	const struct library_piece *p = &it->sight.files[file];
	const struct names_extent extent = { it->sight.number, p->offset, p->length };
	return p->length ? names_add_virtual(b, path, media_type, NULL, NULL, NULL, NULL, 0,
					     &extent, 1)
			 : 0;
}

static int add_preview(struct names_builder *b, const struct library_lesson *it)
{
	if (!it->sight.here)
		return 0;
	int r = add_piece(b, it, LIBRARY_SIGHT_TIMES, place_of(it, "sprite.vtt").at, "text/vtt");
	if (r == 0)
		r = add_piece(b, it, LIBRARY_SIGHT_CHAPTERS, place_of(it, "chapters.vtt").at,
			      "text/vtt");
	if (r == 0 && it->poster == LIBRARY_NONE)
		r = add_piece(b, it, LIBRARY_SIGHT_POSTER, place_of(it, "poster.jpg").at,
			      "image/jpeg");
	for (unsigned i = 0; r == 0 && i < SPRITES_SHEETS_MAX; i++) {
		char rest[64];
		snprintf(rest, sizeof(rest), "%s/sprite-%u.jpg", it->generation, i + 1);
		r = add_piece(b, it, LIBRARY_SIGHT_SHEETS + i, place_of(it, rest).at, "image/jpeg");
	}
	return r;
}

static int add_lesson(struct names_builder *b, const struct library *l,
		      const struct library_lesson *it, const struct air_plan *air)
{
	int r = add_files(b, l, it);
	if (r == 0)
		r = add_captions(b, l, it);
	if (r == 0 && it->playable)
		r = add_master(b, it, air);
	if (r == 0)
		r = add_preview(b, it);
	for (unsigned rung = 0; r == 0 && rung < RUNG_COUNT; rung++)
		if (has_rung(it, rung))
			r = add_rung(b, it, rung);
	/* Who began with another version goes on with it. */
	for (unsigned slot = RUNG_COUNT; r == 0 && slot < LIBRARY_SLOTS; slot++)
		if (it->spare & 1u << slot)
			r = add_rung(b, it, slot);
	return r;
}

/* A lesson of many hours has a header longer than the index takes: it plays, and has no download. */
static int add_lessons(struct names_builder *b, const struct library *l, const struct air_plan *air,
		       struct fault *left_out)
{
	for (size_t i = 0; i < l->lesson_count; i++) {
		const struct library_lesson *it = &l->lessons[i];
		int r = add_lesson(b, l, it, air);
		if (r == -ENOMEM)
			return r;
		if (r)
			fault_set(left_out, r, "shelf.lesson", "lesson '%s' cannot be named: %s",
				  it->item->id, strerror(-r));
		for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
			if (has_rung(it, rung) && add_download(b, it, (enum kitchen_rung)rung))
				fault_set(left_out, -EFBIG, "shelf.download",
					  "lesson '%s' is too long to be offered as one file",
					  it->item->id);
	}
	return 0;
}

static int add_local(void *data, const struct store_local *file)
{
	/* What the school's own lessons are made from is not shown; the lessons are. */
	if (strncmp(file->path, INTAKE_PATH, strlen(INTAKE_PATH)) == 0)
		return 0;
	/* What it is called is nobody's business outside the school. */
	int r = names_add_file(data, file->path, file->media_type, NAMES_CACHE_SHORT, &file->id,
			       file->size, SHELF_SCHOOL_FILES, NULL);
	return r == -ENOMEM ? r
			    : 0; /* nothing else is wrong with what store_local_check() let in */
}

static int add_air(struct names_builder *b, const struct air_plan *air)
{
	char text[AIR_TEXT_BYTES];
	const size_t len = air_plan_text(air, text, sizeof(text));
	return len ? names_add_bytes(b, AIR_PLAN_PATH, "text/plain", NAMES_CACHE_NONE, text, len)
		   : 0;
}

int shelf_write(const struct library *l, struct store *store, const struct air_plan *air,
		const char *path, struct fault *why)
{
	CLEANUP(clean_builder) struct names_builder *b = names_builder_new();
	struct fault left_out = { 0 };
	int r = b ? 0 : -ENOMEM;
	if (r == 0)
		r = add_air(b, air);
	if (r == 0 && l)
		r = add_lessons(b, l, air, &left_out);
	if (r)
		return fault_set(why, r, "memory", "out of memory");
	r = store_local_each(store, add_local, b, why);
	if (r == -ENOMEM)
		return fault_set(why, r, "memory", "out of memory");
	if (r == 0)
		r = names_write(b, path, why);
	if (r == 0 && left_out.code)
		r = fault_set(why, left_out.code, left_out.id, "%s", left_out.text);
	return r;
}
