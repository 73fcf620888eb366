// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cache/names.h"

/*
 * Makes names.idx (cache/names.h). Paths are at most NAMES_MAX_PATH bytes, begin with "/" and have no query. A path
 * added twice: the later wins. All arguments are copied. Functions return 0, -EINVAL (a path, a size or a text
 * out of bounds), -ENOMEM.
 */
struct names_builder;
struct names_builder *names_builder_new(void);
void names_builder_free(struct names_builder *b); /* NULL is fine */

int names_add_bytes(struct names_builder *b, const char *path, const char *media_type,
		    enum names_cache cache, const void *bytes, size_t len); /* <= NAMES_MAX_BYTES */
/* `download_name` (NULL or "" for none) becomes Content-Disposition: attachment. */
int names_add_object(struct names_builder *b, const char *path, const char *media_type,
		     enum names_cache cache, const struct objmap_id *id, uint64_t size,
		     const char *download_name);
/* The same for a document of a lesson: who has all of it has used the lesson, on the rung USES_FILE_RUNG. */
int names_add_file(struct names_builder *b, const char *path, const char *media_type,
		   enum names_cache cache, const struct objmap_id *id, uint64_t size,
		   const char *lesson, const char *download_name);
/* `lesson` and `rung` are for counting; media segments carry their durations in the segment table. */
int names_add_rendition(struct names_builder *b, const char *folder, uint64_t number,
			const char *lesson, const char *rung, const char *media_type);
int names_add_virtual(struct names_builder *b, const char *path, const char *media_type,
		      const char *lesson, const char *rung, const char *download_name,
		      const void *header, size_t header_len, const struct names_extent *extents,
		      size_t count);
/* What the etag of such a file is, so that somebody can look whether an index has it. */
uint64_t names_virtual_etag(const void *header, size_t header_len,
			    const struct names_extent *extents, size_t count);
int names_add_redirect(struct names_builder *b, const char *path, const char *to);

/*
 * Writes PATH.new, fdatasync, rename, then flags the old mapping superseded. The builder can be added to again. PATH.spare keeps room
 * for the next one, and gives way on a full disk.
 */
int names_write(struct names_builder *b, const char *path, struct fault *why);
