// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Which parts of files are in memory, as far as one worker knows: sending anything else would stop the worker, and all
 * whom it serves, until the disk has answered. What was seen in memory a moment ago is believed without a look, so a hit
 * costs no system call; a table of fixed size, in which an entry that had to make way is only looked for again.
 */
struct warm;

enum {
	WARM_BLOCK_BYTES = 64 * 1024, /* a chunk of an object */
	WARM_KEEP_S = 1, /* how long a block is believed without a look, however often it is sent */
};

struct warm *warm_new(void);
void warm_free(struct warm *w); /* NULL is fine */

/*
 * How many of `length` bytes at `offset` can be sent without waiting: what is known, and what a look (preadv2 with
 * RWF_NOWAIT, of whole blocks) finds. `serial` names the file (view_file.serial), `now_s` only grows. Never waits
 * for the disk; where the file system cannot tell, nothing is found.
 */
uint64_t warm_ready(struct warm *w, uint64_t serial, int fd, uint64_t offset, uint64_t length,
		    uint32_t now_s);
/*
 * The blocks that hold these bytes were read just now, by a thread. Before they are sent they are looked at: a kernel that is
 * short of memory, or tidies up while nothing is asked of it, may have let go of them meanwhile. Once: read again, they are believed.
 */
void warm_note(struct warm *w, uint64_t serial, uint64_t offset, uint64_t length, uint32_t now_s);

/*
 * A thread begins to read the block that holds this byte: until warm_note() or warm_forget() it is not ready, and nobody looks for it.
 */
void warm_reading(struct warm *w, uint64_t serial, uint64_t offset, uint32_t now_s);
/* The thread could not read these bytes: whoever comes next looks again. */
void warm_forget(struct warm *w, uint64_t serial, uint64_t offset, uint64_t length);

/* Copies out of the file: 0, or -EAGAIN when not all of it is in memory, or to be had at all. Never waits. */
int warm_copy(int fd, uint64_t offset, void *to, size_t length);

/*
 * Brings whole blocks, those that hold these bytes, into memory and waits for it: for a thread of its own. 0 or -errno; -EIO, too,
 * where the file ends before these bytes do.
 */
int warm_read(int fd, uint64_t offset, uint64_t length);
