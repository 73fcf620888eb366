// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/staff/again.h"
#include "content/staff/unfinished.h"
#include "firmware/record/catalogue.pb.h"
#include "firmware/record/offer.h"

struct fault;

/*
 * The school's own lessons: what teachers brought. Rows that are durable when a call returned 0, and of each lesson that is
 * ready the item that a catalogue would have of it. own_catalogue() puts them before the ministry's items, so that everything
 * behind it (library, kitchen, search, pages) need not know where a lesson comes from. They are in no signed catalogue, and
 * no new one takes them away.
 *
 *	FOLDER/list		rows, JSON, 0600
 *	FOLDER/ID.item		wasl_Item: film, plan, poster, captions
 *	FOLDER/ID.offer		wasl_Item: the mezzanine that was made because it is offered
 */
#define OWN_MOST 500u
#define OWN_ID_BYTES 24u
#define OWN_TITLE_BYTES 201u

enum own_state {
	OWN_COMING,    /* an upload that is not whole */
	OWN_WAITING,   /* whole; others are before it */
	OWN_PREPARING, /* being made a lesson */
	OWN_READY,
	OWN_REFUSED, /* cannot become a lesson: `reason`, `sentence` */
};

struct own_lesson {
	char id[OWN_ID_BYTES];          /* "own-1a2b3c4d5e6f" */
	char person[20];                /* whose it is: struct person */
	char title[3][OWN_TITLE_BYTES]; /* by enum strings_lang; "" where there is none */
	char subject[64];               /* "" : other */
	uint32_t grade;                 /* 0: all */
	char language[12];              /* spoken */
	enum own_state state;
	char reason[48], sentence[240];
	char file
		[128]; /* name and date of the file as the phone knows it, to go on with the same one; "" once whole */
	char stick[160]; /* instead of an upload: a file of the stick */
	uint64_t size;
	struct unfinished unfinished; /* of one that is coming */
	bool hidden;
	int64_t added_s, offered_s; /* offered_s 0: stays in the school */
	struct {
		enum offer_said said;
		char reason[24], published[64]; /* why it was declined; its id in the catalogue */
	} answer;                               /* the ministry's, to what is offered now */
	wasl_Item item;                         /* film, plan, poster, captions; no texts */
	wasl_Item offer; /* mezzanine and plan for the ministry; has_mezzanine: there is one */
	uint64_t offer_again_ms; /* it could not be made: not before then; forgotten at the end */
	struct again again;      /* of one that waits: the box could not make it a lesson yet */
};

struct own;
int own_open(const char *folder, struct own **out, struct fault *why);
void own_free(struct own *o); /* NULL is fine */

size_t own_count(const struct own *o);
const struct own_lesson *own_at(const struct own *o, size_t i);
const struct own_lesson *own_find(const struct own *o, const char *id); /* or NULL */

/* The id is chosen here. `as->item` is ignored. Pointers last until the lesson is removed. */
int own_add(struct own *o, const struct own_lesson *as, const struct own_lesson **out,
	    struct fault *why);
/* Everything but id, item and offer. */
int own_change(struct own *o, const char *id, const struct own_lesson *as, struct fault *why);
/* The same, in memory alone where the disk refuses: for what the next start would find out by itself. */
void own_put_back(struct own *o, const char *id, const struct own_lesson *as);
/* It is ready, or has other captions now: checked like a ministry's item (-EBADMSG). `item` is copied. */
int own_set_item(struct own *o, const char *id, const wasl_Item *item, struct fault *why);
/* NULL: it is offered no more. */
int own_set_offer(struct own *o, const char *id, const wasl_Item *offer, struct fault *why);
int own_remove(struct own *o, const char *id, struct fault *why);

/*
 * The ministry's catalogue (NULL: none yet) with the school's lessons that are ready and not hidden before its items, and a programme of
 * them before its programmes. Valid until the next call and as long as `ministry` is. NULL: there is nothing, or no memory (*why).
 */
const wasl_Catalogue *own_catalogue(struct own *o, const wasl_Catalogue *ministry,
				    struct fault *why);
/* A number that is another after each change of what own_catalogue() says. */
uint32_t own_stamp(const struct own *o);

const char *own_state_name(enum own_state state);
/* The title in this language, else in another. */
const char *own_title(const struct own_lesson *l, int lang);
