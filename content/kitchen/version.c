// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/version.h"

#include "cache/store_note.h"
#include "content/catalogue/library_rung.h"
#include "firmware/base/clock.h"

static bool is_picture(const struct library_lesson *it, unsigned rung)
{
	return rung != RUNG_AUDIO && it->ladder & 1u << rung;
}

const char *version_generation(const struct library_lesson *it, unsigned slot)
{
	return it->rungs[slot].point == POINT_IDLE ? it->better : it->generation;
}

void version_init(struct library_lesson *it)
{
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		it->rungs[rung].point = POINT_NOW;
		it->rungs[rung + RUNG_COUNT].point = POINT_IDLE;
	}
	kitchen_generation(&it->item->plan, POINT_NOW, it->generation);
	kitchen_generation(&it->item->plan, POINT_IDLE, it->better);
	it->watched_ms = clock_mono_ms();
}

/* One minute of it cannot be made: then the version can never be whole. */
static bool is_lost(const struct library_lesson *it, unsigned slot)
{
	for (uint32_t i = 1; i <= it->segments; i++)
		if (it->lost[i] & 1u << slot)
			return true;
	return false;
}

void version_settle(struct library_lesson *it)
{
	it->slow = it->spare = it->to_better = 0;
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		const unsigned other = rung + RUNG_COUNT;
		if (!is_picture(it, rung))
			continue;
		it->slow |= 1u << (it->rungs[rung].point == POINT_IDLE ? rung : other);
		if (it->rungs[other].number)
			it->spare |= 1u << other;
		if (it->rungs[other].point == POINT_IDLE && it->rungs[rung].complete &&
		    !is_lost(it, other))
			it->to_better |= 1u << other;
	}
}

static uint32_t exchanged(uint32_t mask, unsigned a, unsigned b)
{
	const uint32_t differ = (mask >> a ^ mask >> b) & 1u;
	return mask ^ (differ << a | differ << b);
}

void version_swap(struct library *l, size_t lesson, enum kitchen_rung rung)
{
	struct library_lesson *it = &l->lessons[lesson];
	const unsigned slots[] = { rung, rung + RUNG_COUNT };
	for (size_t i = 0; i < 2; i++) {
		library_drop_download(&it->rungs[slots[i]]);
		if (it->rungs[slots[i]].number)
			library_forget_number(l, it->rungs[slots[i]].number);
	}
	const struct library_rung was = it->rungs[rung];
	it->rungs[rung] = it->rungs[slots[1]];
	it->rungs[slots[1]] = was;
	for (size_t i = 0; i < 2; i++)
		if (it->rungs[slots[i]].number)
			library_note_number(l, lesson, slots[i]);
	for (uint32_t i = 0; i <= it->segments; i++) {
		it->made[i] = exchanged(it->made[i], slots[0], slots[1]);
		it->cooking[i] = exchanged(it->cooking[i], slots[0], slots[1]);
		it->lost[i] = exchanged(it->lost[i], slots[0], slots[1]);
	}
	version_settle(it);
}

bool version_offer(struct library *l, size_t lesson, enum kitchen_rung rung, struct fault *why)
{
	struct library_lesson *it = &l->lessons[lesson];
	const struct library_rung *other = &it->rungs[rung + RUNG_COUNT];
	if (!other->complete || other->point != POINT_IDLE)
		return false;
	version_swap(l, lesson, rung);
	version_watched(it,
			clock_mono_ms()); /* somebody may have begun with the old one just now */
	(void)library_download_rung(l, lesson, rung, why);
	return true;
}

int version_load(struct library *l, size_t lesson, enum kitchen_rung rung, bool *open)
{
	const struct library_lesson *it = &l->lessons[lesson];
	*open = false;
	if (!is_picture(it, rung) ||
	    !store_rendition_known(l->store, it->item->id, it->better, kitchen_rung_name(rung)))
		return 0;
	return library_load_rung(l, lesson, rung + RUNG_COUNT, open, NULL);
}

void version_watched(struct library_lesson *it, uint64_t now_ms)
{
	it->watched_ms = now_ms;
}

static bool is_cooking(const struct library_lesson *it, unsigned slot)
{
	for (uint32_t i = 0; i <= it->segments; i++)
		if (it->cooking[i] & 1u << slot)
			return true;
	return false;
}

static bool retire(struct library *l, size_t lesson, unsigned slot)
{
	struct library_lesson *it = &l->lessons[lesson];
	const struct library_rung *old = &it->rungs[slot];
	if (old->point != POINT_NOW || !old->number || !old->done ||
	    !it->rungs[slot - RUNG_COUNT].complete || is_cooking(it, slot) ||
	    store_rendition_drop(l->store, old->number, NULL))
		return false;
	/* Its place stays: who comes back to it after a long break is made what is missing. */
	(void)library_recheck_rung(l, lesson, slot, NULL);
	return true;
}

size_t version_retire(struct library *l, uint64_t now_ms)
{
	size_t left = 0;
	for (size_t i = 0; i < l->lesson_count; i++) {
		const struct library_lesson *it = &l->lessons[i];
		if (!it->spare || now_ms - it->watched_ms < VERSION_QUIET_MS)
			continue;
		for (unsigned slot = RUNG_COUNT; slot < LIBRARY_SLOTS; slot++)
			left += retire(l, i, slot);
	}
	return left;
}
