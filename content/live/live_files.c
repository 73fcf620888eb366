// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_files.h"

#include <dirent.h>
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
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

#define DEPTH_MOST 4u

struct live_files {
	int folder;
	uint64_t bytes, max_bytes;
};

CLEAN_FN(files, struct live_files, live_files_close)

/* Empties a folder without following a link out of it. Takes `fd`. */
static void sweep(int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) == 0)
			continue;
		int inner = openat(dirfd(d), e->d_name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner < 0)
			continue;
		if (depth < DEPTH_MOST)
			sweep(inner, depth + 1);
		else
			close(inner);
		unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}

static void sweep_at(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		sweep(fd, 0);
}

int live_files_open(const char *path, uint64_t max_bytes, struct live_files **out,
		    struct fault *why)
{
	CLEANUP(clean_files) struct live_files *f = calloc(1, sizeof(*f));
	if (!f)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	f->folder = -1;
	f->max_bytes = max_bytes;
	int r = paths_mkdir(path, 0755, why);
	if (r)
		return r;
	f->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (f->folder < 0)
		return fault_set(why, -errno, "live.folder",
				 "'%s': %s; look at the folder and its "
				 "owner",
				 path, strerror(errno));
	sweep_at(f->folder, ".");
	*out = MOVE_PTR(f);
	return 0;
}

void live_files_close(struct live_files *f)
{
	if (!f)
		return;
	if (f->folder >= 0) {
		sweep_at(f->folder, ".");
		close(f->folder);
	}
	free(f);
}

static uint64_t size_of(int folder, const char *name)
{
	struct stat st;
	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
		       ? (uint64_t)st.st_size
		       : 0;
}

/* The folder that holds CLASS/NAME, made when it is not there, and the name in it. */
static int open_home(struct live_files *f, const char *class, const char *name, const char **last)
{
	char path[256];
	const char *slash = strrchr(name, '/');
	int n = slash ? snprintf(path, sizeof(path), "%s/%.*s", class, (int)(slash - name), name)
		      : snprintf(path, sizeof(path), "%s", class);
	*last = slash ? slash + 1 : name;
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if ((mkdirat(f->folder, class, 0755) < 0 && errno != EEXIST) ||
	    (slash && mkdirat(f->folder, path, 0755) < 0 && errno != EEXIST))
		return -errno;
	int fd = openat(f->folder, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* nginx sees the old bytes or the new ones. */
static int write_aside(int home, const char *name, const void *bytes, size_t len)
{
	static const char aside[] = ".new";
	AUTO_FD int fd =
		openat(home, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fileio_write_all(fd, bytes, len);
	if (r == 0 && renameat(home, aside, home, name) < 0)
		r = -errno;
	if (r)
		unlinkat(home, aside, 0);
	return r;
}

int live_files_put(struct live_files *f, const char *class, const char *name, const void *bytes,
		   size_t len, struct fault *why)
{
	const char *last;
	AUTO_FD int home = open_home(f, class, name, &last);
	int r = home < 0 ? home : 0;
	uint64_t before = r == 0 ? size_of(home, last) : 0;
	if (r == 0 && f->bytes - before + len > f->max_bytes)
		r = -ENOSPC;
	if (r == 0)
		r = write_aside(home, last, bytes, len);
	if (r)
		return fault_set(why, r, r == -ENOSPC ? "live.full" : "live.write",
				 "live/%s/%s: %s%s", class, name, strerror(-r),
				 r == -ENOSPC ? "; raise [relay] max" : "");
	f->bytes += len - before;
	return 0;
}

void live_files_drop(struct live_files *f, const char *class, const char *name)
{
	char path[256];
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", class, name) >= sizeof(path))
		return;
	uint64_t had = size_of(f->folder, path);
	if (unlinkat(f->folder, path, 0) == 0)
		f->bytes -= had < f->bytes ? had : f->bytes;
}

static uint64_t bytes_below(int folder, const char *name, unsigned depth)
{
	uint64_t sum = 0;
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *e; d && (e = readdir(d));) {
		sum += size_of(dirfd(d), e->d_name);
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && depth < DEPTH_MOST)
			sum += bytes_below(dirfd(d), e->d_name, depth + 1);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return sum;
}

void live_files_clear(struct live_files *f, const char *class)
{
	uint64_t had = bytes_below(f->folder, class, 0);
	sweep_at(f->folder, class);
	unlinkat(f->folder, class, AT_REMOVEDIR);
	f->bytes -= had < f->bytes ? had : f->bytes;
}

uint64_t live_files_bytes(const struct live_files *f)
{
	return f->bytes;
}
