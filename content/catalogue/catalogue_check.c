// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/catalogue_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/objmap.h"

#define MOST_ITEMS 20000u
#define MOST_SEGMENTS 20000u /* a plan; 10 s each: two days */
#define MOST_CAPTIONS 16u
#define MOST_FILES 32u
#define MOST_PROGRAMMES 2000u
#define MOST_TITLE_BYTES 400u
#define MOST_SUMMARY_BYTES 4000u
#define MOST_SIDE 8192u
#define MOST_SEGMENT_S 60u

/* The id is as it came: it may hold anything that a journal line must not. */
static int refuse(struct fault *why, const char *id, const char *what)
{
	char shown[64];
	snprintf(shown, sizeof(shown), "%s", id);
	for (char *c = shown; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return fault_set(why, -EBADMSG, "catalogue.content",
			 "catalogue: item '%s': %s; the ministry must publish a corrected one",
			 shown, what);
}

bool catalogue_language_ok(const char *tag)
{
	size_t len = strlen(tag);
	if (len < 2 || len > 11 || tag[0] == '-' || tag[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (tag[i] != '-' && !(tag[i] >= '0' && tag[i] <= '9') &&
		    !((tag[i] | 0x20) >= 'a' && (tag[i] | 0x20) <= 'z'))
			return false;
	return true;
}

bool catalogue_playable(const wasl_Item *item)
{
	return (item->kind == CATALOGUE_VIDEO || item->kind == CATALOGUE_AUDIO) &&
	       item->has_mezzanine && item->has_plan && item->plan.segments_count > 0;
}

static bool text_ok(const char *text, size_t most)
{
	if (!text)
		return true;
	size_t len = strlen(text);
	if (len > most || !text_is_utf8(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t')
			return false;
	return true;
}

static bool texts_ok(const wasl_Text *t, size_t most)
{
	return text_ok(t->ar, most) && text_ok(t->fr, most) && text_ok(t->en, most);
}

static bool has_text(const wasl_Text *t)
{
	return (t->ar && *t->ar) || (t->fr && *t->fr) || (t->en && *t->en);
}

/* What may stand in a header line: a token, a slash, a token, perhaps parameters; no quotes or line ends. */
static bool media_type_ok(const char *type)
{
	if (!strchr(type, '/'))
		return false;
	for (const char *c = type; *c; c++)
		if (*c < 0x20 || *c > 0x7e || strchr("\"\\<>", *c))
			return false;
	return true;
}

/* A file name for people: never a path, never hidden. */
static bool file_name_ok(const char *name)
{
	if (!text_ok(name, 127) || name[0] == '.')
		return false;
	return !strpbrk(name, "/\\\"\n\t");
}

static const char *object_fault(const wasl_ObjectRef *o)
{
	if (o->size_bytes == 0 || o->size_bytes > OBJMAP_MAX_SIZE)
		return "a file's size is 0 or more than 64 GiB";
	if (!media_type_ok(o->media_type))
		return "a file has no proper media type";
	return file_name_ok(o->name) ? NULL : "a file's name is not a plain name";
}

static const char *segments_fault(const wasl_Plan *p, uint64_t size)
{
	uint64_t at = 0;
	for (size_t i = 0; i < p->segments_count; i++) {
		const wasl_Segment *s = &p->segments[i];
		if (s->duration_ticks == 0 ||
		    s->duration_ticks > (uint64_t)p->timescale * MOST_SEGMENT_S)
			return "a segment lasts nothing, or more than a minute";
		if (i > 0 && s->start_ticks != at)
			return "segments do not follow each other";
		if (s->start_ticks > UINT64_MAX / 2)
			return "a segment begins beyond all time";
		if (s->byte_len == 0 || s->byte_len > size || s->byte_from > size - s->byte_len)
			return "a segment lies outside its file";
		at = s->start_ticks + s->duration_ticks;
	}
	return NULL;
}

static const char *plan_fault(const wasl_Item *item)
{
	const wasl_Plan *p = &item->plan;
	if (p->timescale == 0 || p->timescale > 10000000)
		return "the plan has no proper timescale";
	if (p->segments_count > MOST_SEGMENTS)
		return "the plan has more than 20000 segments";
	if (p->width > MOST_SIDE || p->height > MOST_SIDE || (p->width == 0) != (p->height == 0))
		return "the plan's picture has no proper size";
	if (p->width && (p->fps_num == 0 || p->fps_den == 0 || p->fps_num / p->fps_den > 240))
		return "the plan has no proper frame rate";
	if (p->sample_rate > 192000 || (p->width == 0 && p->sample_rate == 0))
		return "the plan has neither picture nor sound";
	if (p->head_bytes > item->mezzanine.size_bytes)
		return "the plan's index is longer than its file";
	return segments_fault(p, item->mezzanine.size_bytes);
}

static const char *files_fault(const wasl_Item *item)
{
	const char *bad = item->has_poster ? object_fault(&item->poster) : NULL;
	if (item->captions_count > MOST_CAPTIONS || item->attachments_count > MOST_FILES)
		return "more captions or files than the house takes";
	for (size_t i = 0; !bad && i < item->captions_count; i++) {
		const wasl_Captions *c = &item->captions[i];
		if (!catalogue_language_ok(c->language) || !text_ok(c->label, 47) || !c->has_vtt)
			return "captions without language, label or file";
		for (size_t earlier = 0; earlier < i; earlier++)
			if (strcmp(item->captions[earlier].language, c->language) == 0)
				return "two captions in one language";
		bad = object_fault(&c->vtt);
	}
	for (size_t i = 0; !bad && i < item->attachments_count; i++)
		bad = item->attachments[i].name[0] ? object_fault(&item->attachments[i])
						   : "a file has no name";
	return bad;
}

static const char *item_fault(const wasl_Item *item)
{
	if (!text_is_slug(item->id))
		return "its id is not a slug";
	if (item->kind < CATALOGUE_VIDEO || item->kind > CATALOGUE_NOTICE)
		return "its kind is unknown";
	if (!item->has_title || !has_text(&item->title) ||
	    !texts_ok(&item->title, MOST_TITLE_BYTES))
		return "it has no title, or an unreadable one";
	if (item->has_summary && !texts_ok(&item->summary, MOST_SUMMARY_BYTES))
		return "its summary is unreadable or too long";
	if (item->subject[0] && !text_is_slug(item->subject))
		return "its subject is not a slug";
	if (!text_ok(item->unit, 127) || !text_ok(item->licence, 63) ||
	    !text_ok(item->attribution, MOST_SUMMARY_BYTES))
		return "its unit, licence or attribution is unreadable";
	if (item->grade > 13 || (item->language[0] && !catalogue_language_ok(item->language)))
		return "its grade or language is unknown";
	if (item->has_plan && !item->has_mezzanine)
		return "it has a plan but no file";
	const char *bad = item->has_mezzanine ? object_fault(&item->mezzanine) : NULL;
	if (!bad && item->has_plan)
		bad = plan_fault(item);
	return bad ? bad : files_fault(item);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The first id that is there twice, or NULL. */
static int find_repeat(const wasl_Catalogue *c, const char **repeat)
{
	*repeat = NULL;
	if (c->items_count < 2)
		return 0;
	AUTO_FREE const char **ids = calloc(c->items_count, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < c->items_count; i++)
		ids[i] = c->items[i].id;
	qsort(ids, c->items_count, sizeof(*ids), by_text);
	for (size_t i = 1; i < c->items_count && !*repeat; i++)
		if (strcmp(ids[i - 1], ids[i]) == 0)
			*repeat = ids[i];
	return 0;
}

static int check_programmes(const wasl_Catalogue *c, struct fault *why)
{
	for (size_t i = 0; i < c->programmes_count; i++) {
		const wasl_Programme *p = &c->programmes[i];
		if (!text_is_slug(p->id) || !p->has_title ||
		    !texts_ok(&p->title, MOST_TITLE_BYTES) || p->grade > 13 ||
		    p->item_ids_count > MOST_ITEMS)
			return refuse(why, p->id, "the programme has no proper id, title or grade");
		for (size_t k = 0; k < p->item_ids_count; k++)
			if (!p->item_ids[k] || !text_is_slug(p->item_ids[k]))
				return refuse(why, p->id,
					      "the programme names an item that cannot be");
	}
	return 0;
}

int catalogue_check(const wasl_Catalogue *c, struct fault *why)
{
	if (c->version == 0)
		return refuse(why, "-", "version 0 does not exist");
	if (c->items_count > MOST_ITEMS || c->programmes_count > MOST_PROGRAMMES)
		return refuse(why, "-", "more than 20000 items or 2000 programmes");
	if (c->subjects_id_count != c->subjects_title_count || c->subjects_id_count > 1000)
		return refuse(why, "-", "subjects and their titles do not match");
	for (size_t i = 0; i < c->subjects_id_count; i++)
		if (!c->subjects_id[i] || !text_is_slug(c->subjects_id[i]) ||
		    !texts_ok(&c->subjects_title[i], MOST_TITLE_BYTES))
			return refuse(why, "-", "a subject has no proper id or title");
	for (size_t i = 0; i < c->items_count; i++) {
		const char *bad = item_fault(&c->items[i]);
		if (bad)
			return refuse(why, c->items[i].id, bad);
	}
	const char *repeat = NULL;
	if (find_repeat(c, &repeat))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (repeat)
		return refuse(why, repeat, "its id is there twice");
	return check_programmes(c, why);
}
