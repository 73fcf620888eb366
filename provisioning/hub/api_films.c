// SPDX-License-Identifier: GPL-2.0-or-later
/* Films of lessons that schools offer, piece by piece. */
#include <errno.h>

#include "firmware/base/log.h"
#include "provisioning/hub/filmcheck.h"
#include "provisioning/hub/films.h"
#include "provisioning/hub/hubd.h"

static json_t *how_far(uint64_t have, uint64_t all)
{
	return json_pack("{s:I, s:I}", "have", (json_int_t)have, "of", (json_int_t)all);
}

/* --- checks ------------------------------------------------------------------------------------------ */

enum { TURN_MS = 20 };

/* One film at a time. A check that fails for want of something begins again when its box asks. */
static int on_turn(sd_event_source *source, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	int rc = d->film ? 0 : filmcheck_next(d->hub.dir, d->hub.store, &d->film, &why);
	if (rc == 0 && d->film)
		rc = filmcheck_step(d->film, TURN_MS, &why);
	else
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (rc == 1)
		return 0;
	if (rc == 0 && d->film) {
		log_info("event=film.here");
		hubd_changed(d);
	}
	if (rc && rc != -ESTALE)
		log_fault(LOG_LEVEL_WARN, "film.check", &why);
	if (rc && rc != -ESTALE && rc != -EBADMSG)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	filmcheck_free(d->film);
	d->film = NULL;
	return 0;
}

int hubd_check_films(struct hubd *d, struct fault *why)
{
	if (!d->film_turn &&
	    (sd_event_add_defer(d->loop, &d->film_turn, on_turn, d) < 0 ||
	     sd_event_source_set_priority(d->film_turn, SD_EVENT_PRIORITY_IDLE) < 0))
		return fault_set(why, -ENOMEM, "daemon.loop", "no turn for films");
	if (sd_event_source_set_enabled(d->film_turn, SD_EVENT_ON) < 0)
		return fault_set(why, -ENOMEM, "daemon.loop", "no turn for films");
	return 0;
}

void hubd_films_stop(struct hubd *d)
{
	sd_event_source_disable_unref(d->film_turn);
	filmcheck_free(d->film);
}

/* --- what boxes send -------------------------------------------------------------------------------- */

void api_films(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	size_t len = 0;
	uint64_t have = 0, all = 0;
	const void *body = ctl_body(req, &len);
	int rc = films_take(&d->hub, body, len, &have, &all, &why);
	if (rc == 0)
		ctl_reply_json(req, 200, how_far(have, all));
	else if (rc == -EEXIST)
		ctl_reply_json(req, 409, how_far(have, all));
	else if (rc == -EAGAIN && hubd_check_films(d, &why) == 0) {
		ctl_reply_header(req, "Retry-After", "15");
		ctl_reply_fault(req, 503, &why);
	} else if (rc == -EKEYREJECTED)
		ctl_reply_fault(req, 403, &why);
	else if (ctl_status_of(rc) < 500)
		ctl_reply_fault(req, ctl_status_of(rc), &why);
	else
		hubd_reply_failed(req, &why);
	if (rc == -ENOSPC)
		hubd_sweep_films(d);
}

void hubd_sweep_films(struct hubd *d)
{
	struct fault why = { 0 };
	if (films_sweep(d->hub.dir, d->hub.store, &why))
		log_fault(LOG_LEVEL_WARN, "film.sweep", &why);
}
