// SPDX-License-Identifier: GPL-2.0-or-later
#include <pb_decode.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "content/catalogue/catalogue_check.h"
#include "content/kitchen/kitchen.h"
#include "content/shelf/playlists.h"
#include "content/portal/files.h"
#include "content/portal/site.h"
#include "firmware/base/clean.h"
#include "firmware/record/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const bool nothing_here[64];

/* Playlists of a lesson that passed the check can be written. */
static void write_playlists(const wasl_Item *item)
{
	if (!catalogue_playable(item) || item->plan.segments_count > 500)
		return;
	uint32_t ladder = kitchen_ladder(&item->plan, UINT32_MAX);
	uint64_t us[500];
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		AUTO_FREE char *text = NULL;
		size_t len;
		if (!(ladder & 1u << rung))
			continue;
		for (uint32_t i = 0; i < item->plan.segments_count; i++)
			us[i] = kitchen_segment_us(&item->plan, (enum kitchen_rung)rung, i + 1);
		if (playlists_media(us, item->plan.segments_count, &text, &len))
			abort();
	}
}

/* Whatever passes the check can be shown: every page of it is made, in every language. */
static void show(const wasl_Catalogue *c)
{
	struct site_lesson lessons[8] = { 0 };
	size_t count = c->items_count < 8 ? c->items_count : 8;
	for (size_t i = 0; i < count; i++)
		lessons[i] = (struct site_lesson){ .item = &c->items[i],
						   .playable = catalogue_playable(&c->items[i]),
						   .generation = "g-0",
						   .files_here = nothing_here };
	const struct site s = { .pages = &files_pages,
				.school = "",
				.address = "",
				.assets = "",
				.catalogue = c,
				.lessons = lessons,
				.lesson_count = count,
				.status = { .since = "", .layer = "", .read_at = "" } };
	for (int lang = 0; lang < STRINGS_LANG_COUNT; lang++) {
		AUTO_FREE char *home = NULL;
		size_t len;
		if (site_home(&s, (enum strings_lang)lang, &home, &len, NULL))
			abort();
		for (size_t i = 0; i < count; i++) {
			AUTO_FREE char *page = NULL;
			if (site_lesson(&s, (enum strings_lang)lang, i, &page, &len, NULL))
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	wasl_Catalogue c = { 0 };
	if (codec_decode(wasl_Catalogue_fields, data, size, &c, NULL) == 0) {
		if (catalogue_check(&c, NULL) == 0) {
			for (size_t i = 0; i < c.items_count && i < 8; i++)
				write_playlists(&c.items[i]);
			show(&c);
		}
		pb_release(wasl_Catalogue_fields, &c);
	}
	return 0;
}
