// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/catalogue.pb.h"

struct fault;
struct kitchen_group;
struct sd_event;

/*
 * Cooking: one segment of one rung from a mezzanine, in a sandboxed wasl-transcoder child per job. The kitchen
 * keeps at most `workers` children, decodes once for several rungs of the same segment when asked together, and
 * never trusts what comes back further than its length and its box structure.
 */
enum kitchen_rung { RUNG_AUDIO, RUNG_144P, RUNG_240P, RUNG_360P, RUNG_480P, RUNG_720P, RUNG_COUNT };
enum kitchen_point { POINT_NOW, POINT_IDLE }; /* operating point: a pupil waits, or nobody does */

const char *kitchen_rung_name(enum kitchen_rung rung); /* "audio", "240p" */
int kitchen_rung_parse(const char *name, enum kitchen_rung *out);

/* Rungs of a lesson: by short side, never upscaled; audio last; `mask` is 1 << rung. */
uint32_t kitchen_ladder(const wasl_Plan *plan, uint32_t allowed_mask);
/* Picture size and rate caps of a rung for this plan. */
struct kitchen_shape {
	uint32_t width, height; /* even */
	uint32_t fps_num, fps_den;
	uint32_t cap_bps; /* what BANDWIDTH says until measured */
	char codecs[32];  /* RFC 6381: "avc1.42c01e", "mp4a.40.2" */
};
int kitchen_shape(const wasl_Plan *plan, enum kitchen_rung rung, struct kitchen_shape *out);
/* "g-1a2b3c4d5e6f": hash of plan and operating point; a generation's name in URLs. `out` has 24 bytes. */
void kitchen_generation(const wasl_Plan *plan, enum kitchen_point point, char out[static 24]);
/* Durations of segments as the playlist says them (audio segments lie on the 1024-sample grid), microseconds. */
uint64_t kitchen_segment_us(const wasl_Plan *plan, enum kitchen_rung rung, uint32_t segment);

struct kitchen;
struct kitchen_limits {
	unsigned workers;                  /* children at once; 0: one per core, at least 1 */
	uint64_t memory_bytes;             /* each */
	unsigned cpu_s;                    /* each */
	const char *program;               /* path of wasl-transcoder */
	const struct kitchen_group *group; /* NULL: none; must outlive the kitchen */
};
int kitchen_new(struct sd_event *loop, const struct kitchen_limits *limits, struct kitchen **out,
		struct fault *why);
void kitchen_free(struct kitchen *k); /* ends children it started */

struct kitchen_dish { /* what a job made */
	enum kitchen_rung rung;
	uint32_t segment;  /* 0 = init segment */
	const void *bytes; /* mapped memfd; valid during the call */
	size_t len;
	uint64_t
		lost_us; /* so much of the segment did not decode: the picture stands still, or there is silence */
};

struct kitchen_order {
	int source_fd; /* the mezzanine, borrowed during the call; only `spans` may be read: the child refuses the rest */
	uint64_t source_size;
	const wasl_Plan *plan; /* borrowed during the call */
	uint32_t
		segment; /* 1..; the init segments are made along with the first job that has none */
	uint32_t rung_mask; /* 1 << rung, several at once share one decode */
	enum kitchen_point point;
	bool with_init;
	bool blank; /* of a file that is no mezzanine: black and silence, when the segment cannot be decoded */
	struct {
		const void *bytes;
		size_t len;
	} init[RUNG_COUNT]; /* what the rendition began with, borrowed; a segment made with other parameter sets is
					   refused. Absent: compared with what this kitchen made first of the generation. */
	unsigned priority; /* 0 a pupil waits .. 9 idle (SCHED_IDLE) */
	void (*made)(void *data, const struct kitchen_dish *dish); /* once per rung, init first */
	void (*done)(void *data, int code,
		     const struct fault
			     *why); /* exactly once unless cancelled; the job is gone after it */
	void *data;
};
struct kitchen_job;
int kitchen_cook(struct kitchen *k, const struct kitchen_order *order, struct kitchen_job **out,
		 struct fault *why);
/*
 * A pupil waits by now for what was begun for nobody: no longer at idle pace, nor behind others. -EPERM: the system does not
 * let it go faster (systemd: LimitNICE=); cancel it and begin anew.
 */
int kitchen_hurry(struct kitchen_job *job, unsigned priority);

/*
 * A look at any file, in the same kind of child: verdict, and the plan by which it can be cooked. `found` is valid during the
 * call and absent on failure; a file that is refused is no failure.
 */
struct kitchen_look {
	int source_fd; /* borrowed during the call */
	uint64_t source_size;
	unsigned priority;
	void (*found)(void *data, const wasl_Survey *survey, const struct fault *why);
	void *data;
};
int kitchen_look(struct kitchen *k, const struct kitchen_look *look, struct kitchen_job **out,
		 struct fault *why);

/* Whether what nobody waits for goes on, or stands still where it is: no more of it is begun then, and its time stands, too. */
enum kitchen_idle { KITCHEN_IDLE_GOES, KITCHEN_IDLE_STANDS };
void kitchen_set_idle(struct kitchen *k, enum kitchen_idle idle);
void kitchen_cancel(struct kitchen_job *job);   /* NULL is fine; `done` is not called */
unsigned kitchen_busy(const struct kitchen *k); /* children running */
/* Walls that children found missing in this kernel ("netns,landlock"), "" when none: worth one line in the log. */
void kitchen_walls_missing(const struct kitchen *k, char out[static 64]);

/*
 * A preview of a film of key frames (kitchen_key_film()), in the same kind of child. `made` gets one dish, to be read with
 * content/shelf/sprites.h, before `done` is called.
 */
enum kitchen_errand {
	KITCHEN_SIGHT, /* a preview */
	KITCHEN_WORDS /* captions inside a film: content/kitchen/words_format.h, or no dish at all */
};
struct kitchen_preview {
	enum kitchen_errand errand;
	int film_fd; /* borrowed during the call */
	uint64_t film_size;
	uint32_t pictures; /* KITCHEN_SIGHT */
	int64_t start_us;  /* KITCHEN_WORDS: when the lesson begins in the film */
	unsigned priority;
	void (*made)(void *data, const struct kitchen_dish *dish);
	void (*done)(void *data, int code, const struct fault *why);
	void *data;
};
int kitchen_preview(struct kitchen *k, const struct kitchen_preview *preview,
		    struct kitchen_job **out, struct fault *why);

/*
 * A whole MP4 (or M4A when `video` is NULL; a silent MP4 when `audio` is) without copying: the header that goes before the
 * pieces, and the pieces in order, each in the picture's or the sound's file. The tracks' files hold the finished
 * segments at the given offsets. *header and *pieces are the caller's to free.
 */
struct kitchen_piece {
	uint32_t from_video; /* 1 video file, 0 audio file */
	uint64_t offset, length;
};
struct kitchen_track {
	int fd;
	const uint64_t *offsets; /* of segments 0 (init), 1 .. count */
	const uint32_t *lengths;
	uint32_t count;
};
int kitchen_progressive(const struct kitchen_track *video, const struct kitchen_track *audio,
			void **header, size_t *header_len, struct kitchen_piece **pieces,
			size_t *piece_count, struct fault *why);
/*
 * Where the key frame that each segment of a picture's file begins with ends: key_bytes[0] is of segment 1, counted from its first
 * byte. The init segment and these bytes, one after the other, are a film of key frames alone.
 */
int kitchen_key_bytes(const struct kitchen_track *video, uint32_t *key_bytes, struct fault *why);
/* Adds those of segments `from` .. `until` - 1 (0: the init segment) to the end of that film. */
int kitchen_key_film(const struct kitchen_track *video, const uint32_t *key_bytes, uint32_t from,
		     uint32_t until, int film, uint64_t *size, struct fault *why);
