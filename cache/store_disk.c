// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "firmware/base/fileio.h"

enum { BLOCK = 4096 }; /* O_DIRECT wants memory, offset and length in whole blocks */

void disk_open(struct disk *d, int dir, const char *path, int fd)
{
	*d = (struct disk){ .fd = fd };
	d->direct = openat(dir, path, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
}

void disk_done(struct disk *d)
{
	free(d->room[0]);
	free(d->room[1]);
	if (d->direct >= 0)
		close(d->direct);
	*d = (struct disk){ .fd = -1, .direct = -1 };
}

static size_t blocks(size_t len)
{
	return (len + BLOCK - 1) / BLOCK * BLOCK;
}

static int make_room(struct disk *d, size_t len)
{
	if (blocks(len) <= d->room_bytes)
		return 0;
	for (int i = 0; i < 2; i++) {
		free(d->room[i]);
		d->room[i] = NULL;
	}
	d->room_bytes = 0;
	for (int i = 0; i < 2; i++) {
		void *at;
		if (posix_memalign(&at, BLOCK, blocks(len)))
			return -ENOMEM;
		d->room[i] = at;
	}
	d->room_bytes = blocks(len);
	return 0;
}

/* Only what lies in memory already; false when not all of it does. */
static bool from_memory(const struct disk *d, void *to, uint64_t offset, size_t len)
{
	const struct iovec part = { to, len };
	return preadv2(d->fd, &part, 1, (off_t)offset, RWF_NOWAIT) == (ssize_t)len;
}

/* A file's end need not be a block's: what is read is less than asked for there. */
static bool from_disk(struct disk *d, void *to, uint64_t offset, size_t len)
{
	size_t have = 0;
	while (d->direct >= 0 && have < len) {
		ssize_t n = pread(d->direct, (char *)to + have, blocks(len) - have,
				  (off_t)(offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EINVAL && !have) { /* larger blocks than ours */
			close(d->direct);
			d->direct = -1;
		} else if (n <= 0) {
			return false;
		} else {
			have += (size_t)n;
			if (have < len && have % BLOCK)
				return false;
		}
	}
	return have >= len || !fileio_pread_all(d->fd, to, len, offset);
}

int disk_look(struct disk *d, uint64_t offset, size_t len, disk_check *check, const void *arg,
	      enum disk_state *out)
{
	int rc = make_room(d, len);
	if (rc)
		return rc;
	const bool in_memory = from_memory(d, d->room[0], offset, len);
	const bool on_disk = from_disk(d, d->room[1], offset, len);
	const bool memory_right = in_memory && !check(arg, d->room[0], len);
	const bool disk_right = on_disk && !check(arg, d->room[1], len);
	*out = on_disk ? DISK_BAD : DISK_UNREADABLE;
	if (disk_right && (memory_right || !in_memory)) {
		*out = DISK_GOOD;
	} else if (memory_right || disk_right) {
		/* Written through memory, so that both have it; a disk gives a bad sector another place then. */
		const void *right = d->room[disk_right];
		if (!fileio_pwrite_all(d->fd, right, len, offset) && !fdatasync(d->fd))
			*out = DISK_MENDED;
	}
	return 0;
}
