// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/staff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/contentd.h"
#include "content/staff/pieces.h"
#include "content/staff/upload.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/web/strings.h"

CLEAN_FN(staff, struct staff, staff_close)

static int open_files(struct staff *s, struct fault *why)
{
	char path[PATH_MAX];
	struct path sessions = paths_at("/run/wasl/staff-sessions");
	memcpy(s->sessions_path, sessions.at, sizeof(s->sessions_path));
	int r = contentd_file(s->c, "staff", s->folder, why);
	if (r == 0)
		r = paths_mkdir(s->folder, 0700, why);
	if (r == 0)
		r = contentd_file(s->c, "staff/people", path, why);
	if (r == 0)
		r = people_open(path, &s->people, why);
	return r ? r : own_open(s->folder, &s->own, why);
}

/* A film whose last piece came, and of which nobody could say so any more, has arrived. */
static void settle(struct staff *s)
{
	for (size_t i = 0; i < own_count(s->own); i++) {
		struct own_lesson as = *own_at(s->own, i);
		uint64_t have = 0;
		struct fault why = { 0 };
		if (as.state != OWN_COMING || upload_have(s->folder, as.id, &have, NULL) ||
		    have != as.size)
			continue;
		as.state = OWN_WAITING;
		if (own_change(s->own, as.id, &as, &why))
			log_fault(LOG_LEVEL_WARN, "staff.settle", &why);
	}
}

/* The first place is said; what was lost of the whole film before counts for more. */
void staff_spoilt(struct staff *s, const char *id, uint64_t from_s)
{
	const struct own_lesson *l = own_find(s->own, id);
	char at[24];
	struct fault why = { 0 };
	if (!l || *l->reason)
		return;
	struct own_lesson as = *l;
	snprintf(at, sizeof(at), "%" PRIu64 ":%02" PRIu64, from_s / 60, from_s % 60);
	AUTO_FREE char *said = strings_fill(STRINGS_EN, "fault.staff.blank", "time", at, NULL);
	snprintf(as.reason, sizeof(as.reason), "staff.blank");
	snprintf(as.sentence, sizeof(as.sentence), "%s", said ? said : "");
	if (own_change(s->own, id, &as, &why))
		log_fault(LOG_LEVEL_WARN, "staff.blank", &why);
}

int staff_open(struct contentd *c, struct staff **out, struct fault *why)
{
	CLEANUP(clean_staff) struct staff *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	s->c = c;
	s->work.source = s->work.film = -1;
	int r = open_files(s, why);
	if (r == 0)
		r = pins_new(c->loop, &s->pins, why);
	if (r == 0)
		r = pieces_new(c->loop, &s->pieces, why);
	if (r == 0)
		r = staff_work_open(s, why);
	if (r == 0)
		r = staff_tidy_open(s, why);
	if (r)
		return r;
	sessions_load(&s->sessions, s->sessions_path, clock_mono_ms());
	settle(s);
	staff_work_soon(s);
	*out = MOVE_PTR(s);
	return 0;
}

void staff_close(struct staff *s)
{
	if (!s)
		return;
	staff_tidy_close(s);
	staff_work_close(s);
	pieces_free(s->pieces);
	pins_free(s->pins);
	own_free(s->own);
	people_free(s->people);
	free(s);
}
