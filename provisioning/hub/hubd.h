// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "provisioning/hub/hub.h"
#include "provisioning/hub/ingest.h"
#include "provisioning/hub/jsonout.h"
#include "provisioning/hub/lessons.h"

/* Shared by the files of wasl-hubd only: what the daemon holds, and what its routes have in common. */
struct hubd_conf {
	struct {
		char dir[256], store[512];
		int64_t standard_kbps, school_from, school_to, film_reserve;
	} hubd;
};

struct listener; /* an open page */

struct hubd_cache { /* an answer that many pages ask for */
	char *body;
	size_t len;
	int64_t revision, minute;
};

struct hubd {
	struct hubd_conf conf;
	struct hub hub;
	struct lessons *lessons;
	struct ctl *ctl;
	sd_event *loop;
	sd_event_source *tick, *film_turn;
	struct filmcheck *film;
	struct listener *listeners;
	unsigned listener_count;
	unsigned ticks;
	bool announced; /* pages know of everything so far */
	int64_t own_commits, seen_generation;
	uint64_t since_ms;
	uint64_t ends[INGEST_ENDS], batches, failed_batches, grants, refused_enrolments;
	struct hubd_cache schools, state, public_state;
};

/* Answers 401 with a sentence and false unless the request bears a good token. */
bool hubd_officer(struct hubd *d, struct ctl_request *req);

/* Something changed that pages show. */
void hubd_changed(struct hubd *d);

/* Grows with every commit, this process's and others'. */
int64_t hubd_revision(struct hubd *d);

/* The fault as an answer, logged once when it is the hub's own. */
void hubd_reply_failed(struct ctl_request *req, const struct fault *why);

/* "2026-11-22T08:15:00Z", or null for 0. */
json_t *hubd_time(int64_t unix_s);
json_t *hubd_hex(const void *bytes, size_t len);
json_t *hubd_day(int32_t day);
json_t *hubd_seconds(const struct coverage_s *s); /* {"up", "down", "unpowered", "unknown"} */
/* A row of /v1/schools, one object. */
void hubd_school(const struct hubd *d, const struct school *school,
		 const struct school_status *status, int64_t now_s, struct jsonout *out);
void hubd_standing(const struct hubd *d, const struct school_status *status, int64_t now_s,
		   struct standing_answer *out);
struct coverage_week_sum hubd_week(const struct school_status *status, int64_t now_s);

const char *hubd_device_state(enum device_state state); /* "bound" */

/* Makes d->lessons those of the catalogue in force; keeps what is there when it cannot be read. */
void hubd_lessons(struct hubd *d);

/* api_boxes.c */
void api_enrol(struct ctl_request *req, void *data);
void api_envelopes(struct ctl_request *req, void *data);
void api_time(struct ctl_request *req, void *data);
void api_check(struct ctl_request *req, void *data);
/* api_films.c */
void api_films(struct ctl_request *req, void *data);
void hubd_sweep_films(struct hubd *d);
int hubd_check_films(struct hubd *d, struct fault *why); /* begins, or goes on, in idle turns */
void hubd_films_stop(struct hubd *d);
/* api_country.c */
void api_schools(struct ctl_request *req, void *data);
void api_state(struct ctl_request *req, void *data);
void api_public_state(struct ctl_request *req, void *data);
/* api_school.c */
void api_school(struct ctl_request *req, void *data);
void api_series(struct ctl_request *req, void *data);
void api_usage(struct ctl_request *req, void *data);
void api_receipts(struct ctl_request *req, void *data);
/* api_lists.c */
void api_devices(struct ctl_request *req, void *data);
void api_alerts(struct ctl_request *req, void *data);
void api_offers(struct ctl_request *req, void *data);
void api_lessons(struct ctl_request *req, void *data);
void api_status(struct ctl_request *req, void *data);
void api_metrics(struct ctl_request *req, void *data);
/* api_stream.c */
void api_stream(struct ctl_request *req, void *data);
int api_stream_start(struct hubd *d, struct fault *why);
void api_stream_stop(struct hubd *d);
