// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"
#include "tests/unit/cache/sample.h"

/* What work.c puts into the store and check.c expects to find there. All bytes follow from their names. */
enum {
	WORLD_OBJECTS = 6,
	WORLD_MOST_CHUNKS = 41,
	WORLD_LESSONS = 3,
	WORLD_SEGMENTS = 5,
	WORLD_CHUNK = OBJMAP_CHUNK_BYTES,
};

static inline uint64_t world_object_size(unsigned object)
{
	static const uint64_t sizes[WORLD_OBJECTS] = {
		0,
		777,
		3 * WORLD_CHUNK,
		7 * WORLD_CHUNK + 1,
		20 * WORLD_CHUNK + 12345,
		WORLD_MOST_CHUNKS * WORLD_CHUNK,
	};
	return sizes[object];
}

static inline uint64_t world_chunks(unsigned object)
{
	return objmap_chunk_count(world_object_size(object));
}

static inline size_t world_chunk_len(unsigned object, uint64_t chunk)
{
	const uint64_t left = world_object_size(object) - chunk * WORLD_CHUNK;
	return left < WORLD_CHUNK ? (size_t)left : WORLD_CHUNK;
}

static inline uint64_t world_segment_seed(unsigned lesson, uint32_t segment)
{
	return 1000 + lesson * 100 + segment;
}

static inline size_t world_segment_len(unsigned lesson, uint32_t segment)
{
	return 1500 + (lesson * 3119 + segment * 5003) % 23000;
}

/* What the program says of itself, in the log or in a pipe. */
enum world_mark {
	WORLD_PUT = 'p',          /* chunk `index` of object `thing` was taken */
	WORLD_CHUNK_SAFE = 'c',   /* and is durable */
	WORLD_SEGMENT_SAFE = 's', /* segment `index` of lesson `thing` is durable */
	WORLD_OBJECT_DROP = 'd',  /* object `thing` is about to be removed */
	WORLD_OBJECT_GONE = 'D',  /* and is */
	WORLD_OBJECT_OPEN = 'o',  /* is about to be opened, and made if need be */
	WORLD_LESSON_DROP = 'e',
	WORLD_LESSON_GONE = 'E',
	WORLD_LESSON_OPEN = 'l',
	WORLD_CHUNK_ROTS =
		'f', /* chunk `index` of object `thing` is about to be spoilt by other hands */
	WORLD_CHUNK_WITHDRAWN = 'F', /* and was found by the scrub */
	WORLD_SEGMENT_ROTS = 'g',
	WORLD_SEGMENT_WITHDRAWN = 'G',
	WORLD_LOCAL = 'L',  /* object `thing` has an address of its own */
	WORLD_NUMBER = 'R', /* the rendition of lesson `thing` has this `number` */
	WORLD_NAMES = 'n',  /* an index that says `number` was written */
};

struct world_said {
	uint8_t kind, thing;
	uint16_t index;
	uint32_t reserved;
	uint64_t number;
};

/* What can be asked of the store after a cut. */
struct world_promises {
	uint8_t put[WORLD_OBJECTS][WORLD_MOST_CHUNKS];
	uint8_t chunk[WORLD_OBJECTS][WORLD_MOST_CHUNKS];
	uint8_t segment[WORLD_LESSONS][WORLD_SEGMENTS + 1];
	uint8_t chunk_rots[WORLD_OBJECTS][WORLD_MOST_CHUNKS];
	uint8_t segment_rots[WORLD_LESSONS][WORLD_SEGMENTS + 1];
	uint8_t local[WORLD_OBJECTS];
	uint8_t object_gone[WORLD_OBJECTS], lesson_gone[WORLD_LESSONS];
	uint64_t number[WORLD_LESSONS];
	uint64_t names;
};

static inline void world_hear(struct world_promises *p, const struct world_said *m)
{
	switch ((enum world_mark)m->kind) {
	case WORLD_PUT:
		p->put[m->thing][m->index] = 1;
		break;
	case WORLD_CHUNK_SAFE:
		p->chunk[m->thing][m->index] = 1;
		break;
	case WORLD_SEGMENT_SAFE:
		p->segment[m->thing][m->index] = 1;
		break;
	case WORLD_CHUNK_ROTS:
		p->put[m->thing][m->index] = p->chunk[m->thing][m->index] = 0;
		p->chunk_rots[m->thing][m->index] = 1;
		break;
	case WORLD_CHUNK_WITHDRAWN:
		p->chunk_rots[m->thing][m->index] = 0;
		break;
	case WORLD_SEGMENT_ROTS:
		p->segment[m->thing][m->index] = 0;
		p->segment_rots[m->thing][m->index] = 1;
		break;
	case WORLD_SEGMENT_WITHDRAWN:
		p->segment_rots[m->thing][m->index] = 0;
		break;
	case WORLD_LOCAL:
		p->local[m->thing] = 1;
		break;
	case WORLD_OBJECT_DROP:
		p->local[m->thing] = 0;
		memset(p->put[m->thing], 0, sizeof(p->put[0]));
		memset(p->chunk[m->thing], 0, sizeof(p->chunk[0]));
		break;
	case WORLD_LESSON_DROP:
		memset(p->segment[m->thing], 0, sizeof(p->segment[0]));
		break;
	case WORLD_OBJECT_GONE:
	case WORLD_OBJECT_OPEN:
		p->object_gone[m->thing] = m->kind == WORLD_OBJECT_GONE;
		break;
	case WORLD_LESSON_GONE:
	case WORLD_LESSON_OPEN:
		p->lesson_gone[m->thing] = m->kind == WORLD_LESSON_GONE;
		break;
	case WORLD_NUMBER:
		p->number[m->thing] = m->number;
		break;
	case WORLD_NAMES:
		p->names = m->number;
		break;
	}
}

/* Something is spoilt and not found yet: no state to go on from. */
static inline int world_rots(const struct world_promises *p)
{
	for (size_t i = 0; i < sizeof(p->chunk_rots); i++)
		if (((const uint8_t *)p->chunk_rots)[i])
			return 1;
	for (size_t i = 0; i < sizeof(p->segment_rots); i++)
		if (((const uint8_t *)p->segment_rots)[i])
			return 1;
	return 0;
}

static inline uint64_t world_dice(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}
