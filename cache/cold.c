// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/cold.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "firmware/base/clean.h"

enum { PIECE = 64 * 1024, MOST_PIECES = 16 };

struct cold_files cold_files(const struct objmap_id *id, uint64_t rendition)
{
	if (rendition)
		return (struct cold_files){ layout_rendition(rendition, ".tab"),
					    layout_rendition(rendition, ".mp4") };
	return (struct cold_files){ layout_object(id, ".bits"), layout_object(id, "") };
}

/* A descriptor, or a negative errno: -EAGAIN where the disk would have to be asked. */
static int open_known(int dir, const char *path)
{
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW,
				      .resolve = RESOLVE_CACHED };
	const int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd >= 0)
		return fd;
	/* No such call, no such flag, or a filter before it: nobody can say. */
	return errno == ENOSYS || errno == EINVAL || errno == EPERM ? -EAGAIN : -errno;
}

/*
 * It is mapped, and read there page by page. A read that must not wait ends at the first page that is missing, and only the next
 * one says that it is.
 */
static bool in_memory(int fd)
{
	char bytes[PIECE];
	ssize_t n = 1;
	for (off_t at = 0; n > 0 && at < (off_t)MOST_PIECES * PIECE; at += n) {
		const struct iovec room = { bytes, sizeof(bytes) };
		n = preadv2(fd, &room, 1, at, RWF_NOWAIT);
		if (n < 0)
			return false;
	}
	return true;
}

bool cold_is(int dir, const struct cold_files *files)
{
	AUTO_FD int body = open_known(dir, files->body.at);
	if (body < 0)
		return body == -EAGAIN;
	AUTO_FD int index = open_known(dir, files->index.at);
	if (index < 0)
		return index == -EAGAIN;
	return !in_memory(index);
}

void cold_bring(int dir, const struct cold_files *files)
{
	struct stat st;
	char bytes[PIECE];
	AUTO_FD int body = openat(dir, files->body.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (body >= 0)
		(void)!fstat(body, &st);
	AUTO_FD int index = openat(dir, files->index.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = index < 0 ? 0 : PIECE;
	for (unsigned i = 0; i < MOST_PIECES && n == PIECE; i++)
		n = pread(index, bytes, sizeof(bytes), (off_t)i * PIECE);
}
