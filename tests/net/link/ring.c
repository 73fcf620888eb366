// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/net/link/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct record {
	uint64_t due_ns;
	uint64_t len; /* wrap: the next record is at the beginning */
};

static const uint64_t wrap = UINT64_MAX;

static size_t room_of(uint64_t len)
{
	return sizeof(struct record) + ((len + 7) & ~UINT64_C(7));
}

int ring_init(struct ring *r, size_t size)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED)
		return -ENOMEM;
	*r = (struct ring){ .bytes = bytes, .size = size };
	return 0;
}

void ring_done(struct ring *r)
{
	if (r->bytes)
		munmap(r->bytes, r->size);
	*r = (struct ring){ 0 };
}

void ring_empty(struct ring *r)
{
	r->head = r->tail = 0;
}

int ring_put(struct ring *r, uint64_t due_ns, const void *frame, size_t len)
{
	const size_t need = room_of(len);
	struct record mark = { .len = wrap }, record = { .due_ns = due_ns, .len = len };
	/* Full is one record short of head, so that equal always means empty; a mark fits behind every record. */
	if (r->tail >= r->head && r->tail + need + sizeof(mark) > r->size) {
		if (need + sizeof(mark) >= r->head)
			return -ENOSPC;
		memcpy(r->bytes + r->tail, &mark, sizeof(mark));
		r->tail = 0;
	} else if (r->tail < r->head && r->tail + need + sizeof(mark) >= r->head) {
		return -ENOSPC;
	}
	memcpy(r->bytes + r->tail, &record, sizeof(record));
	memcpy(r->bytes + r->tail + sizeof(record), frame, len);
	r->tail += need;
	return 0;
}

static struct record record_at(const struct ring *r, size_t at)
{
	struct record record;
	memcpy(&record, r->bytes + at, sizeof(record));
	return record;
}

const void *ring_first(const struct ring *r, uint64_t *due_ns, size_t *len)
{
	size_t at = r->head;
	if (at == r->tail)
		return NULL;
	if (record_at(r, at).len == wrap)
		at = 0;
	const struct record record = record_at(r, at);
	*due_ns = record.due_ns;
	*len = record.len;
	return r->bytes + at + sizeof(record);
}

void ring_drop(struct ring *r)
{
	if (r->head == r->tail)
		return;
	if (record_at(r, r->head).len == wrap)
		r->head = 0;
	r->head += room_of(record_at(r, r->head).len);
	/* The same few pages while the line is quiet. */
	if (r->head == r->tail)
		ring_empty(r);
}
