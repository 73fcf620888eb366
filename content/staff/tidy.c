// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "content/contentd.h"
#include "content/fetch/boxtime.h"
#include "content/staff/staff.h"
#include "content/staff/upload.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

/* Uploads that nobody finishes hold room for a whole film: they go after [staff] unfinished days without a piece. */

#define EVERY_MS UINT64_C(3600000)
#define DAY_S INT64_C(86400)

static int64_t limit_s(const struct staff *s)
{
	return s->c->conf->staff.unfinished_days * DAY_S;
}

static int64_t trusted_s(const struct staff *s)
{
	const struct boxtime_now now = boxtime_now(s->c->boxtime);
	return now.trusted ? now.unix_s : 0;
}

static int64_t look_at(const struct staff *s, const struct own_lesson *l, int64_t ran_s,
		       struct unfinished *u)
{
	struct unfinished_look look = { .now_s = trusted_s(s), .ran_s = ran_s };
	if (upload_have(s->folder, l->id, &look.have, NULL))
		look.have = 0;
	*u = l->unfinished;
	return unfinished_age(u, &look);
}

static void tidy_one(struct staff *s, const struct own_lesson *l, int64_t ran_s)
{
	struct own_lesson as = *l;
	struct fault why = { 0 };
	const int64_t age = look_at(s, l, ran_s, &as.unfinished);
	int r = 0;
	if (age >= limit_s(s)) {
		log_info("event=own.unfinished lesson=%s days=%" PRId64, as.id, age / DAY_S);
		r = staff_delete(s, as.id, &why);
	} else if (memcmp(&as.unfinished, &l->unfinished, sizeof(as.unfinished)) != 0) {
		r = own_change(s->own, as.id, &as, &why);
	}
	if (r)
		log_fault(LOG_LEVEL_WARN, "staff.tidy", &why);
}

void staff_tidy(struct staff *s)
{
	const uint64_t now = clock_mono_ms();
	const int64_t ran_s = (int64_t)((now - s->tidied_ms) / 1000);
	s->tidied_ms += (uint64_t)ran_s * 1000;
	for (size_t i = own_count(s->own); i-- > 0;)
		if (own_at(s->own, i)->state == OWN_COMING)
			tidy_one(s, own_at(s->own, i), ran_s);
}

unsigned staff_tidy_days(const struct staff *s, const struct own_lesson *l)
{
	struct unfinished u;
	const int64_t left = limit_s(s) - look_at(s, l, 0, &u);
	return left > DAY_S ? (unsigned)((left + DAY_S - 1) / DAY_S) : 1;
}

static int on_tidy(sd_event_source *source, uint64_t usec, void *data)
{
	(void)usec;
	staff_tidy(data);
	(void)sd_event_source_set_time(source, (clock_mono_ms() + EVERY_MS) * 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int staff_tidy_open(struct staff *s, struct fault *why)
{
	s->tidied_ms = clock_mono_ms();
	return sd_event_add_time(s->c->loop, &s->tidy, CLOCK_BOOTTIME,
				 (s->tidied_ms + EVERY_MS) * 1000, 1000000, on_tidy, s) < 0
		       ? fault_set(why, -ENOMEM, "memory", "out of memory")
		       : 0;
}

void staff_tidy_close(struct staff *s)
{
	sd_event_source_disable_unref(s->tidy);
}
