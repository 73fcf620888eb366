// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * A film on its way from a phone: a file that grows from its beginning. How far it is, is the file's length, and nothing else: what
 * was acknowledged is on disk, so a phone that was locked, or a box that lost power, asks and goes on from there. Its room is reserved
 * before the first byte.
 */
#define UPLOAD_PIECE_BYTES (4u << 20) /* the most that one request brings */

/* -ENOSPC: there is no room for `size`. */
int upload_begin(const char *folder, const char *id, uint64_t size, struct fault *why);
/* Bytes that are here; -ENOENT. */
int upload_have(const char *folder, const char *id, uint64_t *have, struct fault *why);
/*
 * The next bytes, durable when 0; *have is what is here then. -ERANGE: they do not begin where the file ends (*have says where), or
 * go beyond `size`.
 */
int upload_write(const char *folder, const char *id, uint64_t size, uint64_t offset,
		 const void *bytes, size_t len, uint64_t *have, struct fault *why);
int upload_open(const char *folder, const char *id, int *fd, struct fault *why); /* for reading */
void upload_drop(const char *folder, const char *id);
