// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A lesson that a school offers to the ministry: what may be said of it, and the pieces in which its film goes to the hub once it was
 * asked for. A piece is the body of an ENVELOPE_FILM, signed by the box and sealed for the hub:
 *	film's object id 32 | offset u64le | bytes
 * Pieces come in order, each at the offset behind the one before; one without bytes only asks how far the hub is. Pure.
 */
enum offer_said {
	OFFER_UNSAID,   /* nothing yet */
	OFFER_WANTED,   /* the film is to come, so that somebody can look at it */
	OFFER_ACCEPTED, /* it is in the catalogue */
	OFFER_DECLINED, /* for a reason */
};
const char *offer_said_name(enum offer_said said);            /* "wanted" */
int offer_said_parse(const char *name, enum offer_said *out); /* -EINVAL */

/* Why one was declined; each has its words on the teacher's page. NULL behind the last. */
const char *offer_reason(size_t i);
bool offer_reason_ok(const char *reason);

#define OFFER_PIECE_BYTES (256u << 10)
#define OFFER_FILM_BYTES (UINT64_C(1) << 30) /* larger films are not asked for */
#define OFFER_PIECE_HEAD 40u
#define OFFER_ANSWERS_MOST 32u /* in one record: report.options */

struct offer_piece {
	uint8_t film[32];
	uint64_t at;
	const void *bytes; /* borrowed */
	size_t len;        /* at most OFFER_PIECE_BYTES */
};
/* `out` has OFFER_PIECE_HEAD + p->len bytes. */
void offer_piece_put(const struct offer_piece *p, uint8_t *out);
/* -EBADMSG: it is none, or ends behind OFFER_FILM_BYTES. */
int offer_piece_get(const void *bytes, size_t len, struct offer_piece *out);
