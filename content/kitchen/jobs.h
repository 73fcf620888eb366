// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What to cook next. Pure: (lessons, wants, time) -> one job. Order: segments that pupils wait for, two ahead of
 * them, the first segment of every rung of every lesson, `basic` rungs of everything, previews, the other rungs; then, slowly,
 * better versions, in the same order: the basic ones of everything first.
 * Rungs of one segment go into one job, because they share one decode; those of the better version into another.
 */
#define JOBS_AHEAD 2u

struct jobs_lesson {             /* in the order in which lessons matter */
	uint32_t segments;       /* numbered 1 .. segments; 0 is the init segment */
	uint32_t ladder;         /* 1 << rung for each rung of it */
	const uint32_t *made;    /* [0 .. segments]: rungs that are there, or have been given up */
	const uint32_t *cooking; /* [0 .. segments]: rungs under way */
	const uint32_t *held;    /* mask of rungs that are only made for somebody who waits */
	/* Masks, NULL: none. Of better versions; of what else has an address; of what is to be made when nobody waits. */
	const uint32_t *slow, *spare, *to_better;
	/* Whether every byte that this segment is made from has arrived. */
	bool (*readable)(const void *data, uint32_t segment);
	/* Rungs of it that passed a full disk and are in memory still. NULL: none ever are. */
	uint32_t (*passed)(const void *data, uint32_t segment);
	/* Whether its preview is to be made, and can be made now. NULL: never. */
	bool (*lacks_preview)(const void *data);
	const void *data;
};

struct jobs_want { /* given most urgent first */
	size_t lesson;
	uint32_t segment; /* 0: the init segment, made with segment 1 */
	uint32_t rungs;   /* mask */
};

struct jobs_block { /* a segment (0: the preview) that failed: not tried again before `until_ms` */
	size_t lesson;
	uint32_t segment;
	uint64_t until_ms;
};

struct jobs_view {
	const struct jobs_lesson *lessons;
	size_t lesson_count;
	const struct jobs_want *wants;
	size_t want_count;
	const struct jobs_block *blocks;
	size_t block_count;
	uint32_t basic; /* mask: what everything gets first */
	uint32_t sound; /* mask: cooked along with any picture that a pupil waits for */
	bool wants_only; /* nothing in advance now: the disk had no room for it, or the box has to rest */
	bool previews; /* there is room for previews, and none is under way */
	bool better;   /* there is time and room for better versions */
	uint32_t better_basic;
	bool apart; /* there is a place for the sound that a waiting pupil needs beside its picture: both at once */
	uint64_t now_ms;
};

struct jobs_pick {
	bool found;
	size_t lesson;
	uint32_t segment, rungs; /* 0 and 0: the lesson's preview */
	bool with_init;          /* one of the rungs has no init segment yet */
	unsigned priority;       /* 0 a pupil waits, 1 ahead of a pupil, 9 idle */
	uint64_t wake_ms;        /* not found: when a held segment may be tried; 0 never */
};

void jobs_next(const struct jobs_view *view, struct jobs_pick *out);

/*
 * Every place is taken, and somebody waits: which of the jobs under way begins again later? What nobody waits for (any more:
 * players jump, and close) goes first, then what is only ahead of a player; of these the youngest. `count`: none may.
 */
struct jobs_running {
	size_t lesson;
	uint32_t segment, rungs;
	uint64_t since_ms;
};
size_t jobs_gives_way(const struct jobs_view *view, const struct jobs_running *running,
		      size_t count, const struct jobs_pick *pick);

/*
 * In which order lessons are cooked while nobody waits: those needed on a day first, the nearest day first and days that
 * have passed after it; of one day, and of no day, the shortest work first.
 */
struct jobs_rank {
	size_t lesson;
	int64_t due_day; /* since 1970; 0: none */
	uint64_t work;   /* anything that grows with what is to be done */
};
void jobs_sort(struct jobs_rank *ranks, size_t count, int64_t today);
