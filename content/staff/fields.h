// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/staff/visit.h"

/* What pages of lessons share: choices of a form, and a lesson's texts out of one. */

/* Lists for <select>: [{value, text, chosen}] */
json_t *fields_subjects(const struct site *site, enum strings_lang lang, const char *chosen);
json_t *fields_grades(uint32_t chosen);
json_t *fields_languages(enum strings_lang lang, const char *chosen);

/*
 * Subject, grade and language of what was sent (`get` knows the names), into `to`; -EINVAL and a sentence: not one that there is. Titles
 * by their own names.
 */
struct fields_source {
	const char *(*get)(const void *data, const char *name); /* "" : absent */
	const void *data;
};
int fields_take(const struct fields_source *from, struct own_lesson *to, struct fault *why);

/* What the ministry says of a lesson on offer, in words; "" as long as it says nothing. */
const char *fields_answer(enum strings_lang lang, const struct own_lesson *l);
/* A row of the list, with state and words. */
json_t *fields_row(const struct visit *v, const struct own_lesson *l);
/* Whether this person may change it: its own teacher, and heads. */
bool fields_may(const struct visit *v, const struct own_lesson *l);
