// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/record/catalogue.pb.h"

/*
 * A small catalogue for tests: a video of three segments with captions in two languages, a poster and a file;
 * a lesson of sound only; a document. The caller's copy may be changed; what it points to is shared.
 */
struct lessons_kit {
	wasl_Catalogue catalogue;
	wasl_Item items[3];
	wasl_Segment segments[3];
	wasl_Captions captions[2];
	wasl_ObjectRef files[1];
	wasl_Programme programmes[1];
	wasl_Text subject_titles[2];
	char *subject_ids[2];
	char *programme_items[2];
	char texts[32][200];
	size_t text_count;
};

static inline char *lessons_kit_text(struct lessons_kit *k, const char *text)
{
	char *to = k->texts[k->text_count++];
	snprintf(to, sizeof(k->texts[0]), "%s", text);
	return to;
}

static inline wasl_ObjectRef lessons_kit_object(uint8_t seed, uint64_t size, const char *type,
						const char *name)
{
	wasl_ObjectRef ref = { .size_bytes = size };
	memset(ref.id, seed, sizeof(ref.id));
	snprintf(ref.media_type, sizeof(ref.media_type), "%s", type);
	snprintf(ref.name, sizeof(ref.name), "%s", name);
	return ref;
}

static inline void lessons_kit_video(struct lessons_kit *k)
{
	wasl_Item *v = &k->items[0];
	for (size_t i = 0; i < 3; i++)
		k->segments[i] = (wasl_Segment){ .start_ticks = i * 40000,
						 .duration_ticks = i == 2 ? 22500 : 40000,
						 .content_class = 2,
						 .byte_from = 1000 + i * 100000,
						 .byte_len = 100000 };
	*v = (wasl_Item){ .id = "fractions-1",
			  .kind = 1,
			  .has_title = true,
			  .subject = "mathematics",
			  .grade = 7,
			  .unit = "1",
			  .order = 1,
			  .language = "ar",
			  .licence = "CC-BY-4.0",
			  .duration_ms = 10250,
			  .has_mezzanine = true,
			  .has_plan = true };
	v->title = (wasl_Text){ lessons_kit_text(k, "الكسور (1)"),
				lessons_kit_text(k, "Les fractions (1)"),
				lessons_kit_text(k, "Fractions (1)") };
	v->has_summary = true;
	v->summary = (wasl_Text){ lessons_kit_text(k, "نصف وثلث وربع"),
				  lessons_kit_text(k, "Demi, tiers & quart"),
				  lessons_kit_text(k, "Half, third <and> quarter") };
	v->attribution = lessons_kit_text(k, "Wasl");
	v->mezzanine = lessons_kit_object(1, 301000, "video/mp4", "");
	v->plan = (wasl_Plan){ .version = 1,
			       .timescale = 10000,
			       .segments_count = 3,
			       .segments = k->segments,
			       .width = 1280,
			       .height = 720,
			       .fps_num = 25,
			       .fps_den = 1,
			       .sample_rate = 48000,
			       .head_bytes = 1000 };
	snprintf(k->captions[0].language, 12, "ar");
	snprintf(k->captions[0].label, 48, "العربية");
	snprintf(k->captions[1].language, 12, "fr");
	snprintf(k->captions[1].label, 48, "Français");
	for (size_t i = 0; i < 2; i++) {
		k->captions[i].has_vtt = true;
		k->captions[i].vtt = lessons_kit_object((uint8_t)(2 + i), 500, "text/vtt", "");
	}
	v->captions_count = 2;
	v->captions = k->captions;
	k->files[0] = lessons_kit_object(4, 70000, "application/pdf", "تمارين.pdf");
	v->attachments_count = 1;
	v->attachments = k->files;
	v->has_poster = true;
	v->poster = lessons_kit_object(5, 9000, "image/jpeg", "");
}

static inline void lessons_kit_make(struct lessons_kit *k)
{
	memset(k, 0, sizeof(*k));
	lessons_kit_video(k);
	k->items[1] = (wasl_Item){ .id = "reading-2",
				   .kind = 2,
				   .has_title = true,
				   .subject = "french",
				   .grade = 6,
				   .order = 2,
				   .language = "fr",
				   .duration_ms = 4000,
				   .has_mezzanine = true,
				   .has_plan = true };
	k->items[1].title.fr = lessons_kit_text(k, "Lecture : l'élève");
	k->items[1].mezzanine = lessons_kit_object(6, 50000, "audio/mp4", "");
	k->items[1].plan = (wasl_Plan){ .version = 1,
					.timescale = 10000,
					.segments_count = 1,
					.segments = k->segments,
					.sample_rate = 32000,
					.head_bytes = 400 };
	k->items[1].mezzanine.size_bytes = 301000;
	k->items[2] = (wasl_Item){
		.id = "exam-guide", .kind = 3, .has_title = true, .subject = "mathematics"
	};
	k->items[2].title.ar = lessons_kit_text(k, "دليل الامتحان");
	k->items[2].attachments_count = 1;
	k->items[2].attachments = k->files;
	k->subject_ids[0] = lessons_kit_text(k, "mathematics");
	k->subject_titles[0] =
		(wasl_Text){ lessons_kit_text(k, "رياضيات"), lessons_kit_text(k, "Mathématiques"),
			     lessons_kit_text(k, "Mathematics") };
	k->subject_ids[1] = lessons_kit_text(k, "french");
	k->subject_titles[1].fr = lessons_kit_text(k, "Français");
	k->programme_items[0] = k->items[0].id;
	k->programme_items[1] = k->items[2].id;
	k->programmes[0] = (wasl_Programme){ .id = "week-1",
					     .has_title = true,
					     .grade = 7,
					     .needed_by_day = 20700,
					     .item_ids_count = 2,
					     .item_ids = k->programme_items };
	k->programmes[0].title.en = lessons_kit_text(k, "Week 1");
	k->catalogue = (wasl_Catalogue){ .version = 3,
					 .made_unix_s = 1790000000,
					 .items_count = 3,
					 .items = k->items,
					 .programmes_count = 1,
					 .programmes = k->programmes,
					 .subjects_title_count = 2,
					 .subjects_title = k->subject_titles,
					 .subjects_id_count = 2,
					 .subjects_id = k->subject_ids };
}
