// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* What ctl.c (connections and routes), ctl_reply.c (answers) and ctl_call.c share; nobody else includes it. */

#include <microhttpd.h>
#include <systemd/sd-event.h>

#include "firmware/base/ctl.h"

enum {
	CTL_CONNECTIONS = 64,
	CTL_HEADER_BYTES = 16 << 10,
	CTL_IDLE_S = 10,
	CTL_STREAM_BYTES = 256 << 10, /* what a slow reader of a stream may be behind */
	CTL_REPLY_BYTES = 64 << 20,   /* what ctl_call takes at most */
	CTL_EXTRA_HEADERS = 16,
};

struct ctl {
	sd_event *loop;
	sd_event_source *io, *timer, *soon;
	struct MHD_Daemon *mhd;
	const struct ctl_route *routes;
	size_t count;
	void *data;
	struct ctl_request *open; /* every request under way */
	char *path;               /* removed at the end; NULL when systemd owns the socket */
	dev_t dev;
	ino_t ino;
};

struct ctl_stream {
	struct ctl_request *req;
	char *bytes; /* not yet taken by the connection */
	size_t len, room;
	bool ended, lost;
};

struct ctl_request {
	struct ctl *ctl;
	struct ctl_request *next, **prev_next;
	struct MHD_Connection *connection;
	char *path;
	const char *rest;
	const struct ctl_route *route; /* NULL when none fits: `refusal` says why */
	unsigned refusal;
	char allow[64];
	char *body;
	size_t body_len, body_room, dropped_bytes;
	void *scratch;
	size_t scratch_size;
	struct MHD_Response *response; /* ready, not queued yet */
	unsigned status;
	struct {
		char *name, *value;
	} extra[CTL_EXTRA_HEADERS];
	size_t extra_count;
	struct ctl_stream *stream;
	void (*gone)(void *data);
	void *gone_data;
	sd_event_source *hangup;
	bool served, replied, suspended, left;
};

/* Lets the connection go on; takes effect in the next turn of the loop. */
void ctl_resume(struct ctl_request *req);
/* Nothing to do for the connection until ctl_resume(). */
void ctl_suspend(struct ctl_request *req);
