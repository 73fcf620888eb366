// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

static int open_file(const char *folder, const char *id, int flags, int *out, struct fault *why)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof(path), "%s/%s.film", folder, id) >= sizeof(path))
		return fault_set(why, -ENAMETOOLONG, "staff.folder", "'%s': too long", folder);
	AUTO_FD int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fault_set(why, -errno, "staff.upload", "'%s': %s", path, strerror(errno));
	if ((flags & O_CREAT) && fileio_sync_parent(path))
		return fault_set(why, -EIO, "staff.upload", "'%s' cannot be kept", path);
	*out = MOVE_FD(fd);
	return 0;
}

static int length_of(int fd, uint64_t *out)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	*out = (uint64_t)st.st_size;
	return 0;
}

int upload_begin(const char *folder, const char *id, uint64_t size, struct fault *why)
{
	AUTO_FD int fd = -1;
	int r = open_file(folder, id, O_WRONLY | O_CREAT | O_EXCL, &fd, why);
	if (r)
		return r;
	/* A file system that cannot reserve (EOPNOTSUPP) says at each piece whether there is room. */
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) < 0 && errno != EOPNOTSUPP) {
		r = -errno;
		upload_drop(folder, id);
		return fault_set(why, r == -EFBIG ? -ENOSPC : r, "staff.room",
				 "no room for %" PRIu64 " bytes (%s)", size, strerror(-r));
	}
	return 0;
}

int upload_have(const char *folder, const char *id, uint64_t *have, struct fault *why)
{
	AUTO_FD int fd = -1;
	int r = open_file(folder, id, O_RDONLY, &fd, why);
	return r ? r : length_of(fd, have);
}

int upload_write(const char *folder, const char *id, uint64_t size, uint64_t offset,
		 const void *bytes, size_t len, uint64_t *have, struct fault *why)
{
	AUTO_FD int fd = -1;
	uint64_t here = 0;
	int r = open_file(folder, id, O_WRONLY, &fd, why);
	if (r == 0)
		r = length_of(fd, &here);
	if (r)
		return r;
	*have = here;
	if (offset != here || len > size - here)
		return fault_set(why, -ERANGE, "staff.offset",
				 "%" PRIu64 " bytes of %" PRIu64 " are here; go on from there",
				 here, size);
	r = fileio_pwrite_all(fd, bytes, len, offset);
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	if (r) {
		/* What is not durable is not here. */
		if (ftruncate(fd, (off_t)here) < 0)
			(void)length_of(fd, have);
		return fault_set(why, r, r == -ENOSPC ? "staff.room" : "staff.upload",
				 "the film cannot be written (%s)", strerror(-r));
	}
	*have = here + len;
	return 0;
}

int upload_open(const char *folder, const char *id, int *fd, struct fault *why)
{
	return open_file(folder, id, O_RDONLY, fd, why);
}

void upload_drop(const char *folder, const char *id)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof(path), "%s/%s.film", folder, id) < sizeof(path))
		(void)unlink(path);
}
