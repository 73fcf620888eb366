// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* What stage.c (the plan), stage_loop.c (the life around it) and control.c (the socket) share. */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "firmware/base/ctl.h"
#include "firmware/stage/notify.h"
#include "firmware/stage/proc.h"
#include "firmware/stage/stage.h"
#include "firmware/stage/term.h"

enum run_state { RUN_PENDING, RUN_NOW, RUN_DONE, RUN_KEPT, RUN_LEFT_OUT, RUN_FAILED };

struct run {
	const struct plan_step *step;
	enum run_state state;
	struct proc *proc; /* NULL for actions and before it was started */
	char last_line[200];
	uint64_t began_ms, took_ms;
	struct ctl_request *waits; /* who asked to stop or start it and has no answer yet */
};

struct stage {
	const struct stage_order *order;
	const char *root;
	struct run runs[PLAN_MAX];
	size_t count, at;
	bool ready, ending;
	int status;
	uint64_t since_ms;
	pid_t outer;
	int lock;
	sd_event *loop;
	struct term *term;
	struct notify *notify;
	struct ctl *ctl;
	struct proc *report, *once; /* the closing report and `once_ready` */
	sd_event_source *tick, *sweep, *soon;
};

/* Takes the plan as far as it goes now. */
void stage_advance(struct stage *s);

/* Begins the end; the first reason counts. */
void stage_end(struct stage *s, int status);
/* Goes on with the end: something has stopped. */
void stage_end_next(struct stage *s);

struct run *stage_find(struct stage *s, const char *name); /* NULL when no process has that name */

int control_open(struct stage *s, struct fault *why);
/* `run` has changed: answers who waits for it. */
void control_changed(struct stage *s, struct run *run);
