// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/web/strings.h"

/*
 * What becomes of a file: it is a lesson, it is one that lacks something, or it is none. Every reason has a sentence in Arabic, French
 * and English (firmware/web/strings/probe.tsv), of which the worst comes first. Plain data of fixed size: it may come from a process
 * that has read foreign bytes, and is then checked.
 */
enum verdict_kind {
	VERDICT_ACCEPT,
	VERDICT_SALVAGE,
	VERDICT_REFUSE,
};

#define VERDICT_NOTES_MAX 4u
struct verdict_note {
	char reason[40];    /* "probe.codec"; one of the table in verdict.c */
	char values[2][32]; /* what its sentence has places for; "" where it has none */
};
struct verdict {
	uint32_t kind;  /* enum verdict_kind */
	uint32_t count; /* of notes; 0 when accepted */
	struct verdict_note notes[VERDICT_NOTES_MAX];
};

const char *verdict_name(uint32_t kind); /* "accept", "salvage", "refuse"; "?" for anything else */

/*
 * Adds a reason of the table; it says itself how bad it is. `a` and `b` (NULL or short) fill its sentence. A reason that is there
 * already is not added again; what makes a file no lesson at all comes first and drops what was only missing.
 */
void verdict_add(struct verdict *v, const char *reason, const char *a, const char *b);

/*
 * What was made beside what was planned: a part that is missing is a loss, more than half of it is no lesson.
 * Rounding to pictures and frames is no loss.
 */
void verdict_produced(struct verdict *v, uint64_t planned_ms, uint64_t produced_ms);

/* The id of the first reason; "" when there is none. */
const char *verdict_reason(const struct verdict *v);
/* What of the lesson note `i` says is lost: "sound", "end", "part", "colour"; "" for what is refused. */
const char *verdict_lost(const struct verdict *v, size_t i);
/* The sentence of note `i`, malloc'ed; NULL when out of memory. */
char *verdict_sentence(const struct verdict *v, size_t i, enum strings_lang lang);
/* All sentences, one after the other; "" when accepted. malloc'ed; NULL when out of memory. */
char *verdict_text(const struct verdict *v, enum strings_lang lang);

/* From another process: 0, or -EBADMSG when it is none that verdict_add() could have made. */
int verdict_check(const struct verdict *v);
