// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content/kitchen/kitchen.h"
#include "content/transcoder/frag.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define INIT_MAX 65536u

/* One track's tables, gathered from its own fragments. */
struct gathered {
	void *init;
	struct frag_init head;
	struct pack_sample *samples;
	size_t count, room;
	struct pack_run *runs; /* offsets are set when the order in the file is known */
	struct kitchen_piece (*pieces)[FRAG_PARTS_MAX]; /* of each segment; a length of 0: none */
	uint64_t end;                                   /* decoding time after the last sample */
};

static void clean_gathered(struct gathered *g)
{
	free(g->init);
	free(g->samples);
	free(g->runs);
	free(g->pieces);
}

static int read_init(const struct kitchen_track *t, struct gathered *g, struct fault *why)
{
	if (!t->lengths[0] || t->lengths[0] > INIT_MAX)
		return fault_set(why, -EBADMSG, "kitchen.file", "an init segment of %u bytes",
				 t->lengths[0]);
	g->init = malloc(t->lengths[0]);
	if (!g->init)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = fileio_pread_all(t->fd, g->init, t->lengths[0], t->offsets[0]);
	if (rc)
		return fault_set(why, rc, "kitchen.file", "an init segment cannot be read (%s)",
				 strerror(-rc));
	if (frag_init(g->init, t->lengths[0], &g->head))
		return fault_set(why, -EBADMSG, "kitchen.file",
				 "an init segment is damaged; make the rendition anew");
	return 0;
}

static int make_room(struct gathered *g)
{
	if (g->room - g->count >= FRAG_SAMPLES_MAX)
		return 0;
	size_t room = g->room ? g->room * 2 : 2 * FRAG_SAMPLES_MAX;
	struct pack_sample *more = realloc(g->samples, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	g->samples = more;
	g->room = room;
	return 0;
}

/* The fragment at `from` in the segment. */
static int read_part(const struct kitchen_track *t, uint32_t segment, uint64_t from, void *head,
		     struct gathered *g, struct frag *out, struct fault *why)
{
	uint64_t whole = t->lengths[segment] - from;
	size_t len = whole < FRAG_HEAD_MAX ? (size_t)whole : FRAG_HEAD_MAX;
	int rc = fileio_pread_all(t->fd, head, len, t->offsets[segment] + from);
	if (rc)
		return fault_set(why, rc, "kitchen.file", "segment %u cannot be read (%s)", segment,
				 strerror(-rc));
	if (make_room(g))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return frag_part(head, len, whole, out, g->samples + g->count, g->room - g->count)
		       ? fault_set(why, -EBADMSG, "kitchen.file",
				   "segment %u is damaged; make the rendition anew", segment)
		       : 0;
}

static int read_segment(const struct kitchen_track *t, uint32_t segment, void *head,
			struct gathered *g, struct fault *why)
{
	struct frag all = { 0 };
	for (unsigned part = 0; part < FRAG_PARTS_MAX && all.size < t->lengths[segment]; part++) {
		struct frag f;
		int rc = read_part(t, segment, all.size, head, g, &f, why);
		if (rc)
			return rc;
		g->pieces[segment - 1][part] =
			(struct kitchen_piece){ .from_video = g->head.kind == PACK_PICTURE,
						.offset =
							t->offsets[segment] + all.size + f.data_at,
						.length = f.data_len };
		g->count += f.count;
		if (part == 0)
			all = f;
		else if (frag_join(&all, &f))
			all.size = UINT64_MAX;
	}
	if (all.size != t->lengths[segment] || all.begin != g->end ||
	    all.number != pack_sequence(g->head.kind, segment))
		return fault_set(why, -EBADMSG, "kitchen.file",
				 "segment %u is damaged or out of place; make the rendition anew",
				 segment);
	g->runs[segment - 1].count = (uint32_t)all.count;
	g->end += all.duration;
	return 0;
}

static int gather(const struct kitchen_track *t, struct gathered *g, struct fault *why)
{
	AUTO_FREE void *head = malloc(FRAG_HEAD_MAX);
	g->runs = calloc(t->count, sizeof(*g->runs));
	g->pieces = calloc(t->count, sizeof(*g->pieces));
	if (!head || !g->runs || !g->pieces)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = read_init(t, g, why);
	for (uint32_t s = 1; s <= t->count && !rc; s++)
		rc = read_segment(t, s, head, g, why);
	return rc;
}

/* Segment by segment, picture before sound. The number of bytes in all. */
static uint64_t interleave(struct gathered *tracks, size_t count, uint32_t segments,
			   struct kitchen_piece *out, size_t *used)
{
	uint64_t at = 0;
	size_t n = 0;
	for (uint32_t s = 0; s < segments; s++)
		for (size_t i = 0; i < count; i++) {
			tracks[i].runs[s].offset = at; /* its parts follow each other */
			for (size_t k = 0; k < FRAG_PARTS_MAX && tracks[i].pieces[s][k].length;
			     k++) {
				at += tracks[i].pieces[s][k].length;
				out[n++] = tracks[i].pieces[s][k];
			}
		}
	*used = n;
	return at;
}

static int write_head(const struct gathered *tracks, size_t count, uint32_t segments,
		      uint64_t bytes, void **header, size_t *header_len, struct fault *why)
{
	struct pack_whole whole[2];
	for (size_t i = 0; i < count; i++)
		whole[i] = (struct pack_whole){ .timescale = tracks[i].head.timescale,
						.entry = tracks[i].head.entry,
						.entry_len = tracks[i].head.entry_len,
						.kind = tracks[i].head.kind,
						.width = tracks[i].head.width,
						.height = tracks[i].head.height,
						.samples = tracks[i].samples,
						.sample_count = tracks[i].count,
						.runs = tracks[i].runs,
						.run_count = segments };
	struct box_out out = { 0 };
	pack_movie(whole, count, bytes, &out);
	if (out.bad) {
		int rc = out.bad;
		box_done(&out);
		return fault_set(why, rc, "kitchen.file", "the MP4's index cannot be made (%s)",
				 strerror(-rc));
	}
	*header = out.bytes;
	*header_len = out.len;
	return 0;
}

int kitchen_progressive(const struct kitchen_track *video, const struct kitchen_track *audio,
			void **header, size_t *header_len, struct kitchen_piece **pieces,
			size_t *piece_count, struct fault *why)
{
	const struct kitchen_track *given[] = { video, audio };
	struct gathered tracks[2] = { 0 };
	size_t count = 0;
	uint32_t segments = 0;
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(given) && !rc; i++) {
		if (!given[i])
			continue;
		if (!given[i]->count || (segments && given[i]->count != segments))
			rc = fault_set(why, -EINVAL, "kitchen.file",
				       "picture and sound have %u and %u segments", segments,
				       given[i]->count);
		segments = given[i]->count;
		if (!rc)
			rc = gather(given[i], &tracks[count], why);
		count++;
	}
	if (!rc && !count)
		rc = fault_set(why, -EINVAL, "kitchen.file", "neither picture nor sound");
	AUTO_FREE struct kitchen_piece *list =
		rc ? NULL : calloc(segments * count * FRAG_PARTS_MAX, sizeof(*list));
	size_t used = 0;
	if (!rc && !list)
		rc = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (!rc)
		rc = write_head(tracks, count, segments,
				interleave(tracks, count, segments, list, &used), header,
				header_len, why);
	if (!rc) {
		*pieces = MOVE_PTR(list);
		*piece_count = used;
	}
	for (size_t i = 0; i < ARRAY_LEN(tracks); i++)
		clean_gathered(&tracks[i]);
	return rc;
}

#define KEY_HEAD_BYTES 512u /* one sample's moof, and the head of its mdat */

int kitchen_key_bytes(const struct kitchen_track *video, uint32_t *key_bytes, struct fault *why)
{
	for (uint32_t s = 1; s <= video->count; s++) {
		uint8_t head[KEY_HEAD_BYTES];
		struct pack_sample sample;
		struct frag f;
		uint32_t whole = video->lengths[s];
		size_t len = whole < sizeof(head) ? whole : sizeof(head);
		int rc = fileio_pread_all(video->fd, head, len, video->offsets[s]);
		if (rc)
			return fault_set(why, rc, "kitchen.file", "segment %u cannot be read (%s)",
					 s, strerror(-rc));
		if (frag_part(head, len, whole, &f, &sample, 1) || !sample.key)
			return fault_set(
				why, -EBADMSG, "kitchen.file",
				"segment %u does not begin with a key frame alone; make the "
				"rendition anew",
				s);
		key_bytes[s - 1] = (uint32_t)f.size;
	}
	return 0;
}

static int add_bytes(const struct kitchen_track *video, uint64_t from, size_t len, int to,
		     uint64_t *size)
{
	AUTO_FREE void *bytes = malloc(len ? len : 1);
	int rc = bytes ? fileio_pread_all(video->fd, bytes, len, from) : -ENOMEM;
	if (!rc)
		rc = fileio_write_all(to, bytes, len);
	*size += len;
	return rc;
}

int kitchen_key_film(const struct kitchen_track *video, const uint32_t *key_bytes, uint32_t from,
		     uint32_t until, int film, uint64_t *size, struct fault *why)
{
	int rc = 0;
	for (uint32_t s = from; s < until && s <= video->count && !rc; s++)
		rc = add_bytes(video, video->offsets[s], s ? key_bytes[s - 1] : video->lengths[0],
			       film, size);
	return rc ? fault_set(why, rc, "kitchen.film", "key frames cannot be put in a row (%s)",
			      strerror(-rc))
		  : 0;
}
