// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/passing_lesson.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cache/pass.h"
#include "content/kitchen/passing.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fileio.h"

static int copy_chunks(const struct passing *p, uint64_t first, uint64_t count, int to)
{
	AUTO_FREE uint8_t *room = malloc(OBJMAP_CHUNK_BYTES);
	if (!room)
		return -ENOMEM;
	for (uint64_t i = first; i < first + count; i++) {
		const int64_t len = passing_read(p, i, room);
		const int r =
			len < 0 ? (int)len
				: fileio_pwrite_all(to, room, (size_t)len, i * OBJMAP_CHUNK_BYTES);
		if (r)
			return r;
	}
	return 0;
}

int passing_lesson_source(const struct library *l, size_t lesson, uint32_t segment, int *fd)
{
	const struct library_object *o = &l->objects[l->lessons[lesson].mezzanine];
	uint64_t first, count;
	char self[40];
	AUTO_FD int file = memfd_create("wasl-lesson", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, (off_t)o->size) < 0)
		return -errno;
	library_span(l, lesson, segment, &first, &count);
	int r = copy_chunks(o->passing, 0, o->head_chunks, file);
	if (r == 0)
		r = copy_chunks(o->passing, first, count, file);
	if (r)
		return r;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", file);
	AUTO_FD int only_read = open(self, O_RDONLY | O_CLOEXEC);
	if (only_read < 0)
		return -errno;
	*fd = MOVE_FD(only_read);
	return 0;
}

uint32_t passing_lesson_here(const struct pass *area, const struct library_lesson *it,
			     uint32_t segment)
{
	uint32_t here = 0;
	for (unsigned slot = 0; slot < LIBRARY_SLOTS; slot++) {
		const struct pass_key key = { .rendition = it->rungs[slot].number,
					      .number = segment };
		if (~it->made[segment] & 1u << slot && key.rendition && pass_has(area, &key, NULL))
			here |= 1u << slot;
	}
	return here;
}

int passing_lesson_put(struct pass *area, const struct library_lesson *it, unsigned slot,
		       const struct kitchen_dish *dish, uint32_t duration_ms)
{
	const struct pass_key key = { .rendition = it->rungs[slot].number,
				      .number = dish->segment };
	const struct pass_about about = { .size = dish->len,
					  .duration_ms = duration_ms,
					  .segment_count = it->segments };
	if (!key.rendition)
		return -ENOENT;
	return pass_put(area, &key, &about, dish->bytes, clock_mono_ms());
}
