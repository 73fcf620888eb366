// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/stage/stage_priv.h"
#include "firmware/stage/sweep.h"

enum {
	TICK_US = 120000,
	SWEEP_US = 2000000,
	STOP_MS = 10000,
	STOP_ALONE_MS = 2000, /* the outer process was killed: whoever did it wants an end */
};

struct run *stage_find(struct stage *s, const char *name)
{
	for (size_t i = 0; name && i < s->count; i++)
		if (s->runs[i].proc && !strcmp(s->runs[i].step->name, name))
			return &s->runs[i];
	return NULL;
}

/* --- the end ------------------------------------------------------------------------------------ */

/* True when `p` is out of the way. */
static bool stopped(const struct stage *s, struct proc *p)
{
	if (!p)
		return true;
	switch (proc_state(p)) {
	case PROC_STOPPED:
	case PROC_DONE:
	case PROC_FAILED:
		return true;
	case PROC_STOPPING:
		return false;
	case PROC_STARTING:
	case PROC_READY:
	case PROC_WAITING:
		break;
	}
	proc_stop(p, getppid() == s->outer ? STOP_MS : STOP_ALONE_MS);
	return false;
}

void stage_end_next(struct stage *s)
{
	if (!stopped(s, s->once) || !stopped(s, s->report))
		return;
	for (size_t i = s->count; i-- > 0;)
		if (!stopped(s, s->runs[i].proc))
			return;
	sd_event_exit(s->loop, s->status);
}

void stage_end(struct stage *s, int status)
{
	if (s->ending)
		return;
	s->ending = true;
	s->status = status;
	if (s->runs[0].state != RUN_PENDING)
		term_note(s->term, "stopping everything; what was done is kept in %s", s->root);
	stage_end_next(s);
}

/* --- what the loop hears ------------------------------------------------------------------------ */

static int on_soon(sd_event_source *src, void *data)
{
	(void)src;
	stage_advance(data);
	return 0;
}

static int on_signal(sd_event_source *src, const struct signalfd_siginfo *si, void *data)
{
	(void)src, (void)si;
	stage_end(data, 0);
	return 0;
}

static int again(sd_event_source *src, uint64_t after_us)
{
	sd_event_source_set_time_relative(src, after_us);
	return sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
}

static int on_tick(sd_event_source *src, uint64_t at, void *data)
{
	(void)at;
	struct stage *s = data;
	term_tick(s->term);
	return again(src, TICK_US);
}

static bool claims(void *data, pid_t pid)
{
	const struct stage *s = data;
	if ((s->report && proc_pid(s->report) == pid) || (s->once && proc_pid(s->once) == pid))
		return true;
	for (size_t i = 0; i < s->count; i++)
		if (s->runs[i].proc && proc_pid(s->runs[i].proc) == pid)
			return true;
	return false;
}

/* Orphans of daemons that died are handed to us; dead ones are collected now and then. */
static int on_sweep(sd_event_source *src, uint64_t at, void *data)
{
	(void)at;
	sweep_orphans(claims, data);
	return again(src, SWEEP_US);
}

static void heard(void *data, pid_t from, const struct notify_message *m)
{
	struct stage *s = data;
	for (size_t i = 0; i < s->count; i++)
		if (s->runs[i].proc && proc_pid(s->runs[i].proc) == from)
			proc_hear(s->runs[i].proc, m);
}

/* --- opening and closing ------------------------------------------------------------------------ */

static int take_lock(struct stage *s, struct fault *why)
{
	AUTO_FREE char *path = NULL;
	char text[24] = "";
	if (asprintf(&path, "%s/stage.lock", s->root) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return fault_set(why, -errno, "stage.lock", "'%s': %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		return fault_set(why, -EBUSY, "stage.second",
				 "a stage is running in '%s' already, as process %.*s; end that "
				 "one first (Ctrl-C there, or: wasl-stage stop --root %s)",
				 s->root, (int)strspn(text, "0123456789"), text, s->root);
	}
	int len = snprintf(text, sizeof(text), "%d\n", (int)s->outer);
	if (ftruncate(fd, 0) < 0 || fileio_pwrite_all(fd, text, (size_t)len, 0))
		return fault_set(why, -EIO, "stage.lock", "'%s' cannot be written", path);
	s->lock = MOVE_FD(fd);
	return 0;
}

static int open_loop(struct stage *s, struct fault *why)
{
	static const int watched[] = { SIGTERM, SIGINT };
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_LEN(watched); i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);

	int rc = sd_event_new(&s->loop);
	for (size_t i = 0; rc >= 0 && i < ARRAY_LEN(watched); i++)
		rc = sd_event_add_signal(s->loop, NULL, watched[i], on_signal, s);
	if (rc >= 0)
		rc = sd_event_add_defer(s->loop, &s->soon, on_soon, s);
	if (rc >= 0)
		rc = sd_event_add_time_relative(s->loop, &s->tick, CLOCK_MONOTONIC, TICK_US, 1000,
						on_tick, s);
	if (rc >= 0)
		rc = sd_event_add_time_relative(s->loop, &s->sweep, CLOCK_MONOTONIC, SWEEP_US,
						100000, on_sweep, s);
	if (rc < 0)
		return fault_set(why, rc, "stage.loop", "no event loop: %s", strerror(-rc));
	return notify_open(s->loop, heard, s, &s->notify, why);
}

static int prepare(struct stage *s, struct fault *why)
{
	AUTO_FREE char *logs = NULL;
	int rc = plan_check(s->order->plan, why);
	if (rc == 0 && asprintf(&logs, "%s/log", s->root) < 0)
		rc = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (rc == 0)
		rc = paths_mkdir(logs, 0755, why);
	if (rc == 0)
		rc = take_lock(s, why);
	if (rc == 0)
		rc = sweep_adopt(why);
	if (rc == 0)
		rc = open_loop(s, why);
	if (rc == 0)
		rc = control_open(s, why);
	if (rc)
		return rc;
	s->term = term_open(stdout);
	return s->term ? 0 : fault_set(why, -ENOMEM, "memory", "out of memory");
}

static void done(struct stage *s)
{
	ctl_close(s->ctl);
	proc_free(s->once);
	proc_free(s->report);
	for (size_t i = s->count; i-- > 0;)
		proc_free(s->runs[i].proc);
	notify_close(s->notify);
	sd_event_source_disable_unref(s->tick);
	sd_event_source_disable_unref(s->sweep);
	sd_event_source_disable_unref(s->soon);
	sd_event_unref(s->loop);
	term_close(s->term);
	sweep_all();
	if (s->lock >= 0)
		close(s->lock);
}

int stage_run(const struct stage_order *order)
{
	struct fault why;
	struct stage s = { .order = order,
			   .root = vars_get(order->vars, "ROOT"),
			   .outer = getppid(),
			   .lock = -1,
			   .status = 1,
			   .since_ms = clock_mono_ms() };
	int rc = prepare(&s, &why);
	if (rc == 0) {
		for (; s.count < order->plan->count; s.count++)
			s.runs[s.count].step = &order->plan->steps[s.count];
		sd_event_loop(s.loop);
	} else {
		fprintf(stderr, "wasl-stage: %s\n", why.text);
	}
	int status = rc ? 1 : s.status;
	done(&s);
	return status;
}
