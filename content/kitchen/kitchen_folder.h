// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/kitchen/kitchen.h"
#include "firmware/base/paths.h"

struct fault;

/*
 * What `wasl kitchen` leaves, laid out like the addresses of a lesson: DIR/{master.m3u8,manifest.mpd,plan.txt,survey.pb,verdict.json} and
 * DIR/GEN/RUNG/{index.m3u8,iframes.m3u8,init.mp4,N.m4s}. Every file appears whole and on disk, or not at all: a segment that is
 * there is finished. One process at a time works in a folder.
 */
#define FOLDER_CAPTIONS_MAX 8u
struct folder_captions {
	char language[12];
};
struct folder {
	const char *root; /* borrowed */
	int lock;
	char generation[24];
	const wasl_Plan *plan; /* borrowed */
	uint32_t mask;         /* rungs */
	void *init[RUNG_COUNT];
	size_t init_len[RUNG_COUNT];
	struct folder_captions captions[FOLDER_CAPTIONS_MAX]; /* found inside the film */
	size_t caption_count;
	uint32_t *lengths[RUNG_COUNT]; /* of segments 1 .. count at [0] ..; 0: not there */
	uint32_t *lost_ms;             /* of each segment: so much of the file is not in it */
};

/* Makes DIR and locks it; -EBUSY when another process works there. */
int folder_open(struct folder *f, const char *root, struct fault *why);
void folder_close(struct folder *f);

/* Names generation and rungs, makes their folders and finds out which segments are there and sound. */
int folder_begin(struct folder *f, const wasl_Plan *plan, uint32_t mask, const char *generation,
		 struct fault *why);

/* Is every rung of `segment` there? */
int folder_has(const struct folder *f, uint32_t segment);

/* So much of the file is not in `segment`: written down before the segment is put in its place. */
int folder_lose(struct folder *f, uint32_t segment, uint32_t ms, struct fault *why);

/* Puts what the kitchen made in its place. */
int folder_put(struct folder *f, const struct kitchen_dish *dish, struct fault *why);

/* Of the rung's segment; 0: its init segment. */
struct path folder_dish(const struct folder *f, enum kitchen_rung rung, uint32_t segment);

/*
 * Playlists and manifest.mpd: with rate caps while segments are missing; measured, and with lists of key frames, when all are
 * there (content/kitchen/kitchen_lists.c).
 */
int folder_playlists(const struct folder *f, struct fault *why);

struct kitchen;
struct sd_event;
/*
 * DIR/{sprite.vtt,poster.jpg}, DIR/GEN/sprite-N.jpg and, where slides change, DIR/chapters.vtt, once a picture is whole; runs the loop until
 * they are there (content/kitchen/kitchen_sight.c).
 */
int folder_preview(const struct folder *f, struct kitchen *k, struct sd_event *loop,
		   struct fault *why);

/* DIR/captions-LANG.{vtt,m3u8} for each language that the film has captions in; playlists name them from then on (content/kitchen/kitchen_words.c). */
struct folder_film {
	int fd;
	uint64_t size, duration_ms;
	int64_t start_us;
};
int folder_words(struct folder *f, const struct folder_film *film, struct kitchen *k,
		 struct sd_event *loop, struct fault *why);

/* DIR/NAME. */
int folder_read(const struct folder *f, const char *name, size_t limit, void **out, size_t *len,
		struct fault *why);
int folder_write(const struct folder *f, const char *name, const void *bytes, size_t len,
		 struct fault *why);
