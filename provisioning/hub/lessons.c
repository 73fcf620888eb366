// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/lessons.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/catalogue.pb.h"
#include "firmware/record/codec.h"
#include "provisioning/hub/keyring.h"

struct lessons {
	uint32_t version;
	size_t count;
	struct lesson_name *at;
};

CLEAN_FN(lessons, struct lessons, lessons_close)

static void clean_catalogue(wasl_Catalogue *c)
{
	pb_release(wasl_Catalogue_fields, c);
}

void lessons_close(struct lessons *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++) {
		free(l->at[i].ar);
		free(l->at[i].fr);
		free(l->at[i].en);
	}
	free(l->at);
	free(l);
}

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static int take(const wasl_Catalogue *c, struct lessons *l, struct fault *why)
{
	l->version = c->version;
	l->at = calloc((size_t)c->items_count + 1, sizeof(*l->at));
	if (!l->at)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	for (pb_size_t i = 0; i < c->items_count; i++) {
		const wasl_Item *item = &c->items[i];
		struct lesson_name *n = &l->at[l->count++];
		snprintf(n->id, sizeof(n->id), "%s", item->id);
		snprintf(n->subject, sizeof(n->subject), "%s", item->subject);
		n->grade = item->grade;
		n->duration_ms = item->duration_ms;
		n->size_bytes = item->has_mezzanine ? item->mezzanine.size_bytes : 0;
		n->ar = copy(item->title.ar);
		n->fr = copy(item->title.fr);
		n->en = copy(item->title.en);
		if (!n->ar || !n->fr || !n->en)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	return 0;
}

int lessons_open(const char *dir, const struct trust *trust, struct lessons **out,
		 struct fault *why)
{
	CLEANUP(clean_lessons) struct lessons *l = calloc(1, sizeof(*l));
	AUTO_FREE void *record = NULL;
	const void *body = NULL;
	size_t len = 0, body_len = 0;
	if (!l)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = keyring_file(dir, "origin/wasl/v1/catalogue/latest", &record, &len, why);
	if (rc == -ENOENT) {
		*out = MOVE_PTR(l);
		return 0;
	}
	if (rc == 0)
		rc = trust_check(trust, SIGNED_CATALOGUE, record, len, &body, &body_len, why);
	CLEANUP(clean_catalogue) wasl_Catalogue c = wasl_Catalogue_init_zero;
	if (rc == 0)
		rc = codec_decode(wasl_Catalogue_fields, body, body_len, &c, why);
	if (rc == 0)
		rc = take(&c, l, why);
	if (rc)
		return fault_within(why, "the origin's catalogue");
	*out = MOVE_PTR(l);
	return 0;
}

uint32_t lessons_version(const struct lessons *l)
{
	return l->version;
}

size_t lessons_count(const struct lessons *l)
{
	return l->count;
}

const struct lesson_name *lessons_at(const struct lessons *l, size_t index)
{
	return index < l->count ? &l->at[index] : NULL;
}

const struct lesson_name *lessons_find(const struct lessons *l, const char *id)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->at[i].id, id) == 0)
			return &l->at[i];
	return NULL;
}
