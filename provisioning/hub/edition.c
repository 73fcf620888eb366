// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/edition.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/codec.h"
#include "firmware/record/signed.h"
#include "provisioning/hub/origin.h"
#include "provisioning/hub/sidecar.h"

enum { ITEMS_MAX = 20000 };

int edition_open(const char *dir, const struct trust *trust, struct edition *out, struct fault *why)
{
	AUTO_FREE void *record = NULL;
	const void *body = NULL;
	size_t len = 0, body_len = 0;
	struct edition e = { .catalogue = wasl_Catalogue_init_zero };
	int rc = origin_catalogue(dir, &record, &len, why);
	if (rc == -ENOENT) {
		*out = e;
		return 0;
	}
	if (rc == 0)
		rc = trust_check(trust, SIGNED_CATALOGUE, record, len, &body, &body_len, why);
	if (rc == 0)
		rc = codec_decode(wasl_Catalogue_fields, body, body_len, &e.catalogue, why);
	if (rc == 0)
		rc = origin_number(dir, e.catalogue.version, record, len, why);
	if (rc)
		edition_done(&e);
	if (rc)
		return fault_within(why, "the catalogue in force cannot be continued");
	*out = e;
	return 0;
}

void edition_done(struct edition *e)
{
	pb_release(wasl_Catalogue_fields, &e->catalogue);
	*e = (struct edition){ .catalogue = wasl_Catalogue_init_zero };
}

static bool same_item(const wasl_Item *a, const wasl_Item *b)
{
	AUTO_FREE void *left = NULL;
	AUTO_FREE void *right = NULL;
	size_t left_len = 0, right_len = 0;
	return codec_encode(wasl_Item_fields, a, &left, &left_len, NULL) == 0 &&
	       codec_encode(wasl_Item_fields, b, &right, &right_len, NULL) == 0 &&
	       left_len == right_len && memcmp(left, right, left_len) == 0;
}

static wasl_Item *find_item(const wasl_Catalogue *c, const char *id)
{
	for (pb_size_t i = 0; i < c->items_count; i++)
		if (strcmp(c->items[i].id, id) == 0)
			return &c->items[i];
	return NULL;
}

static int append_item(wasl_Catalogue *c, wasl_Item *item, struct fault *why)
{
	if (c->items_count >= ITEMS_MAX)
		return fault_set(why, -EFBIG, "edition.many",
				 "a catalogue holds at most %d lessons", ITEMS_MAX);
	wasl_Item *grown = realloc(c->items, ((size_t)c->items_count + 1) * sizeof(*grown));
	if (!grown)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->items = grown;
	c->items[c->items_count++] = *item;
	*item = (wasl_Item)wasl_Item_init_zero;
	return 0;
}

/* A subject gets its names in the catalogue with its first lesson. */
static int add_subject(wasl_Catalogue *c, const char *slug, struct fault *why)
{
	for (pb_size_t i = 0; i < c->subjects_id_count; i++)
		if (strcmp(c->subjects_id[i], slug) == 0)
			return 0;
	char **ids = realloc(c->subjects_id, ((size_t)c->subjects_id_count + 1) * sizeof(*ids));
	if (ids)
		c->subjects_id = ids;
	wasl_Text *titles =
		realloc(c->subjects_title, ((size_t)c->subjects_title_count + 1) * sizeof(*titles));
	if (titles)
		c->subjects_title = titles;
	char *copy = strdup(slug);
	wasl_Text title = wasl_Text_init_zero;
	if (!ids || !titles || !copy || sidecar_subject(slug, &title)) {
		free(copy);
		pb_release(wasl_Text_fields, &title);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	c->subjects_id[c->subjects_id_count++] = copy;
	c->subjects_title[c->subjects_title_count++] = title;
	return 0;
}

int edition_put(struct edition *e, wasl_Item *item, struct fault *why)
{
	wasl_Item *old = find_item(&e->catalogue, item->id);
	int rc = 0;
	if (old && same_item(old, item)) {
		pb_release(wasl_Item_fields, item);
		return 0;
	}
	if (*item->subject)
		rc = add_subject(&e->catalogue, item->subject, why);
	if (rc == 0 && old) {
		pb_release(wasl_Item_fields, old);
		*old = *item;
		*item = (wasl_Item)wasl_Item_init_zero;
	} else if (rc == 0) {
		rc = append_item(&e->catalogue, item, why);
	}
	if (rc == 0)
		e->changed = true;
	pb_release(wasl_Item_fields, item);
	return rc;
}

bool edition_has(const struct edition *e, const char *id)
{
	return find_item(&e->catalogue, id) != NULL;
}

static void forget_in_programme(wasl_Programme *p, const char *id)
{
	pb_size_t kept = 0;
	for (pb_size_t i = 0; i < p->item_ids_count; i++)
		if (strcmp(p->item_ids[i], id) == 0)
			free(p->item_ids[i]);
		else
			p->item_ids[kept++] = p->item_ids[i];
	p->item_ids_count = kept;
}

int edition_remove(struct edition *e, const char *id, struct fault *why)
{
	wasl_Catalogue *c = &e->catalogue;
	wasl_Item *item = find_item(c, id);
	if (!item)
		return fault_set(why, -ENOENT, "edition.unknown",
				 "'%.80s' is not in the catalogue; nothing was changed", id);
	for (pb_size_t i = 0; i < c->programmes_count; i++)
		forget_in_programme(&c->programmes[i], id);
	pb_release(wasl_Item_fields, item);
	const size_t behind = (size_t)(&c->items[c->items_count] - item) - 1;
	memmove(item, item + 1, behind * sizeof(*item));
	c->items_count--;
	e->changed = true;
	return 0;
}

int edition_publish(struct edition *e, const char *dir, const struct signed_key *content_key,
		    int64_t now_s, uint32_t *version, struct fault *why)
{
	if (!e->changed) {
		*version = e->catalogue.version;
		return 0;
	}
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	size_t body_len = 0, len = 0;
	wasl_Catalogue next = e->catalogue;
	next.version++;
	next.made_unix_s = now_s;
	int rc = codec_encode(wasl_Catalogue_fields, &next, &body, &body_len, why);
	if (rc == 0)
		rc = signed_make(SIGNED_CATALOGUE, body, body_len, content_key, 1, &record, &len,
				 why);
	if (rc == 0)
		rc = origin_publish(dir, next.version, record, len, why);
	if (rc)
		return rc;
	e->catalogue.version = next.version;
	e->catalogue.made_unix_s = now_s;
	e->changed = false;
	*version = next.version;
	return 0;
}
