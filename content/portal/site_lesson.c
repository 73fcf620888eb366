// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "content/portal/site.h"
#include "content/portal/site_json.h"
#include "content/fetch/promise.h"
#include "firmware/base/clean.h"

/* "/m/ID/files/NAME" with the name percent-encoded (RFC 3986, section 2.3); 3 bytes for each of at most 127. */
static void file_href(const char *id, const char *name, char out[static 480])
{
	int at = snprintf(out, 480, "/m/%s/files/", id);
	for (const unsigned char *c = (const unsigned char *)name; *c && at < 470; c++) {
		bool plain = (*c >= '0' && *c <= '9') ||
			     ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') || strchr("-._~", *c);
		at += snprintf(out + at, 480 - (size_t)at, plain ? "%c" : "%%%02X", *c);
	}
}

static bool is_sound(const struct site_download *d)
{
	return strcmp(d->rung, "audio") == 0;
}

static void download_href(const char *id, const struct site_download *d, char out[static 128])
{
	if (is_sound(d))
		snprintf(out, 128, "/m/%s/audio.m4a", id);
	else
		snprintf(out, 128, "/m/%s/download-%s.mp4", id, d->rung);
}

static json_t *downloads(const struct site_lesson *l, enum strings_lang lang)
{
	json_t *list = json_array();
	for (size_t i = 0; i < l->download_count; i++) {
		const struct site_download *d = &l->downloads[i];
		char href[128] = "", size[40] = "";
		if (d->bytes) {
			download_href(l->item->id, d, href);
			site_size(lang, d->bytes, size);
		}
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:b,s:i}", "href", href, "size", size,
						"rung", is_sound(d) ? "" : d->rung, "known",
						l->minutes >= 0, "minutes", l->minutes));
	}
	return list;
}

/* Whole files that a browser without HLS can play: the middle picture first, sound for lessons of sound. */
static json_t *files_ready(const struct site_lesson *l)
{
	static const char *const order[] = { "360p", "240p", "480p", "720p", "144p" };
	bool video = l->item->plan.width > 0;
	json_t *list = json_array();
	for (size_t k = 0; video && k < ARRAY_LEN(order); k++)
		for (size_t i = 0; i < l->download_count; i++) {
			const struct site_download *d = &l->downloads[i];
			char href[128];
			if (!d->bytes || strcmp(d->rung, order[k]) != 0)
				continue;
			download_href(l->item->id, d, href);
			json_array_append_new(list, json_pack("{s:s,s:s}", "href", href, "type",
							      "video/mp4"));
			return list;
		}
	for (size_t i = 0; !video && i < l->download_count; i++)
		if (l->downloads[i].bytes && is_sound(&l->downloads[i])) {
			char href[128];
			download_href(l->item->id, &l->downloads[i], href);
			json_array_append_new(list, json_pack("{s:s,s:s}", "href", href, "type",
							      "audio/mp4"));
		}
	return list;
}

static json_t *attachments(const struct site_lesson *l, enum strings_lang lang)
{
	json_t *list = json_array();
	for (size_t i = 0; i < l->item->attachments_count; i++) {
		const wasl_ObjectRef *f = &l->item->attachments[i];
		char href[480] = "", size[40];
		if (l->files_here[i])
			file_href(l->item->id, f->name, href);
		site_size(lang, f->size_bytes, size);
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "href", href, "name",
						      f->name, "size", size));
	}
	return list;
}

static json_t *captions(const wasl_Item *item)
{
	json_t *list = json_array();
	for (size_t i = 0; i < item->captions_count; i++) {
		const wasl_Captions *c = &item->captions[i];
		json_array_append_new(list, json_pack("{s:s,s:s}", "language", c->language, "label",
						      c->label[0] ? c->label : c->language));
	}
	return list;
}

/* The lesson after this one in its subject and grade. */
static const wasl_Item *next_of(const struct site *s, const wasl_Item *item)
{
	const wasl_Item *best = NULL;
	bool passed = false; /* among equals, the published order decides */
	for (size_t i = 0; i < s->lesson_count; i++) {
		const wasl_Item *other = s->lessons[i].item;
		if (other == item) {
			passed = true;
			continue;
		}
		if (other->grade != item->grade ||
		    strcmp(site_subject_of(other), site_subject_of(item)) != 0)
			continue;
		bool after = other->order > item->order || (other->order == item->order && passed);
		if (after && (!best || other->order < best->order))
			best = other;
	}
	return best;
}

/* Minutes are said as ever; what is further away in a sentence of its own. */
static json_t *promise_of(const struct site *s, enum strings_lang lang, const struct site_lesson *l)
{
	const struct planner_promise *p = &l->promise;
	const bool plain = p->when == PLANNER_HERE || p->when == PLANNER_MINUTES ||
			   (p->when == PLANNER_UNKNOWN && p->wait == PLANNER_GO && !p->no_room);
	AUTO_FREE char *text = plain ? NULL : promise_text(lang, p, s->today);
	return json_string(text ? text : "");
}

static void put_wait(json_t *c, const struct site *s, enum strings_lang lang,
		     const struct site_lesson *l)
{
	site_put(c, "failed", json_boolean(l->failed));
	if (!l->playable || l->complete || l->failed)
		return;
	site_put(c, "wait",
		 json_pack("{s:o,s:b,s:i,s:b,s:I,s:I}", "promise", promise_of(s, lang, l), "known",
			   l->minutes >= 0, "minutes", l->minutes, "plays", l->plays, "done",
			   (json_int_t)l->done, "total", (json_int_t)l->total));
}

static void put_player(json_t *c, const struct site_lesson *l)
{
	char sound[128] = "", hls[128];
	snprintf(hls, sizeof(hls), "/m/%s/master.m3u8", l->item->id);
	site_put(c, "playable", json_boolean(l->playable));
	if (!l->playable)
		return;
	if (l->sound)
		snprintf(sound, sizeof(sound), "/m/%s/%s/audio/index.m3u8", l->item->id,
			 l->generation);
	site_put_text(c, "hls", hls);
	site_put_text(c, "sound", sound);
	site_put(c, "video", json_boolean(l->item->plan.width > 0));
	site_put(c, "files_ready", files_ready(l));
	site_put(c, "preview", json_boolean(l->preview));
	site_put(c, "chapters", json_boolean(l->chapters));
	site_put(c, "captions", captions(l->item));
	site_put(c, "seconds", json_integer((json_int_t)((l->item->duration_ms + 500) / 1000)));
}

int site_lesson(const struct site *s, enum strings_lang lang, size_t index, char **out, size_t *len,
		struct fault *why)
{
	const struct site_lesson *l = &s->lessons[index];
	const wasl_Item *item = l->item;
	char here[96];
	snprintf(here, sizeof(here), "/l/%s?lang=", item->id);
	const char *title = site_text(&item->title, lang);
	json_t *c = site_context(s, lang, title, here);
	json_t *row = site_row(s, lang, index);
	const wasl_Item *next = next_of(s, item);
	const char *by = item->attribution ? item->attribution : "";
	json_object_update(c, row);
	json_decref(row);
	site_put_text(c, "subject", site_subject_of(item));
	put_player(c, l);
	put_wait(c, s, lang, l);
	site_put_text(c, "summary", item->has_summary ? site_text(&item->summary, lang) : "");
	json_t *files = attachments(l, lang),
	       *whole = l->playable ? downloads(l, lang) : json_array();
	site_put(c, "has_files", json_boolean(json_array_size(files) > 0));
	site_put(c, "has_downloads", json_boolean(json_array_size(whole) > 0));
	site_put(c, "files", files);
	site_put(c, "downloads", whole);
	if (next)
		site_put(c, "next",
			 json_pack("{s:s,s:s}", "id", next->id, "title",
				   site_text(&next->title, lang)));
	site_put(c, "credits", json_boolean(*by || item->licence[0]));
	site_put_text(c, "attribution", by);
	site_put_text(c, "licence", item->licence);
	return site_render(s, lang, "lesson.html", c, out, len, why);
}

/* FNV-1a. */
static void mix(uint64_t *hash, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*hash = (*hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void mix_number(uint64_t *hash, uint64_t n)
{
	mix(hash, &n, sizeof(n));
}

/* The item itself, and the lesson that follows it, are the catalogue's: its version stands for them. */
uint64_t site_lesson_print(const struct site *s, size_t lesson)
{
	const struct site_lesson *l = &s->lessons[lesson];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	mix(&hash, s->school, strlen(s->school) + 1);
	mix(&hash, s->assets, strlen(s->assets) + 1);
	mix(&hash, l->generation, strlen(l->generation) + 1);
	mix_number(&hash, s->catalogue ? s->catalogue->version : 0);
	mix_number(&hash, s->status.internet);
	mix_number(&hash,
		   (uint64_t)(l->playable | l->plays << 1 | l->complete << 2 | l->failed << 3 |
			      l->sound << 4 | l->poster << 5 | l->preview << 6 | l->chapters << 7));
	mix_number(&hash, (uint64_t)l->minutes);
	if (!l->complete) {
		const struct planner_promise *p = &l->promise;
		mix_number(&hash, (uint64_t)s->today);
		mix_number(&hash, (uint64_t)(p->when | p->wait << 4 | p->late << 8 | p->stick << 9 |
					     p->no_room << 10));
		mix_number(&hash, (uint64_t)p->day << 32 | p->count);
		mix_number(&hash, (uint64_t)p->due_day);
		mix_number(&hash, p->bytes >> 20);
		mix_number(&hash, p->night_bytes >> 20);
	}
	mix_number(&hash, (uint64_t)l->done << 32 | l->total);
	for (size_t i = 0; i < l->download_count; i++) {
		mix(&hash, l->downloads[i].rung, strlen(l->downloads[i].rung) + 1);
		mix_number(&hash, l->downloads[i].bytes);
	}
	for (size_t i = 0; i < l->item->attachments_count; i++)
		mix_number(&hash, l->files_here[i]);
	return hash ? hash : 1;
}
