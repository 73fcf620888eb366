// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/lens.h"
#include "content/transcoder/source.h"
#include "content/transcoder/verdict.h"

struct fault;

/*
 * May this file become a lesson? Looks at the container, walks its packets, decodes the first picture and the first
 * sound. A verdict is never an exit code: `reason` is a stable id that pages translate, `text` one English sentence.
 */
enum probe_verdict {
	PROBE_ACCEPT = VERDICT_ACCEPT,
	PROBE_SALVAGE =
		VERDICT_SALVAGE, /* publishable, but something is missing: `text` says what */
	PROBE_REFUSE = VERDICT_REFUSE,
};

struct probe {
	struct verdict said;        /* all that is to be said, in three languages */
	enum probe_verdict verdict; /* the same in short: its kind, */
	char reason[48];            /* "probe.no-picture"; "" when accepted, */
	char text[464];             /* and its English sentences */
	char container[32];
	char picture_codec[32], sound_codec[32];
	int picture, sound; /* stream indices; -1: none that decodes. One of them is there. */
	uint32_t coded_width, coded_height;
	struct lens_form
		form; /* size as shown (square pixels, upright), and how pictures get there */
	bool is_hdr;  /* made for screens of another kind than ours */
	uint32_t fps_num, fps_den; /* that the lesson will have: at most 30 */
	int64_t start_us;          /* earliest of picture and sound, on the container's clock */
	int64_t duration_us;       /* from there to the end of what is in the file */
	struct source_clock
		clock; /* where the container's clock jumps; its readers have it from `s` */
	int64_t picture_us, sound_us; /* ends of both, from start_us; 0: none */
};

const char *probe_verdict_name(enum probe_verdict v); /* "accept", "salvage", "refuse" */

/* Fails only when looking is impossible (memory, disk); a bad file is a verdict. `s` is open on success unless refused. */
int probe_file(int fd, uint64_t size, struct source *s, const struct job_span *whole,
	       struct probe *out, struct fault *why);

/*
 * How long the container says that the film is from start_us on, 0: it does not. MP4 and Matroska count from the zero of their clock: of what
 * begins later they promise more than there is.
 */
int64_t probe_promise(const struct source *s, int64_t start_us);

/* Brings verdict, reason and text to what `said` has become by a later look. */
int probe_settle(struct probe *p, struct fault *why);
