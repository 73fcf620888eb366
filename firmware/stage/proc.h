// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/stage/notify.h"

struct fault;
struct sd_event;

/*
 * One program under supervision: started, watched until it is ready, started again when it ends (daemons), stopped.
 * Only children that were started here are ever signalled, through a descriptor that cannot mean another process.
 */
struct proc;

enum proc_state {
	PROC_STOPPED,  /* not running, nobody wants it to */
	PROC_STARTING, /* running, not ready yet */
	PROC_READY,    /* a daemon that is ready, */
	PROC_DONE,     /* or a task that ended with status 0 */
	PROC_WAITING,  /* ended; will be started again */
	PROC_STOPPING, /* asked to end */
	PROC_FAILED,   /* ended badly and will not be started again */
};

enum proc_kind { PROC_TASK, PROC_NOTIFY, PROC_PORT };

struct proc_spec {
	const char *name;
	enum proc_kind kind;
	char *const *argv;    /* copied */
	const char *root;     /* WASL_ROOT */
	const char *notify;   /* NOTIFY_SOCKET of daemons that tell */
	const char *address;  /* PROC_PORT: "127.0.0.1:8080" */
	const char *log;      /* appended to */
	unsigned patience_ms; /* until done or ready; then it is killed and has failed */
	unsigned watchdog_ms; /* PROC_NOTIFY: killed when silent for so long; 0: never */
};

struct proc_calls {
	/* The state changed; never from inside a call of the user's. */
	void (*changed)(void *data, struct proc *p);
	/* A task's line of output, without its end. */
	void (*line)(void *data, struct proc *p, const char *text);
	void *data;
};

int proc_new(struct sd_event *loop, const struct proc_spec *spec, const struct proc_calls *calls,
	     struct proc **out, struct fault *why);
void proc_free(struct proc *p); /* NULL is fine; kills at once what still runs */

int proc_start(struct proc *p, struct fault *why); /* no-op while it runs */
/* SIGTERM, and SIGKILL after `patience_ms`; ends in PROC_STOPPED. Wakes `changed` also when nothing runs. */
void proc_stop(struct proc *p, unsigned patience_ms);
int proc_signal(struct proc *p, int sig);                       /* -ESRCH when it does not run */
void proc_hear(struct proc *p, const struct notify_message *m); /* from its main process */

const char *proc_name(const struct proc *p);
enum proc_state proc_state(const struct proc *p);
const char *proc_state_name(enum proc_state state); /* "ready" */
pid_t proc_pid(const struct proc *p);               /* 0 when it does not run */
unsigned proc_restarts(const struct proc *p);
uint64_t proc_since_ms(const struct proc *p); /* clock_mono_ms() of the last change */
const char *proc_log(const struct proc *p);
uint64_t proc_log_from(const struct proc *p);  /* where this run's lines begin */
const char *proc_status(const struct proc *p); /* its last STATUS=, "" */
/* How it last ended: "ended with status 1", "was killed by signal 9 (KILL)"; "" when it has not. */
const char *proc_end(const struct proc *p);
