// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into a program of one thread: passes its calls on to the kernel and writes down (log.h) what they do to files below a
 * folder. What is stored through a shared mapping makes no call: each mapping is compared with a copy before every
 * recorded call, so that a page that changed is in the log before any sync that could have covered it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/crash/log.h"

enum { MOST_FDS = 1024, MOST_INODES = 4096, MOST_MAPPINGS = 256, PAGE = 4096 };

struct mapping {
	char *at, *copy;
	size_t bytes;
	uint64_t offset;
	uint32_t file;
};

/* The functions below are called in place of libc's: there is nobody who could hand them anything of ours. */
static struct recorder {
	char folder[PATH_MAX];
	size_t folder_len;
	int log;
	uint32_t files;
	uint32_t file_of[MOST_FDS]; /* 0: not ours */
	struct {
		ino_t inode;
		uint32_t file;
	} inodes[MOST_INODES];
	size_t inode_count;
	struct mapping mappings[MOST_MAPPINGS];
} rec = { .log = -1 };

/* What is called in place of libc's must be seen from outside. */
#pragma GCC visibility push(default)

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
void wasl_crash_mark(const void *bytes, uint64_t len);

static void put(const void *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		long n = syscall(SYS_write, rec.log, (const char *)bytes + at, len - at);
		if (n <= 0)
			abort(); /* half a log would prove nothing */
		at += (size_t)n;
	}
}

static void note(uint32_t type, uint32_t file, uint64_t offset, const char *path, const char *other,
		 const void *data, uint64_t len)
{
	const struct log_record r = { type,
				      file,
				      offset,
				      path ? (uint32_t)strlen(path) : 0,
				      other ? (uint32_t)strlen(other) : 0,
				      len };
	put(&r, sizeof(r));
	put(path, r.path_len);
	put(other, r.other_len);
	put(data, len);
}

static void look_at_mappings(void)
{
	for (struct mapping *m = rec.mappings; m < rec.mappings + MOST_MAPPINGS; m++) {
		for (size_t at = 0; m->at && at < m->bytes; at += PAGE) {
			const size_t len = m->bytes - at < PAGE ? m->bytes - at : PAGE;
			if (!memcmp(m->at + at, m->copy + at, len))
				continue;
			memcpy(m->copy + at, m->at + at, len);
			note(LOG_WRITE, m->file, m->offset + at, NULL, NULL, m->copy + at, len);
		}
	}
}

__attribute__((constructor)) static void begin(void)
{
	const char *folder = getenv(LOG_ENV_FOLDER), *log = getenv(LOG_ENV_FILE);
	if (!folder || !log)
		return;
	rec.folder_len = (size_t)snprintf(rec.folder, sizeof(rec.folder), "%s", folder);
	rec.log = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			       0600);
}

/* The path below the folder ("" for the folder itself), or NULL. */
static const char *ours(int dir, const char *path, char room[static PATH_MAX])
{
	char base[64];
	size_t len = 0;
	if (rec.log < 0 || !path)
		return NULL;
	if (path[0] != '/') {
		if (dir == AT_FDCWD)
			snprintf(base, sizeof(base), "/proc/self/cwd");
		else
			snprintf(base, sizeof(base), "/proc/self/fd/%d", dir);
		ssize_t n = readlink(base, room, PATH_MAX - 1);
		if (n < 0)
			return NULL;
		len = (size_t)n;
		room[len++] = '/';
	}
	if ((size_t)snprintf(room + len, PATH_MAX - len, "%s", path) >= PATH_MAX - len)
		return NULL;
	if (strncmp(room, rec.folder, rec.folder_len) ||
	    (room[rec.folder_len] && room[rec.folder_len] != '/'))
		return NULL;
	const char *rest = room + rec.folder_len;
	while (*rest == '/' || (*rest == '.' && (rest[1] == '/' || !rest[1])))
		rest++;
	return rest;
}

/* *fresh: seen for the first time. */
static uint32_t file_of_inode(ino_t inode, bool *fresh)
{
	*fresh = false;
	for (size_t i = 0; i < rec.inode_count; i++)
		if (rec.inodes[i].inode == inode)
			return rec.inodes[i].file;
	if (rec.inode_count == MOST_INODES)
		abort();
	*fresh = true;
	rec.inodes[rec.inode_count].inode = inode;
	rec.inodes[rec.inode_count].file = ++rec.files;
	return rec.inodes[rec.inode_count++].file;
}

/* A name goes: the kernel may give the inode to another file. */
static void forget_inode(int dir, const char *path)
{
	struct stat st;
	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_nlink > 1)
		return;
	for (size_t i = 0; i < rec.inode_count; i++)
		if (rec.inodes[i].inode == st.st_ino)
			rec.inodes[i] = rec.inodes[--rec.inode_count];
}

static uint32_t file_of_fd(int fd)
{
	if (rec.log < 0 || fd < 0 || fd >= MOST_FDS)
		return 0;
	look_at_mappings();
	return rec.file_of[fd];
}

static int do_open(int dir, const char *path, int flags, mode_t mode)
{
	char room[PATH_MAX];
	struct stat st;
	const char *rest = ours(dir, path, room);
	bool seen,
		fresh = rest && flags & O_CREAT && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0;
	if (rest)
		look_at_mappings();
	int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	if (fd < 0 || fd >= MOST_FDS)
		return fd;
	rec.file_of[fd] = 0;
	if (!rest || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fd;
	rec.file_of[fd] = file_of_inode(st.st_ino, &seen);
	if (fresh || seen)
		note(fresh ? LOG_CREATE : LOG_FOUND, rec.file_of[fd], 0, rest, NULL, NULL, 0);
	if (!fresh && flags & O_TRUNC)
		note(LOG_TRUNCATE, rec.file_of[fd], 0, NULL, NULL, NULL, 0);
	return fd;
}

#define MODE_OF(flags, mode)                   \
	mode_t mode = 0;                       \
	if ((flags) & (O_CREAT | O_TMPFILE)) { \
		va_list list;                  \
		va_start(list, flags);         \
		mode = va_arg(list, mode_t);   \
		va_end(list);                  \
	}

int open(const char *path, int flags, ...)
{
	MODE_OF(flags, mode)
	return do_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	MODE_OF(flags, mode)
	return do_open(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	MODE_OF(flags, mode)
	return do_open(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
	MODE_OF(flags, mode)
	return do_open(dir, path, flags, mode);
}

int __open_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dir, const char *path, int flags)
{
	return do_open(dir, path, flags, 0);
}

int __openat64_2(int dir, const char *path, int flags)
{
	return do_open(dir, path, flags, 0);
}

int close(int fd)
{
	if (file_of_fd(fd))
		rec.file_of[fd] = 0;
	return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	const uint32_t file = file_of_fd(fd);
	const off_t at = file ? lseek(fd, 0, SEEK_CUR) : 0;
	ssize_t n = syscall(SYS_write, fd, bytes, len);
	if (file && n > 0)
		note(LOG_WRITE, file, (uint64_t)at, NULL, NULL, bytes, (uint64_t)n);
	return n;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t offset)
{
	const uint32_t file = file_of_fd(fd);
	ssize_t n = syscall(SYS_pwrite64, fd, bytes, len, offset);
	if (file && n > 0)
		note(LOG_WRITE, file, (uint64_t)offset, NULL, NULL, bytes, (uint64_t)n);
	return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	return pwrite64(fd, bytes, len, offset);
}

int ftruncate64(int fd, off_t length)
{
	const uint32_t file = file_of_fd(fd);
	int rc = (int)syscall(SYS_ftruncate, fd, length);
	if (file && !rc)
		note(LOG_TRUNCATE, file, (uint64_t)length, NULL, NULL, NULL, 0);
	return rc;
}

int ftruncate(int fd, off_t length)
{
	return ftruncate64(fd, length);
}

int fallocate64(int fd, int mode, off_t offset, off_t len)
{
	const uint32_t file = file_of_fd(fd);
	if (file && mode & ~FALLOC_FL_KEEP_SIZE)
		abort(); /* the replay knows no holes */
	int rc = (int)syscall(SYS_fallocate, fd, mode, offset, len);
	if (file && !rc && !(mode & FALLOC_FL_KEEP_SIZE))
		note(LOG_ALLOCATE, file, (uint64_t)(offset + len), NULL, NULL, NULL, 0);
	return rc;
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	return fallocate64(fd, mode, offset, len);
}

int posix_fallocate64(int fd, off_t offset, off_t len)
{
	return fallocate64(fd, 0, offset, len) ? errno : 0;
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
	return posix_fallocate64(fd, offset, len);
}

static int do_sync(int fd, long call)
{
	char room[PATH_MAX];
	struct stat st;
	const uint32_t file = file_of_fd(fd);
	int rc = (int)syscall(call, fd);
	if (rc)
		return rc;
	if (file) {
		note(LOG_SYNC, file, 0, NULL, NULL, NULL, 0);
	} else if (rec.log >= 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		const char *rest = ours(fd, ".", room);
		if (rest) {
			size_t len = strlen(rest);
			while (len && (rest[len - 1] == '.' || rest[len - 1] == '/'))
				len--;
			room[(size_t)(rest - room) + len] = '\0';
			note(LOG_SYNC_DIR, 0, 0, rest, NULL, NULL, 0);
		}
	}
	return 0;
}

int fsync(int fd)
{
	return do_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return do_sync(fd, SYS_fdatasync);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	char room[PATH_MAX], other_room[PATH_MAX];
	const char *rest = ours(from_dir, from, room), *other = ours(to_dir, to, other_room);
	if (rest && other) {
		look_at_mappings();
		forget_inode(to_dir, to);
	}
	int rc = (int)syscall(SYS_renameat, from_dir, from, to_dir, to);
	if (!rc && rest && other)
		note(LOG_RENAME, 0, 0, rest, other, NULL, 0);
	return rc;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int dir, const char *path, int flags)
{
	char room[PATH_MAX];
	const char *rest = ours(dir, path, room);
	if (rest) {
		look_at_mappings();
		forget_inode(dir, path);
	}
	int rc = (int)syscall(SYS_unlinkat, dir, path, flags);
	if (!rc && rest)
		note(LOG_UNLINK, 0, 0, rest, NULL, NULL, 0);
	return rc;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	char room[PATH_MAX];
	const char *rest = ours(dir, path, room);
	int rc = (int)syscall(SYS_mkdirat, dir, path, mode);
	if (!rc && rest)
		note(LOG_MKDIR, 0, 0, rest, NULL, NULL, 0);
	return rc;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

void *mmap64(void *want, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	void *at = (void *)syscall(SYS_mmap, want, bytes, protection, flags, fd, offset);
	const uint32_t file = at == MAP_FAILED ? 0 : file_of_fd(fd);
	if (!file || !(flags & MAP_SHARED) || !(protection & PROT_WRITE))
		return at;
	struct mapping *m = rec.mappings;
	while (m < rec.mappings + MOST_MAPPINGS && m->at)
		m++;
	if (m == rec.mappings + MOST_MAPPINGS)
		abort();
	*m = (struct mapping){ at, malloc(bytes), bytes, (uint64_t)offset, file };
	if (!m->copy)
		abort();
	memcpy(m->copy, at, bytes);
	return at;
}

void *mmap(void *want, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return mmap64(want, bytes, protection, flags, fd, offset);
}

int munmap(void *at, size_t bytes)
{
	if (rec.log >= 0)
		look_at_mappings();
	for (struct mapping *m = rec.mappings; m < rec.mappings + MOST_MAPPINGS; m++) {
		if (m->at != at)
			continue;
		free(m->copy);
		*m = (struct mapping){ 0 };
	}
	return (int)syscall(SYS_munmap, at, bytes);
}

int msync(void *at, size_t bytes, int flags)
{
	if (rec.log >= 0)
		look_at_mappings();
	int rc = (int)syscall(SYS_msync, at, bytes, flags);
	for (struct mapping *m = rec.mappings; !rc && m < rec.mappings + MOST_MAPPINGS; m++)
		if (m->at == at)
			note(LOG_SYNC, m->file, 0, NULL, NULL, NULL, 0);
	return rc;
}

void wasl_crash_mark(const void *bytes, uint64_t len)
{
	if (rec.log < 0)
		return;
	look_at_mappings();
	note(LOG_MARK, 0, 0, NULL, NULL, bytes, len);
}
