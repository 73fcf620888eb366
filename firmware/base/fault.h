// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/*
 * What went wrong, for a person: a code for the program, a stable id that pages translate, and one
 * English sentence that names the file, the value and what to do.
 *
 * The sentence is always valid UTF-8, also where a full buffer or a stranger's bytes cut it: it goes into JSON.
 * Functions that take `struct fault *why` accept NULL. They fill it only on failure.
 */
struct fault {
	int code;    /* negative errno */
	char id[48]; /* "store.full"; stable, looked up in the string tables as "fault.store.full" */
	char text[464]; /* "'/var/lib/…/db': disk full; free 20 MB and start again" */
};

/* Fills *why (NULL is fine) and returns `code`, so that `return fault_set(...)` reads well. */
int fault_set(struct fault *why, int code, const char *id, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "context: " before the sentence already there; returns why->code (or -EIO when NULL). */
int fault_within(struct fault *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
