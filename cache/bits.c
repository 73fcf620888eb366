// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/bits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/guard.h"
#include "firmware/base/crc32c.h"
#include "firmware/base/clean.h"
#include "firmware/base/text.h"

#define MAX_CHUNKS (OBJMAP_MAX_SIZE / OBJMAP_CHUNK_BYTES)

enum { WORD_BITS = 32, PAGE = 4096 };

void bits_boot(uint8_t out[static 16])
{
	char text[37] = { 0 }, hex[33];
	size_t n = 0;
	memset(out, 0, 16);
	AUTO_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, 36) != 36)
		return;
	for (size_t i = 0; text[i] && n < 32; i++)
		if (text[i] != '-')
			hex[n++] = text[i];
	hex[n] = '\0';
	if (text_unhex(hex, out, 16))
		memset(out, 0, 16);
}

size_t bits_words(uint64_t chunk_count)
{
	return (size_t)((chunk_count + 63) / 64);
}

static size_t readable_words(uint64_t chunk_count)
{
	return (size_t)((chunk_count + WORD_BITS - 1) / WORD_BITS);
}

static size_t copy_bytes(uint64_t chunk_count)
{
	return sizeof(struct bits_copy) + bits_words(chunk_count) * 8;
}

static size_t file_bytes(uint64_t chunk_count)
{
	return sizeof(struct bits_header) + readable_words(chunk_count) * 8 +
	       2 * copy_bytes(chunk_count);
}

static size_t copy_offset(const struct bits *b, unsigned which)
{
	return sizeof(struct bits_header) + readable_words(b->chunk_count) * 8 +
	       which * copy_bytes(b->chunk_count);
}

static uint32_t header_crc(const struct bits_header *h)
{
	return crc32c(0, h, offsetof(struct bits_header, crc));
}

static uint32_t copy_crc(uint64_t sequence, const uint64_t *words, uint64_t chunk_count)
{
	return crc32c(crc32c(0, &sequence, sizeof(sequence)), words, bits_words(chunk_count) * 8);
}

static int map_fd(int fd, const struct objmap_id *id, uint64_t chunk_count, int protection,
		  struct bits *out)
{
	void *at = mmap(NULL, file_bytes(chunk_count), protection, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*out = (struct bits){
		.head = at,
		.readable = (_Atomic uint64_t *)((char *)at + sizeof(struct bits_header)),
		.chunk_count = chunk_count,
		.bytes = file_bytes(chunk_count),
		.fd = -1,
	};
	memcpy(&out->key, id, sizeof(out->key));
	return 0;
}

static int fill_aside(int fd, const struct bits_header *head)
{
	/* Every block exists before it is mapped: a full disk is an error here, never a SIGBUS later. */
	int rc = -posix_fallocate(fd, 0, (off_t)file_bytes(head->chunk_count));
	if (rc)
		return rc;
	if (pwrite(fd, head, sizeof(*head), 0) != (ssize_t)sizeof(*head))
		return errno ? -errno : -EIO;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int aside_of(const char *path, char out[static 160])
{
	return snprintf(out, 160, "%s.new", path) < 160 ? 0 : -ENAMETOOLONG;
}

int bits_install(int dir, const char *path)
{
	char aside[160];
	int rc = aside_of(path, aside);
	return !rc && renameat(dir, aside, dir, path) < 0 ? -errno : rc;
}

void bits_abandon(int dir, const char *path)
{
	char aside[160];
	if (!aside_of(path, aside))
		unlinkat(dir, aside, 0);
}

int bits_create(int dir, const char *path, const struct objmap_id *id, uint64_t chunk_count,
		const uint8_t boot[static 16], struct bits *out)
{
	char aside[160];
	if (chunk_count > MAX_CHUNKS || aside_of(path, aside))
		return -EINVAL;
	AUTO_FD int fd =
		openat(dir, aside, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	struct bits_header head = {
		.magic = BITS_MAGIC,
		.version = BITS_VERSION,
		.chunk_count = chunk_count,
		.id = *id,
	};
	memcpy(head.boot, boot, sizeof(head.boot));
	head.crc = header_crc(&head);
	struct bits made = { 0 };
	int rc = fill_aside(fd, &head);
	if (!rc)
		rc = map_fd(fd, id, chunk_count, PROT_READ | PROT_WRITE, &made);
	if (rc) {
		unlinkat(dir, aside, 0);
		return rc;
	}
	made.fd = MOVE_FD(fd);
	*out = made;
	return 0;
}

struct look {
	const struct bits_header *head;
	const struct objmap_id *id;
	uint64_t chunk_count;
	size_t bytes;
};

/* Under a guard: a page that the disk does not give shows here, while the file can still be made anew. */
static int check(void *arg)
{
	const struct look *look = arg;
	const struct bits_header *h = look->head;
	for (size_t at = 0; at < look->bytes; at += PAGE)
		(void)((const volatile char *)h)[at];
	if (h->magic != BITS_MAGIC || h->version != BITS_VERSION || h->crc != header_crc(h))
		return -EBADMSG;
	return h->chunk_count == look->chunk_count && !memcmp(&h->id, look->id, sizeof(h->id))
		       ? 0
		       : -EBADMSG;
}

static int map_file(int dir, const char *path, const struct objmap_id *id, uint64_t chunk_count,
		    int flags, int protection, struct bits *out)
{
	AUTO_FD int fd = openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || chunk_count > MAX_CHUNKS ||
	    (uint64_t)st.st_size != file_bytes(chunk_count))
		return -EBADMSG;
	struct bits made = { 0 };
	int rc = map_fd(fd, id, chunk_count, protection, &made);
	if (rc)
		return rc;
	rc = guard_read(check, &(struct look){ made.head, id, chunk_count, made.bytes });
	if (rc) {
		bits_unmap(&made);
		return rc;
	}
	if (protection & PROT_WRITE)
		made.fd = MOVE_FD(fd);
	*out = made;
	return 0;
}

int bits_open(int dir, const char *path, const struct objmap_id *id, uint64_t chunk_count,
	      struct bits *out)
{
	return map_file(dir, path, id, chunk_count, O_RDWR, PROT_READ | PROT_WRITE, out);
}

int bits_map(int dir, const char *path, const struct objmap_id *id, uint64_t chunk_count,
	     struct bits *out)
{
	return map_file(dir, path, id, chunk_count, O_RDONLY, PROT_READ, out);
}

void bits_unmap(struct bits *b)
{
	if (b->head) {
		munmap(b->head, b->bytes);
		if (b->fd >= 0)
			close(b->fd);
	}
	*b = (struct bits){ .fd = -1 };
}

bool bits_same_boot(const struct bits *b, const uint8_t boot[static 16])
{
	static const uint8_t none[16];
	return memcmp(boot, none, 16) && !memcmp(b->head->boot, boot, 16);
}

void bits_supersede(struct bits *b)
{
	atomic_store_explicit(&b->head->superseded, 1, memory_order_release);
}

void bits_supersede_damaged(int dir, const char *path)
{
	static const uint32_t yes = 1;
	AUTO_FD int fd = openat(dir, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	/* Through the file: it reaches the mappings of others, and no length has to be believed. */
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size >= sizeof(struct bits_header))
		(void)!pwrite(fd, &yes, sizeof(yes), offsetof(struct bits_header, superseded));
}

bool bits_superseded(const struct bits *b)
{
	return atomic_load_explicit(&b->head->superseded, memory_order_acquire) != 0;
}

/* The upper half that belongs to these bits in this place; none for no bits, which is what a new file says. */
static uint64_t with_check(const struct bits *b, uint64_t index, uint32_t bits)
{
	uint64_t h = b->key ^ (index << 32 | bits);
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	h ^= h >> 33;
	return bits ? h << 32 | bits : 0;
}

static uint64_t raw_word(const struct bits *b, uint64_t index)
{
	return atomic_load_explicit(&b->readable[index], memory_order_acquire);
}

static uint32_t word_at(const struct bits *b, uint64_t index)
{
	const uint64_t word = raw_word(b, index);
	return word == with_check(b, index, (uint32_t)word) ? (uint32_t)word : 0;
}

/* One process writes, so that no read-modify-write is needed. */
static void set_word(struct bits *b, uint64_t index, uint32_t bits)
{
	atomic_store_explicit(&b->readable[index], with_check(b, index, bits),
			      memory_order_release);
}

bool bits_get(const struct bits *b, uint64_t chunk)
{
	return chunk < b->chunk_count && word_at(b, chunk / WORD_BITS) >> chunk % WORD_BITS & 1;
}

void bits_set(struct bits *b, uint64_t chunk)
{
	const uint64_t index = chunk / WORD_BITS;
	if (chunk < b->chunk_count)
		set_word(b, index, word_at(b, index) | UINT32_C(1) << chunk % WORD_BITS);
}

void bits_clear(struct bits *b, uint64_t chunk)
{
	const uint64_t index = chunk / WORD_BITS;
	if (chunk < b->chunk_count)
		set_word(b, index, word_at(b, index) & ~(UINT32_C(1) << chunk % WORD_BITS));
}

void bits_copy_readable(const struct bits *b, uint64_t *words)
{
	memset(words, 0, bits_words(b->chunk_count) * 8);
	for (uint64_t i = 0; i < readable_words(b->chunk_count); i++)
		words[i / 2] |= (uint64_t)word_at(b, i) << i % 2 * WORD_BITS;
}

void bits_heal(struct bits *b, const uint64_t *durable, uint64_t first, uint64_t last)
{
	if (bits_superseded(b))
		atomic_store_explicit(&b->head->superseded, 0, memory_order_release);
	for (uint64_t i = first / WORD_BITS;
	     i <= last / WORD_BITS && i < readable_words(b->chunk_count); i++) {
		const uint64_t word = raw_word(b, i);
		if (word != with_check(b, i, (uint32_t)word))
			set_word(b, i, (uint32_t)(durable[i / 2] >> i % 2 * WORD_BITS));
	}
}

/* First chunk at or after `from` whose bit is `value`, or chunk_count. */
static uint64_t next(const struct bits *b, uint64_t from, unsigned value)
{
	while (from < b->chunk_count) {
		uint32_t word = word_at(b, from / WORD_BITS);
		word = (value ? word : ~word) >> from % WORD_BITS;
		if (word) {
			from += (uint64_t)__builtin_ctz(word);
			break;
		}
		from = (from / WORD_BITS + 1) * WORD_BITS;
	}
	return from < b->chunk_count ? from : b->chunk_count;
}

uint64_t bits_run(const struct bits *b, uint64_t from)
{
	return from < b->chunk_count ? next(b, from, 0) - from : 0;
}

bool bits_gap(const struct bits *b, uint64_t from, uint64_t *first, uint64_t *count)
{
	uint64_t at = next(b, from, 0);
	if (at >= b->chunk_count)
		return false;
	*count = next(b, at, 1) - at;
	*first = at;
	return true;
}

static struct bits_copy *copy_at(const struct bits *b, unsigned which)
{
	return (void *)((char *)b->head + copy_offset(b, which));
}

/* Copied first and checked then: the writer may be at work on it. True when it is whole. */
static bool load_copy(const struct bits *b, unsigned which, uint64_t *words, uint64_t *sequence)
{
	const struct bits_copy *c = copy_at(b, which);
	*sequence = c->sequence;
	const uint32_t crc = c->crc;
	memcpy(words, c->words, bits_words(b->chunk_count) * 8);
	return *sequence && crc == copy_crc(*sequence, words, b->chunk_count);
}

/* Which copy is the newest whole one, with its words and sequence; -1 when neither is whole. */
static int newest(const struct bits *b, uint64_t *words, uint64_t *sequence)
{
	uint64_t other;
	const int first = copy_at(b, 1)->sequence > copy_at(b, 0)->sequence;
	if (load_copy(b, (unsigned)first, words, sequence))
		return first;
	/* The one with the higher number is torn, or being written: the one before it counts. */
	if (load_copy(b, (unsigned)!first, words, &other)) {
		*sequence = other;
		return !first;
	}
	return -1;
}

int bits_load_durable(const struct bits *b, uint64_t *words)
{
	uint64_t sequence;
	if (newest(b, words, &sequence) >= 0)
		return 0;
	memset(words, 0, bits_words(b->chunk_count) * 8);
	return -EBADMSG;
}

int bits_save_durable(struct bits *b, const uint64_t *words)
{
	const size_t len = copy_bytes(b->chunk_count);
	AUTO_FREE struct bits_copy *fresh = calloc(1, len);
	if (!fresh)
		return -ENOMEM;
	uint64_t sequence = 0;
	const int which = newest(b, fresh->words, &sequence);
	fresh->sequence = which < 0 ? 1 : sequence + 1;
	memcpy(fresh->words, words, bits_words(b->chunk_count) * 8);
	fresh->crc = copy_crc(fresh->sequence, words, b->chunk_count);
	ssize_t n = pwrite(b->fd, fresh, len, (off_t)copy_offset(b, which < 0 ? 0 : !which));
	if (n != (ssize_t)len)
		return n < 0 ? -errno : -EIO;
	return fdatasync(b->fd) < 0 ? -errno : 0;
}
