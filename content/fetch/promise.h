// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>

#include "content/fetch/planner.h"
#include "firmware/web/strings.h"

/* What the planner promises, as people read it and as programs do. Pure. `today` is the local day, 0: not known. */

/* "Needs 380 MB, 45 MB a night: ready on Thursday. A stick would be sooner."; malloc'ed, NULL: out of memory. */
char *promise_text(enum strings_lang lang, const struct planner_promise *p, int32_t today);
/* {when, n, day, bytes, night_bytes, wait, late, stick, text: {ar, fr, en}}; null for what is here. */
json_t *promise_json(const struct planner_promise *p, int32_t today);

struct promise_sum {        /* of all lessons */
	size_t count, late; /* of which bytes are missing */
	uint64_t bytes;
	struct planner_promise last; /* the one that comes last */
	struct planner_gate gate;
	uint64_t spent_bytes; /* of this night */
	int32_t today;
};
void promise_add(struct promise_sum *sum, const struct planner_promise *p);
char *promise_sum_text(enum strings_lang lang,
		       const struct promise_sum *sum); /* "" when all is here */
json_t *promise_sum_json(const struct promise_sum *sum);
