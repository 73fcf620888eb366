// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/keeper/keeper_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store_local.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static void add(struct keeper_name *n, const struct keeper_thing *t)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->things[i].kind == t->kind && n->things[i].object == t->object &&
		    n->things[i].lesson == t->lesson && n->things[i].rung == t->rung)
			return;
	if (n->count < KEEPER_NAME_THINGS)
		n->things[n->count++] = *t;
}

static void add_object(const struct keeper *k, struct keeper_name *n, size_t object)
{
	if (object != LIBRARY_NONE)
		add(n, &(struct keeper_thing){ .kind = KEEPER_OBJECT,
					       .object = object,
					       .lesson = LIBRARY_NONE,
					       .id = k->library->objects[object].id });
}

static void add_sight(const struct keeper *k, struct keeper_name *n, size_t lesson)
{
	const struct library_sight *s = &k->library->lessons[lesson].sight;
	if (s->here)
		add(n, &(struct keeper_thing){ .kind = KEEPER_SIGHT,
					       .object = LIBRARY_NONE,
					       .lesson = lesson,
					       .number = s->number });
}

static void add_slot(const struct keeper *k, struct keeper_name *n, size_t lesson, unsigned slot)
{
	add(n, &(struct keeper_thing){ .kind = slot < RUNG_COUNT ? KEEPER_RUNG : KEEPER_SPARE,
				       .object = LIBRARY_NONE,
				       .lesson = lesson,
				       .rung = (enum kitchen_rung)(slot % RUNG_COUNT),
				       .slot = slot,
				       .number = k->library->lessons[lesson].rungs[slot].number });
}

/* `rest` is what stands behind the lesson: "" everything, a size, "film", a file's name; also as in an address. */
static void find_in_lesson(const struct keeper *k, size_t lesson, const char *rest,
			   struct keeper_name *n)
{
	const struct library_lesson *it = &k->library->lessons[lesson];
	const bool all = !*rest;
	snprintf(n->pin, sizeof(n->pin), "lesson/%s", it->item->id);
	if (!all)
		snprintf(n->part, sizeof(n->part), "%s", it->item->id);
	if (all || !strcmp(rest, "film"))
		add_object(k, n, it->mezzanine);
	if (all || !strcmp(rest, "poster.jpg"))
		add_object(k, n, it->poster);
	for (size_t i = 0; i < it->item->captions_count; i++) {
		char name[48];
		snprintf(name, sizeof(name), "captions-%s.vtt", it->item->captions[i].language);
		if (all || !strcmp(rest, name))
			add_object(k, n, it->captions[i]);
	}
	for (size_t i = 0; i < it->item->attachments_count; i++)
		if (all || (!strncmp(rest, "files/", 6) &&
			    !strcmp(rest + 6, it->item->attachments[i].name)))
			add_object(k, n, it->files[i]);
	if (all || !strcmp(rest, "preview") || !strcmp(rest, "sprite.vtt") ||
	    !strcmp(rest, "chapters.vtt") || !strncmp(rest, "sprite-", 7))
		add_sight(k, n, lesson);
	for (unsigned r = 1; r <= RUNG_COUNT; r++) {
		const enum kitchen_rung rung = (enum kitchen_rung)(r % RUNG_COUNT);
		const char *name = kitchen_rung_name(rung);
		const size_t len = strlen(name);
		char download[48];
		snprintf(download, sizeof(download), "download-%s.mp4", name);
		if (!(it->ladder & 1u << rung))
			continue;
		if (all || !strcmp(rest, "master.m3u8") || !strcmp(rest, download) ||
		    (!strncmp(rest, name, len) && (!rest[len] || rest[len] == '/')) ||
		    (rung == RUNG_AUDIO && !strcmp(rest, "audio.m4a")))
			add_slot(k, n, lesson, rung);
	}
}

/* "LESSON", "LESSON/REST", and in addresses "LESSON/GENERATION/REST". */
static void find_lesson(const struct keeper *k, const char *text, struct keeper_name *n)
{
	char id[96];
	const size_t len = strcspn(text, "/");
	if (!k->library || len >= sizeof(id))
		return;
	snprintf(id, sizeof(id), "%.*s", (int)len, text);
	const size_t lesson = library_find_lesson(k->library, id);
	if (lesson == LIBRARY_NONE)
		return;
	const char *rest = text[len] ? text + len + 1 : "";
	const struct library_lesson *it = &k->library->lessons[lesson];
	const char *const generations[] = { it->generation, it->better };
	for (size_t i = 0; i < ARRAY_LEN(generations); i++) {
		const size_t skip = strlen(generations[i]);
		if (skip && !strncmp(rest, generations[i], skip) && rest[skip] == '/')
			rest += skip + 1;
	}
	find_in_lesson(k, lesson, rest, n);
}

static void find_object(const struct keeper *k, const struct objmap_id *id, struct keeper_name *n)
{
	const size_t at = k->library ? library_find_object(k->library, id) : LIBRARY_NONE;
	char hex[65];
	objmap_id_hex(id, hex);
	snprintf(n->pin, sizeof(n->pin), "object/%s", hex);
	if (at != LIBRARY_NONE)
		add_object(k, n, at);
	else
		add(n, &(struct keeper_thing){ .kind = KEEPER_STRAY_OBJECT,
					       .object = LIBRARY_NONE,
					       .lesson = LIBRARY_NONE,
					       .id = *id });
}

int keeper_name_find(struct keeper *k, const char *name, struct keeper_name *n, struct fault *why)
{
	struct objmap_id id;
	struct store_local file;
	size_t lesson;
	unsigned slot;
	char *end;
	*n = (struct keeper_name){ 0 };
	if (!strncmp(name, "/p/", 3)) {
		int r = store_local_find(k->store, name, &file, why);
		if (r)
			return r;
		find_object(k, &file.id, n);
		snprintf(n->path, sizeof(n->path), "%s", file.path);
	} else if (!strncmp(name, "/m/", 3) || !strncmp(name, "/l/", 3)) {
		find_lesson(k, name + 3, n);
	} else if (objmap_id_parse(name, &id) == 0) {
		find_object(k, &id, n);
	} else {
		find_lesson(k, name, n);
		const unsigned long long number = strtoull(name, &end, 10);
		if (!n->count && number && !*end && k->library &&
		    library_find_slot(k->library, number, &lesson, &slot))
			add_slot(k, n, lesson, slot);
		else if (!n->count && number && !*end)
			add(n, &(struct keeper_thing){ .kind = KEEPER_STRAY_RENDITION,
						       .object = LIBRARY_NONE,
						       .lesson = LIBRARY_NONE,
						       .number = number });
	}
	if (!n->count)
		return fault_set(
			why, -ENOENT, "store.unknown",
			"the store knows nothing called '%.120s'; name a lesson, an address "
			"or an object as 'wasl lessons' and 'wasl store why LESSON' show them",
			name);
	return 0;
}
