// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/catalogue/catalogue_check.h"
#include "content/staff/own_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/web/strings.h"

/* The school's lessons and the ministry's as one catalogue. Items of the ministry are borrowed, ours are copies. */

#define MOST_ITEMS 65000u /* nanopb counts in 16 bits */

static char *text_or_null(const char *text)
{
	return *text ? strdup(text) : NULL;
}

/* What pages say of it, into an item that has film and plan. */
static int put_texts(wasl_Item *to, const struct own_lesson *l)
{
	memcpy(to->id, l->id, strlen(l->id) + 1);
	to->kind = to->plan.width ? CATALOGUE_VIDEO : CATALOGUE_AUDIO;
	to->has_title = true;
	to->title.ar = text_or_null(l->title[STRINGS_AR]);
	to->title.fr = text_or_null(l->title[STRINGS_FR]);
	to->title.en = text_or_null(l->title[STRINGS_EN]);
	memcpy(to->subject, l->subject, sizeof(to->subject));
	memcpy(to->language, l->language, sizeof(to->language));
	to->grade = l->grade;
	for (size_t i = 0; i < 3; i++)
		if (*l->title[i] && !(i == STRINGS_AR   ? to->title.ar
				      : i == STRINGS_FR ? to->title.fr
							: to->title.en))
			return -ENOMEM;
	return 0;
}

/* A copy of its own, ready for a catalogue. */
static int copy_item(const struct own_lesson *l, const wasl_Item *from, wasl_Item *out,
		     struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	wasl_Item item = wasl_Item_init_zero;
	int r = codec_encode(wasl_Item_fields, from, &bytes, &len, why);
	if (r == 0)
		r = codec_decode(wasl_Item_fields, bytes, len, &item, why);
	if (r)
		return r;
	if (put_texts(&item, l)) {
		pb_release(wasl_Item_fields, &item);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	*out = item;
	return 0;
}

int own_check_item(const struct own_lesson *l, const wasl_Item *from, struct fault *why)
{
	wasl_Item item;
	int r = copy_item(l, from, &item, why);
	if (r)
		return r;
	const wasl_Catalogue one = { .version = 1, .items_count = 1, .items = &item };
	r = catalogue_check(&one, why);
	if (r == 0 && !catalogue_playable(&item))
		r = fault_set(why, -EBADMSG, "staff.item", "lesson '%s' has no film", l->id);
	pb_release(wasl_Item_fields, &item);
	return r;
}

void own_drop_merged(struct own *o)
{
	for (size_t i = 0; i < o->merged_own; i++)
		pb_release(wasl_Item_fields, &o->merged.items[i]);
	if (o->merged.items)
		free(o->merged.items);
	if (o->merged_own) { /* the first programme is ours, the others are borrowed */
		wasl_Programme *p = &o->merged.programmes[0];
		for (size_t i = 0; i < p->item_ids_count; i++)
			free(p->item_ids[i]);
		free(p->item_ids);
	}
	free(o->merged.programmes);
	o->merged = (wasl_Catalogue)wasl_Catalogue_init_zero;
	o->merged_own = 0;
}

static bool shown(const struct own_lesson *l, const wasl_Catalogue *ministry)
{
	if (l->state != OWN_READY || l->hidden)
		return false;
	for (size_t i = 0; ministry && i < ministry->items_count; i++)
		if (strcmp(ministry->items[i].id, l->id) == 0)
			return false;
	return true;
}

/* The shelf of the school's own lessons; titles are the string tables', never freed. */
static int put_shelf(struct own *o, const char **ids, size_t count)
{
	wasl_Programme *p = &o->merged.programmes[0];
	*p = (wasl_Programme)wasl_Programme_init_zero;
	memcpy(p->id, "own", 4);
	p->has_title = true;
	const char *const titles[] = { strings_get(STRINGS_AR, "staff.shelf"),
				       strings_get(STRINGS_FR, "staff.shelf"),
				       strings_get(STRINGS_EN, "staff.shelf") };
	p->title = (wasl_Text){ (char *)(uintptr_t)titles[0], (char *)(uintptr_t)titles[1],
				(char *)(uintptr_t)titles[2] };
	p->item_ids = calloc(count + 1, sizeof(*p->item_ids));
	for (size_t i = 0; p->item_ids && i < count; i++) {
		p->item_ids[i] = strdup(ids[i]);
		if (!p->item_ids[i])
			return -ENOMEM;
		p->item_ids_count++;
	}
	return p->item_ids ? 0 : -ENOMEM;
}

static int merge(struct own *o, const wasl_Catalogue *ministry, struct fault *why)
{
	const size_t items = ministry ? ministry->items_count : 0;
	const size_t programmes = ministry ? ministry->programmes_count : 0;
	const char *ids[OWN_MOST];
	if (ministry)
		o->merged = *ministry;
	o->merged.items = calloc(items + o->count + 1, sizeof(*o->merged.items));
	o->merged.programmes = calloc(programmes + 1, sizeof(*o->merged.programmes));
	if (!o->merged.items || !o->merged.programmes)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* The newest first. */
	for (size_t i = o->count; i-- > 0 && items + o->merged_own < MOST_ITEMS;) {
		const struct own_lesson *l = o->rows[i];
		int r = shown(l, ministry)
				? copy_item(l, &l->item, &o->merged.items[o->merged_own], why)
				: 1;
		if (r < 0)
			return r;
		if (r == 0)
			ids[o->merged_own++] = l->id;
	}
	if (items)
		memcpy(&o->merged.items[o->merged_own], ministry->items,
		       items * sizeof(*o->merged.items));
	o->merged.items_count = (pb_size_t)(items + o->merged_own);
	const size_t shelf = o->merged_own > 0;
	if (programmes)
		memcpy(&o->merged.programmes[shelf], ministry->programmes,
		       programmes * sizeof(*o->merged.programmes));
	o->merged.programmes_count = (pb_size_t)(programmes + shelf);
	if (shelf && put_shelf(o, ids, o->merged_own))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return 0;
}

const wasl_Catalogue *own_catalogue(struct own *o, const wasl_Catalogue *ministry,
				    struct fault *why)
{
	own_drop_merged(o);
	if (merge(o, ministry, why)) {
		own_drop_merged(o);
		return ministry;
	}
	return ministry || o->merged_own ? &o->merged : NULL;
}
