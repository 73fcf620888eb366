// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/film_course.h"

enum { STRAYS_MOST = 3 };

void film_course_begin(struct film_course *c, uint64_t size_bytes)
{
	*c = (struct film_course){ .size_bytes = size_bytes, .sent_to = FILM_COURSE_NOWHERE };
}

void film_course_ask(struct film_course *c)
{
	c->at = c->len = 0;
	c->sent_to = FILM_COURSE_NOWHERE;
	c->strays = 0;
}

bool film_course_send(struct film_course *c, uint64_t len)
{
	const uint64_t most = FILM_COURSE_TIMES * c->size_bytes + FILM_COURSE_LOST;
	if (c->sent_bytes > most || len > most - c->sent_bytes)
		return false;
	c->sent_bytes += len;
	c->len = len;
	return true;
}

/* The hub says where to go on: anywhere, but not twice at the same place. */
static bool follows_elsewhere(struct film_course *c, uint64_t have)
{
	if (have == c->sent_to || (c->len && c->strays++ >= STRAYS_MOST))
		return false;
	c->sent_to = have;
	return true;
}

static bool follows(struct film_course *c, int status, uint64_t have)
{
	if (status != 200 || !c->len)
		return follows_elsewhere(c, have);
	if (have != c->at + c->len)
		return false;
	c->strays = 0;
	c->sent_to = FILM_COURSE_NOWHERE;
	return true;
}

enum film_next film_course_after(struct film_course *c, const struct film_answer *a)
{
	if (a->status == 404 || a->status == 403)
		return FILM_UNWANTED;
	if ((a->status != 200 && a->status != 409) || !a->read || a->have < 0 || a->of < 0 ||
	    (uint64_t)a->of != c->size_bytes || a->have > a->of ||
	    !follows(c, a->status, (uint64_t)a->have))
		return FILM_LATER;
	c->at = (uint64_t)a->have;
	c->len = 0;
	return a->have == a->of ? FILM_THERE : FILM_GO_ON;
}
