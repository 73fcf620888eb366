// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/names.h"
#include "cache/store.h"

/*
 * Looks for rot and for what cuts left behind, in small steps, while nobody waits. Bytes are read from the disk itself
 * (O_DIRECT where the file system can), and where they also lie in memory both are hashed: the good copy mends the bad one.
 * What has no good copy is withdrawn before the call returns: its bit or slot says missing, readers map again,
 * the row no longer says complete, so that the ordinary way of things fetches or makes it again.
 */
enum store_scrub_kind {
	STORE_SCRUB_CHUNK, /* chunk `at` of object `id`; of what must be whole and is not (a file of the school, too) the first */
	STORE_SCRUB_MAP, /* the map of object `id`; made again from a whole body; else fetch it again, the bytes are found again */
	STORE_SCRUB_SEGMENT, /* segment `at` of rendition `number`; the same */
	STORE_SCRUB_NAMES,   /* names.idx: write it again */
	STORE_SCRUB_OWN, /* the name of a file of the school beside its body; not mended: it could not be written, its row has it still */
};

struct store_scrub_item {
	enum store_scrub_kind kind;
	bool mended;     /* right again, nothing to do; else withdrawn: fetch or make it again */
	bool unreadable; /* the disk gave an error, not wrong bytes */
	bool absent; /* a chunk: nobody has been given it since it was cut off or withdrawn, perhaps long ago */
	struct objmap_id id;
	uint64_t number, at;
	char path[NAMES_MAX_PATH + 1]; /* of a name */
};

enum { STORE_SCRUB_ITEMS = 16 };

struct store_scrub_found { /* of one step */
	uint64_t bytes;    /* read */
	size_t count;      /* of items: the step ends early when there is no room for more */
	struct store_scrub_item items[STORE_SCRUB_ITEMS];
	bool done; /* the cursor has seen all that it was made for */
};

enum store_scrub_phase {
	STORE_SCRUB_OBJECTS,
	STORE_SCRUB_RENDITIONS,
	STORE_SCRUB_INDEX,
	STORE_SCRUB_OWN_NAMES,
	STORE_SCRUB_DONE,
};

struct store_scrub_cursor { /* plain data: what is looked at next */
	enum store_scrub_phase phase;
	struct objmap_id id;
	uint64_t number, at;
	bool one;        /* this object or rendition alone */
	bool whole;      /* the object under way must be: what it lacks was not told yet */
	uint64_t bytes;  /* of this pass so far */
	uint64_t behind; /* of these, since the cursor was last kept */
};

/* Where the last pass stopped, also across restarts (64 MiB are looked at again at most); or the beginning. */
int store_scrub_resume(struct store *s, struct store_scrub_cursor *out, struct fault *why);
/* Cursors for one thing; not kept. */
struct store_scrub_cursor store_scrub_object(const struct objmap_id *id);
struct store_scrub_cursor store_scrub_rendition(uint64_t number);
struct store_scrub_cursor store_scrub_names(
	const struct objmap_id *id); /* of a file of the school; -ENOENT: it has none */
/*
 * Goes on for about `max_bytes` (at least one chunk or segment). A pass over the whole store begins anew after
 * `done`; -ENOENT when the one thing is not there. After an error the cursor stands where it stood;
 * *out says what was found before it.
 */
int store_scrub_step(struct store *s, struct store_scrub_cursor *c, uint64_t max_bytes,
		     struct store_scrub_found *out, struct fault *why);

/* What all passes found; kept with the store. Written with the cursor, so the last 64 MiB may be missing after a cut. */
struct store_scrub_health {
	uint64_t passes;      /* whole ones */
	int64_t last_pass_s;  /* Unix time when the last whole pass ended; 0: none yet */
	uint64_t bytes;       /* read, ever */
	uint64_t pass_bytes;  /* of these, in the pass that is under way */
	uint64_t bad, mended; /* things found bad, ever; how many were mended on the spot */
	uint64_t unreadable;  /* of the bad ones: the disk gave an error */
};
int store_scrub_health(struct store *s, struct store_scrub_health *out, struct fault *why);

/*
 * Removes files without a row (a cut in mid-creation or mid-removal): looks at some hundred names a call. 1 while there is more
 * to look through, 0 when all was seen since the store was opened, or an error. *removed (NULL is fine) counts up. store_sync()
 * does this by itself when it finds nothing to sync; tools that want to be done with it call it until it says 0.
 */
int store_sweep_step(struct store *s, uint64_t *removed, struct fault *why);
