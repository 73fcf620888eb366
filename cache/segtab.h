// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The segment table of one rendition, mapped by contentd (read-write) and nginx workers (read-only).
 * File: header (64 bytes), then slot 0 (init) to slot segment_count. A slot is filled, then `state` is stored
 * with release; a reader loads `state` with acquire and checks the CRC (crc32c of offset, length, segment number).
 */
#define SEGTAB_MAGIC 0x54474553u	/* "SEGT" */
#define SEGTAB_VERSION 1u

enum segtab_state { SEGTAB_MISSING = 0, SEGTAB_READY = 1, SEGTAB_FAILED = 2 };

struct segtab_header {
	uint32_t magic, version;
	uint32_t segment_count;
	uint32_t reserved0;
	uint64_t rendition;	/* number */
	_Atomic uint32_t superseded;	/* 1: a newer table exists, map again */
	uint32_t reserved[9];
};

struct segtab_slot {
	uint64_t offset;	/* in the rendition's file, multiple of 4096 */
	uint32_t length;	/* bytes of the segment */
	uint32_t crc;
	_Atomic uint32_t state;	/* enum segtab_state */
	uint32_t duration_ms;
	uint64_t reserved;
};

_Static_assert(sizeof(struct segtab_header) == 64, "layout is a file format");
_Static_assert(sizeof(struct segtab_slot) == 32, "layout is a file format");

struct segtab {		/* a mapping */
	struct segtab_header *head;
	struct segtab_slot *slots;
	size_t bytes;
	int fd;
};

/* Creates (allocated in full, all slots missing) or opens for writing; -EBADMSG for foreign bytes. */
int segtab_create(const char *path, uint64_t rendition, uint32_t segment_count, struct segtab *out);
int segtab_map(const char *path, struct segtab *out);	/* read-only, every field checked before use */
void segtab_unmap(struct segtab *t);
void segtab_publish(struct segtab *t, uint32_t segment, uint64_t offset, uint32_t length, uint32_t duration_ms);
void segtab_fail(struct segtab *t, uint32_t segment);
/* State, and offset and length when ready; a slot that fails its check is SEGTAB_MISSING. */
enum segtab_state segtab_get(const struct segtab *t, uint32_t segment, uint64_t *offset, uint32_t *length);
