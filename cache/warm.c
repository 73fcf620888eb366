// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	SLOTS = 8192, /* 512 MiB of blocks in 128 KiB */
	BLOCK_BITS = 24,
};

enum sight {
	SEEN,    /* in memory, by a look or by what was believed */
	UNSEEN,  /* a thread read it; whether it is still there is looked at before it is sent */
	LOST,    /* it was not: once more, and then it is believed, as nobody may read for ever */
	READING, /* a thread is reading it */
};

struct slot {
	uint64_t key; /* serial and block; 0: free */
	uint32_t at_s;
	enum sight sight;
	bool again; /* READING: it was LOST before */
};

struct warm {
	struct slot slots[SLOTS];
};

struct warm *warm_new(void)
{
	return calloc(1, sizeof(struct warm));
}

void warm_free(struct warm *w)
{
	free(w);
}

static uint64_t key_of(uint64_t serial, uint64_t block)
{
	return serial << BLOCK_BITS | (block & ((UINT64_C(1) << BLOCK_BITS) - 1));
}

/* Blocks of one file lie side by side, files anywhere. */
static struct slot *slot_of(struct warm *w, uint64_t serial, uint64_t block)
{
	return &w->slots[((serial * 0x9e3779b97f4a7c15u >> 32) + block) % SLOTS];
}

/*
 * Every page counts, as reading ahead stops at any of them. One copy of all costs less than a call for each. 0, -EAGAIN where
 * one is not in memory, or another error: -EIO where the file ends before the first `need` of the block.
 */
static int look(int fd, uint64_t block, uint64_t need)
{
	char bytes[WARM_BLOCK_BYTES];
	size_t have = 0;
	while (have < sizeof(bytes)) {
		const struct iovec room = { bytes + have, sizeof(bytes) - have };
		const off_t at = (off_t)(block * WARM_BLOCK_BYTES + have);
		const ssize_t n = preadv2(fd, &room, 1, at, RWF_NOWAIT);
		if (n < 0)
			return -errno;
		if (n == 0)
			return have < need ? -EIO : 0;
		have += (size_t)n;
	}
	return 0;
}

static bool is_warm(struct warm *w, uint64_t serial, int fd, uint64_t block, uint64_t need,
		    uint32_t now_s)
{
	const uint64_t key = key_of(serial, block);
	struct slot *s = slot_of(w, serial, block);
	const bool known = s->key == key && now_s - s->at_s <= WARM_KEEP_S;
	if (s->key == key && s->sight == READING)
		return false;
	if (known && s->sight == LOST)
		return false;
	if (!known || s->sight == UNSEEN) {
		const int rc = look(fd, block, need);
		if (known && rc == -EAGAIN)
			s->sight = LOST;
		/* Where the file system cannot tell, what a thread read is believed. */
		if (rc == -EAGAIN || rc == -EIO || (rc && !known))
			return false;
	}
	if (!known || s->sight == UNSEEN)
		*s = (struct slot){ .key = key, .at_s = now_s };
	return true;
}

uint64_t warm_ready(struct warm *w, uint64_t serial, int fd, uint64_t offset, uint64_t length,
		    uint32_t now_s)
{
	const uint64_t end = offset + length;
	uint64_t at = offset;
	while (at < end) {
		const uint64_t block = at / WARM_BLOCK_BYTES;
		if (!is_warm(w, serial, fd, block, end - block * WARM_BLOCK_BYTES, now_s))
			break;
		at = (block + 1) * WARM_BLOCK_BYTES;
	}
	return at < end ? at - offset : length;
}

static bool was_lost(const struct slot *s)
{
	return s->sight == LOST || (s->sight == READING && s->again);
}

void warm_reading(struct warm *w, uint64_t serial, uint64_t offset, uint32_t now_s)
{
	const uint64_t block = offset / WARM_BLOCK_BYTES, key = key_of(serial, block);
	struct slot *s = slot_of(w, serial, block);
	*s = (struct slot){
		.key = key, .at_s = now_s, .sight = READING, .again = s->key == key && was_lost(s)
	};
}

void warm_forget(struct warm *w, uint64_t serial, uint64_t offset, uint64_t length)
{
	for (uint64_t at = offset / WARM_BLOCK_BYTES; at * WARM_BLOCK_BYTES < offset + length;
	     at++) {
		struct slot *s = slot_of(w, serial, at);
		if (s->key == key_of(serial, at))
			*s = (struct slot){ 0 };
	}
}

void warm_note(struct warm *w, uint64_t serial, uint64_t offset, uint64_t length, uint32_t now_s)
{
	for (uint64_t at = offset / WARM_BLOCK_BYTES; at * WARM_BLOCK_BYTES < offset + length;
	     at++) {
		const uint64_t key = key_of(serial, at);
		struct slot *s = slot_of(w, serial, at);
		const bool lost = s->key == key && was_lost(s);
		*s = (struct slot){ .key = key, .at_s = now_s, .sight = lost ? SEEN : UNSEEN };
	}
}

int warm_copy(int fd, uint64_t offset, void *to, size_t length)
{
	const struct iovec room = { to, length };
	const ssize_t n = preadv2(fd, &room, 1, (off_t)offset, RWF_NOWAIT);
	return n == (ssize_t)length ? 0 : -EAGAIN;
}

int warm_read(int fd, uint64_t offset, uint64_t length)
{
	char room[WARM_BLOCK_BYTES];
	const uint64_t from = offset - offset % WARM_BLOCK_BYTES, end = offset + length;
	/* All of it to the disk at once, then wait for it piece by piece. */
	(void)posix_fadvise(fd, (off_t)from, (off_t)(end - from), POSIX_FADV_WILLNEED);
	for (uint64_t at = from; at < end; at += sizeof(room)) {
		ssize_t n = pread(fd, room, sizeof(room), (off_t)at);
		while (n < 0 && errno == EINTR)
			n = pread(fd, room, sizeof(room), (off_t)at);
		if (n < 0)
			return -errno;
		if (n < (ssize_t)sizeof(room)) /* the file ends here */
			return at + (uint64_t)n < end ? -EIO : 0;
	}
	return 0;
}
