// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A slow disk, for any server that is started with LD_PRELOAD=slow-disk.so: reads of regular files below a folder take the time
 * that one disk of so many bytes a second needs, one after the other, and whoever calls is kept waiting as the kernel would
 * keep it. What was read once is in memory, for all processes.
 *
 *	SLOW_DISK_DIR		the folder
 *	SLOW_DISK_BPS		bytes a second
 *	SLOW_DISK_STATE		a file of any name: what is in memory; shared by the processes of one server. The second
 *				64-bit number in it says how often sendfile() waited, the third how often preadv2() was asked
 *				for what is not in memory, the fourth how often a process' first thread waited to open a file
 *				of obj/ or rend/
 *
 *	SLOW_DISK_BAD		where the bad sectors of a file begin and end, in bytes: FROM-TO; unset: all of it is bad
 *
 * A file with the sticky bit (chmod +t) lies on bad sectors: what of them is not in memory cannot be read, until something writes
 * to the file; a disk puts what is written to bad sectors elsewhere.
 * A file is opened, the first time, once the disk has found it, which takes as long as a block; openat2(RESOLVE_CACHED) says EAGAIN till then.
 * preadv2(RWF_NOWAIT) says EAGAIN of what is not in memory, as ext4, xfs and btrfs do. sendfile() waits for what it then sent.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { BLOCK = 32 * 1024, BLOCKS = 1 << 20, FILES = 1 << 16 };

struct shared {
	_Atomic uint64_t busy_until_ns;
	_Atomic uint64_t
		stalls; /* calls of sendfile() that waited for the disk: a test reads it here */
	_Atomic uint64_t asked; /* calls of preadv2(RWF_NOWAIT) for what is not in memory */
	_Atomic uint64_t
		opens; /* in a process' first thread, of what had to be found on the disk */
	_Atomic unsigned char found[FILES]; /* by a hash of the file */
	_Atomic unsigned char
		there[BLOCKS]; /* by a hash of file and block: two may be taken for one */
};

static struct disk {
	char dir[PATH_MAX];
	uint64_t bps, bad_from, bad_to;
	struct shared *shared;
	ssize_t (*pread)(int, void *, size_t, off_t);
	ssize_t (*preadv2)(int, const struct iovec *, int, off_t, int);
	ssize_t (*sendfile)(int, int, off_t *, size_t);
	int (*openat)(int, const char *, int, ...);
	long (*syscall)(long, ...);
} d;

static void __attribute__((constructor)) begin(void)
{
	const char *dir = getenv("SLOW_DISK_DIR"), *bps = getenv("SLOW_DISK_BPS");
	const char *state = getenv("SLOW_DISK_STATE"), *bad = getenv("SLOW_DISK_BAD");
	d.bad_to = UINT64_MAX;
	if (bad && sscanf(bad, "%" SCNu64 "-%" SCNu64, &d.bad_from, &d.bad_to) != 2)
		return;
	*(void **)&d.pread = dlsym(RTLD_NEXT, "pread");
	*(void **)&d.preadv2 = dlsym(RTLD_NEXT, "preadv2");
	*(void **)&d.sendfile = dlsym(RTLD_NEXT, "sendfile");
	*(void **)&d.openat = dlsym(RTLD_NEXT, "openat");
	*(void **)&d.syscall = dlsym(RTLD_NEXT, "syscall");
	if (!dir || !bps || !state || !realpath(dir, d.dir))
		return;
	int fd = open(state, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct shared)) < 0)
		return;
	void *at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return;
	d.bps = strtoull(bps, NULL, 10);
	d.shared = at;
}

/* Not 0 for a regular file below the folder: its name in the table. */
static uint64_t file_of(int fd)
{
	char link[64], path[PATH_MAX];
	struct stat st;
	const int error = errno;
	if (!d.shared || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		errno = error;
		return 0;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const ssize_t n = readlink(link, path, sizeof(path) - 1);
	errno = error;
	const size_t len = strlen(d.dir);
	return n > (ssize_t)len && !memcmp(path, d.dir, len) && path[len] == '/'
		       ? (uint64_t)st.st_ino * 0x9e3779b97f4a7c15u | 1
		       : 0;
}

static _Atomic unsigned char *block_at(uint64_t file, uint64_t offset)
{
	return &d.shared->there[((file >> 20) + offset / BLOCK) % BLOCKS];
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* One disk: who comes later waits for those before. */
static void wait_for(uint64_t bytes)
{
	const uint64_t took = bytes * 1000000000u / d.bps;
	uint64_t was = atomic_load(&d.shared->busy_until_ns), until;
	do {
		const uint64_t now = now_ns();
		until = (was > now ? was : now) + took;
	} while (!atomic_compare_exchange_weak(&d.shared->busy_until_ns, &was, until));
	const struct timespec at = { (time_t)(until / 1000000000u), (long)(until % 1000000000u) };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		continue;
}

static bool in_memory(uint64_t file, uint64_t offset, uint64_t len)
{
	for (uint64_t at = offset - offset % BLOCK; at < offset + len; at += BLOCK)
		if (!atomic_load(block_at(file, at)))
			return false;
	return true;
}

static bool broken(int fd, uint64_t offset, uint64_t len)
{
	struct stat st;
	return offset < d.bad_to && offset + len > d.bad_from && fstat(fd, &st) == 0 &&
	       st.st_mode & S_ISVTX &&
	       (st.st_ctim.tv_sec != st.st_mtim.tv_sec || st.st_ctim.tv_nsec != st.st_mtim.tv_nsec);
}

static void read_in(uint64_t file, uint64_t offset, uint64_t len)
{
	uint64_t missing = 0;
	for (uint64_t at = offset - offset % BLOCK; at < offset + len; at += BLOCK)
		missing += !atomic_exchange(block_at(file, at), 1);
	if (missing)
		wait_for(missing * BLOCK);
}

EXPORT ssize_t pread(int fd, void *to, size_t len, off_t offset)
{
	const ssize_t n = d.pread(fd, to, len, offset);
	const uint64_t file = n > 0 ? file_of(fd) : 0;
	if (file && !in_memory(file, (uint64_t)offset, (uint64_t)n) &&
	    broken(fd, (uint64_t)offset, (uint64_t)n)) {
		errno = EIO;
		return -1;
	}
	if (file)
		read_in(file, (uint64_t)offset, (uint64_t)n);
	return n;
}

EXPORT ssize_t preadv2(int fd, const struct iovec *to, int count, off_t offset, int flags)
{
	uint64_t len = 0;
	for (int i = 0; i < count; i++)
		len += to[i].iov_len;
	const uint64_t file = file_of(fd);
	struct stat st;
	if (file && fstat(fd, &st) == 0 && (uint64_t)offset + len > (uint64_t)st.st_size)
		len = offset < st.st_size ? (uint64_t)(st.st_size - offset) : 0;
	if (file && flags & RWF_NOWAIT && !in_memory(file, (uint64_t)offset, len)) {
		atomic_fetch_add(&d.shared->asked, 1);
		errno = EAGAIN;
		return -1;
	}
	/* In memory by our count: whatever the real one says, it is there in no time. */
	const ssize_t n = d.preadv2(fd, to, count, offset, file ? flags & ~RWF_NOWAIT : flags);
	if (file && n > 0)
		read_in(file, (uint64_t)offset, (uint64_t)n);
	return n;
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t len)
{
	const uint64_t from = offset ? (uint64_t)*offset : 0;
	const ssize_t n = d.sendfile(out, in, offset, len);
	const uint64_t file = n > 0 && offset ? file_of(in) : 0;
	if (file && !in_memory(file, from, (uint64_t)n))
		atomic_fetch_add(&d.shared->stalls, 1);
	if (file)
		read_in(file, from, (uint64_t)n);
	return n;
}

/* Whether this is a body, a bitmap, a table; NULL: no file whose finding takes time. */
static _Atomic unsigned char *found_at(int fd, const char *path)
{
	const uint64_t file =
		strncmp(path, "obj/", 4) && strncmp(path, "rend/", 5) ? 0 : file_of(fd);
	return file ? &d.shared->found[(file >> 20) % FILES] : NULL;
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
	va_end(more);
	const int fd = d.openat(dir, path, flags, mode);
	_Atomic unsigned char *found = fd >= 0 ? found_at(fd, path) : NULL;
	if (found && !atomic_exchange(found, 1)) {
		if (gettid() == getpid())
			atomic_fetch_add(&d.shared->opens, 1);
		wait_for(BLOCK);
	}
	return fd;
}

/* As the fortified headers call it. */
EXPORT int __openat_2(int dir, const char *path, int flags)
{
	return openat(dir, path, flags);
}

/* There is no function for openat2(). */
EXPORT long syscall(long number, ...)
{
	long word[6];
	va_list more;
	va_start(more, number);
	for (size_t i = 0; i < 6; i++)
		word[i] = va_arg(more, long);
	va_end(more);
	const long got = d.syscall(number, word[0], word[1], word[2], word[3], word[4], word[5]);
	if (number != SYS_openat2 || got < 0 ||
	    !(((const struct open_how *)word[2])->resolve & RESOLVE_CACHED))
		return got;
	const _Atomic unsigned char *found = found_at((int)got, (const char *)word[1]);
	if (!found || atomic_load(found))
		return got;
	close((int)got);
	errno = EAGAIN;
	return -1;
}

EXPORT ssize_t pread64(int fd, void *to, size_t len, off64_t offset)
	__attribute__((alias("pread")));
EXPORT ssize_t preadv64v2(int fd, const struct iovec *to, int count, off64_t offset, int flags)
	__attribute__((alias("preadv2")));
EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t len)
	__attribute__((alias("sendfile")));
