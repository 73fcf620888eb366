// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fault;

/*
 * Whole files, read with a limit and replaced so that a power cut leaves the old bytes or the new
 * ones, never a mixture.
 */

/* Reads at most `limit` bytes; -EFBIG beyond. *out is malloc'ed, NUL-terminated one byte past *len. */
int fileio_read(const char *path, size_t limit, void **out, size_t *len, struct fault *why);

/* write to PATH.new, fdatasync, rename over PATH, fsync the folder. */
int fileio_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct fault *why);

/* All of `len`, through EINTR and short writes. 0 or -errno (ENOSPC included). */
int fileio_write_all(int fd, const void *bytes, size_t len);
int fileio_pwrite_all(int fd, const void *bytes, size_t len, uint64_t offset);

/* Exactly `len` bytes or -ENODATA. */
int fileio_pread_all(int fd, void *bytes, size_t len, uint64_t offset);

/* fsync of the folder that holds `path`, so that a new name survives a power cut. */
int fileio_sync_parent(const char *path);
