// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/library.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store_note.h"
#include "content/catalogue/catalogue_check.h"
#include "content/catalogue/library_rung.h"
#include "content/catalogue/library_sight.h"
#include "content/kitchen/passing.h"
#include "content/kitchen/version.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

/* Open addressing; value + 1, 0 is free. Keys of objects are the first bytes of their ids. */
struct library_slot {
	uint64_t key;
	size_t value;
};

static uint64_t key_of(const struct objmap_id *id)
{
	uint64_t key;
	memcpy(&key, id->b, sizeof(key));
	return key;
}

static size_t probe(const struct library *l, uint64_t key, size_t step)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15) >> 17) + step) & l->slot_mask;
}

static void note(const struct library *l, struct library_slot *slots, uint64_t key, size_t value)
{
	size_t step = 0;
	while (slots[probe(l, key, step)].value)
		step++;
	slots[probe(l, key, step)] = (struct library_slot){ key, value + 1 };
}

size_t library_find_object(const struct library *l, const struct objmap_id *id)
{
	uint64_t key = key_of(id);
	for (size_t step = 0;; step++) {
		const struct library_slot *s = &l->by_id[probe(l, key, step)];
		if (!s->value)
			return LIBRARY_NONE;
		if (s->key == key &&
		    memcmp(l->objects[s->value - 1].id.b, id->b, sizeof(id->b)) == 0)
			return s->value - 1;
	}
}

#define PLACES (LIBRARY_SLOTS + 1) /* of a lesson: its slots and its preview */

static bool find_number(const struct library *l, uint64_t number, size_t *lesson, unsigned *place)
{
	for (size_t step = 0;; step++) {
		const struct library_slot *s = &l->by_number[probe(l, number, step)];
		if (!s->value)
			return false;
		if (s->key != number)
			continue;
		*lesson = (s->value - 1) / PLACES;
		*place = (unsigned)((s->value - 1) % PLACES);
		return true;
	}
}

bool library_find_slot(const struct library *l, uint64_t number, size_t *lesson, unsigned *slot)
{
	size_t of;
	unsigned place;
	if (!find_number(l, number, &of, &place) || place == LIBRARY_SIGHT)
		return false;
	*lesson = of;
	*slot = place;
	return true;
}

bool library_find_sight(const struct library *l, uint64_t number, size_t *lesson)
{
	size_t of;
	unsigned place;
	if (!find_number(l, number, &of, &place) || place != LIBRARY_SIGHT)
		return false;
	*lesson = of;
	return true;
}

bool library_find_rendition(const struct library *l, uint64_t number, size_t *lesson,
			    enum kitchen_rung *rung)
{
	unsigned slot;
	if (!library_find_slot(l, number, lesson, &slot))
		return false;
	*rung = (enum kitchen_rung)(slot % RUNG_COUNT);
	return true;
}

void library_note_number(struct library *l, size_t lesson, unsigned slot)
{
	const struct library_lesson *it = &l->lessons[lesson];
	const uint64_t number = slot == LIBRARY_SIGHT ? it->sight.number : it->rungs[slot].number;
	note(l, l->by_number, number, lesson * PLACES + slot);
}

/* Takes a number out; those behind it move up, so that none is cut off from where its search begins. */
void library_forget_number(struct library *l, uint64_t number)
{
	size_t hole = probe(l, number, 0);
	while (l->by_number[hole].value && l->by_number[hole].key != number)
		hole = (hole + 1) & l->slot_mask;
	if (!l->by_number[hole].value)
		return;
	for (size_t at = (hole + 1) & l->slot_mask; l->by_number[at].value;
	     at = (at + 1) & l->slot_mask) {
		const size_t home = probe(l, l->by_number[at].key, 0);
		if (((at - home) & l->slot_mask) < ((at - hole) & l->slot_mask))
			continue;
		l->by_number[hole] = l->by_number[at];
		hole = at;
	}
	l->by_number[hole] = (struct library_slot){ 0 };
}

size_t library_find_lesson(const struct library *l, const char *id)
{
	for (size_t i = 0; i < l->lesson_count; i++)
		if (strcmp(l->lessons[i].item->id, id) == 0)
			return i;
	return LIBRARY_NONE;
}

static void free_lesson(struct library_lesson *lesson)
{
	for (size_t r = 0; r < LIBRARY_SLOTS; r++) {
		free(lesson->rungs[r].header);
		free(lesson->rungs[r].extents);
		free(lesson->rungs[r].key_bytes);
	}
	free(lesson->captions);
	free(lesson->files);
	free(lesson->made);
	free(lesson->cooking);
	free(lesson->lost);
}

void library_close_object(struct library_object *o)
{
	store_object_close(o->open);
	passing_free(o->passing);
	o->open = NULL;
	o->passing = NULL;
}

void library_free(struct library *l)
{
	if (!l)
		return;
	for (size_t i = 0; l->objects && i < l->object_count; i++)
		library_close_object(&l->objects[i]);
	for (size_t i = 0; l->lessons && i < l->lesson_count; i++)
		free_lesson(&l->lessons[i]);
	free(l->objects);
	free(l->lessons);
	free(l->order);
	free(l->fetch_order);
	free(l->by_id);
	free(l->by_number);
	free(l);
}

CLEAN_FN(library, struct library, library_free)
CLEAN_FN(names, struct names, names_unmap)

void library_look_again(const struct library *l, struct library_object *o)
{
	/* A damaged map is fetched again, and the bytes are found again then. */
	o->map_known = o->open || store_object_find(l->store, &o->id, &o->open, NULL) == 0;
	o->complete = o->open && store_object_complete(o->open);
	if (o->complete)
		store_object_close(MOVE_PTR(o->open));
}

/* The object of `ref`, added unless the library has it. */
static size_t add_object(struct library *l, const wasl_ObjectRef *ref)
{
	struct objmap_id id;
	memcpy(id.b, ref->id, sizeof(id.b));
	size_t found = library_find_object(l, &id);
	if (found != LIBRARY_NONE)
		return found;
	struct library_object *o = &l->objects[l->object_count];
	*o = (struct library_object){ .id = id,
				      .size = ref->size_bytes,
				      .media_type = ref->media_type };
	/* What is on disk already. Whole objects are not opened: there may be a hundred thousand. */
	o->complete = o->map_known = store_object_known(l->store, &id, NULL) == 1;
	if (!o->complete)
		library_look_again(l, o);
	note(l, l->by_id, key_of(&id), l->object_count);
	return l->object_count++;
}

static void add_small(struct library *l, struct library_lesson *lesson)
{
	const wasl_Item *item = lesson->item;
	lesson->poster = item->has_poster ? add_object(l, &item->poster) : LIBRARY_NONE;
	for (size_t i = 0; i < item->captions_count; i++)
		lesson->captions[i] = add_object(l, &item->captions[i].vtt);
}

static uint64_t chunks_of(uint64_t bytes)
{
	return (bytes + OBJMAP_CHUNK_BYTES - 1) / OBJMAP_CHUNK_BYTES;
}

static void add_mezzanine(struct library *l, struct library_lesson *lesson)
{
	lesson->mezzanine = LIBRARY_NONE;
	if (!lesson->playable)
		return;
	const wasl_Plan *plan = &lesson->item->plan;
	lesson->mezzanine = add_object(l, &lesson->item->mezzanine);
	struct library_object *o = &l->objects[lesson->mezzanine];
	o->head_chunks = chunks_of(plan->head_bytes);
	o->first_chunks = chunks_of(plan->segments[0].byte_from + plan->segments[0].byte_len);
}

static void add_files(struct library *l, struct library_lesson *lesson)
{
	for (size_t i = 0; i < lesson->item->attachments_count; i++)
		lesson->files[i] = add_object(l, &lesson->item->attachments[i]);
	/* A package or a document may itself be the "mezzanine": no plan, only to be had. */
	if (!lesson->playable && lesson->item->has_mezzanine)
		lesson->mezzanine = add_object(l, &lesson->item->mezzanine);
}

static int make_lesson(struct library *l, size_t index, uint32_t allowed)
{
	struct library_lesson *lesson = &l->lessons[index];
	const wasl_Item *item = lesson->item = &l->catalogue->items[index];
	lesson->captions = calloc(item->captions_count + 1, sizeof(size_t));
	lesson->files = calloc(item->attachments_count + 1, sizeof(size_t));
	if (!lesson->captions || !lesson->files)
		return -ENOMEM;
	lesson->playable = catalogue_playable(item);
	if (lesson->playable)
		lesson->ladder = kitchen_ladder(&item->plan, allowed);
	lesson->playable = lesson->ladder != 0;
	if (!lesson->playable)
		return 0;
	lesson->segments = item->plan.segments_count;
	version_init(lesson);
	size_t slots = (size_t)lesson->segments + 1;
	lesson->made = calloc(slots, sizeof(uint32_t));
	lesson->cooking = calloc(slots, sizeof(uint32_t));
	lesson->lost = calloc(slots, sizeof(uint32_t));
	return lesson->made && lesson->cooking && lesson->lost ? 0 : -ENOMEM;
}

/* Lessons of programmes first, the soonest needed first; then as published. */
static void put_in_order(struct library *l)
{
	size_t at = 0;
	bool *taken = calloc(l->lesson_count + 1, sizeof(bool));
	const wasl_Catalogue *c = l->catalogue;
	for (int64_t after = INT64_MIN; taken;) {
		int64_t next = INT64_MAX;
		for (size_t i = 0; i < c->programmes_count; i++) {
			/* 0 is no date: after those that have one. */
			int64_t day = c->programmes[i].needed_by_day
					      ? c->programmes[i].needed_by_day
					      : INT32_MAX;
			if (day > after && day < next)
				next = day;
		}
		if (next == INT64_MAX)
			break;
		for (size_t i = 0; i < c->programmes_count; i++) {
			const wasl_Programme *p = &c->programmes[i];
			if ((p->needed_by_day ? p->needed_by_day : INT32_MAX) != next)
				continue;
			for (size_t k = 0; k < p->item_ids_count; k++) {
				size_t lesson = library_find_lesson(l, p->item_ids[k]);
				if (lesson == LIBRARY_NONE || taken[lesson])
					continue;
				taken[lesson] = true;
				l->order[at++] = lesson;
			}
		}
		after = next;
	}
	for (size_t i = 0; i < l->lesson_count; i++)
		if (!taken || !taken[i])
			l->order[taken ? at++ : i] = i;
	free(taken);
}

/* Room for everything that the catalogue can name, so that nothing moves later. */
static int make_room(struct library *l)
{
	const wasl_Catalogue *c = l->catalogue;
	size_t objects = 1;
	for (size_t i = 0; i < c->items_count; i++)
		objects += 2 + c->items[i].captions_count + c->items[i].attachments_count;
	size_t slots = 64;
	while (slots < 2 * objects || slots < 2 * PLACES * c->items_count)
		slots *= 2;
	l->slot_mask = slots - 1;
	l->lesson_count = c->items_count;
	l->objects = calloc(objects, sizeof(*l->objects));
	l->lessons = calloc(c->items_count + 1, sizeof(*l->lessons));
	l->order = calloc(c->items_count + 1, sizeof(*l->order));
	l->fetch_order = calloc(objects, sizeof(*l->fetch_order));
	l->by_id = calloc(slots, sizeof(*l->by_id));
	l->by_number = calloc(slots, sizeof(*l->by_number));
	return l->objects && l->lessons && l->order && l->fetch_order && l->by_id && l->by_number
		       ? 0
		       : -ENOMEM;
}

/* Those of a new catalogue get their numbers in one commit, not in thousands; where it fails, each is tried alone. */
static void number_rungs(struct library *l)
{
	if (store_group_begin(l->store, NULL))
		return;
	for (size_t i = 0; i < l->lesson_count; i++)
		for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
			const struct library_lesson *it = &l->lessons[i];
			uint64_t number;
			bool used;
			if (it->ladder & 1u << rung)
				store_rendition_reserve(l->store, it->item->id, it->generation,
							kitchen_rung_name((enum kitchen_rung)rung),
							it->segments, &number, &used, NULL);
		}
	store_group_end(l->store, NULL);
}

/* What the rows and notes say, of both versions; a better one that is whole is the one offered. The mask of slots to be opened. */
static uint32_t load_lesson(struct library *l, size_t lesson)
{
	struct library_lesson *it = &l->lessons[lesson];
	uint32_t open = 0;
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		bool more = true, others = false;
		if (!(it->ladder & 1u << rung))
			continue;
		if (library_load_rung(l, lesson, rung, &more, NULL) == 0)
			open |= (uint32_t)more << rung;
		if (version_load(l, lesson, (enum kitchen_rung)rung, &others) == 0)
			open |= (uint32_t)others << (rung + RUNG_COUNT);
		if (!it->rungs[rung + RUNG_COUNT].complete)
			continue;
		version_swap(l, lesson, (enum kitchen_rung)rung);
		open &= ~(UINT32_C(1) << rung | UINT32_C(1) << (rung + RUNG_COUNT));
		open |= (uint32_t)more << (rung + RUNG_COUNT);
	}
	return open;
}

/* Those that are under way are opened. A better version may turn out to be whole. */
static void open_lesson(struct library *l, size_t lesson, uint32_t open)
{
	for (unsigned slot = LIBRARY_SLOTS; slot-- > 0;)
		if (open & 1u << slot && library_refresh_rung(l, lesson, slot, NULL) == 0 &&
		    slot >= RUNG_COUNT)
			version_offer(l, lesson, (enum kitchen_rung)(slot - RUNG_COUNT), NULL);
	version_settle(&l->lessons[lesson]);
}

/*
 * The rungs as rows and notes say; opened are those alone that are under way. A rung that cannot be numbered or opened now (a
 * full disk) is tried again when it is cooked.
 */
static void fill_rungs(struct library *l)
{
	CLEANUP(clean_names) struct names *index = NULL;
	AUTO_FREE uint32_t *open = calloc(l->lesson_count + 1, sizeof(*open));
	number_rungs(l);
	for (size_t i = 0; open && i < l->lesson_count; i++) {
		open[i] = load_lesson(l, i);
		library_sight_load(l, i);
	}
	if (store_names(l->store, &index, NULL))
		index = NULL; /* none yet: downloads are made from the files */
	for (size_t i = 0; open && i < l->lesson_count; i++) {
		if (l->lessons[i].playable)
			open_lesson(l, i, open[i]);
		for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
			if (l->lessons[i].ladder & ~open[i] & 1u << rung)
				library_load_download(l, i, (enum kitchen_rung)rung, index, NULL);
	}
}

static int fill(struct library *l, uint32_t allowed, struct fault *why)
{
	int r = make_room(l);
	for (size_t i = 0; r == 0 && i < l->lesson_count; i++)
		r = make_lesson(l, i, allowed);
	if (r)
		return fault_set(why, r, "memory", "out of memory");
	put_in_order(l);
	for (size_t i = 0; i < l->lesson_count; i++)
		add_small(l, &l->lessons[l->order[i]]);
	for (size_t i = 0; i < l->lesson_count; i++)
		add_mezzanine(l, &l->lessons[l->order[i]]);
	for (size_t i = 0; i < l->lesson_count; i++)
		add_files(l, &l->lessons[l->order[i]]);
	for (size_t i = 0; i < l->object_count; i++)
		l->fetch_order[i] = i;
	fill_rungs(l);
	return 0;
}

int library_build(struct store *store, const wasl_Catalogue *catalogue, uint32_t allowed,
		  struct library **out, struct fault *why)
{
	CLEANUP(clean_library) struct library *l = calloc(1, sizeof(*l));
	if (!l)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	l->store = store;
	l->catalogue = catalogue;
	int r = fill(l, allowed, why);
	if (r == 0)
		*out = MOVE_PTR(l);
	return r;
}

/* --- another order ---------------------------------------------------------------------------------- */

struct queue {
	struct library *of;
	bool *taken;
	size_t count;
};

static void queue_object(struct queue *q, size_t object)
{
	if (object == LIBRARY_NONE || q->taken[object])
		return;
	q->taken[object] = true;
	q->of->fetch_order[q->count++] = object;
}

static void queue_small(struct queue *q, const struct library_lesson *it)
{
	queue_object(q, it->poster);
	for (size_t i = 0; i < it->item->captions_count; i++)
		queue_object(q, it->captions[i]);
}

static void queue_film(struct queue *q, const struct library_lesson *it)
{
	if (it->playable)
		queue_object(q, it->mezzanine);
}

static void queue_files(struct queue *q, const struct library_lesson *it)
{
	for (size_t i = 0; i < it->item->attachments_count; i++)
		queue_object(q, it->files[i]);
	queue_object(q, it->mezzanine);
}

void library_reorder(struct library *l, const size_t *order, size_t whole)
{
	static void (*const steps[])(struct queue * q,
				     const struct library_lesson *it) = { queue_small, queue_film,
									  queue_files };
	AUTO_FREE bool *taken = calloc(l->object_count + 1, sizeof(*taken));
	struct queue q = { .of = l, .taken = taken };
	if (!taken)
		return;
	memmove(l->order, order, l->lesson_count * sizeof(*order));
	for (size_t i = 0; i < whole && i < l->lesson_count; i++)
		for (size_t k = 0; k < ARRAY_LEN(steps); k++)
			steps[k](&q, &l->lessons[order[i]]);
	for (size_t k = 0; k < ARRAY_LEN(steps); k++)
		for (size_t i = whole; i < l->lesson_count; i++)
			steps[k](&q, &l->lessons[l->order[i]]);
	for (size_t i = 0; i < l->object_count; i++)
		queue_object(&q, i);
}

void library_forget_object(struct library *l, size_t object)
{
	struct library_object *o = &l->objects[object];
	library_close_object(o);
	o->complete = o->map_known = false;
}

bool library_has(const struct library *l, size_t object)
{
	return object != LIBRARY_NONE && l->objects[object].complete;
}

void library_span(const struct library *l, size_t lesson, uint32_t segment, uint64_t *first,
		  uint64_t *count)
{
	const wasl_Segment *s = &l->lessons[lesson].item->plan.segments[segment - 1];
	*first = s->byte_from / OBJMAP_CHUNK_BYTES;
	*count = chunks_of(s->byte_from + s->byte_len) - *first;
}

bool library_readable(const struct library *l, size_t lesson, uint32_t segment)
{
	const struct library_lesson *it = &l->lessons[lesson];
	const struct library_object *o = &l->objects[it->mezzanine];
	if (o->complete)
		return true;
	const wasl_Segment *s = &it->item->plan.segments[segment - 1];
	uint64_t first, count;
	library_span(l, lesson, segment, &first, &count);
	if (o->passing)
		return passing_run(o->passing, 0, o->head_chunks) == o->head_chunks &&
		       passing_run(o->passing, first, count) == count;
	return o->open && store_object_has_bytes(o->open, 0, it->item->plan.head_bytes) &&
	       store_object_has_bytes(o->open, s->byte_from, s->byte_len);
}

uint64_t library_have_bytes(const struct library_object *o)
{
	if (o->complete)
		return o->size;
	if (!o->open)
		return 0;
	uint64_t missing = 0, first = 0, count = 0;
	while (store_object_gap(o->open, first + count, &first, &count)) {
		uint64_t from = first * OBJMAP_CHUNK_BYTES,
			 to = (first + count) * OBJMAP_CHUNK_BYTES;
		missing += (to < o->size ? to : o->size) - from;
	}
	return o->size - missing;
}

struct library_progress library_progress(const struct library *l, size_t lesson)
{
	const struct library_lesson *it = &l->lessons[lesson];
	struct library_progress p = { 0 };
	if (!it->playable)
		return p;
	const struct library_object *o = &l->objects[it->mezzanine];
	p.size_bytes = o->size;
	p.have_bytes = library_have_bytes(o);
	p.plays = (it->made[1] & ~it->lost[1] & it->ladder) == it->ladder;
	p.complete = true;
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		if (!(it->ladder & 1u << rung))
			continue;
		p.done += it->rungs[rung].done;
		p.total += it->segments;
		p.complete &= it->rungs[rung].complete;
	}
	p.failed = (it->lost[1] & it->ladder) == it->ladder;
	return p;
}
