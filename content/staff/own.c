// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/own.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <pb_decode.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/staff/own_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/web/strings.h"

#define LIST_BYTES (2u << 20)
#define ITEM_BYTES (4u << 20)

CLEAN_FN(own, struct own, own_free)
CLEAN_FN(json, json_t, json_decref)

static const char *const states[] = {
	[OWN_COMING] = "coming", [OWN_WAITING] = "waiting", [OWN_PREPARING] = "preparing",
	[OWN_READY] = "ready",   [OWN_REFUSED] = "refused",
};

const char *own_state_name(enum own_state state)
{
	return states[state];
}

const char *own_title(const struct own_lesson *l, int lang)
{
	for (int i = 0; i <= STRINGS_LANG_COUNT; i++) {
		const char *text = l->title[(lang + i) % STRINGS_LANG_COUNT];
		if (*text)
			return text;
	}
	return l->id;
}

/* --- rows ------------------------------------------------------------------------------------------- */

static json_t *row_json(const struct own_lesson *l)
{
	return json_pack(
		"{s:s,s:s,s:[sss],s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:b,s:I,s:I,s:I,s:I,s:I,s:i,"
		"s:{s:s,s:s,s:s}}",
		"id", l->id, "person", l->person, "title", l->title[0], l->title[1], l->title[2],
		"subject", l->subject, "grade", (int)l->grade, "language", l->language, "state",
		states[l->state], "reason", l->reason, "sentence", l->sentence, "file", l->file,
		"stick", l->stick, "size", (json_int_t)l->size, "hidden", l->hidden, "added",
		(json_int_t)l->added_s, "offered", (json_int_t)l->offered_s, "seen",
		(json_int_t)l->unfinished.seen_bytes, "touched",
		(json_int_t)l->unfinished.touched_s, "still", (json_int_t)l->unfinished.still_s,
		"hungry", (int)l->again.hungry, "answer", "said", offer_said_name(l->answer.said),
		"reason", l->answer.reason, "published", l->answer.published);
}

static bool copy(char *to, size_t room, const char *text)
{
	if (!text || strlen(text) >= room)
		return false;
	memcpy(to, text, strlen(text) + 1);
	return true;
}

static bool copy_key(char *to, size_t room, const json_t *from, const char *key)
{
	return copy(to, room, json_string_value(json_object_get(from, key)));
}

/* Rows of before have none. */
static void take_answer(struct own_lesson *l, const json_t *from)
{
	const char *said = json_string_value(json_object_get(from, "said"));
	if (said &&
	    (offer_said_parse(said, &l->answer.said) ||
	     !copy_key(l->answer.reason, sizeof(l->answer.reason), from, "reason") ||
	     !copy_key(l->answer.published, sizeof(l->answer.published), from, "published")))
		memset(&l->answer, 0, sizeof(l->answer));
}

static bool take_row(struct own_lesson *l, const json_t *from)
{
	const char *state = json_string_value(json_object_get(from, "state"));
	const json_t *titles = json_object_get(from, "title");
	bool good = copy_key(l->id, sizeof(l->id), from, "id") && text_is_slug(l->id) &&
		    copy_key(l->person, sizeof(l->person), from, "person") &&
		    copy_key(l->subject, sizeof(l->subject), from, "subject") &&
		    copy_key(l->language, sizeof(l->language), from, "language") &&
		    copy_key(l->reason, sizeof(l->reason), from, "reason") &&
		    copy_key(l->sentence, sizeof(l->sentence), from, "sentence") &&
		    copy_key(l->file, sizeof(l->file), from, "file") &&
		    copy_key(l->stick, sizeof(l->stick), from, "stick");
	for (size_t i = 0; good && i < ARRAY_LEN(l->title); i++)
		good = copy(l->title[i], sizeof(l->title[i]),
			    json_string_value(json_array_get(titles, i)));
	l->grade = (uint32_t)json_integer_value(json_object_get(from, "grade"));
	l->size = (uint64_t)json_integer_value(json_object_get(from, "size"));
	l->hidden = json_is_true(json_object_get(from, "hidden"));
	l->added_s = json_integer_value(json_object_get(from, "added"));
	l->offered_s = json_integer_value(json_object_get(from, "offered"));
	take_answer(l, json_object_get(from, "answer"));
	l->unfinished = (struct unfinished){
		(uint64_t)json_integer_value(json_object_get(from, "seen")),
		json_integer_value(json_object_get(from, "touched")),
		json_integer_value(json_object_get(from, "still")),
	};
	const json_int_t hungry = json_integer_value(json_object_get(from, "hungry"));
	l->again.hungry = hungry > 0 && hungry <= AGAIN_HUNGRY_MOST ? (unsigned)hungry : 0;
	for (size_t i = 0; good && state && i < ARRAY_LEN(states); i++)
		if (strcmp(state, states[i]) == 0) {
			l->state = (enum own_state)i;
			return true;
		}
	return false;
}

static int item_path(const struct own *o, const char *id, const char *end,
		     char out[static PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s/%s.%s", o->folder, id, end) < PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

/* A lesson whose item cannot be read is prepared again where its film still is; else it says so. */
static void read_item(const struct own *o, struct own_lesson *l)
{
	char path[PATH_MAX];
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	int r = item_path(o, l->id, "item", path);
	if (r == 0)
		r = fileio_read(path, ITEM_BYTES, &bytes, &len, &why);
	if (r == 0)
		r = codec_decode(wasl_Item_fields, bytes, len, &l->item, &why);
	if (r == 0)
		return;
	l->item = (wasl_Item)wasl_Item_init_zero;
	l->state = OWN_REFUSED;
	snprintf(l->reason, sizeof(l->reason), "staff.item");
	snprintf(l->sentence, sizeof(l->sentence), "%.200s", why.text);
}

/* One that cannot be read is made again. */
static void read_offer(const struct own *o, struct own_lesson *l)
{
	char path[PATH_MAX];
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	if (item_path(o, l->id, "offer", path) ||
	    fileio_read(path, ITEM_BYTES, &bytes, &len, NULL) ||
	    codec_decode(wasl_Item_fields, bytes, len, &l->offer, NULL))
		l->offer = (wasl_Item)wasl_Item_init_zero;
}

static void free_lesson(struct own_lesson *l)
{
	if (!l)
		return;
	pb_release(wasl_Item_fields, &l->offer);
	pb_release(wasl_Item_fields, &l->item);
	free(l);
}

static int read_list(struct own *o, struct fault *why)
{
	char path[PATH_MAX];
	AUTO_FREE void *bytes = NULL;
	size_t len = 0, i;
	json_t *one;
	if ((size_t)snprintf(path, sizeof(path), "%s/list", o->folder) >= sizeof(path))
		return fault_set(why, -ENAMETOOLONG, "staff.folder", "'%s': too long", o->folder);
	int r = fileio_read(path, LIST_BYTES, &bytes, &len, why);
	if (r == -ENOENT)
		return 0;
	if (r)
		return r;
	CLEANUP(clean_json) json_t *list = json_loadb(bytes, len, 0, NULL);
	if (!json_is_array(list))
		return fault_set(why, -EBADMSG, "staff.list",
				 "'%s' is damaged; bring it back from a copy, or remove it", path);
	json_array_foreach (list, i, one) {
		struct own_lesson *l = o->count < OWN_MOST ? calloc(1, sizeof(*l)) : NULL;
		if (!l || !take_row(l, one)) {
			free(l);
			continue;
		}
		if (l->state == OWN_READY)
			read_item(o, l);
		if (l->state == OWN_READY)
			read_offer(o, l);
		if (l->state == OWN_PREPARING) /* whoever was at it is gone */
			l->state = OWN_WAITING;
		o->rows[o->count++] = l;
	}
	return 0;
}

static int write_list(struct own *o, struct fault *why)
{
	char path[PATH_MAX];
	CLEANUP(clean_json) json_t *list = json_array();
	for (size_t i = 0; i < o->count; i++)
		json_array_append_new(list, row_json(o->rows[i]));
	AUTO_FREE char *text = json_dumps(list, JSON_INDENT(1));
	if (!text || json_array_size(list) != o->count)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	snprintf(path, sizeof(path), "%s/list", o->folder);
	int r = fileio_replace(path, text, strlen(text), 0600, why);
	if (r == 0)
		o->stamp++;
	return r;
}

int own_open(const char *folder, struct own **out, struct fault *why)
{
	CLEANUP(clean_own) struct own *o = calloc(1, sizeof(*o));
	if (!o || !(o->folder = strdup(folder)))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	o->stamp = randombytes_random(); /* the search index may be of an earlier run */
	int r = paths_mkdir(folder, 0700, why);
	if (r == 0)
		r = read_list(o, why);
	if (r == 0)
		*out = MOVE_PTR(o);
	return r;
}

void own_free(struct own *o)
{
	if (!o)
		return;
	own_drop_merged(o);
	for (size_t i = 0; i < o->count; i++)
		free_lesson(o->rows[i]);
	free(o->folder);
	free(o);
}

size_t own_count(const struct own *o)
{
	return o->count;
}

const struct own_lesson *own_at(const struct own *o, size_t i)
{
	return o->rows[i];
}

static size_t find(const struct own *o, const char *id)
{
	size_t at = 0;
	while (at < o->count && strcmp(o->rows[at]->id, id) != 0)
		at++;
	return at;
}

const struct own_lesson *own_find(const struct own *o, const char *id)
{
	const size_t at = find(o, id);
	return at < o->count ? o->rows[at] : NULL;
}

uint32_t own_stamp(const struct own *o)
{
	return o->stamp;
}

/* --- changes: undone where the disk refuses ---------------------------------------------------------------- */

static int missing(const char *id, struct fault *why)
{
	return fault_set(why, -ENOENT, "staff.lesson", "the school has no lesson '%.40s'", id);
}

/* Texts and marks of `as`; id, item and offer stay. */
static void take_texts(struct own_lesson *l, const struct own_lesson *as)
{
	struct own_lesson next = *as;
	memcpy(next.id, l->id, sizeof(next.id));
	next.item = l->item;
	next.offer = l->offer;
	*l = next;
}

int own_add(struct own *o, const struct own_lesson *as, const struct own_lesson **out,
	    struct fault *why)
{
	uint8_t bytes[6];
	char hex[13];
	if (o->count == OWN_MOST)
		return fault_set(why, -ENOSPC, "staff.many",
				 "the school has %u lessons of its own already; delete one first",
				 OWN_MOST);
	struct own_lesson *l = calloc(1, sizeof(*l));
	if (!l)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	take_texts(l, as);
	randombytes_buf(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), hex);
	snprintf(l->id, sizeof(l->id), "own-%s", hex);
	l->added_s = clock_wall_s();
	o->rows[o->count++] = l;
	int r = write_list(o, why);
	if (r) {
		o->count--;
		free_lesson(l);
		return r;
	}
	*out = l;
	return 0;
}

int own_change(struct own *o, const char *id, const struct own_lesson *as, struct fault *why)
{
	const size_t at = find(o, id);
	if (at == o->count)
		return missing(id, why);
	const struct own_lesson before = *o->rows[at];
	take_texts(o->rows[at], as);
	int r = write_list(o, why);
	if (r)
		*o->rows[at] = before;
	return r;
}

void own_put_back(struct own *o, const char *id, const struct own_lesson *as)
{
	if (own_change(o, id, as, NULL) && own_find(o, id))
		take_texts(o->rows[find(o, id)], as);
}

int own_set_item(struct own *o, const char *id, const wasl_Item *item, struct fault *why)
{
	const size_t at = find(o, id);
	char path[PATH_MAX];
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	wasl_Item copied = wasl_Item_init_zero;
	if (at == o->count)
		return missing(id, why);
	struct own_lesson *l = o->rows[at];
	int r = own_check_item(l, item, why);
	if (r == 0)
		r = codec_encode(wasl_Item_fields, item, &bytes, &len, why);
	if (r == 0)
		r = codec_decode(wasl_Item_fields, bytes, len, &copied, why);
	if (r)
		return r;
	r = item_path(o, id, "item", path);
	if (r == 0)
		r = fileio_replace(path, bytes, len, 0600, why);
	const enum own_state before = l->state;
	l->state = OWN_READY;
	if (r == 0)
		r = write_list(o, why);
	if (r) {
		l->state = before;
		pb_release(wasl_Item_fields, &copied);
		return r;
	}
	pb_release(wasl_Item_fields, &l->item);
	l->item = copied;
	return 0;
}

int own_set_offer(struct own *o, const char *id, const wasl_Item *offer, struct fault *why)
{
	const size_t at = find(o, id);
	char path[PATH_MAX];
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	wasl_Item copied = wasl_Item_init_zero;
	if (at == o->count)
		return missing(id, why);
	int r = item_path(o, id, "offer", path);
	if (r)
		return fault_set(why, r, "staff.folder", "'%s': too long", o->folder);
	if (offer) {
		r = codec_encode(wasl_Item_fields, offer, &bytes, &len, why);
		if (r == 0)
			r = codec_decode(wasl_Item_fields, bytes, len, &copied, why);
		if (r == 0)
			r = fileio_replace(path, bytes, len, 0600, why);
	} else if (unlink(path) < 0 && errno != ENOENT) {
		r = fault_set(why, -errno, "staff.offer", "'%s': %s", path, strerror(errno));
	}
	if (r) {
		pb_release(wasl_Item_fields, &copied);
		return r;
	}
	pb_release(wasl_Item_fields, &o->rows[at]->offer);
	o->rows[at]->offer = copied;
	return 0;
}

int own_remove(struct own *o, const char *id, struct fault *why)
{
	const size_t at = find(o, id);
	char path[PATH_MAX];
	if (at == o->count)
		return missing(id, why);
	struct own_lesson *gone = o->rows[at];
	const size_t behind = (o->count - at - 1) * sizeof(gone);
	memmove(&o->rows[at], &o->rows[at + 1], behind);
	o->count--;
	int r = write_list(o, why);
	if (r) {
		memmove(&o->rows[at + 1], &o->rows[at], behind);
		o->rows[at] = gone;
		o->count++;
		return r;
	}
	if (item_path(o, gone->id, "item", path) == 0)
		(void)unlink(path);
	if (item_path(o, gone->id, "offer", path) == 0)
		(void)unlink(path);
	free_lesson(gone);
	return 0;
}
