// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"

/*
 * Which chunks of an object are there: the file obj/ab/ID.bits, mapped by contentd (read-write) and nginx workers
 * (read-only). File: header (128 bytes), readable bitmap, then two copies of the durable bitmap. The readable bitmap has 32 bits
 * in a word of 64; the other half checks them, so that a bit that rot turned is not believed (a word that fails its check
 * says that nothing is there) and a word is always read whole.
 *
 * A readable bit is set with release after the chunk was verified and written: true for every process of this boot,
 * because they share the page cache. After a power cut it proves nothing (the kernel may have written the bit and not the
 * bytes), so the header names the boot, and in another boot only the durable bitmap counts. That one is written
 * after fdatasync of the bytes, with sequence and CRC, to the older copy: a torn write leaves the other.
 */
#define BITS_MAGIC 0x53544942u /* "BITS" */
#define BITS_VERSION 2u

struct bits_header {
	uint32_t magic, version;
	uint64_t chunk_count;
	struct objmap_id id;
	uint8_t boot[16];
	uint32_t crc;                /* crc32c of what is above */
	_Atomic uint32_t superseded; /* 1: a newer file exists, or the object is gone: map again */
	_Atomic uint32_t
		searching; /* 1: there may be more in the body than the bitmaps say (the writer's) */
	uint32_t unused;
	uint64_t reserved[6];
};

struct bits_copy {
	uint64_t sequence;
	uint32_t crc, reserved; /* crc32c of sequence and bitmap */
	uint64_t words[];
};

_Static_assert(sizeof(struct bits_header) == 128, "layout is a file format");

struct bits { /* a mapping; zero it before the first use */
	struct bits_header *head;
	_Atomic uint64_t *readable;
	uint64_t chunk_count;
	uint64_t key; /* of this object's word checks */
	size_t bytes;
	int fd; /* of the writer; -1 for readers */
};

/* This boot's name, from the kernel; all zero (no boot's name) when it cannot be read. */
void bits_boot(uint8_t out[static 16]);

size_t bits_words(uint64_t chunk_count); /* of a durable bitmap: 64 chunks a word */

/*
 * bits_create() makes the file aside (PATH.new), allocated in full (-ENOSPC cleanly), no bit set; bits_install() renames
 * it over `path` once it says what it should. `dir` as in openat(). bits_open() is for the writer, bits_map() for
 * readers: -EBADMSG for foreign or damaged bytes, or when the file is not about this object; -EIO when the disk does not
 * give them. What is mapped can be cut short later: readers look into it under cache/guard.h.
 */
int bits_create(int dir, const char *path, const struct objmap_id *id, uint64_t chunk_count,
		const uint8_t boot[static 16], struct bits *out);
int bits_install(int dir, const char *path);
void bits_abandon(int dir, const char *path); /* instead: nothing is left aside */
int bits_open(int dir, const char *path, const struct objmap_id *id, uint64_t chunk_count,
	      struct bits *out);
int bits_map(int dir, const char *path, const struct objmap_id *id, uint64_t chunk_count,
	     struct bits *out);
void bits_unmap(struct bits *b);

bool bits_same_boot(const struct bits *b, const uint8_t boot[static 16]);
void bits_supersede(struct bits *b);
/* The same for a file that cannot be opened as a bitmap any more: workers may have mapped it while it was whole. */
void bits_supersede_damaged(int dir, const char *path);
bool bits_superseded(const struct bits *b);

bool bits_get(const struct bits *b, uint64_t chunk);
void bits_set(struct bits *b, uint64_t chunk);
void bits_clear(struct bits *b, uint64_t chunk);
/* The readable bits as bits_words() words of 64. */
void bits_copy_readable(const struct bits *b, uint64_t *words);
/*
 * Of the words that hold chunks `first` to `last`: those that fail their check say again what `durable` says (what was readable
 * and not yet durable is missing again); the flag of a file that is in use is taken back if rot set it. For the writer.
 */
void bits_heal(struct bits *b, const uint64_t *durable, uint64_t first, uint64_t last);
/* How many readable chunks follow each other from `from` on. */
uint64_t bits_run(const struct bits *b, uint64_t from);
/* First run of chunks that are not readable, at or after `from`: false when there is none. */
bool bits_gap(const struct bits *b, uint64_t from, uint64_t *first, uint64_t *count);

/* The newest whole copy of the durable bitmap, bits_words() words; all zero and -EBADMSG when none is whole. */
int bits_load_durable(const struct bits *b, uint64_t *words);
/* Writes and syncs the older copy. Call only after fdatasync of the bytes that `words` speak of. */
int bits_save_durable(struct bits *b, const uint64_t *words);
