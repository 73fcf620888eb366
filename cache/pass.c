// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define MAGIC 0x53534150u /* "PASS" */
#define VERSION 2u
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

/* The file: a page with the header, the slots' records, the heads of their chains, from the next page on their bytes. */
struct header {
	uint32_t magic, version;
	uint64_t slots;
};

/* Behind the header: odd while a slot is taken out of a chain, or put into one. */
enum { MOVES_AT = 64 };

enum { PAGE = 4096, ID_WORDS = sizeof(struct objmap_id) / sizeof(uint64_t) };

/* Everything is read while it may be written: words, so that no reading is a data race. */
struct record {
	_Atomic uint64_t generation; /* 0: never used */
	_Atomic uint64_t id[ID_WORDS];
	_Atomic uint64_t rendition, number, part;
	_Atomic uint64_t size; /* of the thing */
	_Atomic uint64_t duration_ms, segment_count;
	_Atomic uint64_t tag;
	_Atomic uint64_t next; /* in its chain: slot and 1; 0: the last */
	_Atomic uint64_t reserved[3];
};

_Static_assert(sizeof(struct record) == 128, "layout is shared between programs");

struct pass {
	int fd; /* -1 for readers */
	void *map;
	size_t bytes;
	uint64_t slots;
	struct record *records;
	_Atomic uint64_t *moves;
	_Atomic uint64_t *heads; /* of chains: slot and 1; 0: empty */
	uint64_t mask;
	_Atomic uint64_t *data;
	bool allocated;
	struct use { /* writer: when each slot was last of use */
		uint64_t order, ms;
	} * used;
	uint64_t orders;
};

static uint64_t chains(uint64_t slots)
{
	uint64_t n = 1;
	while (n < slots)
		n *= 2;
	return n;
}

static uint64_t heads_at(uint64_t slots)
{
	return PAGE + slots * sizeof(struct record);
}

static uint64_t data_at(uint64_t slots)
{
	return (heads_at(slots) + chains(slots) * sizeof(uint64_t) + PAGE - 1) / PAGE * PAGE;
}

static uint64_t file_bytes(uint64_t slots)
{
	return data_at(slots) + slots * PASS_SLOT_BYTES;
}

void pass_free(struct pass *p)
{
	if (!p)
		return;
	if (p->map)
		munmap(p->map, p->bytes);
	if (p->fd >= 0)
		close(p->fd);
	free(p->used);
	free(p);
}

CLEAN_FN(pass, struct pass, pass_free)

static int map_file(struct pass *p, int fd, uint64_t slots, int protection)
{
	void *at = mmap(NULL, file_bytes(slots), protection, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	p->map = at;
	p->bytes = file_bytes(slots);
	p->slots = slots;
	p->records = (struct record *)((char *)at + PAGE);
	p->moves = (_Atomic uint64_t *)((char *)at + MOVES_AT);
	p->heads = (_Atomic uint64_t *)((char *)at + heads_at(slots));
	p->mask = chains(slots) - 1;
	p->data = (_Atomic uint64_t *)((char *)at + data_at(slots));
	return 0;
}

int pass_new(uint64_t bytes, struct pass **out, struct fault *why)
{
	const uint64_t slots = bytes / PASS_SLOT_BYTES;
	if (slots < PASS_LEAST_SLOTS || slots > PASS_MOST_SLOTS)
		return fault_set(why, -EINVAL, "pass.size",
				 "a passing area of %llu bytes: from 1 MiB to 1 GiB are possible",
				 (unsigned long long)bytes);
	CLEANUP(clean_pass) struct pass *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	p->fd = memfd_create("wasl-pass", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	p->used = calloc(slots, sizeof(*p->used));
	int r = !p->used ? -ENOMEM
		: p->fd < 0 || ftruncate(p->fd, (off_t)file_bytes(slots)) < 0 ||
				fcntl(p->fd, F_ADD_SEALS, SEALS) < 0
			? -errno
			: map_file(p, p->fd, slots, PROT_READ | PROT_WRITE);
	/* Nobody else gets to write: from here on only this mapping may. Before Linux 5.1 there is no such seal. */
	if (r == 0 && fcntl(p->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0 &&
	    errno != EINVAL)
		r = -errno;
	if (r)
		return fault_set(why, r, "pass.memory", "no memory to pass bytes through: %s",
				 strerror(-r));
	*(struct header *)p->map = (struct header){ MAGIC, VERSION, slots };
	*out = MOVE_PTR(p);
	return 0;
}

int pass_map(int fd, struct pass **out)
{
	struct stat st;
	struct header head;
	/* A file that could shrink under the mapping would be the end of the worker. */
	const int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 ||
	    pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) || head.magic != MAGIC ||
	    head.version != VERSION || head.slots < PASS_LEAST_SLOTS ||
	    head.slots > PASS_MOST_SLOTS || (uint64_t)st.st_size != file_bytes(head.slots))
		return -EBADMSG;
	CLEANUP(clean_pass) struct pass *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->fd = -1;
	int r = map_file(p, fd, head.slots, PROT_READ);
	if (r)
		return r;
	*out = MOVE_PTR(p);
	return 0;
}

int pass_fd(const struct pass *p)
{
	return p->fd;
}

uint64_t pass_slots(const struct pass *p)
{
	return p->slots;
}

/* --- slots ------------------------------------------------------------------------------------- */

/*
 * Whoever reads a word that was written under a new generation reads that generation (or a later one) afterwards. Fences would
 * say the same for less, and the thread sanitizer does not understand them.
 */
static uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static void set(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

static _Atomic uint64_t *bytes_of(const struct pass *p, uint64_t slot)
{
	return p->data + slot * (PASS_SLOT_BYTES / sizeof(uint64_t));
}

static bool is(const struct record *r, const struct pass_key *key, uint64_t part)
{
	uint64_t id[ID_WORDS];
	memcpy(id, key->id.b, sizeof(id));
	bool same = get(&r->number) == key->number && get(&r->rendition) == key->rendition &&
		    get(&r->part) == part;
	for (size_t i = 0; same && i < ID_WORDS; i++)
		same = get(&r->id[i]) == id[i];
	return same;
}

/* Begins a reading: the generation, or 0 when there is nothing to read now. */
static uint64_t begin(const struct record *r)
{
	const uint64_t generation = get(&r->generation);
	return generation & 1 ? 0 : generation;
}

/* Whether everything read since begin() belongs together. */
static bool still(const struct record *r, uint64_t generation)
{
	return get(&r->generation) == generation;
}

static uint64_t mixed(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0xff51afd7ed558ccdull;
	return h ^ h >> 32;
}

static _Atomic uint64_t *chain_of(const struct pass *p, const struct pass_key *key, uint64_t part)
{
	uint64_t first;
	memcpy(&first, key->id.b, sizeof(first)); /* a hash already */
	return &p->heads[mixed(mixed(mixed(first, key->rendition), key->number), part) & p->mask];
}

/* Whether the slot holds this part, as one that can be read now. */
static bool holds(const struct pass *p, uint64_t slot, const struct pass_key *key, uint64_t part,
		  uint64_t *generation, struct pass_about *about)
{
	const struct record *r = &p->records[slot];
	*generation = begin(r);
	if (!*generation || !is(r, key, part))
		return false;
	*about = (struct pass_about){ get(&r->size), (uint32_t)get(&r->duration_ms),
				      (uint32_t)get(&r->segment_count), get(&r->tag) };
	return still(r, *generation);
}

/* The slot that holds this part, or -1. */
static int64_t find(const struct pass *p, const struct pass_key *key, uint64_t part,
		    uint64_t *generation, struct pass_about *about)
{
	enum { TRIES = 3 };
	for (unsigned tries = 0; tries < TRIES; tries++) {
		const uint64_t moves = get(p->moves);
		uint64_t at = get(chain_of(p, key, part));
		for (uint64_t steps = 0; at && at <= p->slots && steps < p->slots; steps++) {
			if (holds(p, at - 1, key, part, generation, about))
				return (int64_t)at - 1;
			at = get(&p->records[at - 1].next);
		}
		if (!(moves & 1) && get(p->moves) == moves)
			return -1;
	}
	/* The writer moves slots about without a pause: by the long way, which no chain leads astray. */
	for (uint64_t i = 0; i < p->slots; i++)
		if (holds(p, i, key, part, generation, about))
			return (int64_t)i;
	return -1;
}

static uint64_t parts(uint64_t size)
{
	return size ? (size + PASS_SLOT_BYTES - 1) / PASS_SLOT_BYTES : 1;
}

bool pass_has(const struct pass *p, const struct pass_key *key, struct pass_about *out)
{
	struct pass_about first, next;
	uint64_t generation;
	if (find(p, key, 0, &generation, &first) < 0)
		return false;
	for (uint64_t part = 1; part < parts(first.size); part++)
		if (find(p, key, part, &generation, &next) < 0 || next.size != first.size ||
		    next.tag != first.tag)
			return false;
	if (out)
		*out = first;
	return true;
}

/* --- reading ----------------------------------------------------------------------------------- */

/* By words where it can: what is asked for may begin and end anywhere. */
static void copy_out(const _Atomic uint64_t *from, uint64_t skip, uint8_t *to, size_t len)
{
	size_t done = 0;
	while (done < len) {
		const uint64_t at = skip + done, in = at % sizeof(uint64_t);
		const uint64_t word = get(&from[at / sizeof(uint64_t)]);
		size_t take = sizeof(word) - in;
		take = take < len - done ? take : len - done;
		memcpy(to + done, (const uint8_t *)&word + in, take);
		done += take;
	}
}

int64_t pass_read(const struct pass *p, const struct pass_key *key, uint64_t tag, uint64_t from,
		  void *to, size_t len)
{
	struct pass_about about;
	uint64_t generation;
	const uint64_t part = from / PASS_SLOT_BYTES, skip = from % PASS_SLOT_BYTES;
	const int64_t slot = find(p, key, part, &generation, &about);
	if (slot < 0 || from >= about.size || (tag && about.tag != tag))
		return -EAGAIN;
	uint64_t take = about.size - from;
	take = take < PASS_SLOT_BYTES - skip ? take : PASS_SLOT_BYTES - skip;
	take = take < len ? take : len;
	copy_out(bytes_of(p, (uint64_t)slot), skip, to, take);
	return still(&p->records[slot], generation) ? (int64_t)take : -EAGAIN;
}

/* --- writing ----------------------------------------------------------------------------------- */

static uint64_t oldest(const struct pass *p)
{
	uint64_t found = 0;
	for (uint64_t i = 1; i < p->slots; i++)
		if (p->used[i].order < p->used[found].order)
			found = i;
	return found;
}

/* The slot leaves the chain that it stands in, if any. */
static void unchain(struct pass *p, uint64_t slot)
{
	struct record *r = &p->records[slot];
	struct pass_key key = { .rendition = get(&r->rendition), .number = get(&r->number) };
	uint64_t id[ID_WORDS];
	for (size_t i = 0; i < ID_WORDS; i++)
		id[i] = get(&r->id[i]);
	memcpy(key.id.b, id, sizeof(key.id.b));
	_Atomic uint64_t *at = chain_of(p, &key, get(&r->part));
	while (get(at) && get(at) != slot + 1)
		at = &p->records[get(at) - 1].next;
	if (get(at))
		set(at, get(&r->next));
}

static void moving(struct pass *p)
{
	set(p->moves, get(p->moves) + 1);
}

static void fill(struct pass *p, uint64_t slot, const struct pass_key *key, uint64_t part,
		 const struct pass_about *about, const uint8_t *bytes, size_t len, uint64_t now_ms)
{
	struct record *r = &p->records[slot];
	_Atomic uint64_t *to = bytes_of(p, slot), *chain = chain_of(p, key, part);
	const uint64_t generation = get(&r->generation);
	uint64_t id[ID_WORDS];
	memcpy(id, key->id.b, sizeof(id));
	set(&r->generation, generation + 1);
	moving(p);
	unchain(p, slot);
	moving(p);
	for (size_t i = 0; i < ID_WORDS; i++)
		set(&r->id[i], id[i]);
	set(&r->rendition, key->rendition);
	set(&r->number, key->number);
	set(&r->part, part);
	set(&r->size, about->size);
	set(&r->duration_ms, about->duration_ms);
	set(&r->segment_count, about->segment_count);
	set(&r->tag, about->tag);
	for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
		uint64_t word = 0;
		memcpy(&word, bytes + at, len - at < sizeof(word) ? len - at : sizeof(word));
		set(&to[at / sizeof(word)], word);
	}
	moving(p);
	set(&r->next, get(chain));
	set(chain, slot + 1);
	moving(p);
	set(&r->generation, generation + 2);
	p->used[slot] = (struct use){ ++p->orders, now_ms };
}

/* A chunk's id says which bytes it has; a segment may be made anew under its number, with others. */
static uint64_t tag_of(const struct pass_key *key, const void *bytes, uint64_t size)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint64_t tag;
	if (!sodium_is_zero(key->id.b, sizeof(key->id.b)))
		return 1;
	crypto_generichash(hash, sizeof(hash), bytes, size, NULL, 0);
	memcpy(&tag, hash, sizeof(tag));
	return tag ? tag : 1;
}

int pass_file_tag(int fd, uint64_t offset, uint64_t length, uint64_t *tag)
{
	uint8_t room[16384], hash[crypto_generichash_BYTES_MIN];
	crypto_generichash_state all;
	crypto_generichash_init(&all, NULL, 0, sizeof(hash));
	for (uint64_t at = 0, n; at < length; at += n) {
		n = length - at < sizeof(room) ? length - at : sizeof(room);
		const ssize_t got = pread(fd, room, n, (off_t)(offset + at));
		if (got != (ssize_t)n)
			return got < 0 ? -errno : -ENODATA;
		crypto_generichash_update(&all, room, n);
	}
	crypto_generichash_final(&all, hash, sizeof(hash));
	memcpy(tag, hash, sizeof(*tag));
	*tag = *tag ? *tag : 1;
	return 0;
}

int pass_put(struct pass *p, const struct pass_key *key, const struct pass_about *about,
	     const void *bytes, uint64_t now_ms)
{
	if (parts(about->size) > p->slots / 2)
		return -E2BIG;
	if (pass_has(p, key, NULL)) {
		pass_touch(p, key, now_ms);
		return 0;
	}
	/* All of it now: a page that cannot be had later would end the program. */
	if (!p->allocated && fallocate(p->fd, 0, 0, (off_t)p->bytes) < 0)
		return errno == ENOSPC ? -ENOMEM : -errno;
	p->allocated = true;
	struct pass_about whole = *about;
	whole.tag = tag_of(key, bytes, about->size);
	for (uint64_t part = 0; part < parts(about->size); part++) {
		const uint64_t from = part * PASS_SLOT_BYTES;
		const uint64_t left = about->size - from;
		struct pass_about same;
		uint64_t generation;
		int64_t slot = find(p, key, part, &generation, &same);
		fill(p, slot >= 0 ? (uint64_t)slot : oldest(p), key, part, &whole,
		     (const uint8_t *)bytes + from,
		     left < PASS_SLOT_BYTES ? (size_t)left : PASS_SLOT_BYTES, now_ms);
	}
	return 0;
}

void pass_touch(struct pass *p, const struct pass_key *key, uint64_t now_ms)
{
	struct pass_about about = { .size = 1 };
	uint64_t generation;
	for (uint64_t part = 0; part < parts(about.size); part++) {
		const int64_t slot = find(p, key, part, &generation, &about);
		if (slot < 0)
			return;
		p->used[slot] = (struct use){ ++p->orders, now_ms };
	}
}

uint64_t pass_room(const struct pass *p, uint64_t now_ms, uint64_t *next_ms)
{
	uint64_t room = 0, next = UINT64_MAX;
	for (uint64_t i = 0; i < p->slots; i++) {
		const struct use *u = &p->used[i];
		if (!u->order || u->ms + PASS_REST_MS <= now_ms)
			room++;
		else if (u->ms + PASS_REST_MS < next)
			next = u->ms + PASS_REST_MS;
	}
	*next_ms = next;
	return room;
}
