// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/guard.h"
#include "cache/names_format.h"
#include "firmware/base/clean.h"
#include "firmware/base/crc32c.h"
#include "firmware/base/fault.h"

struct names {
	const struct names_header *head;
	int fd;
	const struct names_bucket *buckets;
	const struct names_record *records;
	const char *heap;
	size_t bytes, heap_bytes;
	uint32_t bucket_count, record_count;
	uint8_t *checked; /* by record: the turn in which it was found good */
	uint8_t turn;
	uint64_t generation;
};

CLEAN_FN(names, struct names, names_unmap)

/* The frame, once: a record and what it points at is checked when it is used. */
static int check(void *arg)
{
	struct names *n = arg;
	const struct names_header *h = n->head;
	const size_t from = offsetof(struct names_header, generation);
	if (h->magic != NAMES_FORMAT_MAGIC || h->file_bytes != n->bytes)
		return -EBADMSG;
	if (h->bucket_count < 8 || h->bucket_count & (h->bucket_count - 1) ||
	    h->record_count >= h->bucket_count)
		return -EBADMSG;
	uint64_t heap_at = sizeof(*h) + (uint64_t)h->bucket_count * sizeof(struct names_bucket) +
			   (uint64_t)h->record_count * sizeof(struct names_record);
	if (heap_at >= n->bytes || crc32c(0, (const char *)h + from, n->bytes - from) != h->crc)
		return -EBADMSG;
	n->bucket_count = h->bucket_count;
	n->record_count = h->record_count;
	n->generation = h->generation;
	n->buckets = (const struct names_bucket *)(h + 1);
	n->records = (const struct names_record *)(n->buckets + n->bucket_count);
	n->heap = (const char *)h + heap_at;
	n->heap_bytes = n->bytes - heap_at;
	return n->heap[0] == '\0' && n->heap[n->heap_bytes - 1] == '\0' ? 0 : -EBADMSG;
}

int names_map(int dir, const char *path, struct names **out, struct fault *why)
{
	AUTO_FD
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fault_set(why, -errno, "names.open", "'%s': %s", path, strerror(errno));
	CLEANUP(clean_names) struct names *n = calloc(1, sizeof(*n));
	if (!n)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	n->fd = -1;
	int rc = -EBADMSG;
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > sizeof(struct names_header) &&
	    (uint64_t)st.st_size <= NAMES_MAX_FILE) {
		void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED)
			return fault_set(why, -errno, "names.open", "'%s': %s", path,
					 strerror(errno));
		n->head = at;
		n->bytes = (size_t)st.st_size;
		rc = guard_read(check, n);
	}
	if (rc)
		return fault_set(why, rc, "names.damaged",
				 "'%s': this is no index of names, or it is damaged; restart "
				 "wasl-contentd, which writes a new one",
				 path);
	n->turn = 1;
	n->checked = calloc((size_t)n->record_count + 1, 1);
	if (!n->checked)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	n->fd = MOVE_FD(fd);
	*out = MOVE_PTR(n);
	return 0;
}

void names_unmap(struct names *n)
{
	if (!n)
		return;
	if (n->head)
		munmap((void *)(uintptr_t)n->head, n->bytes);
	if (n->fd >= 0)
		close(n->fd);
	free(n->checked);
	free(n);
}

static int read_superseded(void *arg)
{
	const struct names *n = arg;
	return atomic_load_explicit(&n->head->superseded, memory_order_acquire) != 0;
}

bool names_superseded(const struct names *n)
{
	return guard_read(read_superseded, (void *)(uintptr_t)n) != 0;
}

int names_recheck(struct names *n)
{
	struct stat st;
	if (!++n->turn) {
		memset(n->checked, 0, n->record_count);
		n->turn = 1;
	}
	return !fstat(n->fd, &st) && (uint64_t)st.st_size == n->bytes ? 0 : -EBADMSG;
}

uint64_t names_generation(const struct names *n)
{
	return n->generation;
}

uint64_t names_count(const struct names *n)
{
	return n->record_count;
}

static const char *heap_at(const struct names *n, uint64_t offset, uint64_t len)
{
	return offset <= n->heap_bytes && len <= n->heap_bytes - offset ? n->heap + offset : NULL;
}

/* The heap ends with a NUL, so a text that begins inside it also ends inside it. */
static const char *text_at(const struct names *n, uint32_t offset)
{
	return offset < n->heap_bytes ? n->heap + offset : "";
}

static uint32_t add_part(uint32_t crc, const char *heap, size_t heap_bytes, uint64_t offset,
			 uint64_t len, bool *inside)
{
	if (offset > heap_bytes || len > heap_bytes - offset) {
		*inside = false;
		return crc;
	}
	return crc32c(crc, heap + offset, len);
}

bool names_record_check(const struct names_record *r, const char *heap, size_t heap_bytes,
			uint32_t *out)
{
	const uint32_t texts[] = { r->media_type, r->lesson, r->rung, r->download_name };
	struct names_record own = *r;
	bool inside = true;
	own.check = 0;
	uint32_t crc = crc32c(0, &own, sizeof(own));
	crc = add_part(crc, heap, heap_bytes, r->path, r->path_len, &inside);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		crc = add_part(crc, heap, heap_bytes, texts[i],
			       texts[i] < heap_bytes ? strlen(heap + texts[i]) : 0, &inside);
	crc = add_part(crc, heap, heap_bytes, r->bytes, r->bytes_len, &inside);
	crc = add_part(crc, heap, heap_bytes, r->extents,
		       (uint64_t)r->extent_count * sizeof(struct names_extent), &inside);
	if (inside)
		*out = crc;
	return inside;
}

/* Whether this record can be believed in this turn. */
static bool sound(struct names *n, const struct names_record *r)
{
	uint8_t *checked = &n->checked[r - n->records];
	uint32_t crc;
	/* The body of a text is sent as it lies here: that one is looked at each time. */
	if (*checked == n->turn && r->kind != NAMES_BYTES)
		return true;
	if (!names_record_check(r, n->heap, n->heap_bytes, &crc) || crc != r->check)
		return false;
	*checked = n->turn;
	return true;
}

uint32_t names_bucket_check(const struct names_bucket *b, uint32_t at, uint64_t generation)
{
	const uint64_t own[] = { generation, b->hash, (uint64_t)at << 32 | b->index };
	const uint32_t crc = crc32c(0, own, sizeof(own));
	return crc ? crc : 1;
}

static bool bucket_sound(const struct names *n, uint32_t at)
{
	const struct names_bucket *b = &n->buckets[at];
	return b->index <= n->record_count && b->check == names_bucket_check(b, at, n->generation);
}

/* Behind a bucket that rotted what is looked for may still be found, for as far as others are put aside by it. */
enum { MOST_ROTTEN = 16 };

static int look_up(struct names *n, const char *path, size_t len, const struct names_record **out)
{
	const uint32_t mask = n->bucket_count - 1;
	const uint64_t hash = names_hash(path, len);
	unsigned rotten = 0;
	for (uint32_t step = 0, at = (uint32_t)hash & mask; step <= mask && rotten < MOST_ROTTEN;
	     step++, at = (at + 1) & mask) {
		const struct names_bucket *b = &n->buckets[at];
		if (b->hash != hash || !b->index) {
			if (!bucket_sound(n, at))
				rotten++;
			else if (!b->index)
				return rotten ? -EBADMSG : -ENOENT;
			continue;
		}
		/* What it leads to is checked itself, path included. */
		if (b->index > n->record_count || !sound(n, &n->records[b->index - 1]))
			return -EBADMSG;
		const struct names_record *r = &n->records[b->index - 1];
		const char *own = heap_at(n, r->path, len);
		if (own && r->path_len == len && !memcmp(own, path, len)) {
			*out = r;
			return 0;
		}
		/* Two paths with one hash, which is rare, or one that changed since it was checked. */
		n->checked[r - n->records] = 0;
		if (!sound(n, r) || !bucket_sound(n, at))
			return -EBADMSG;
	}
	return -EBADMSG;
}

struct record_of {
	struct names *names;
	const char *path;
	size_t len;
	struct names_record *out;
};

static int copy_record(void *arg)
{
	const struct record_of *of = arg;
	const struct names_record *r;
	int rc = look_up(of->names, of->path, of->len, &r);
	if (!rc)
		*of->out = *r;
	return rc;
}

int names_record_of(struct names *n, const char *path, size_t len, struct names_record *out)
{
	return guard_read(copy_record, &(struct record_of){ n, path, len, out });
}

/* "/m/…/init.mp4" is segment 0, "/m/…/12.m4s" segment 12 (no leading zero): *folder is what comes before. */
static bool segment_of(const char *path, size_t len, size_t *folder, uint32_t *segment)
{
	size_t name = len;
	while (name > 0 && path[name - 1] != '/')
		name--;
	const char *at = path + name;
	size_t left = len - name;
	uint64_t number = 0;
	if (left == 8 && !memcmp(at, "init.mp4", 8)) {
		*folder = name;
		*segment = 0;
		return true;
	}
	if (left < 5 || left > 14 || memcmp(at + left - 4, ".m4s", 4) || at[0] == '0')
		return false;
	for (size_t i = 0; i < left - 4; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(at[i] - '0');
	}
	if (number > UINT32_MAX)
		return false;
	*folder = name;
	*segment = (uint32_t)number;
	return true;
}

/* Fills *out from the record; false when it points outside the file or its parts do not add up. */
static bool fill(const struct names *n, const struct names_record *r, struct names_entry *out)
{
	*out = (struct names_entry){
		.kind = r->kind,
		.cache = r->cache,
		.media_type = text_at(n, r->media_type),
		.lesson = text_at(n, r->lesson),
		.rung = text_at(n, r->rung),
		.download_name = text_at(n, r->download_name),
		.bytes = heap_at(n, r->bytes, r->bytes_len),
		.bytes_len = r->bytes_len,
		.size = r->size,
		.id = r->id,
		.rendition = r->rendition,
		.etag = r->etag,
		.modified_s = r->modified_s,
		.redirect = "",
	};
	if (!out->bytes || !r->etag || r->cache > NAMES_CACHE_NONE)
		return false;
	switch (out->kind) {
	case NAMES_BYTES:
		return r->size == r->bytes_len;
	case NAMES_OBJECT:
		return r->size <= OBJMAP_MAX_SIZE;
	case NAMES_RENDITION:
		return true;
	case NAMES_REDIRECT:
		out->redirect = text_at(n, r->bytes);
		return true;
	case NAMES_VIRTUAL:
		break;
	case NAMES_MAP:
	default:
		return false;
	}
	const char *extents =
		heap_at(n, r->extents, (uint64_t)r->extent_count * sizeof(struct names_extent));
	if (!extents || (uintptr_t)extents % _Alignof(struct names_extent) ||
	    r->size > OBJMAP_MAX_SIZE)
		return false;
	out->extents = (const void *)extents;
	out->extent_count = r->extent_count;
	return true;
}

struct find {
	struct names *names;
	const char *path;
	size_t len;
	struct names_entry *out;
};

static int use(struct names *n, const char *path, size_t len, struct names_entry *out)
{
	const struct names_record *r;
	int rc = look_up(n, path, len, &r);
	if (rc)
		return rc;
	return fill(n, r, out) ? 0 : -EBADMSG;
}

static int find(void *arg)
{
	const struct find *f = arg;
	struct names *n = f->names;
	size_t folder;
	uint32_t segment;
	struct names_entry found;

	if (segment_of(f->path, f->len, &folder, &segment)) {
		int rc = use(n, f->path, folder, &found);
		if (rc && rc != -ENOENT)
			return rc;
		if (!rc && found.kind == NAMES_RENDITION) {
			const uint64_t own[] = { found.etag, segment };
			found.segment = segment;
			found.etag = names_hash(own, sizeof(own)) | 1;
			*f->out = found;
			return 0;
		}
	}
	int rc = use(n, f->path, f->len, &found);
	if (!rc && found.kind == NAMES_RENDITION)
		rc = -ENOENT;
	if (!rc)
		*f->out = found;
	return rc;
}

int names_find(struct names *n, const char *path, size_t len, struct names_entry *out)
{
	if (!len || len > NAMES_MAX_PATH)
		return -ENOENT;
	return guard_read(find, &(struct find){ n, path, len, out });
}

struct kept {
	struct names_entry *entry;
	char *room;
	size_t len;
};

static int keep_texts(void *arg)
{
	struct kept *k = arg;
	struct names_entry *e = k->entry;
	const char **const texts[] = { &e->media_type, &e->lesson, &e->rung, &e->download_name,
				       &e->redirect };
	size_t at = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const size_t n = strlen(*texts[i]) + 1;
		if (k->room && n > k->len - at)
			return -ENOBUFS;
		if (k->room)
			*texts[i] = memcpy(k->room + at, *texts[i], n);
		at += n;
	}
	k->len = at;
	return 0;
}

int names_keep_texts(struct names_entry *e, char *room, size_t *len)
{
	struct kept k = { e, room, *len };
	int rc = guard_read(keep_texts, &k);
	if (!rc)
		*len = k.len;
	return rc;
}
