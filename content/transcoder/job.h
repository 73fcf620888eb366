// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What kitchen and wasl-transcoder say to each other on descriptor 3, a SOCK_SEQPACKET socket pair. One message a
 * packet, fixed sizes, host byte order (both ends are one machine and one build; `version` refuses the rest).
 *
 *	kitchen -> child	one struct job_order, with the source's descriptor (SCM_RIGHTS)
 *	child -> kitchen	JOB_WALLS, then JOB_DISH for each init and segment (with a sealed memfd), then
 *				JOB_DONE or JOB_FAILED
 *
 * The child has read foreign bytes: the kitchen believes nothing that job_reply_check() and the dish's own
 * structure do not confirm.
 */
#define JOB_MAGIC 0x4a425357u
#define JOB_VERSION 3u
#define JOB_FD 3
#define JOB_SPANS_MAX 4u
#define JOB_RUNGS_MAX 6u
#define JOB_JUMPS_MAX 16u
#define JOB_DISH_MAX (64u << 20) /* bytes of one segment */

enum job_task {
	JOB_COOK,   /* a segment */
	JOB_SURVEY, /* a look at the whole file: wasl.Survey comes back */
	JOB_WORDS, /* captions inside a film: content/kitchen/words_format.h comes back, or nothing */
	JOB_PREVIEW /* of a film of key frames, `segment` of them: content/shelf/sprites_format.h comes back */
};
enum job_pace { JOB_NOW, JOB_IDLE };

struct job_span {
	uint64_t from, len;
};

struct job_rung {
	uint32_t rung;  /* enum kitchen_rung; goes back with the dish */
	uint32_t sound; /* 1: the sound rung; the fields below are then unused but cap_bps */
	uint32_t width, height;
	uint32_t fps_num, fps_den;
	uint32_t cap_bps;
	uint32_t profile, level; /* profile_idc 66 or 77; level_idc */
};

/* A file that was not made for the grid, as wasl.Foreign has it. */
struct job_foreign {
	uint32_t is; /* 0: a mezzanine; the rest is then unused */
	uint32_t turn;
	int32_t picture, sound;
	int32_t gain_centibel;
	uint32_t fps_num, fps_den; /* of the lesson's pictures */
	uint32_t fields;
	uint32_t anchored; /* the last three are known */
	uint32_t wind;     /* enum source_way */
	uint32_t first_only;
	int64_t start_us;
	int64_t anchor_seek, anchor_stamp, anchor_at;
	uint32_t jumps;
	uint32_t
		blank; /* 1: nothing is read; black and silence, where the file cannot be decoded */
	int64_t moved_us[JOB_JUMPS_MAX];
};

struct job_order {
	uint32_t magic, version;
	uint64_t source_size;
	struct job_span spans[JOB_SPANS_MAX]; /* only these bytes are read */
	uint32_t span_count;
	uint32_t segment; /* 1.. */
	uint32_t timescale;
	uint32_t content_class;          /* wasl.Segment.content_class */
	uint64_t from_ticks, to_ticks;   /* picture */
	uint64_t from_sample, to_sample; /* sound, multiples of 1,024 at 48 kHz */
	uint32_t pace;                   /* enum job_pace */
	uint32_t cpu_s;
	uint64_t memory_bytes;
	uint32_t rung_count;
	uint32_t task; /* enum job_task; JOB_SURVEY has spans and limits alone */
	struct job_foreign foreign;
	struct job_rung rungs[JOB_RUNGS_MAX];
};

enum job_kind { JOB_WALLS = 1, JOB_DISH = 2, JOB_DONE = 3, JOB_FAILED = 4 };

struct job_reply {
	uint32_t magic;
	uint32_t kind;    /* enum job_kind */
	uint32_t rung;    /* JOB_DISH */
	uint32_t segment; /* JOB_DISH; 0 is the init segment */
	uint64_t length;  /* JOB_DISH: bytes of the memfd */
	uint64_t lost_us; /* JOB_DISH: so much of the segment did not decode */
	uint32_t walls;   /* JOB_WALLS: what the kernel lacks, enum sandbox_piece */
	int32_t code;     /* JOB_FAILED: negative errno */
	char id[48];      /* JOB_FAILED: as in struct fault */
	char text[464];
};

/* A packet from the kitchen, before it is used: 0 or -EBADMSG. */
int job_order_check(const void *packet, size_t len);
/* A packet from the child: 0 or -EBADMSG. On success the texts end, and contain no control characters. */
int job_reply_check(void *packet, size_t len);
