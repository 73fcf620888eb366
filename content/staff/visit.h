// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>

#include "content/contentd.h"
#include "content/staff/form.h"
#include "content/staff/staff.h"
#include "firmware/web/strings.h"

/* One request of a staff page: from where, by whom, in which language. Released with visit_done(). */
struct visit {
	struct staff *s;
	struct ctl_request *req;
	enum strings_lang lang;
	char address[64];
	char token[SESSION_TOKEN_BYTES];
	char csrf[SESSION_CSRF_BYTES];
	const struct person *who; /* NULL: has shown no PIN */
	struct form form;         /* of a POST that visit_form() let in */
};

/*
 * What stands before every handler. False: it has been answered (the address is not near, or there is no session: pages lead to the
 * door, calls of the page's script get 401).
 */
enum visit_kind { VISIT_DOOR, VISIT_PAGE, VISIT_CALL };
bool visit_begin(struct contentd *c, struct ctl_request *req, enum visit_kind kind,
		 struct visit *out);
void visit_done(struct visit *v);
/* The fields of a form that carries this session's mark; false: it has been answered. */
bool visit_form(struct visit *v);
/* The same for a call: header X-Staff-Token. */
bool visit_token(struct visit *v);

/* Answers. `context` is stolen; `here` as in site_context(). */
json_t *visit_context(struct visit *v, const struct site *site, const char *title,
		      const char *here);
void visit_page(struct visit *v, const struct site *site, unsigned status, const char *page,
		json_t *context);
/* What the site's pages are made of; false: it has been answered. Released with publish_site_done() either way. */
bool visit_site(struct visit *v, struct publish_site *out);
void visit_go(struct visit *v, const char *path); /* 303 */
/* 303 to `path` with a sentence of the string tables: "staff.said.NAME". */
void visit_said(struct visit *v, const char *path, const char *name);
void visit_refuse(struct visit *v, const struct fault *why); /* as JSON */
/* A refusal as a page, in words that people understand where there are any. */
void visit_sorry(struct visit *v, unsigned status, const struct fault *why);
/*
 * The words for a fault's id; the general ones where there are none. `said` is its English sentence, from which the values
 * come that the words have places for. Pure.
 */
struct visit_words {
	char text[400];
};
struct visit_words visit_words(enum strings_lang lang, const char *id, const char *said);
