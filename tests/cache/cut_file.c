// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file that is cut short in the middle of a request, for a server that is started with LD_PRELOAD=cut-file.so and CUT_FILE=PATH.
 * Words in what a client sends say when: "cut-now", or "cut-compressing", when the next reply begins to be compressed.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static atomic_int waits;

static void cut(void)
{
	const char *path = getenv("CUT_FILE");
	if (!path || truncate(path, 0) < 0)
		abort();
}

static int says(const void *bytes, ssize_t len, const char *word)
{
	return len > 0 && memmem(bytes, (size_t)len, word, strlen(word)) != NULL;
}

EXPORT ssize_t recv(int fd, void *to, size_t len, int flags)
{
	ssize_t (*next)(int, void *, size_t, int);
	*(void **)&next = dlsym(RTLD_NEXT, "recv");
	const ssize_t n = next(fd, to, len, flags);
	if (says(to, n, "cut-now"))
		cut();
	else if (says(to, n, "cut-compressing"))
		atomic_store(&waits, 1);
	return n;
}

/* zlib's, which begins a compressed body. */
EXPORT int deflateInit2_(void *stream, int level, int method, int window, int memory, int strategy,
			 const char *version, int size);
int deflateInit2_(void *stream, int level, int method, int window, int memory, int strategy,
		  const char *version, int size)
{
	int (*next)(void *, int, int, int, int, int, const char *, int);
	*(void **)&next = dlsym(RTLD_NEXT, "deflateInit2_");
	if (atomic_exchange(&waits, 0))
		cut();
	return next(stream, level, method, window, memory, strategy, version, size);
}
