// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fault;

/*
 * What people asked for by a day, and what each night cost of each line; acknowledged rows survive power cuts. Days and
 * nights are numbered since 1970 (content/fetch/planner.h).
 */
#define AGENDA_MOST_REQUESTS 500
#define AGENDA_NIGHTS 100 /* older ones are forgotten */

struct agenda;
int agenda_open(const char *path, struct agenda **out, struct fault *why);
void agenda_close(struct agenda *a); /* NULL is fine */

struct agenda_request {
	char lesson[64];
	int32_t day; /* needed on it, in the morning */
	int64_t added_s;
};

/* Another day for the same lesson takes the place of the first. -ENOSPC: AGENDA_MOST_REQUESTS are open. */
int agenda_ask(struct agenda *a, const struct agenda_request *r, struct fault *why);
/* -ENOENT: nobody asked for it. */
int agenda_withdraw(struct agenda *a, const char *lesson, struct fault *why);
/* Those whose day is long over. */
int agenda_forget_before(struct agenda *a, int32_t day, struct fault *why);
/* Soonest first. A non-zero answer ends the walk and is handed on. */
int agenda_requests(struct agenda *a, int (*each)(void *data, const struct agenda_request *r),
		    void *data, struct fault *why);

struct agenda_night {
	char line[32];
	int32_t night;
	uint64_t spent_bytes; /* of the line, for lessons that nobody waited for */
	uint64_t meant_bytes; /* could have been brought in it, as was said before */
};

/* Neither number of a night is ever lowered. */
int agenda_note(struct agenda *a, const struct agenda_night *n, struct fault *why);
/* Of one line since `night`, oldest first. */
int agenda_nights(struct agenda *a, const char *line, int32_t night,
		  int (*each)(void *data, const struct agenda_night *n), void *data,
		  struct fault *why);

/* Whether any line with a name has a night. */
int agenda_had_lines(struct agenda *a, bool *out, struct fault *why);

/* How far the count of nights has come while the clock could not be trusted. */
struct agenda_blind {
	int32_t night;
	int64_t up_s; /* of it, while the box was running */
};
int agenda_blind(struct agenda *a, struct agenda_blind *out, struct fault *why); /* zeros: none */
int agenda_note_blind(struct agenda *a, const struct agenda_blind *b, struct fault *why);
