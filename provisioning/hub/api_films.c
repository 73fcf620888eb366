// SPDX-License-Identifier: GPL-2.0-or-later
/* Films of lessons that schools offer, piece by piece. */
#include <errno.h>

#include "firmware/base/log.h"
#include "provisioning/hub/films.h"
#include "provisioning/hub/hubd.h"

static json_t *how_far(uint64_t have, uint64_t all)
{
	return json_pack("{s:I, s:I}", "have", (json_int_t)have, "of", (json_int_t)all);
}

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
	else if (rc == -EKEYREJECTED)
		ctl_reply_fault(req, 403, &why);
	else if (ctl_status_of(rc) < 500)
		ctl_reply_fault(req, ctl_status_of(rc), &why);
	else
		hubd_reply_failed(req, &why);
	if (rc == -ENOSPC)
		hubd_sweep_films(d);
	if (rc == 0 && have == all) {
		log_info("event=film.here bytes=%llu", (unsigned long long)all);
		hubd_changed(d);
	}
}

void hubd_sweep_films(struct hubd *d)
{
	struct fault why = { 0 };
	if (films_sweep(d->hub.dir, d->hub.store, &why))
		log_fault(LOG_LEVEL_WARN, "film.sweep", &why);
}
