// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

int fileio_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int fileio_pwrite_all(int fd, const void *bytes, size_t len, uint64_t offset)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = pwrite(fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int fileio_pread_all(int fd, void *bytes, size_t len, uint64_t offset)
{
	char *at = bytes;
	while (len > 0) {
		ssize_t n = pread(fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		at += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int too_big(const char *path, size_t limit, struct fault *why)
{
	return fault_set(why, -EFBIG, "file.big",
			 "'%s' has more than %zu bytes; that cannot be the file meant here", path,
			 limit);
}

int fileio_read(const char *path, size_t limit, void **out, size_t *len, struct fault *why)
{
	if (limit > SSIZE_MAX / 2)
		limit = SSIZE_MAX / 2;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fault_set(why, -errno, "file.read", "'%s': %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fault_set(why, -EISDIR, "file.read", "'%s' is a folder; name a file", path);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > limit)
		return too_big(path, limit, why);

	/* The size is a hint only: pipes and /proc files say 0, and a file may grow meanwhile. */
	size_t room = st.st_size > 0 ? (size_t)st.st_size + 1 : 4096, have = 0;
	if (room > limit + 1)
		room = limit + 1;
	AUTO_FREE char *bytes = malloc(room + 1);
	while (bytes) {
		ssize_t n = read(fd, bytes + have, room - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_set(why, -errno, "file.read", "'%s': %s", path,
					 strerror(errno));
		have += (size_t)n;
		if (have > limit)
			return too_big(path, limit, why);
		if (n == 0)
			break;
		if (have < room)
			continue;
		room = room > limit / 2 ? limit + 1 : room * 2;
		char *more = realloc(bytes, room + 1);
		if (!more)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		bytes = more;
	}
	if (!bytes)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	bytes[have] = '\0';
	*out = MOVE_PTR(bytes);
	*len = have;
	return 0;
}

int fileio_sync_parent(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
	if (len >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, slash ? path : ".", slash ? len : 1);
	folder[slash ? len : 1] = '\0';
	AUTO_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int replace_fault(const char *path, int code, struct fault *why)
{
	if (code == -ENOSPC || code == -EDQUOT)
		return fault_set(
			why, code, "file.full",
			"'%s': the disk is full; the old file is unchanged. Free some space", path);
	return fault_set(why, code, "file.write", "'%s': %s; the old file is unchanged", path,
			 strerror(-code));
}

static int write_aside(const char *aside, const void *bytes, size_t len, mode_t mode)
{
	AUTO_FD int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	/* What a cut left behind under this name may have had another mode. */
	if (fchmod(fd, mode) < 0)
		return -errno;
	int r = fileio_write_all(fd, bytes, len);
	if (r < 0)
		return r;
	if (fdatasync(fd) < 0)
		return -errno;
	return 0;
}

int fileio_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct fault *why)
{
	char aside[PATH_MAX];
	if ((size_t)snprintf(aside, sizeof(aside), "%s.new", path) >= sizeof(aside))
		return replace_fault(path, -ENAMETOOLONG, why);
	int r = write_aside(aside, bytes, len, mode);
	if (r == 0 && rename(aside, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(aside);
		return replace_fault(path, r, why);
	}
	r = fileio_sync_parent(path);
	return r < 0 ? replace_fault(path, r, why) : 0;
}
