// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct contentd;
struct ctl_request;
struct fault;

/*
 * Live classes on the control socket (firmware/SOCKETS.md), for `wasl live`; and what survives a restart: classes that a
 * person has begun, in content/live.json, and recordings (content/live_keep.h).
 */
int live_ctl_open(struct contentd *c, struct fault *why); /* c->live and c->keep */
void live_ctl_close(struct contentd *c);

void live_ctl_status(struct ctl_request *req, void *data);
void live_ctl_start(struct ctl_request *req,
		    void *data); /* ?name=&url=[&ar=&fr=&en=]; without url: one that was stopped */
void live_ctl_stop(struct ctl_request *req, void *data);   /* ?name= */
void live_ctl_keep(struct ctl_request *req, void *data);   /* ?name= */
void live_ctl_forget(struct ctl_request *req, void *data); /* ?id= */
