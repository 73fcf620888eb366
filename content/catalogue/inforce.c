// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/inforce.h"

#include <errno.h>
#include <stdlib.h>

#include "content/contentd.h"
#include "content/fetch/planning.h"
#include "content/keeper/keeper_part.h"
#include "content/staff/staff.h"
#include "content/shelf/vtt.h"
#include "content/report.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"

#define AGAIN_MS 30000u /* memory that was short may be there by then */

void inforce_captions(struct contentd *c, size_t lesson, size_t which)
{
	const struct library_lesson *it = &c->library->lessons[lesson];
	const struct library_object *o = &c->library->objects[it->captions[which]];
	const char *language = it->item->captions[which].language;
	struct store_object *file = NULL;
	struct fault why = { 0 };
	if (!c->search || !o->complete || o->size > VTT_LIMIT_BYTES ||
	    search_knows(c->search, it->item->id, language, &o->id) ||
	    store_object_find(c->store, &o->id, &file, NULL))
		return;
	AUTO_FREE char *bytes = malloc(o->size);
	int r = bytes ? fileio_pread_all(store_object_fd(file), bytes, o->size, 0) : -ENOMEM;
	store_object_close(file);
	if (r == 0 &&
	    search_captions(c->search, it->item->id, language, &o->id, bytes, o->size, &why))
		log_fault(LOG_LEVEL_WARN, "search.captions", &why);
}

/* Everything that was under way belongs to the old library and ends; what it brought stays in the store. */
void inforce_use(struct contentd *c)
{
	const wasl_Catalogue *catalogue;
	struct library *next = NULL;
	struct fault why = { 0 };
	const bool told = c->library_again_ms != 0;
	c->library_again_ms = 0;
	fetch_use(c->fetch, NULL);
	cook_use(c->cook, NULL);
	keeper_use(c->keeper, NULL);
	planning_use(c->planning, NULL);
	library_free(MOVE_PTR(c->library));
	catalogue = own_catalogue(c->staff->own, catalogue_get(c->catalogue), &why);
	if (why.code)
		contentd_tell(c, "own.refused", "catalogue", "store", why.text);
	publish_forget(c);
	if (!catalogue) { /* files that people added have their addresses all the same */
		publish_names_soon(c);
		publish_pages_soon(c);
		return;
	}
	if (library_build(c->store, catalogue, c->rungs, &next, &why)) {
		if (!told)
			contentd_tell(c, "library.refused", "catalogue", report_layer(&why),
				      why.text);
		c->library_again_ms = clock_mono_ms() + AGAIN_MS;
		return;
	}
	c->library = next;
	log_info("event=catalogue.in_force version=%u lessons=%zu objects=%zu", catalogue->version,
		 next->lesson_count, next->object_count);
	if (c->search && search_fill(c->search, catalogue, own_stamp(c->staff->own), &why))
		log_fault(LOG_LEVEL_WARN, "search.fill", &why);
	for (size_t i = 0; i < next->lesson_count; i++)
		for (size_t k = 0; k < next->lessons[i].item->captions_count; k++)
			inforce_captions(c, i, k);
	planning_use(c->planning, next);
	keeper_use(c->keeper, next);
	fetch_use(c->fetch, next);
	cook_use(c->cook, next);
	wants_recheck(c->wants);
	publish_names_soon(c);
	publish_pages_soon(c);
}

/* Addresses first, then what they led to. */
static void give_back(struct contentd *c, const struct keeper_named *before)
{
	struct keeper_parted gone;
	(void)publish_names(c, NULL);
	keeper_part(c->keeper, before, &gone);
	if (gone.objects + gone.renditions)
		log_info("event=catalogue.left objects=%zu renditions=%zu bytes=%llu", gone.objects,
			 gone.renditions, (unsigned long long)gone.bytes);
}

void inforce_next(struct contentd *c)
{
	CLEANUP(keeper_named_done) struct keeper_named before = { 0 };
	if (c->library)
		(void)keeper_named(c->library, &before);
	inforce_use(c);
	if (c->library)
		give_back(c, &before);
}

void inforce_tick(struct contentd *c)
{
	if (c->library_again_ms && clock_mono_ms() >= c->library_again_ms)
		inforce_use(c);
}

void inforce_begin(struct contentd *c)
{
	struct fault why = { 0 };
	int r = catalogue_load(c->catalogue, &why);
	if (r && r != -ENOENT)
		contentd_tell(c, "catalogue.refused", "catalogue", "store", why.text);
	inforce_use(c);
}
