// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct contentd;
struct ctl_request;
struct fault;
struct live_class_conf;

/*
 * Live classes on the control socket (firmware/SOCKETS.md), for `wasl live`; and what survives a restart: classes that a
 * person has begun, in content/live.json, and recordings (content/live/live_keep.h).
 */
int live_ctl_open(struct contentd *c, struct fault *why); /* c->live and c->keep */
void live_ctl_close(struct contentd *c);

/* A class that live_try() let pass begins (without an address: one that was stopped goes on), ends, is kept from now on; durable. -ENOENT, -EINVAL … */
int live_ctl_begin(struct contentd *c, const struct live_class_conf *conf, struct fault *why);
int live_ctl_end(struct contentd *c, const char *name, struct fault *why);
int live_ctl_record(struct contentd *c, const char *name, struct fault *why);

void live_ctl_status(struct ctl_request *req, void *data);
void live_ctl_start(
	struct ctl_request *req,
	void *data); /* ?name=&url=[&ar=&fr=&en=]; without url: one that was stopped. Answers once the address was tried */
void live_ctl_stop(struct ctl_request *req, void *data);   /* ?name= */
void live_ctl_keep(struct ctl_request *req, void *data);   /* ?name= */
void live_ctl_forget(struct ctl_request *req, void *data); /* ?id= */
