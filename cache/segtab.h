// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The segment table of one rendition, mapped by contentd (read-write) and nginx workers (read-only).
 * File: header (256 bytes), then slot 0 (init) to slot segment_count. A slot is filled, then `state` is stored
 * with release; a reader loads `state` with acquire and checks the CRC (crc32c of rendition, segment number, offset,
 * length and duration). The rows in store.db are the truth: a table that is lost or damaged is made again from them.
 *
 * A segment whose bytes rotted is withdrawn: its slot is missing again, and the header keeps the place of its old bytes, because
 * virtual files of names.idx point there until the next index is written.
 */
#define SEGTAB_MAGIC 0x54474553u /* "SEGT" */
#define SEGTAB_VERSION 2u
#define SEGTAB_MAX_SEGMENTS 1000000u

enum segtab_state { SEGTAB_MISSING = 0, SEGTAB_READY = 1, SEGTAB_FAILED = 2 };

enum { SEGTAB_MAX_WITHDRAWN = 8 };

struct segtab_range {
	uint64_t offset, length;
};

struct segtab_header {
	uint32_t magic, version;
	uint32_t segment_count;
	uint32_t crc;       /* crc32c of magic, version, segment_count and rendition */
	uint64_t rendition; /* number */
	_Atomic uint32_t
		superseded; /* 1: a newer table exists, or the rendition is gone: map again */
	_Atomic uint32_t withdrawn_count;
	struct segtab_range withdrawn[SEGTAB_MAX_WITHDRAWN];
	uint64_t reserved[12];
};

struct segtab_slot {
	uint64_t offset;        /* in the rendition's file, multiple of 4096 */
	uint32_t length;        /* bytes of the segment */
	_Atomic uint32_t crc;   /* a failure that is made good is read and written at once */
	_Atomic uint32_t state; /* enum segtab_state */
	uint32_t duration_ms;
	uint64_t reserved;
};

_Static_assert(sizeof(struct segtab_header) == 256, "layout is a file format");
_Static_assert(sizeof(struct segtab_slot) == 32, "layout is a file format");

struct segtab {                     /* a mapping; zero it before the first use */
	struct segtab_header *head; /* NULL: not mapped */
	struct segtab_slot *slots;
	size_t bytes;
	uint32_t segment_count; /* as checked; the mapped one is not asked again */
};

struct segtab_segment { /* what a ready slot says */
	uint64_t offset;
	uint32_t length, duration_ms;
};

/*
 * Creates the file (allocated in full, all slots missing; -EEXIST when there is one, -ENOSPC cleanly) or opens it.
 * -EBADMSG for foreign or damaged bytes. Paths are relative to `dir` (a folder's descriptor, or AT_FDCWD).
 */
int segtab_create(int dir, const char *path, uint64_t rendition, uint32_t segment_count,
		  struct segtab *out);
int segtab_open(int dir, const char *path, uint64_t rendition, struct segtab *out); /* read-write */
int segtab_map(int dir, const char *path, uint64_t rendition, struct segtab *out);  /* read-only */
void segtab_unmap(struct segtab *t);

void segtab_publish(struct segtab *t, uint32_t segment, const struct segtab_segment *what);
void segtab_fail(struct segtab *t, uint32_t segment);
void segtab_clear(
	struct segtab *t,
	uint32_t segment); /* missing again: after a failure, or before segtab_withdraw() */
/* Bytes that must not be sent any more: -ENOSPC when there are SEGTAB_MAX_WITHDRAWN such places already. */
int segtab_withdraw(struct segtab *t, const struct segtab_range *range);
/* Whether any of these bytes were withdrawn. */
int segtab_withdrawn(const struct segtab *t, uint64_t offset, uint64_t length);
void segtab_supersede(struct segtab *t);
/* The same for a file that cannot be opened as a table any more: workers may have mapped it while it was whole. */
void segtab_supersede_damaged(int dir, const char *path);
int segtab_superseded(const struct segtab *t);

/*
 * What is mapped can be cut short later: readers look into it under cache/guard.h.
 * The state, and *out when ready; a slot that fails its check, or does not exist, is SEGTAB_MISSING.
 */
enum segtab_state segtab_get(const struct segtab *t, uint32_t segment, struct segtab_segment *out);
