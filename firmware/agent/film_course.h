// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A film on its way to the hub, piece by piece: what follows an answer. Pure. Answers are not signed, so each is held against what was
 * sent and how long the film is; one that makes no sense is a failure like any other, and of no film goes more than FILM_COURSE_TIMES its
 * bytes, and FILM_COURSE_LOST for what a bad line loses, until the ministry's next signed word.
 */
#define FILM_COURSE_TIMES 2u
#define FILM_COURSE_LOST (UINT64_C(4) << 20)
#define FILM_COURSE_NOWHERE UINT64_MAX

struct film_course {
	uint64_t size_bytes; /* of the film */
	uint64_t at, len;    /* the piece under way; len 0: it only asks how far the hub is */
	uint64_t sent_bytes; /* since the ministry's last word */
	uint64_t sent_to;    /* where the hub last wanted it to go on */
	unsigned strays;     /* pieces that did not follow, in a row */
};

struct film_answer {
	int status; /* of HTTP; 0: there was none */
	bool read;  /* it says how far the hub is: */
	int64_t have, of;
};

enum film_next {
	FILM_GO_ON,    /* with the piece at `at` */
	FILM_LATER,    /* wait, then film_course_ask() */
	FILM_THERE,    /* all of it */
	FILM_UNWANTED, /* by the hub */
};

/* Another film, or the ministry's next word about the same. */
void film_course_begin(struct film_course *c, uint64_t size_bytes);
void film_course_ask(struct film_course *c);
/* Before a piece is sent; false: enough of this film has been. */
bool film_course_send(struct film_course *c, uint64_t len);
enum film_next film_course_after(struct film_course *c, const struct film_answer *a);
