// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/keeper/keeper_part.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "content/keeper/keeper_priv.h"
#include "firmware/base/clean.h"

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct objmap_id));
}

static int by_number(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

static void note_number(struct keeper_named *n, uint64_t number)
{
	if (number)
		n->renditions[n->rendition_count++] = number;
}

int keeper_named(const struct library *l, struct keeper_named *out)
{
	CLEANUP(keeper_named_done) struct keeper_named n = { 0 };
	n.objects = calloc(l->object_count + 1, sizeof(*n.objects));
	n.renditions = calloc(l->lesson_count * (LIBRARY_SLOTS + 1) + 1, sizeof(*n.renditions));
	if (!n.objects || !n.renditions)
		return -ENOMEM;
	for (size_t i = 0; i < l->object_count; i++)
		n.objects[n.object_count++] = l->objects[i].id;
	for (size_t i = 0; i < l->lesson_count; i++) {
		for (unsigned slot = 0; slot < LIBRARY_SLOTS; slot++)
			note_number(&n, l->lessons[i].rungs[slot].number);
		note_number(&n, l->lessons[i].sight.number);
	}
	qsort(n.objects, n.object_count, sizeof(*n.objects), by_id);
	qsort(n.renditions, n.rendition_count, sizeof(*n.renditions), by_number);
	*out = n;
	n = (struct keeper_named){ 0 };
	return 0;
}

void keeper_named_done(struct keeper_named *n)
{
	free(n->objects);
	free(n->renditions);
	*n = (struct keeper_named){ 0 };
}

static bool was_named(const struct keeper_named *n, const struct keeper_thing *t)
{
	if (t->kind == KEEPER_STRAY_OBJECT)
		return bsearch(&t->id, n->objects, n->object_count, sizeof(*n->objects), by_id);
	return t->kind == KEEPER_STRAY_RENDITION &&
	       bsearch(&t->number, n->renditions, n->rendition_count, sizeof(*n->renditions),
		       by_number);
}

void keeper_part(struct keeper *k, const struct keeper_named *before, struct keeper_parted *out)
{
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	*out = (struct keeper_parted){ 0 };
	if (!k->library || keeper_list(k, &rows, NULL))
		return;
	for (size_t i = 0; i < rows.count; i++) {
		const struct keeper_thing *t = &rows.rows[i].thing;
		const struct evict_item *item = &rows.items[i];
		const bool object = t->kind == KEEPER_STRAY_OBJECT;
		if (item->keep == EVICT_LOCAL || item->keep == EVICT_PINNED ||
		    !was_named(before, t))
			continue;
		if (object ? store_object_drop(k->store, &t->id, NULL)
			   : store_rendition_drop(k->store, t->number, NULL))
			continue;
		out->objects += object;
		out->renditions += !object;
		out->bytes += item->bytes;
	}
	if (out->objects + out->renditions)
		keeper_judge(k);
}
