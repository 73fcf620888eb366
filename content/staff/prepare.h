// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fault;
struct sd_event;

/*
 * A stranger's film becomes a lesson's film: `wasl-transcoder mezzanine` in a child that runs when nobody else wants the processor.
 * Straight, its pictures stay where they can, and phones' versions are made of them: that takes minutes instead of hours.
 * What it makes has pictures and sound alone: no place, no device, no author of the original is in it. The child walls itself in
 * before the first foreign byte; one that does not get on is ended.
 *
 *	FOLDER/ID.mp4, ID.pb (wasl_Plan), ID.jpg	what it made; ID.words: captions inside it (content/shelf/words.h)
 */
#define PREPARE_STUCK_MS (UINT64_C(30) * 60000)

enum prepare_way { PREPARE_STRAIGHT, PREPARE_MEZZANINE };
/* Of memory. With little, a mezzanine takes longer to make. */
enum prepare_need { PREPARE_AMPLE, PREPARE_THRIFTY };

struct prepare;
struct prepare_order {
	const char *program; /* wasl-transcoder */
	const char *folder;
	const char *id;
	int fd; /* of the film; borrowed during the call */
	enum prepare_way way;
	enum prepare_need need;
	uint64_t stuck_ms;
	int group; /* kitchen_group_idle(); -1: none */
	void (*progress)(void *data, unsigned thousandths);
	/* Once, unless it is stopped. -ENOMEM ("staff.memory"), -ENOSPC: another time it may go better. A refusal has a reason ("probe.no-picture", …) as the fault's id; with code 0: what the film lacks, or "". */
	void (*done)(void *data, int code, const struct fault *why);
	void *data;
};
int prepare_start(struct sd_event *loop, const struct prepare_order *order, struct prepare **out,
		  struct fault *why);
/* The box is hot, or has no mains: all its processes stand where they are until it goes on. That time is no time without getting on. */
enum prepare_walk { PREPARE_GOES, PREPARE_STANDS };
void prepare_pace(struct prepare *p, enum prepare_walk walk); /* NULL is fine */
void prepare_stop(
	struct prepare *p); /* NULL is fine; also after `done`; its process is gone then */
/* Removes what it made, or had begun. */
void prepare_sweep(const char *folder, const char *id);

/* Of what the program said at its end: "wasl-transcoder: 'FILE': sentence (id)". Pure. */
int prepare_fault(const char *said, struct fault *why);
