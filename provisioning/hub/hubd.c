// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/daemon.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/record/envelope.h"
#include "provisioning/hub/enrol.h"
#include "provisioning/hub/hubd.h"
#include "provisioning/hub/token.h"

static struct hubd hubd;

static const struct conf_key hubd_keys[] = {
	CONF_STR(struct hubd_conf, hubd.dir, "dir", "/var/lib/wasl/hub",
		 "the folder that waslhub init made"),
	CONF_STR(struct hubd_conf, hubd.store, "store", "",
		 "path of the SQLite database; empty: hub.db in that folder"),
	CONF_INT(struct hubd_conf, hubd.standard_kbps, "standard-kbps", "5000", 1, 10000000,
		 "download in kbit/s, median of school hours, from which a school meets the "
		 "ministry's standard"),
	CONF_INT(struct hubd_conf, hubd.school_from, "school-from", "7", 0, 23,
		 "first school hour of the day, in UTC"),
	CONF_INT(struct hubd_conf, hubd.school_to, "school-to", "16", 1, 24,
		 "hour at which school ends, in UTC"),
	CONF_INT(struct hubd_conf, hubd.film_reserve, "film-reserve", "0", 0, 1 << 30,
		 "MiB that films from schools leave free on the disk; 0: 2048, or 5 % of the disk "
		 "where that is more"),
};

static const struct conf_section sections[] = {
	{ .name = "hubd",
	  .keys = hubd_keys,
	  .key_count = ARRAY_LEN(hubd_keys),
	  .help = "The ministry's hub." },
};

static const struct conf_schema schema = { "wasl-hubd", sections, ARRAY_LEN(sections) };

/* Envelopes: 256 of at most 1 MiB are allowed, but one request holds no more than this in memory. */
enum { BATCH_BYTES = 16 << 20 };

static const struct ctl_route routes[] = {
	{ "POST", "/v1/enrol", api_enrol, ENROL_LIMIT_BYTES },
	{ "POST", "/v1/envelopes", api_envelopes, BATCH_BYTES },
	{ "POST", "/v1/films", api_films, ENVELOPE_LIMIT_BYTES },
	{ "GET", "/v1/time", api_time, 0 },
	{ "GET", "/v1/check/*", api_check, 0 },
	{ "GET", "/v1/schools", api_schools, 0 },
	{ "GET", "/v1/schools/*", api_school, 0 },
	{ "GET", "/v1/state", api_state, 0 },
	{ "GET", "/v1/series", api_series, 0 },
	{ "GET", "/v1/usage", api_usage, 0 },
	{ "GET", "/v1/receipts", api_receipts, 0 },
	{ "GET", "/v1/devices", api_devices, 0 },
	{ "GET", "/v1/alerts", api_alerts, 0 },
	{ "GET", "/v1/offers", api_offers, 0 },
	{ "GET", "/v1/lessons", api_lessons, 0 },
	{ "GET", "/v1/stream", api_stream, 0 },
	{ "GET", "/v1/public/state", api_public_state, 0 },
	{ "GET", "/v1/status", api_status, 0 },
	{ "GET", "/metrics", api_metrics, 0 },
};

bool hubd_officer(struct hubd *d, struct ctl_request *req)
{
	static const char scheme[] = "Bearer ";
	const char *header = ctl_header(req, "Authorization");
	struct fault why = { 0 };
	uint8_t hash[32];
	enum token_role role;
	if (header && strncmp(header, scheme, sizeof(scheme) - 1) == 0 && strlen(header) < 256) {
		token_hash(header + sizeof(scheme) - 1, hash);
		int rc = store_token_get(d->hub.store, hash, &role, &why);
		if (rc == 0)
			return true;
		if (rc != -ENOENT) {
			hubd_reply_failed(req, &why);
			return false;
		}
	}
	ctl_reply_header(req, "WWW-Authenticate", "Bearer realm=\"wasl\"");
	fault_set(
		&why, -EPERM, "auth.token",
		header ? "this token is not known; ask the ministry for one (waslhub token viewer)"
		       : "this needs a token: Authorization: Bearer TOKEN (waslhub token viewer "
			 "makes one)");
	ctl_reply_fault(req, 401, &why);
	return false;
}

void hubd_changed(struct hubd *d)
{
	d->own_commits++;
	d->announced = false;
}

int64_t hubd_revision(struct hubd *d)
{
	int64_t generation = d->seen_generation;
	if (store_generation(d->hub.store, &generation, NULL) == 0 &&
	    generation != d->seen_generation) {
		d->seen_generation = generation;
		d->announced = false;
		d->own_commits++;
	}
	return d->own_commits;
}

void hubd_reply_failed(struct ctl_request *req, const struct fault *why)
{
	log_fault(LOG_LEVEL_ERROR, ctl_path(req), why);
	/* Another program writes at length (a large import): that passes. */
	bool passes = why->code == -EBUSY || why->code == -EAGAIN || why->code == -ENOSPC;
	if (passes)
		ctl_reply_header(req, "Retry-After", "60");
	ctl_reply_fault(req, why->code == -EBUSY ? 503 : ctl_status_of(why->code), why);
}

static int start(sd_event *loop, void *state, struct fault *why)
{
	struct hubd *d = state;
	if (sodium_init() < 0)
		return fault_set(why, -EIO, "sodium", "the cryptographic library does not start");
	const struct standing_rules rules = { .standard_kbps = (uint32_t)d->conf.hubd.standard_kbps,
					      .school_from = (unsigned)d->conf.hubd.school_from,
					      .school_to = (unsigned)d->conf.hubd.school_to };
	d->loop = loop;
	d->since_ms = clock_mono_ms();
	int rc = hub_open(d->conf.hubd.dir, d->conf.hubd.store, &rules, &d->hub, why);
	d->hub.film_reserve_bytes = (uint64_t)d->conf.hubd.film_reserve << 20;
	if (rc == 0)
		hubd_sweep_films(d);
	if (rc == 0)
		rc = hubd_check_films(d, why);
	if (rc == 0)
		rc = api_stream_start(d, why);
	if (rc == 0)
		rc = ctl_listen(loop, paths_at("/run/wasl/hubd.sock").at, 0660, routes,
				ARRAY_LEN(routes), d, &d->ctl, why);
	return rc;
}

static void stop(void *state)
{
	struct hubd *d = state;
	api_stream_stop(d);
	hubd_films_stop(d);
	ctl_close(d->ctl);
	lessons_close(d->lessons);
	free(d->schools.body);
	free(d->state.body);
	free(d->public_state.body);
	hub_close(&d->hub);
}

static int check(const void *conf, struct fault *why)
{
	const struct hubd_conf *c = conf;
	if (c->hubd.school_from >= c->hubd.school_to)
		return fault_set(why, -EINVAL, "conf.hours",
				 "[hubd] school-from must be before school-to");
	return 0;
}

int main(int argc, char **argv)
{
	const struct daemon_spec spec = {
		.name = "hubd",
		.summary = "the ministry's hub: enrols boxes, takes their reports, signs receipts",
		.schema = &schema,
		.conf = &hubd.conf,
		.start = start,
		.stop = stop,
		.check = check,
		.state = &hubd,
	};
	return daemon_main(&spec, argc, argv);
}
