// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crash-work FOLDER LUCK STEPS FIRST-INDEX: uses a store as contentd does, in an order that chance chose, and says what can be relied
 * on: to the recorder when it is preloaded, else to file descriptor 3.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "cache/layout.h"
#include "cache/names_builder.h"
#include "cache/store.h"
#include "cache/store_local.h"
#include "cache/store_scrub.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/crash/log.h"
#include "tests/crash/world.h"

struct work {
	const char *folder;
	uint64_t luck, index; /* index: of the next names.idx */
	struct objmap *maps[WORLD_OBJECTS];
	struct store *store;
	struct store_object *objects[WORLD_OBJECTS];
	struct store_rendition *renditions[WORLD_LESSONS];
	bool behind[WORLD_OBJECTS][WORLD_MOST_CHUNKS];
	log_mark_fn *mark;
};

static void say(const struct work *w, enum world_mark kind, unsigned thing, uint64_t index,
		uint64_t number)
{
	const struct world_said m = {
		.kind = (uint8_t)kind,
		.thing = (uint8_t)thing,
		.index = (uint16_t)index,
		.number = number,
	};
	if (w->mark)
		w->mark(&m, sizeof(m));
	else if (write(3, &m, sizeof(m)) != (ssize_t)sizeof(m))
		_exit(3);
}

static void must(int rc, const struct fault *why)
{
	if (!rc)
		return;
	fprintf(stderr, "crash-work: %s\n", why->text);
	_exit(2);
}

static void open_store(struct work *w)
{
	static const struct store_limits unlimited;
	struct fault why = { 0 };
	must(store_open(w->folder, &unlimited, &w->store, &why), &why);
}

/* What was behind is durable after a sync that succeeded. */
static void all_safe(struct work *w)
{
	for (unsigned o = 0; o < WORLD_OBJECTS; o++)
		for (uint64_t c = 0; c < world_chunks(o); c++)
			if (w->behind[o][c]) {
				say(w, WORLD_CHUNK_SAFE, o, c, 0);
				w->behind[o][c] = false;
			}
}

static void sync_all(struct work *w)
{
	struct fault why = { 0 };
	must(store_sync(w->store, &why), &why);
	all_safe(w);
}

static void need_object(struct work *w, unsigned o)
{
	struct fault why = { 0 };
	if (w->objects[o])
		return;
	say(w, WORLD_OBJECT_OPEN, o, 0, 0);
	must(store_object_open(w->store, w->maps[o], "", &w->objects[o], &why), &why);
}

static void need_rendition(struct work *w, unsigned l)
{
	struct fault why = { 0 };
	char lesson[32];
	if (w->renditions[l])
		return;
	snprintf(lesson, sizeof(lesson), "lesson-%u", l);
	say(w, WORLD_LESSON_OPEN, l, 0, 0);
	must(store_rendition_open(w->store, lesson, "g", "240p", WORLD_SEGMENTS, 100000,
				  &w->renditions[l], &why),
	     &why);
	say(w, WORLD_NUMBER, l, 0, store_rendition_number(w->renditions[l]));
}

static void put_chunk(struct work *w)
{
	static uint8_t bytes[WORLD_CHUNK];
	struct fault why = { 0 };
	const unsigned o = (unsigned)(world_dice(&w->luck) % WORLD_OBJECTS);
	need_object(w, o);
	if (!world_chunks(o))
		return;
	const uint64_t c = world_dice(&w->luck) % world_chunks(o);
	const bool had = store_object_has(w->objects[o], c);
	sample_fill(o, c * WORLD_CHUNK, bytes, world_chunk_len(o, c));
	must(store_object_put(w->objects[o], c, bytes, world_chunk_len(o, c), &why), &why);
	if (had)
		return;
	w->behind[o][c] = true;
	say(w, WORLD_PUT, o, c, 0);
}

static void put_segment(struct work *w)
{
	static uint8_t bytes[32768];
	struct fault why = { 0 };
	const unsigned l = (unsigned)(world_dice(&w->luck) % WORLD_LESSONS);
	const uint32_t s = (uint32_t)(world_dice(&w->luck) % (WORLD_SEGMENTS + 1));
	const size_t len = world_segment_len(l, s);
	need_rendition(w, l);
	sample_fill(world_segment_seed(l, s), 0, bytes, len);
	must(store_rendition_put(w->renditions[l], s, 4000, bytes, len, &why), &why);
	say(w, WORLD_SEGMENT_SAFE, l, s, 0);
}

static int name_lesson(struct work *w, struct names_builder *b, unsigned l)
{
	struct store_rendition *r = w->renditions[l];
	struct names_extent extents[WORLD_SEGMENTS + 1];
	char path[64], header[32];
	if (!r)
		return 0;
	const uint64_t number = store_rendition_number(r);
	snprintf(path, sizeof(path), "/m/%u/", l);
	int rc = names_add_rendition(b, path, number, "lesson", "240p", "video/mp4");
	for (uint32_t s = 0; s <= WORLD_SEGMENTS; s++) {
		uint64_t offset;
		uint32_t len;
		if (store_rendition_slot(r, s, &offset, &len))
			return rc;
		extents[s] = (struct names_extent){ number, offset, len };
	}
	snprintf(path, sizeof(path), "/v/%u", l);
	snprintf(header, sizeof(header), "virtual %u", l);
	return rc ? rc
		  : names_add_virtual(b, path, "video/mp4", "lesson", "240p", "x.mp4", header,
				      strlen(header), extents, WORLD_SEGMENTS + 1);
}

static void write_names(struct work *w)
{
	struct names_builder *b = names_builder_new();
	struct fault why = { 0 };
	char path[PATH_MAX], text[64];
	int rc = b ? 0 : -ENOMEM;
	for (unsigned o = 0; !rc && o < WORLD_OBJECTS; o++) {
		snprintf(path, sizeof(path), "/o/%u", o);
		rc = names_add_object(b, path, "", NAMES_CACHE_SHORT, objmap_get_id(w->maps[o]),
				      world_object_size(o), "");
	}
	for (unsigned l = 0; !rc && l < WORLD_LESSONS; l++)
		rc = name_lesson(w, b, l);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)w->index);
	if (!rc)
		rc = names_add_bytes(b, "/index", "text/plain", NAMES_CACHE_SHORT, text,
				     strlen(text));
	snprintf(path, sizeof(path), "%s/names.idx", w->folder);
	if (!rc)
		rc = names_write(b, path, &why);
	must(rc, &why);
	names_builder_free(b);
	say(w, WORLD_NAMES, 0, 0, w->index++);
}

/* Closing an object makes it durable, too. */
static void close_object(struct work *w, unsigned o)
{
	store_object_close(w->objects[o]);
	w->objects[o] = NULL;
}

static void drop_object(struct work *w)
{
	struct fault why = { 0 };
	const unsigned o = (unsigned)(world_dice(&w->luck) % WORLD_OBJECTS);
	say(w, WORLD_OBJECT_DROP, o, 0, 0);
	int rc = store_object_drop(w->store, objmap_get_id(w->maps[o]), &why);
	must(rc == -ENOENT ? 0 : rc, &why);
	say(w, WORLD_OBJECT_GONE, o, 0, 0);
	memset(w->behind[o], 0, sizeof(w->behind[o]));
	close_object(w, o);
}

static void drop_rendition(struct work *w)
{
	struct fault why = { 0 };
	const unsigned l = (unsigned)(world_dice(&w->luck) % WORLD_LESSONS);
	need_rendition(w, l);
	say(w, WORLD_LESSON_DROP, l, 0, 0);
	must(store_rendition_drop(w->store, store_rendition_number(w->renditions[l]), &why), &why);
	say(w, WORLD_LESSON_GONE, l, 0, 0);
	store_rendition_close(w->renditions[l]);
	w->renditions[l] = NULL;
}

static void end_store(struct work *w)
{
	store_close(w->store);
	memset(w->objects, 0, sizeof(w->objects));
	memset(w->renditions, 0, sizeof(w->renditions));
	all_safe(w);
}

/* A byte turns on the disk. */
static void spoil(const struct work *w, struct layout at, uint64_t offset)
{
	char path[PATH_MAX];
	uint8_t byte;
	snprintf(path, sizeof(path), "%s/%s", w->folder, at.at);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, &byte, 1, (off_t)offset) != 1)
		_exit(4);
	byte ^= 0x40;
	if (pwrite(fd, &byte, 1, (off_t)offset) != 1 || fdatasync(fd))
		_exit(4);
	close(fd);
}

/* Of a file that a person added, what is missing is told again and again. */
static size_t found_now(const struct store_scrub_found *found)
{
	size_t count = 0;
	for (size_t i = 0; i < found->count; i++)
		count += !found->items[i].absent;
	return count;
}

static void find_rot(struct work *w, struct store_scrub_cursor c)
{
	struct store_scrub_found found;
	struct fault why = { 0 };
	must(store_scrub_step(w->store, &c, UINT64_MAX, &found, &why), &why);
	if (found_now(&found) != 1)
		must(fault_set(&why, -EBADMSG, "rot", "the scrub found %zu of one",
			       found_now(&found)),
		     &why);
}

static void rot_chunk(struct work *w)
{
	const unsigned o = (unsigned)(world_dice(&w->luck) % WORLD_OBJECTS);
	const uint64_t c = world_chunks(o) ? world_dice(&w->luck) % world_chunks(o) : 0;
	need_object(w, o);
	if (!world_chunks(o) || !store_object_has(w->objects[o], c))
		return;
	sync_all(w);
	say(w, WORLD_CHUNK_ROTS, o, c, 0);
	spoil(w, layout_object(objmap_get_id(w->maps[o]), ""),
	      c * WORLD_CHUNK + world_chunk_len(o, c) / 2);
	find_rot(w, store_scrub_object(objmap_get_id(w->maps[o])));
	say(w, WORLD_CHUNK_WITHDRAWN, o, c, 0);
}

static void rot_segment(struct work *w)
{
	const unsigned l = (unsigned)(world_dice(&w->luck) % WORLD_LESSONS);
	const uint32_t s = (uint32_t)(world_dice(&w->luck) % (WORLD_SEGMENTS + 1));
	uint64_t offset;
	uint32_t len;
	need_rendition(w, l);
	if (store_rendition_slot(w->renditions[l], s, &offset, &len))
		return;
	const uint64_t number = store_rendition_number(w->renditions[l]);
	say(w, WORLD_SEGMENT_ROTS, l, s, 0);
	spoil(w, layout_rendition(number, ".mp4"), offset + 5);
	find_rot(w, store_scrub_rendition(number));
	say(w, WORLD_SEGMENT_WITHDRAWN, l, s, 0);
	/* Too much rot takes the whole rendition. */
	struct store_rendition *still;
	if (store_rendition_find(w->store, number, &still, NULL)) {
		say(w, WORLD_LESSON_DROP, l, 0, 0);
		say(w, WORLD_LESSON_GONE, l, 0, 0);
		store_rendition_close(w->renditions[l]);
		w->renditions[l] = NULL;
	} else {
		store_rendition_close(still);
	}
}

/* A person gave it an address. */
static void add_local(struct work *w)
{
	struct fault why = { 0 };
	const unsigned o = (unsigned)(world_dice(&w->luck) % WORLD_OBJECTS);
	struct store_local file = { .media_type = "video/mp4",
				    .id = *objmap_get_id(w->maps[o]),
				    .size = world_object_size(o) };
	if (store_object_known(w->store, &file.id, NULL) != 1)
		return;
	snprintf(file.path, sizeof(file.path), "/p/%u", o);
	must(store_local_put(w->store, &file, &why), &why);
	say(w, WORLD_LOCAL, o, 0, 0);
}

static void scrub(struct work *w)
{
	struct store_scrub_cursor c;
	struct store_scrub_found found;
	struct fault why = { 0 };
	int rc = store_scrub_resume(w->store, &c, &why);
	if (!rc)
		rc = store_scrub_step(w->store, &c, 500000, &found, &why);
	if (!rc)
		store_sweep_step(w->store, NULL, NULL);
	must(rc, &why);
	if (found_now(&found))
		must(fault_set(&why, -EBADMSG, "rot", "the scrub found what nobody spoilt"), &why);
}

static void step(struct work *w)
{
	const unsigned turn = (unsigned)(world_dice(&w->luck) % 100);
	if (turn < 50) {
		put_chunk(w);
	} else if (turn < 58) {
		sync_all(w);
	} else if (turn < 80) {
		put_segment(w);
	} else if (turn < 86) {
		write_names(w);
	} else if (turn < 90) {
		close_object(w, (unsigned)(world_dice(&w->luck) % WORLD_OBJECTS));
	} else if (turn < 92) {
		drop_object(w);
	} else if (turn < 93) {
		drop_rendition(w);
	} else if (turn < 95) {
		rot_chunk(w);
	} else if (turn < 97) {
		rot_segment(w);
	} else if (turn < 99) {
		scrub(w);
		add_local(w);
	} else {
		end_store(w);
		open_store(w);
	}
}

int main(int argc, char **argv)
{
	struct work w = { 0 };
	if (argc != 5)
		return 1;
	w.folder = argv[1];
	w.luck = strtoull(argv[2], NULL, 10) | 1;
	w.index = strtoull(argv[4], NULL, 10);
	w.mark = (log_mark_fn *)(uintptr_t)dlsym(RTLD_DEFAULT, LOG_MARK_SYMBOL);
	for (unsigned o = 0; o < WORLD_OBJECTS; o++)
		w.maps[o] = sample_map(o, world_object_size(o));
	open_store(&w);
	for (unsigned long n = strtoul(argv[3], NULL, 10); n > 0; n--)
		step(&w);
	end_store(&w);
	for (unsigned o = 0; o < WORLD_OBJECTS; o++)
		objmap_free(w.maps[o]);
	return 0;
}
