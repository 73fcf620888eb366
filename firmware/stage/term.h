// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>
#include <stdio.h>

/*
 * What a person sees of a stage: one line per step, redrawn while it runs where standard output is a terminal, plain
 * lines elsewhere. Colour unless NO_COLOR is set.
 */
struct term;

struct term *term_open(FILE *out); /* NULL: out of memory */
void term_close(struct term *t);   /* NULL is fine */

void term_begin(struct term *t, const char *title);
/* A line that the running step printed; its percentage, where it has one, becomes a bar. */
void term_progress(struct term *t, const char *line);
void term_tick(struct term *t); /* several times a second: turns the wheel, counts the seconds */

enum term_end { TERM_DONE, TERM_KEPT };
void term_end(struct term *t, enum term_end end, const char *detail); /* detail may be NULL */

/* The step went wrong: a sentence, what to do (NULL: nothing), the last lines of `log` (NULL: none) after `from`. */
void term_failed(struct term *t, const char *sentence, const char *remedy, const char *log,
		 uint64_t from);

/* Something worth a line of its own that happened beside the steps. */
void term_note(struct term *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of the closing report; `label` in bold. */
void term_fact(struct term *t, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
