// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "content/staff/own.h"
#include "content/staff/people.h"
#include "content/staff/pin.h"
#include "content/staff/session.h"
#include "content/staff/throttle.h"

struct contentd;
struct ctl_request;
struct ctl_route;
struct fault;
struct intake;
struct pieces;
struct prepare;
struct sd_event_source;

/* Whether it may be made now: STANDS while the box is hot or busy, OFFERS_STAND on its battery, where what nobody waits for stands. */
enum staff_rest { STAFF_GOES, STAFF_OFFERS_STAND, STAFF_STANDS };

/*
 * What teachers do with the box: pages below /staff/ behind a PIN (visit.c, door.c, lesson_pages.c, class_pages.c), films that they
 * bring (upload.c, work.c), and who they are (`wasl staff`, staff_ctl.c). One folder, nobody else's: people, list, ID.item, and
 * films on their way.
 */
struct staff {
	struct contentd *c;
	char folder[PATH_MAX];
	char sessions_path[PATH_MAX];
	struct people *people;
	struct pins *pins;
	struct pieces *pieces;
	struct own *own;
	struct throttle throttle;
	struct sessions sessions;
	struct staff_work { /* the film that is being made a lesson */
		char id[OWN_ID_BYTES];
		bool offering; /* it is a lesson, and its mezzanine is made for the ministry */
		int source, film;
		unsigned thousandths;
		char lacks[48], sentence[240]; /* what was lost of the film */
		struct prepare *prepare;
		struct intake *intake;
		wasl_Item item;
	} work;
	enum staff_rest rest;
	uint64_t told_ms;   /* that the disk refuses: until then it has been said */
	uint64_t freed_ms;  /* when a lesson was deleted last: there may be room now */
	uint64_t tidied_ms; /* looked for uploads that nobody finishes */
	struct sd_event_source *tidy;
	struct sd_event_source *next,
		*again; /* looks for the next film: soon; after the disk refused */
};

int staff_open(struct contentd *c, struct staff **out, struct fault *why);
void staff_close(struct staff *s); /* NULL is fine */

/* work.c */
int staff_work_open(struct staff *s, struct fault *why);
void staff_work_close(struct staff *s);
void staff_work_soon(struct staff *s); /* there may be a film to make a lesson */
/* What is being made, and what is begun from now on. */
void staff_work_rest(struct staff *s, enum staff_rest rest);
/* Memory was not enough for a film: it is being made, or waits for it, that nothing else is made beside it. */
bool staff_work_alone(const struct staff *s);
/* Of the lesson that is being made; 0 else. */
unsigned staff_work_thousandths(const struct staff *s, const char *id);
/* Room for a film of so many bytes and what is made of it; what can be had again makes way. */
int staff_room(struct staff *s, uint64_t bytes, struct fault *why);
/* What was made for the ministry, or is being made, goes: the lesson stays in the school. */
int staff_unoffer(struct staff *s, const char *id, struct fault *why);
/* The lesson, its film on the way, and all that was made of it. */
int staff_delete(struct staff *s, const char *id, struct fault *why);
/* The classroom sees it, or no more. */
void staff_publish(struct staff *s);
/* A caption file as people have it (WebVTT); replaces the one in that language. NULL bytes: takes it away. */
int staff_captions(struct staff *s, const char *id, const char *language, const void *bytes,
		   size_t len, struct fault *why);

/* From this second on a piece of it could not be read: its teacher is told. */
void staff_spoilt(struct staff *s, const char *id, uint64_t from_s);

/* tidy.c */
int staff_tidy_open(struct staff *s, struct fault *why);
void staff_tidy_close(struct staff *s);
void staff_tidy(struct staff *s); /* looks now; also once an hour by itself */
/* In how many days an upload goes if nothing more comes; 1 at least. */
unsigned staff_tidy_days(const struct staff *s, const struct own_lesson *l);

/* Handlers for contentd's public socket; `data` is the struct contentd. */
void staff_get_home(struct ctl_request *req, void *data);
void staff_get_in(struct ctl_request *req, void *data);
void staff_post_in(struct ctl_request *req, void *data);
void staff_post_out(struct ctl_request *req, void *data);
void staff_post_upload(struct ctl_request *req, void *data);
void staff_get_upload(struct ctl_request *req, void *data);
void staff_patch_upload(struct ctl_request *req, void *data);
void staff_get_lesson(struct ctl_request *req, void *data);
void staff_post_lesson(struct ctl_request *req, void *data);
void staff_post_captions(struct ctl_request *req, void *data);
void staff_post_stick(struct ctl_request *req, void *data);
void staff_get_live(struct ctl_request *req, void *data);
void staff_post_live(struct ctl_request *req, void *data);
void staff_get_ask(struct ctl_request *req, void *data);
void staff_post_ask(struct ctl_request *req, void *data);

/* Handlers for the control socket: `wasl staff`. */
void staff_ctl_list(struct ctl_request *req, void *data);
void staff_ctl_add(struct ctl_request *req, void *data);
void staff_ctl_remove(struct ctl_request *req, void *data);
void staff_ctl_reset_pin(struct ctl_request *req, void *data);
/* and agentd (offer_ctl.c) */
void staff_ctl_offers(struct ctl_request *req, void *data);
void staff_ctl_offer_film(struct ctl_request *req, void *data);
void staff_ctl_answers(struct ctl_request *req, void *data);
