// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/segtab.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/guard.h"
#include "firmware/base/crc32c.h"
#include "firmware/base/clean.h"

enum { PAGE = 4096 };

static size_t bytes_for(uint32_t segment_count)
{
	return sizeof(struct segtab_header) +
	       ((size_t)segment_count + 1) * sizeof(struct segtab_slot);
}

static uint32_t header_crc(const struct segtab_header *h)
{
	const uint64_t said[] = { h->magic, h->version, h->segment_count, h->rendition };
	return crc32c(0, said, sizeof(said));
}

static uint32_t slot_crc(const struct segtab *t, uint32_t segment, const struct segtab_segment *s)
{
	const uint64_t said[] = { t->head->rendition, segment, s->offset, s->length,
				  s->duration_ms };
	return crc32c(0, said, sizeof(said));
}

/* A failed slot is checked, too: one that rot made would never be asked for again. */
static uint32_t failed_crc(const struct segtab *t, uint32_t segment)
{
	static const struct segtab_segment none = { UINT64_MAX, 0, 0 };
	return slot_crc(t, segment, &none);
}

static int map_fd(int fd, size_t bytes, int protection, struct segtab *out)
{
	void *at = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	out->head = at;
	out->slots = (struct segtab_slot *)((char *)at + sizeof(struct segtab_header));
	out->bytes = bytes;
	return 0;
}

int segtab_create(int dir, const char *path, uint64_t rendition, uint32_t segment_count,
		  struct segtab *out)
{
	if (segment_count > SEGTAB_MAX_SEGMENTS)
		return -EINVAL;
	AUTO_FD
	int fd = openat(dir, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	/* Every block exists before it is mapped: a full disk is an error here, never a SIGBUS later. */
	int rc = -posix_fallocate(fd, 0, (off_t)bytes_for(segment_count));
	struct segtab made = { 0 };
	if (!rc)
		rc = map_fd(fd, bytes_for(segment_count), PROT_READ | PROT_WRITE, &made);
	if (rc) {
		unlinkat(dir, path, 0);
		return rc;
	}
	made.head->version = SEGTAB_VERSION;
	made.head->segment_count = segment_count;
	made.head->rendition = rendition;
	made.head->magic = SEGTAB_MAGIC;
	made.head->crc = header_crc(made.head);
	made.segment_count = segment_count;
	*out = made;
	return 0;
}

struct look {
	const struct segtab *tab;
	uint64_t rendition;
	uint32_t segment_count; /* as found */
};

/* Under a guard: a page that the disk does not give shows here, while the table can still be made anew. */
static int check(void *arg)
{
	struct look *look = arg;
	const struct segtab *t = look->tab;
	const struct segtab_header *h = t->head;
	for (size_t at = 0; at < t->bytes; at += PAGE)
		(void)((const volatile char *)h)[at];
	if (h->magic != SEGTAB_MAGIC || h->version != SEGTAB_VERSION || h->crc != header_crc(h))
		return -EBADMSG;
	look->segment_count = h->segment_count;
	if (h->rendition != look->rendition || look->segment_count > SEGTAB_MAX_SEGMENTS)
		return -EBADMSG;
	return bytes_for(look->segment_count) == t->bytes ? 0 : -EBADMSG;
}

static int map_file(int dir, const char *path, uint64_t rendition, int flags, int protection,
		    struct segtab *out)
{
	AUTO_FD
	int fd = openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < bytes_for(0) ||
	    (uint64_t)st.st_size > bytes_for(SEGTAB_MAX_SEGMENTS))
		return -EBADMSG;
	struct segtab made = { 0 };
	int rc = map_fd(fd, (size_t)st.st_size, protection, &made);
	if (rc)
		return rc;
	struct look look = { &made, rendition, 0 };
	rc = guard_read(check, &look);
	if (rc) {
		segtab_unmap(&made);
		return rc;
	}
	made.segment_count = look.segment_count;
	*out = made;
	return 0;
}

int segtab_open(int dir, const char *path, uint64_t rendition, struct segtab *out)
{
	return map_file(dir, path, rendition, O_RDWR, PROT_READ | PROT_WRITE, out);
}

int segtab_map(int dir, const char *path, uint64_t rendition, struct segtab *out)
{
	return map_file(dir, path, rendition, O_RDONLY, PROT_READ, out);
}

void segtab_unmap(struct segtab *t)
{
	if (t->head)
		munmap(t->head, t->bytes);
	*t = (struct segtab){ 0 };
}

void segtab_publish(struct segtab *t, uint32_t segment, const struct segtab_segment *what)
{
	if (segment > t->segment_count)
		return;
	struct segtab_slot *slot = &t->slots[segment];
	slot->offset = what->offset;
	slot->length = what->length;
	slot->duration_ms = what->duration_ms;
	atomic_store_explicit(&slot->crc, slot_crc(t, segment, what), memory_order_relaxed);
	atomic_store_explicit(&slot->state, SEGTAB_READY, memory_order_release);
}

void segtab_fail(struct segtab *t, uint32_t segment)
{
	if (segment > t->segment_count)
		return;
	struct segtab_slot *slot = &t->slots[segment];
	atomic_store_explicit(&slot->crc, failed_crc(t, segment), memory_order_relaxed);
	atomic_store_explicit(&slot->state, SEGTAB_FAILED, memory_order_release);
}

void segtab_clear(struct segtab *t, uint32_t segment)
{
	if (segment <= t->segment_count)
		atomic_store_explicit(&t->slots[segment].state, SEGTAB_MISSING,
				      memory_order_release);
}

int segtab_withdraw(struct segtab *t, const struct segtab_range *range)
{
	const uint32_t count =
		atomic_load_explicit(&t->head->withdrawn_count, memory_order_relaxed);
	if (count >= SEGTAB_MAX_WITHDRAWN)
		return -ENOSPC;
	t->head->withdrawn[count] = *range;
	atomic_store_explicit(&t->head->withdrawn_count, count + 1, memory_order_release);
	/* After a power cut a worker may look before contentd does. */
	return msync(t->head, t->bytes, MS_SYNC) < 0 ? -errno : 0;
}

int segtab_withdrawn(const struct segtab *t, uint64_t offset, uint64_t length)
{
	uint32_t count = atomic_load_explicit(&t->head->withdrawn_count, memory_order_acquire);
	if (count > SEGTAB_MAX_WITHDRAWN)
		return 1; /* rot: nothing of this table can be told apart any more */
	while (count-- > 0) {
		const struct segtab_range *r = &t->head->withdrawn[count];
		if (offset < r->offset + r->length && r->offset < offset + length)
			return 1;
	}
	return 0;
}

void segtab_supersede(struct segtab *t)
{
	atomic_store_explicit(&t->head->superseded, 1, memory_order_release);
}

void segtab_supersede_damaged(int dir, const char *path)
{
	static const uint32_t yes = 1;
	AUTO_FD
	int fd = openat(dir, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	/* Through the file: it reaches the mappings of others, and no length has to be believed. */
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size >= sizeof(struct segtab_header))
		(void)!pwrite(fd, &yes, sizeof(yes), offsetof(struct segtab_header, superseded));
}

int segtab_superseded(const struct segtab *t)
{
	return atomic_load_explicit(&t->head->superseded, memory_order_acquire) != 0;
}

enum segtab_state segtab_get(const struct segtab *t, uint32_t segment, struct segtab_segment *out)
{
	if (segment > t->segment_count)
		return SEGTAB_MISSING;
	const struct segtab_slot *slot = &t->slots[segment];
	uint32_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
	const uint32_t crc = atomic_load_explicit(&slot->crc, memory_order_relaxed);
	if (state == SEGTAB_FAILED)
		return crc == failed_crc(t, segment) ? SEGTAB_FAILED : SEGTAB_MISSING;
	if (state != SEGTAB_READY)
		return SEGTAB_MISSING;
	const struct segtab_segment got = { slot->offset, slot->length, slot->duration_ms };
	if (crc != slot_crc(t, segment, &got) || got.offset % PAGE ||
	    got.offset > (uint64_t)INT64_MAX - got.length)
		return SEGTAB_MISSING;
	*out = got;
	return SEGTAB_READY;
}
