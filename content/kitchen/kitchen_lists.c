// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/shelf/dash.h"
#include "content/kitchen/kitchen_folder.h"
#include "content/shelf/playlists.h"
#include "content/transcoder/frag.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

/* What a folder tells players. */
struct lists {
	const struct folder *f;
	struct playlists_rung rungs[RUNG_COUNT];
	struct kitchen_shape shapes[RUNG_COUNT];
	uint64_t *us[RUNG_COUNT];
	size_t count;
};

static void lists_done(struct lists *l)
{
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++)
		free(l->us[r]);
}

static int out_of_memory(struct fault *why)
{
	return fault_set(why, -ENOMEM, "memory", "out of memory");
}

static int put_list(const struct folder *f, enum kitchen_rung rung, const char *name,
		    const char *text, size_t len, struct fault *why)
{
	const struct path p =
		paths_given("%s/%s/%s/%s", f->root, f->generation, kitchen_rung_name(rung), name);
	return fileio_replace(p.at, text, len, 0644, why);
}

static int complete(const struct folder *f, enum kitchen_rung rung)
{
	for (uint32_t i = 0; i < f->plan->segments_count; i++)
		if (!f->lengths[rung][i])
			return 0;
	return 1;
}

/* How long the fragment is that a segment begins with. */
static int key_length(const struct folder *f, enum kitchen_rung rung, uint32_t segment,
		      uint32_t *out, struct fault *why)
{
	const struct path p = folder_dish(f, rung, segment);
	AUTO_FD int fd = open(p.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t head[512];
	struct pack_sample sample;
	struct frag got;
	uint32_t whole = f->lengths[rung][segment - 1];
	size_t len = whole < sizeof(head) ? whole : sizeof(head);
	if (fd < 0 || fileio_pread_all(fd, head, len, 0) ||
	    frag_part(head, len, whole, &got, &sample, 1))
		return fault_set(
			why, -EBADMSG, "kitchen.keys",
			"'%s' does not begin with a key frame alone; remove it and cook again",
			p.at);
	*out = (uint32_t)got.size;
	return 0;
}

static int put_keys(struct lists *l, enum kitchen_rung rung, struct playlists_rung *to,
		    struct fault *why)
{
	uint32_t count = l->f->plan->segments_count;
	AUTO_FREE uint32_t *bytes = calloc(count, sizeof(*bytes));
	AUTO_FREE char *text = NULL;
	size_t len;
	uint64_t average;
	if (!bytes)
		return out_of_memory(why);
	for (uint32_t s = 1; s <= count; s++) {
		int rc = key_length(l->f, rung, s, &bytes[s - 1], why);
		if (rc)
			return rc;
	}
	playlists_measure(bytes, l->us[rung], count, &to->keys_bps, &average);
	if (playlists_keys(l->us[rung], bytes, count, &text, &len))
		return out_of_memory(why);
	return put_list(l->f, rung, "iframes.m3u8", text, len, why);
}

static int put_rung(struct lists *l, enum kitchen_rung rung, struct fault *why)
{
	const struct folder *f = l->f;
	const struct kitchen_shape *s = &l->shapes[rung];
	const uint32_t count = f->plan->segments_count;
	AUTO_FREE char *text = NULL;
	size_t len;
	l->us[rung] = calloc(count, sizeof(**l->us));
	if (!l->us[rung])
		return out_of_memory(why);
	for (uint32_t i = 0; i < count; i++)
		l->us[rung][i] = kitchen_segment_us(f->plan, rung, i + 1);
	struct playlists_rung *to = &l->rungs[l->count++];
	*to = (struct playlists_rung){ .name = kitchen_rung_name(rung),
				       .generation = f->generation,
				       .width = s->width,
				       .height = s->height,
				       .fps_num = s->fps_num,
				       .fps_den = s->fps_den,
				       .codecs = s->codecs,
				       .peak_bps = s->cap_bps };
	if (playlists_media(l->us[rung], count, &text, &len))
		return out_of_memory(why);
	int rc = put_list(f, rung, "index.m3u8", text, len, why);
	if (rc || !complete(f, rung))
		return rc;
	playlists_measure(f->lengths[rung], l->us[rung], count, &to->peak_bps, &to->average_bps);
	return rung == RUNG_AUDIO ? 0 : put_keys(l, rung, to, why);
}

/* Any picture's times will do: one grid for all. */
static const uint64_t *picture_times(const struct lists *l)
{
	for (unsigned r = RUNG_AUDIO + 1; r < RUNG_COUNT; r++)
		if (l->us[r])
			return l->us[r];
	return NULL;
}

int folder_playlists(const struct folder *f, struct fault *why)
{
	CLEANUP(lists_done) struct lists l = { .f = f };
	/* Smallest picture first, sound last. */
	for (unsigned i = 1; i <= RUNG_COUNT; i++) {
		enum kitchen_rung r = (enum kitchen_rung)(i % RUNG_COUNT);
		if (!(f->mask & 1u << r) || kitchen_shape(f->plan, r, &l.shapes[r]))
			continue;
		int rc = put_rung(&l, r, why);
		if (rc)
			return rc;
	}
	struct playlists_captions captions[FOLDER_CAPTIONS_MAX];
	for (size_t i = 0; i < f->caption_count; i++)
		captions[i] = (struct playlists_captions){ f->captions[i].language,
							   f->captions[i].language };
	const struct playlists_lesson lesson = { .rungs = l.rungs,
						 .rung_count = l.count,
						 .captions = captions,
						 .caption_count = f->caption_count,
						 .language = "",
						 .language_name = "" };
	const struct dash_times times = { picture_times(&l), l.us[RUNG_AUDIO],
					  f->plan->segments_count };
	AUTO_FREE char *master = NULL;
	AUTO_FREE char *manifest = NULL;
	size_t master_len, manifest_len;
	if (playlists_master(&lesson, &master, &master_len) ||
	    dash_manifest(&lesson, &times, &manifest, &manifest_len))
		return out_of_memory(why);
	int rc = folder_write(f, "manifest.mpd", manifest, manifest_len, why);
	return rc ? rc : folder_write(f, "master.m3u8", master, master_len, why);
}
