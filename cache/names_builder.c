// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/names_builder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/crc32c.h"
#include "cache/names_format.h"
#include "cache/uses.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

struct names_builder {
	struct names_record *records;
	size_t record_count, record_room;
	char *heap;
	size_t heap_len, heap_room;
};

CLEAN_FN(names, struct names, names_unmap)

struct names_builder *names_builder_new(void)
{
	struct names_builder *b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->heap_room = 4096;
	b->heap_len = 1; /* offset 0 is the empty text */
	b->heap = calloc(1, b->heap_room);
	if (!b->heap) {
		free(b);
		return NULL;
	}
	return b;
}

void names_builder_free(struct names_builder *b)
{
	if (!b)
		return;
	free(b->records);
	free(b->heap);
	free(b);
}

/* Copies `len` bytes and a NUL to the heap, at a multiple of `align`. */
static int keep(struct names_builder *b, const void *bytes, size_t len, size_t align, uint32_t *out)
{
	size_t at = (b->heap_len + align - 1) / align * align;
	if (len > NAMES_MAX_FILE || at + len + 1 > NAMES_MAX_FILE)
		return -EINVAL;
	if (at + len + 1 > b->heap_room) {
		size_t room = (at + len + 1) * 2;
		char *more = realloc(b->heap, room);
		if (!more)
			return -ENOMEM;
		b->heap = more;
		b->heap_room = room;
	}
	memset(b->heap + b->heap_len, 0, at - b->heap_len);
	if (len)
		memcpy(b->heap + at, bytes, len);
	b->heap[at + len] = '\0';
	b->heap_len = at + len + 1;
	*out = (uint32_t)at;
	return 0;
}

/* Texts end in HTTP headers: a control character there would begin a header of its own. */
static bool fits(const char *text, size_t limit)
{
	size_t len = strnlen(text, limit + 1);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len <= limit;
}

static int keep_text(struct names_builder *b, const char *text, uint32_t *out)
{
	if (!text || !*text) {
		*out = 0;
		return 0;
	}
	if (!fits(text, NAMES_MAX_PATH))
		return -EINVAL;
	return keep(b, text, strlen(text), 1, out);
}

struct texts {
	const char *path, *media_type, *lesson, *rung, *download_name;
};

static int add(struct names_builder *b, const struct texts *t, struct names_record *r)
{
	if (!t->path || t->path[0] != '/' || strchr(t->path, '?') || !fits(t->path, NAMES_MAX_PATH))
		return -EINVAL;
	if (b->record_count == b->record_room) {
		size_t room = b->record_room ? b->record_room * 2 : 64;
		void *more = reallocarray(b->records, room, sizeof(*b->records));
		if (!more)
			return -ENOMEM;
		b->records = more;
		b->record_room = room;
	}
	r->path_len = (uint32_t)strlen(t->path);
	r->hash = names_hash(t->path, r->path_len);
	int rc = keep(b, t->path, r->path_len, 1, &r->path);
	if (!rc)
		rc = keep_text(b, t->media_type, &r->media_type);
	if (!rc)
		rc = keep_text(b, t->lesson, &r->lesson);
	if (!rc)
		rc = keep_text(b, t->rung, &r->rung);
	if (!rc)
		rc = keep_text(b, t->download_name, &r->download_name);
	if (!rc)
		b->records[b->record_count++] = *r;
	return rc;
}

int names_add_bytes(struct names_builder *b, const char *path, const char *media_type,
		    enum names_cache cache, const void *bytes, size_t len)
{
	if (len > NAMES_MAX_BYTES)
		return -EINVAL;
	struct names_record r = { .kind = NAMES_BYTES,
				  .cache = (uint8_t)cache,
				  .size = len,
				  .bytes_len = (uint32_t)len,
				  .etag = names_hash(bytes, len) | 1 };
	int rc = keep(b, bytes, len, 1, &r.bytes);
	return rc ? rc : add(b, &(struct texts){ .path = path, .media_type = media_type }, &r);
}

int names_add_file(struct names_builder *b, const char *path, const char *media_type,
		   enum names_cache cache, const struct objmap_id *id, uint64_t size,
		   const char *lesson, const char *download_name)
{
	if (size > OBJMAP_MAX_SIZE)
		return -EINVAL;
	struct names_record r = { .kind = NAMES_OBJECT,
				  .cache = (uint8_t)cache,
				  .size = size,
				  .id = *id,
				  .etag = names_hash(id, sizeof(*id)) | 1 };
	return add(b,
		   &(struct texts){ .path = path,
				    .media_type = media_type,
				    .lesson = lesson,
				    .rung = lesson ? USES_FILE_RUNG : NULL,
				    .download_name = download_name },
		   &r);
}

int names_add_object(struct names_builder *b, const char *path, const char *media_type,
		     enum names_cache cache, const struct objmap_id *id, uint64_t size,
		     const char *download_name)
{
	return names_add_file(b, path, media_type, cache, id, size, NULL, download_name);
}

int names_add_rendition(struct names_builder *b, const char *folder, uint64_t number,
			const char *lesson, const char *rung, const char *media_type)
{
	size_t len = folder ? strlen(folder) : 0;
	if (!len || folder[len - 1] != '/')
		return -EINVAL;
	const uint64_t own[] = { names_hash(folder, len), number };
	struct names_record r = { .kind = NAMES_RENDITION,
				  .cache = NAMES_CACHE_IMMUTABLE,
				  .rendition = number,
				  .etag = names_hash(own, sizeof(own)) | 1 };
	return add(b,
		   &(struct texts){ .path = folder,
				    .media_type = media_type,
				    .lesson = lesson,
				    .rung = rung },
		   &r);
}

uint64_t names_virtual_etag(const void *header, size_t header_len,
			    const struct names_extent *extents, size_t count)
{
	const uint64_t own[] = { names_hash(header, header_len),
				 names_hash(extents, count * sizeof(*extents)) };
	return names_hash(own, sizeof(own)) | 1;
}

int names_add_virtual(struct names_builder *b, const char *path, const char *media_type,
		      const char *lesson, const char *rung, const char *download_name,
		      const void *header, size_t header_len, const struct names_extent *extents,
		      size_t count)
{
	if (header_len > NAMES_MAX_BYTES || count > NAMES_MAX_EXTENTS)
		return -EINVAL;
	uint64_t size = header_len;
	for (size_t i = 0; i < count; i++) {
		if (extents[i].length > OBJMAP_MAX_SIZE || extents[i].offset > OBJMAP_MAX_SIZE)
			return -EINVAL;
		size += extents[i].length;
	}
	if (size > OBJMAP_MAX_SIZE)
		return -EINVAL;
	struct names_record r = { .kind = NAMES_VIRTUAL,
				  .cache = NAMES_CACHE_SHORT,
				  .size = size,
				  .bytes_len = (uint32_t)header_len,
				  .extent_count = (uint32_t)count,
				  .etag = names_virtual_etag(header, header_len, extents, count) };
	int rc = keep(b, header, header_len, 1, &r.bytes);
	if (!rc)
		rc = keep(b, extents, count * sizeof(*extents), _Alignof(struct names_extent),
			  &r.extents);
	return rc ? rc
		  : add(b, &(struct texts){ path, media_type, lesson, rung, download_name }, &r);
}

int names_add_redirect(struct names_builder *b, const char *path, const char *to)
{
	if (!to || to[0] != '/' || !fits(to, NAMES_MAX_PATH))
		return -EINVAL;
	struct names_record r = { .kind = NAMES_REDIRECT,
				  .cache = NAMES_CACHE_SHORT,
				  .bytes_len = (uint32_t)strlen(to),
				  .etag = names_hash(to, strlen(to)) | 1 };
	int rc = keep(b, to, r.bytes_len, 1, &r.bytes);
	return rc ? rc : add(b, &(struct texts){ .path = path }, &r);
}

static bool same_path(const struct names_builder *b, const struct names_record *x,
		      const struct names_record *y)
{
	return x->hash == y->hash && x->path_len == y->path_len &&
	       !memcmp(b->heap + x->path, b->heap + y->path, x->path_len);
}

static struct names_bucket *make_buckets(const struct names_builder *b, uint64_t generation,
					 uint32_t *count)
{
	uint32_t room = 8;
	while (room < b->record_count * 2)
		room *= 2;
	struct names_bucket *buckets = calloc(room, sizeof(*buckets));
	for (uint32_t i = 0; buckets && i < b->record_count; i++) {
		uint32_t at = (uint32_t)b->records[i].hash & (room - 1);
		while (buckets[at].index &&
		       !same_path(b, &b->records[buckets[at].index - 1], &b->records[i]))
			at = (at + 1) & (room - 1);
		buckets[at] = (struct names_bucket){ .hash = b->records[i].hash, .index = i + 1 };
	}
	for (uint32_t at = 0; buckets && at < room; at++)
		buckets[at].check = names_bucket_check(&buckets[at], at, generation);
	*count = room;
	return buckets;
}

/*
 * A path whose bytes did not change keeps its time, so that phones need not fetch it again; one whose bytes did gets a later one,
 * however soon that is and whatever the clock says by now, so that a time is never that of two versions. The record is whole then.
 */
static void finish_records(struct names_builder *b, struct names *old, int64_t now_s)
{
	for (size_t i = 0; i < b->record_count; i++) {
		struct names_record *r = &b->records[i], was;
		const bool known =
			old && !names_record_of(old, b->heap + r->path, r->path_len, &was);
		if (known && was.etag == r->etag)
			r->modified_s = was.modified_s;
		else
			r->modified_s =
				known && was.modified_s >= now_s ? was.modified_s + 1 : now_s;
		r->check = 0;
		names_record_check(r, b->heap, b->heap_len, &r->check);
	}
}

static int write_parts(const struct names_builder *b, const char *aside,
		       const struct names_header *head, const struct names_bucket *buckets)
{
	AUTO_FD
	int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	int rc = fileio_write_all(fd, head, sizeof(*head));
	if (!rc)
		rc = fileio_write_all(fd, buckets, head->bucket_count * sizeof(*buckets));
	if (!rc)
		rc = fileio_write_all(fd, b->records, b->record_count * sizeof(*b->records));
	if (!rc)
		rc = fileio_write_all(fd, b->heap, b->heap_len);
	return !rc && fdatasync(fd) < 0 ? -errno : rc;
}

static int write_aside(const struct names_builder *b, const char *aside, uint64_t generation,
		       uint64_t *bytes)
{
	struct names_header head = {
		.magic = NAMES_FORMAT_MAGIC,
		.generation = generation,
		.record_count = (uint32_t)b->record_count,
	};
	AUTO_FREE
	struct names_bucket *buckets = make_buckets(b, generation, &head.bucket_count);
	if (!buckets)
		return -ENOMEM;
	const size_t from = offsetof(struct names_header, generation);
	const size_t bucket_bytes = head.bucket_count * sizeof(*buckets);
	const size_t record_bytes = b->record_count * sizeof(*b->records);
	head.file_bytes = sizeof(head) + bucket_bytes + record_bytes + b->heap_len;
	*bytes = head.file_bytes;
	if (head.file_bytes > NAMES_MAX_FILE)
		return -EFBIG;
	head.crc = crc32c(0, (const char *)&head + from, sizeof(head) - from);
	head.crc = crc32c(head.crc, buckets, bucket_bytes);
	head.crc = crc32c(head.crc, b->records, record_bytes);
	head.crc = crc32c(head.crc, b->heap, b->heap_len);
	return write_parts(b, aside, &head, buckets);
}

/*
 * Room for the next index: on a disk that is full to the last block, this file gives way for it, and is taken again where the old index was.
 * As long as an index, and something for it to grow by; where that does not fit, as long as can be, and never shorter than it was.
 */
enum { SPARE_MORE = 64 << 10, SPARE_LEAST = 4096 };

struct spare {
	char at[PATH_MAX];
};

static struct spare spare_of(const char *path)
{
	struct spare s;
	if ((size_t)snprintf(s.at, sizeof(s.at), "%s.spare", path) >= sizeof(s.at))
		s.at[0] = '\0';
	return s;
}

static void keep_spare(const char *path, uint64_t bytes)
{
	const struct spare spare = spare_of(path);
	AUTO_FD int fd = open(spare.at, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	for (uint64_t more = bytes / 4 + SPARE_MORE; more; more /= 2)
		if (!posix_fallocate(fd, 0, (off_t)(bytes + more)))
			return;
	const uint64_t had = (uint64_t)st.st_size;
	for (uint64_t part = bytes; part > had && part >= SPARE_LEAST; part -= part / 4)
		if (!posix_fallocate(fd, 0, (off_t)part))
			return;
	if (!had)
		unlink(spare.at);
}

static bool give_spare(const char *path, int code)
{
	return code == -ENOSPC && !unlink(spare_of(path).at);
}

/* Tells readers that hold the file behind `fd` to map again. Through the file: nothing of it has to be mapped here. */
static void supersede(int fd)
{
	static const uint32_t yes = 1;
	uint64_t magic;
	if (fd >= 0 && !fileio_pread_all(fd, &magic, sizeof(magic), 0) &&
	    (uint16_t)magic == (uint16_t)NAMES_FORMAT_MAGIC)
		(void)!pwrite(fd, &yes, sizeof(yes), offsetof(struct names_header, superseded));
}

int names_write(struct names_builder *b, const char *path, struct fault *why)
{
	char aside[PATH_MAX];
	if ((size_t)snprintf(aside, sizeof(aside), "%s.new", path) >= sizeof(aside))
		return fault_set(why, -ENAMETOOLONG, "names.write", "'%s': the path is too long",
				 path);
	CLEANUP(clean_names) struct names *old = NULL;
	if (names_map(AT_FDCWD, path, &old, NULL) < 0)
		old = NULL; /* none yet, or damaged: a new one is the remedy */
	AUTO_FD
	int old_fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	finish_records(b, old, clock_wall_s());
	uint64_t bytes;
	int rc;
	do
		rc = write_aside(b, aside, old ? names_generation(old) + 1 : 1, &bytes);
	while (give_spare(path, rc));
	if (!rc && rename(aside, path) < 0)
		rc = -errno;
	if (rc) {
		struct stat st;
		unlink(aside);
		if (old_fd >= 0 && fstat(old_fd, &st) == 0)
			keep_spare(path, (uint64_t)st.st_size);
		return fault_set(why, rc, rc == -ENOSPC ? "names.full" : "names.write",
				 "'%s': %s; the old index stays in use%s", path, strerror(-rc),
				 rc == -ENOSPC ? ". Free some space" : "");
	}
	/* The name first: a cut may take it back, and would leave an index that has itself looked for again and again. */
	rc = fileio_sync_parent(path);
	supersede(old_fd);
	if (old_fd >= 0)
		close(MOVE_FD(old_fd));
	names_unmap(MOVE_PTR(old)); /* its room is part of the next one's */
	keep_spare(path, bytes);
	return rc ? fault_set(why, rc, "names.write", "'%s': %s", path, strerror(-rc)) : 0;
}
