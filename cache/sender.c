// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/sender.h"

#include <errno.h>
#include <string.h>

#include "cache/guard.h"
#include "cache/names_format.h"

void sender_init(struct sender *s, const struct names_entry *entry)
{
	*s = (struct sender){ .entry = *entry,
			      .extent_from = entry->bytes_len,
			      .named = entry->etag };
}

enum { BY_PLACE, BY_TAG };

static void is_made(struct sender *s, uint64_t by, uint64_t what, uint64_t length)
{
	const uint64_t own[] = { s->named, by, what, length };
	s->entry.etag = names_hash(own, sizeof(own)) | 1;
	s->entry.modified_s = -1;
}

void sender_passes(struct sender *s, uint64_t size, uint64_t tag, const struct landed *landed)
{
	if (s->entry.kind != NAMES_RENDITION)
		return;
	s->landed = landed;
	s->passes = tag;
	s->passes_size = size;
	is_made(s, BY_TAG, tag, size);
}

bool sender_goes_on(const struct sender *s, uint64_t tag)
{
	return s->entry.kind != NAMES_RENDITION || s->passes == tag;
}

int sender_size(struct sender *s, struct view *v, uint64_t *out)
{
	struct view_file file;
	if (s->entry.kind != NAMES_RENDITION) {
		*out = s->entry.size;
		return 0;
	}
	int rc = view_segment(v, s->entry.rendition, s->entry.segment, &file);
	if (!rc) {
		*out = file.length;
		s->made_at = file.offset + 1;
		is_made(s, BY_PLACE, file.offset, file.length);
	}
	return rc;
}

struct sender_want sender_want(const struct sender *s)
{
	if (s->entry.kind == NAMES_RENDITION)
		return (struct sender_want){ .rendition = s->entry.rendition,
					     .first = s->entry.segment,
					     .count = 1 };
	const uint64_t first = s->at / OBJMAP_CHUNK_BYTES;
	const uint64_t last = (s->end ? s->end - 1 : 0) / OBJMAP_CHUNK_BYTES;
	return (struct sender_want){
		.id = s->entry.id,
		.first = first,
		.count = last - first + 1,
		.size = s->entry.size,
	};
}

/* What view_segment() says of a segment that is to come, or to come again. */
static bool is_wanted(int rc)
{
	return rc == -EAGAIN || rc == -EIO;
}

bool sender_there(struct view *v, const struct sender_want *want)
{
	struct view_file file;
	if (!want->size)
		return !is_wanted(view_segment(v, want->rendition, (uint32_t)want->first, &file));
	int rc = view_object(v, &want->id, want->size, want->first * OBJMAP_CHUNK_BYTES, &file);
	return rc ? rc != -EAGAIN : file.length > 0;
}

void sender_range(struct sender *s, uint64_t from, uint64_t len)
{
	s->at = from;
	s->end = from + len;
	s->extent = 0;
	s->extent_from = s->entry.bytes_len;
}

static enum sender_step fail(struct sender_piece *out, int error)
{
	out->error = error;
	return SENDER_FAIL;
}

static enum sender_step memory(struct sender *s, uint64_t until, struct sender_piece *out)
{
	const uint64_t stop = s->end < until ? s->end : until;
	out->bytes = (const char *)s->entry.bytes + s->at;
	out->length = stop - s->at;
	s->at = stop;
	return SENDER_MEMORY;
}

/* Takes as much of the file as there is, or as is asked for. */
static enum sender_step file(struct sender *s, struct sender_piece *out)
{
	if (out->file.length > s->end - s->at)
		out->file.length = s->end - s->at;
	out->length = out->file.length;
	s->at += out->length;
	return SENDER_FILE;
}

static enum sender_step object(struct sender *s, struct view *v, struct sender_piece *out)
{
	int rc = view_object(v, &s->entry.id, s->entry.size, s->at, &out->file);
	if (!rc && out->file.length)
		return file(s, out);
	if (rc && rc != -EAGAIN)
		return fail(out, rc);
	out->want = sender_want(s);
	return SENDER_WAIT;
}

/* What was begun from memory goes on from the disk where the bytes are the same: 0. -EAGAIN: they must be read first. */
static int has_landed(struct sender *s, const struct view_file *file)
{
	uint64_t tag;
	if (!s->passes)
		return 0;
	if (file->length != s->passes_size)
		return -ESTALE;
	if (!landed_find(s->landed, file, &tag))
		return -EAGAIN;
	if (tag != s->passes)
		return -ESTALE;
	s->passes = 0;
	s->made_at = file->offset + 1;
	return 0;
}

static enum sender_step segment(struct sender *s, struct view *v, struct sender_piece *out)
{
	int rc = view_segment(v, s->entry.rendition, s->entry.segment, &out->file);
	if (is_wanted(rc)) {
		out->want = sender_want(s);
		out->want.error = rc == -EIO ? rc : 0;
		return SENDER_WAIT;
	}
	if (!rc)
		rc = has_landed(s, &out->file);
	if (rc == -EAGAIN)
		return SENDER_CHECK;
	if (rc)
		return fail(out, rc);
	if (s->end > out->file.length || (s->made_at && s->made_at != out->file.offset + 1))
		return fail(out, -ESTALE);
	out->file.offset += s->at;
	out->file.length -= s->at;
	return file(s, out);
}

static enum sender_step map(struct sender *s, struct view *v, struct sender_piece *out)
{
	int rc = view_object_map(v, &s->entry.id, &out->file);
	if (rc || out->file.length != s->entry.size)
		return fail(out, rc ? rc : -ESTALE);
	out->file.offset += s->at;
	out->file.length -= s->at;
	return file(s, out);
}

/* The extent that holds the next byte, and how far into it that is. */
struct place {
	struct sender *sender;
	struct names_extent extent;
	uint64_t skip;
};

/* Under a guard: the list lies in the index, which is a mapped file like others. */
static int find_place(void *arg)
{
	struct place *p = arg;
	struct sender *s = p->sender;
	while (s->extent < s->entry.extent_count &&
	       s->at - s->extent_from >= s->entry.extents[s->extent].length)
		s->extent_from += s->entry.extents[s->extent++].length;
	if (s->extent == s->entry.extent_count)
		return -EBADMSG;
	p->extent = s->entry.extents[s->extent];
	p->skip = s->at - s->extent_from;
	return p->skip < p->extent.length ? 0 : -EBADMSG;
}

static enum sender_step extent(struct sender *s, struct view *v, struct sender_piece *out)
{
	if (s->at < s->entry.bytes_len)
		return memory(s, s->entry.bytes_len, out);
	struct place p = { .sender = s };
	int rc = guard_read(find_place, &p);
	/* Its renditions were complete when it was listed: one that is gone will be made under another name. */
	if (!rc)
		rc = view_extent(v, p.extent.rendition, p.extent.offset + p.skip,
				 p.extent.length - p.skip, &out->file);
	return rc ? fail(out, rc) : file(s, out);
}

enum sender_step sender_next(struct sender *s, struct view *v, struct sender_piece *out)
{
	memset(out, 0, sizeof(*out));
	if (s->at >= s->end)
		return SENDER_DONE;
	switch (s->entry.kind) {
	case NAMES_BYTES:
		return memory(s, s->entry.bytes_len, out);
	case NAMES_OBJECT:
		return object(s, v, out);
	case NAMES_RENDITION:
		return segment(s, v, out);
	case NAMES_VIRTUAL:
		return extent(s, v, out);
	case NAMES_MAP:
		return map(s, v, out);
	case NAMES_REDIRECT:
		break;
	}
	return fail(out, -EINVAL);
}

void sender_back(struct sender *s, uint64_t left)
{
	s->at -= left;
}
