// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Reads a file past the page cache, to learn what the disk has; and beside it what memory has, where it has it. Where the file
 * system knows no O_DIRECT there is one copy to look at. Part of the writer, for cache/store_scrub.c.
 */
struct disk {           /* plain data of disk_open() */
	int fd, direct; /* borrowed, read-write; own, or -1 */
	char *room[2];
	size_t room_bytes;
};

enum disk_state {
	DISK_GOOD,
	DISK_MENDED,     /* one copy was wrong: the right one was written over it */
	DISK_BAD,        /* no right copy */
	DISK_UNREADABLE, /* no right copy, because the disk gave an error or too little */
};

typedef int disk_check(const void *arg, const void *bytes, size_t len); /* 0: right */

/* `fd` is this file, open read-write; it must outlive the disk. Only -ENOMEM can fail, at disk_look(). */
void disk_open(struct disk *d, int dir, const char *path, int fd);
void disk_done(struct disk *d);

/* `offset` is a multiple of 4096. 0 or -ENOMEM. */
int disk_look(struct disk *d, uint64_t offset, size_t len, disk_check *check, const void *arg,
	      enum disk_state *out);
