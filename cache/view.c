// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/view_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/bits.h"
#include "cache/guard.h"
#include "cache/layout.h"
#include "cache/segtab.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum kind { OBJECT = 1, RENDITION = 2, MAP = 3 };

struct key {
	enum kind kind;
	struct objmap_id id; /* of an object */
	uint64_t number;     /* of a rendition */
};

struct view_item {
	struct view_item *next_hash;
	struct view_item *newer, *older;
	struct key key;
	unsigned held;
	bool listed; /* false: superseded or evicted, lives until it is released */
	uint64_t serial;
	int fd;
	uint64_t fd_bytes; /* as last looked at: only grows */
	bool complete;
	struct segtab tab;
	struct bits bits;
	uint64_t *durable; /* room for the durable bitmap, where only that can be believed */
};

static void free_item(struct view_item *item)
{
	segtab_unmap(&item->tab);
	bits_unmap(&item->bits);
	free(item->durable);
	if (item->fd >= 0)
		close(item->fd);
	free(item);
}

static void clean_item(struct view_item **item)
{
	if (*item)
		free_item(*item);
}

static bool same_key(const struct key *a, const struct key *b)
{
	return a->kind == b->kind && a->number == b->number &&
	       !memcmp(&a->id, &b->id, sizeof(a->id));
}

static struct view_item **bucket_of(struct view *v, const struct key *key)
{
	/* Ids are hashes already, numbers follow each other: both spread by themselves. */
	uint64_t h;
	memcpy(&h, &key->id, sizeof(h));
	return &v->buckets[(h ^ key->number) & v->mask];
}

static void leave_list(struct view *v, struct view_item *item)
{
	*(item->newer ? &item->newer->older : &v->newest) = item->older;
	*(item->older ? &item->older->newer : &v->oldest) = item->newer;
	item->newer = item->older = NULL;
}

static void enter_list(struct view *v, struct view_item *item)
{
	item->older = v->newest;
	*(v->newest ? &v->newest->newer : &v->oldest) = item;
	v->newest = item;
}

/* Takes the item out; it is freed now, or when its last holder releases it. */
static void unlist(struct view *v, struct view_item *item)
{
	struct view_item **at = bucket_of(v, &item->key);
	while (*at != item)
		at = &(*at)->next_hash;
	*at = item->next_hash;
	leave_list(v, item);
	item->listed = false;
	v->count--;
	if (!item->held)
		free_item(item);
}

static void make_room(struct view *v)
{
	struct view_item *item = v->oldest;
	while (item && v->count >= v->max_open) {
		struct view_item *newer = item->newer;
		if (!item->held)
			unlist(v, item);
		item = newer;
	}
}

static int superseded(void *arg)
{
	const struct view_item *item = arg;
	switch (item->key.kind) {
	case OBJECT:
		return bits_superseded(&item->bits);
	case RENDITION:
		return segtab_superseded(&item->tab);
	case MAP:
		break;
	}
	return 0;
}

static struct view_item *find(struct view *v, const struct key *key)
{
	struct view_item *item = *bucket_of(v, key);
	while (item && !same_key(&item->key, key))
		item = item->next_hash;
	return item;
}

bool view_is_open(struct view *v, const struct objmap_id *id, uint64_t rendition)
{
	const struct key object = { .kind = OBJECT, .id = *id },
			 made = { .kind = RENDITION, .number = rendition };
	return find(v, rendition ? &made : &object) != NULL;
}

static struct view_item *lookup(struct view *v, const struct key *key)
{
	struct view_item *item = find(v, key);
	if (item && item != v->newest) {
		leave_list(v, item);
		enter_list(v, item);
	}
	return item;
}

int view_dir(struct view *v)
{
	if (v->fd < 0)
		v->fd = open(v->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return v->fd < 0 ? -errno : v->fd;
}

static int open_body(struct view *v, struct view_item *item, struct layout at)
{
	struct stat st;
	item->fd = openat(v->fd, at.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (item->fd < 0 || fstat(item->fd, &st) < 0)
		return -errno;
	item->fd_bytes = (uint64_t)st.st_size;
	/* Threads ask for what will be sent (warm.h); what a kernel reads ahead besides takes from a slow disk what others wait for. */
	(void)posix_fadvise(item->fd, 0, 0, POSIX_FADV_RANDOM);
	return S_ISREG(st.st_mode) ? 0 : -EBADMSG;
}

static int open_object(struct view *v, struct view_item *item, uint64_t size)
{
	const struct objmap_id *id = &item->key.id;
	const uint64_t chunks = size / OBJMAP_CHUNK_BYTES + (size % OBJMAP_CHUNK_BYTES != 0);
	int rc = bits_map(v->fd, layout_object(id, ".bits").at, id, chunks, &item->bits);
	if (!rc)
		rc = open_body(v, item, layout_object(id, ""));
	if (rc)
		return rc;
	if (item->fd_bytes < size)
		return -EBADMSG;
	if (bits_same_boot(&item->bits, v->boot))
		return 0;
	item->durable = calloc(bits_words(chunks) + 1, sizeof(*item->durable));
	if (!item->durable)
		return -ENOMEM;
	return 0;
}

static int open_rendition(struct view *v, struct view_item *item)
{
	const uint64_t number = item->key.number;
	int rc = segtab_map(v->fd, layout_rendition(number, ".tab").at, number, &item->tab);
	return rc ? rc : open_body(v, item, layout_rendition(number, ".mp4"));
}

static int open_files(struct view *v, struct view_item *item, uint64_t size)
{
	if (item->key.kind == OBJECT)
		return open_object(v, item, size);
	if (item->key.kind == RENDITION)
		return open_rendition(v, item);
	return open_body(v, item, layout_object(&item->key.id, ".map"));
}

static int open_item(struct view *v, const struct key *key, uint64_t size, struct view_item **out)
{
	int rc = view_dir(v);
	if (rc < 0)
		return rc;
	CLEANUP(clean_item) struct view_item *item = calloc(1, sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->key = *key;
	item->serial = ++v->last_serial;
	item->fd = -1;
	rc = open_files(v, item, size);
	/* Removed or replaced while it was being opened: as if it had not been there. */
	if (!rc && guard_read(superseded, item))
		rc = -ENOENT;
	if (rc)
		return rc;
	make_room(v);
	struct view_item **at = bucket_of(v, key);
	item->next_hash = *at;
	*at = item;
	item->listed = true;
	enter_list(v, item);
	v->count++;
	*out = MOVE_PTR(item);
	return 0;
}

/* What is not there, or cannot be believed or read, is made again by whoever owns it: want it. */
static int wanted(int rc)
{
	return rc == -ENOENT || rc == -EBADMSG || rc == -EIO ? -EAGAIN : rc;
}

/* What is asked of an item's mapped files, in one guarded look. */
struct look {
	struct view_item *item;
	uint64_t from, length; /* of a segment: its number in `from` */
	struct segtab_segment segment;
	uint64_t run;
};

/*
 * Finds or opens the item and calls `read`, which begins by looking whether the files were superseded (-ESTALE). Files that
 * are superseded, or cannot be read any more, are let go of and opened again, once.
 */
static int look_into(struct view *v, const struct key *key, uint64_t size, int (*read)(void *),
		     struct look *look)
{
	struct view_item *item = lookup(v, key);
	for (bool opened = !item;; opened = true) {
		int rc = item ? 0 : open_item(v, key, size, &item);
		if (rc)
			return wanted(rc);
		look->item = item;
		rc = guard_read(read, look);
		if (rc != -ESTALE && rc != -EIO)
			return rc;
		unlist(v, item);
		item = NULL;
		if (opened)
			return -EAGAIN;
	}
}

static int read_segment(void *arg)
{
	struct look *look = arg;
	const struct segtab *tab = &look->item->tab;
	if (segtab_superseded(tab))
		return -ESTALE;
	if (look->from > tab->segment_count)
		return -ENOENT;
	switch (segtab_get(tab, (uint32_t)look->from, &look->segment)) {
	case SEGTAB_MISSING:
		return -EAGAIN;
	case SEGTAB_FAILED:
		return -ENODATA;
	case SEGTAB_READY:
		break;
	}
	return 0;
}

/* Whether the file is as long as that; it may have grown since it was opened. */
static bool holds(struct view_item *item, uint64_t offset, uint64_t length)
{
	struct stat st;
	if (offset + length > item->fd_bytes && !fstat(item->fd, &st))
		item->fd_bytes = (uint64_t)st.st_size;
	return offset + length <= item->fd_bytes;
}

int view_segment(struct view *v, uint64_t rendition, uint32_t segment, struct view_file *out)
{
	const struct key key = { .kind = RENDITION, .number = rendition };
	struct look look = { .from = segment };
	int rc = look_into(v, &key, 0, read_segment, &look);
	if (rc)
		return rc;
	if (!holds(look.item, look.segment.offset, look.segment.length))
		return -EIO;
	*out = (struct view_file){ look.item,
				   look.item->fd,
				   look.segment.offset,
				   look.segment.length,
				   look.segment.duration_ms,
				   look.item->tab.segment_count,
				   look.item->serial };
	return 0;
}

/* How many chunks from `from` on can be believed. */
static uint64_t run(const struct view_item *item, uint64_t from)
{
	uint64_t at = from;
	if (!item->durable)
		return bits_run(&item->bits, from);
	/* Loaded anew: where no boot has a name (a /proc without it), the writer goes on in this file. */
	bits_load_durable(&item->bits, item->durable);
	while (at < item->bits.chunk_count && item->durable[at / 64] >> at % 64 & 1)
		at++;
	return at - from;
}

static int read_object(void *arg)
{
	struct look *look = arg;
	if (bits_superseded(&look->item->bits))
		return -ESTALE;
	if (!look->item->complete)
		look->run = run(look->item, look->from);
	return 0;
}

int view_object(struct view *v, const struct objmap_id *id, uint64_t size, uint64_t offset,
		struct view_file *out)
{
	const struct key key = { .kind = OBJECT, .id = *id };
	const uint64_t chunk = offset / OBJMAP_CHUNK_BYTES;
	struct look look = { .from = chunk };
	int rc = look_into(v, &key, size, read_object, &look);
	if (rc)
		return rc;
	struct view_item *item = look.item;
	if (item->fd_bytes < size || offset > size)
		return -EINVAL;
	uint64_t end = size;
	if (!item->complete) {
		item->complete = chunk == 0 && look.run == item->bits.chunk_count;
		end = (chunk + look.run) * OBJMAP_CHUNK_BYTES;
		if (!look.run)
			end = offset;
		else if (end > size)
			end = size;
	}
	*out = (struct view_file){
		.item = item,
		.fd = item->fd,
		.offset = offset,
		.length = end - offset,
		.serial = item->serial,
	};
	return 0;
}

static int read_extent(void *arg)
{
	struct look *look = arg;
	const struct segtab *tab = &look->item->tab;
	if (segtab_superseded(tab))
		return -ESTALE;
	return segtab_withdrawn(tab, look->from, look->length) ? -EAGAIN : 0;
}

int view_object_size(struct view *v, const struct objmap_id *id, uint64_t *size)
{
	struct stat st;
	const int dir = view_dir(v);
	if (dir < 0)
		return dir;
	if (fstatat(dir, layout_object(id, "").at, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	*size = (uint64_t)st.st_size;
	return 0;
}

bool view_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int view_object_map(struct view *v, const struct objmap_id *id, struct view_file *out)
{
	const struct key key = { .kind = MAP, .id = *id };
	struct stat now, st;
	const int dir = view_dir(v);
	if (dir < 0)
		return dir;
	if (fstatat(dir, layout_object(id, ".map").at, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	struct view_item *item = lookup(v, &key);
	/* Maps have no flag that says so: one that was damaged is made again under its name. */
	if (item && (fstat(item->fd, &st) < 0 || !view_same_file(&now, &st))) {
		unlist(v, item);
		item = NULL;
	}
	int rc = item ? 0 : open_item(v, &key, 0, &item);
	if (rc)
		return rc;
	*out = (struct view_file){
		.item = item,
		.fd = item->fd,
		.length = item->fd_bytes,
		.serial = item->serial,
	};
	return 0;
}

int view_extent(struct view *v, uint64_t rendition, uint64_t offset, uint64_t length,
		struct view_file *out)
{
	const struct key key = { .kind = RENDITION, .number = rendition };
	struct look look = { .from = offset, .length = length };
	if (length > UINT64_MAX - offset)
		return -EINVAL;
	int rc = look_into(v, &key, 0, read_extent, &look);
	if (rc)
		return rc;
	struct view_item *item = look.item;
	if (!holds(item, offset, length))
		return -EAGAIN;
	*out = (struct view_file){
		.item = item,
		.fd = item->fd,
		.offset = offset,
		.length = length,
		.serial = item->serial,
	};
	return 0;
}

void view_hold(struct view_item *item)
{
	item->held++;
}

void view_release(struct view_item *item)
{
	if (!--item->held && !item->listed)
		free_item(item);
}

int view_open(const char *store_dir, size_t max_open, struct view **out, struct fault *why)
{
	size_t buckets = 16;
	while (buckets < max_open * 2)
		buckets *= 2;
	struct view *v = calloc(1, sizeof(*v) + buckets * sizeof(v->buckets[0]));
	char *dir = strdup(store_dir);
	if (!v || !dir) {
		free(v);
		free(dir);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	v->dir = dir;
	v->fd = -1;
	v->names_error = -ENOENT;
	v->max_open = max_open;
	v->mask = buckets - 1;
	bits_boot(v->boot);
	*out = v;
	return 0;
}

void view_close(struct view *v)
{
	if (!v)
		return;
	while (v->newest) {
		v->newest->held = 0;
		unlist(v, v->newest);
	}
	if (v->names) {
		v->names->held = 1;
		view_names_release(v->names);
	}
	if (v->fd >= 0)
		close(v->fd);
	free(v->dir);
	free(v);
}
