// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/stage/stage_priv.h"

enum {
	PATIENCE_S = 60,
	REPORT_MS = 10000,
	ONCE_MS = 24 * 3600 * 1000,
	WATCHDOG_MS = 30000,
	STAMP_BYTES = 4096,
	LOG_BYTES = 8 << 20, /* a longer log of an earlier run is put aside */
};

CLEAN_FN(words, char *, plan_free_words)

static void on_changed(void *data, struct proc *p);

/* --- stamps: what a step was done with ---------------------------------------------------------- */

static int stamp_path(const struct stage *s, const struct plan_step *step, char **out,
		      struct fault *why)
{
	AUTO_FREE char *root = NULL;
	int rc = vars_expand(s->order->vars, step->root, &root, why);
	if (rc)
		return rc;
	return asprintf(out, "%s/var/lib/wasl/stage/%s", root, step->name) < 0
		       ? fault_set(why, -ENOMEM, "memory", "out of memory")
		       : 0;
}

static int judge(const struct stage *s, const struct plan_step *step, enum plan_verdict *out,
		 struct fault *why)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE void *recorded = NULL;
	size_t len;
	if (step->stamp) {
		int rc = stamp_path(s, step, &path, why);
		if (rc)
			return rc;
		if (fileio_read(path, STAMP_BYTES, &recorded, &len, NULL))
			recorded = NULL;
	}
	return plan_judge(step, s->order->vars, recorded, out, why);
}

static int record(const struct stage *s, const struct plan_step *step, struct fault *why)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *stamp = NULL;
	if (!step->stamp)
		return 0;
	int rc = stamp_path(s, step, &path, why);
	if (rc == 0)
		rc = vars_expand(s->order->vars, step->stamp, &stamp, why);
	if (rc)
		return rc;
	char *slash = strrchr(path, '/');
	*slash = '\0';
	rc = paths_mkdir(path, 0755, why);
	*slash = '/';
	return rc ? rc : fileio_replace(path, stamp, strlen(stamp), 0644, why);
}

/* --- one step ----------------------------------------------------------------------------------- */

static void fail(struct stage *s, struct run *run, const char *sentence)
{
	run->state = RUN_FAILED;
	term_failed(s->term, sentence, run->step->remedy, run->proc ? proc_log(run->proc) : NULL,
		    run->proc ? proc_log_from(run->proc) : 0);
	stage_end(s, 1);
}

static void finish(struct stage *s, struct run *run, enum run_state state)
{
	run->took_ms = clock_mono_ms() - run->began_ms;
	run->state = state;
	term_end(s->term, state == RUN_KEPT ? TERM_KEPT : TERM_DONE,
		 state == RUN_KEPT   ? "as before"
		 : run->last_line[0] ? run->last_line
				     : NULL);
	s->at++;
	sd_event_source_set_enabled(s->soon, SD_EVENT_ONESHOT);
}

static void on_line(void *data, struct proc *p, const char *text)
{
	struct stage *s = data;
	struct run *run = &s->runs[s->at];
	if (p == s->report || p == s->once) {
		term_note(s->term, "%s", text);
		return;
	}
	if (s->at >= s->count || run->proc != p)
		return;
	snprintf(run->last_line, sizeof(run->last_line), "%.*s", (int)sizeof(run->last_line) - 1,
		 text);
	term_progress(s->term, text);
}

/* The step that everything waits for has changed. */
static void step_changed(struct stage *s, struct run *run)
{
	struct fault why;
	char sentence[400];

	switch (proc_state(run->proc)) {
	case PROC_DONE:
		if (record(s, run->step, &why)) {
			fail(s, run, why.text);
			break;
		}
		finish(s, run, RUN_DONE);
		break;
	case PROC_READY:
		snprintf(run->last_line, sizeof(run->last_line), "process %d",
			 (int)proc_pid(run->proc));
		finish(s, run, RUN_DONE);
		break;
	case PROC_FAILED:
		/* What the program said last is most likely why. */
		snprintf(sentence, sizeof(sentence), "'%s' %s%s%s", run->step->name,
			 proc_end(run->proc), *run->last_line ? ": " : "", run->last_line);
		fail(s, run, sentence);
		break;
	case PROC_WAITING:
		term_note(s->term, "%s %s; it is started again", run->step->name,
			  proc_end(run->proc));
		break;
	case PROC_STOPPED:
	case PROC_STARTING:
	case PROC_STOPPING:
		break;
	}
}

static void run_changed(struct stage *s, struct run *run)
{
	struct proc *p = run->proc;
	if (run->state == RUN_NOW)
		step_changed(s, run);
	else if (proc_state(p) == PROC_WAITING)
		term_note(s->term, "%s %s; it is started again", run->step->name, proc_end(p));
	else if (proc_state(p) == PROC_FAILED)
		term_note(s->term, "%s %s and stays off; its log is %s", run->step->name,
			  proc_end(p), proc_log(p));
}

static int make_proc(struct stage *s, const char *name, const struct proc_spec *spec,
		     struct proc **out, struct fault *why)
{
	AUTO_FREE char *log = NULL;
	AUTO_FREE char *old = NULL;
	if (asprintf(&log, "%s/log/%s.log", s->root, name) < 0 || asprintf(&old, "%s.old", log) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	AUTO_FD int fd = open(log, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && lseek(fd, 0, SEEK_END) > LOG_BYTES)
		rename(log, old);
	struct proc_spec whole = *spec;
	whole.name = name;
	whole.log = log;
	struct proc_calls calls = { .changed = on_changed, .line = on_line, .data = s };
	return proc_new(s->loop, &whole, &calls, out, why);
}

static int start_program(struct stage *s, struct run *run, struct fault *why)
{
	const struct plan_step *step = run->step;
	CLEANUP(clean_words) char **words = NULL;
	AUTO_FREE char *root = NULL;
	AUTO_FREE char *address = NULL;
	int rc = plan_words(step, s->order->vars, &words, why);
	if (rc == 0)
		rc = vars_expand(s->order->vars, step->root, &root, why);
	if (rc == 0 && step->ready_at)
		rc = vars_expand(s->order->vars, step->ready_at, &address, why);
	if (rc)
		return rc;
	struct proc_spec spec = {
		.kind = step->kind == PLAN_TASK    ? PROC_TASK
			: step->ready == PLAN_PORT ? PROC_PORT
						   : PROC_NOTIFY,
		.argv = words,
		.root = root,
		.notify = notify_address(s->notify),
		.address = address,
		.patience_ms = (step->patience_s ? step->patience_s : PATIENCE_S) * 1000,
		.watchdog_ms = s->order->watchdog_ms ? s->order->watchdog_ms : WATCHDOG_MS,
	};
	rc = make_proc(s, step->name, &spec, &run->proc, why);
	return rc ? rc : proc_start(run->proc, why);
}

static int begin(struct stage *s, struct run *run, struct fault *why)
{
	enum plan_verdict verdict;
	int rc = judge(s, run->step, &verdict, why);
	if (rc)
		return rc;
	if (verdict == PLAN_NOT_ASKED) {
		run->state = RUN_LEFT_OUT;
		s->at++;
		return 0;
	}
	AUTO_FREE char *title = NULL;
	rc = vars_expand(s->order->vars, run->step->title, &title, why);
	if (rc)
		return rc;
	run->began_ms = clock_mono_ms();
	run->state = RUN_NOW;
	term_begin(s->term, title);
	if (verdict == PLAN_STILL_GOOD) {
		finish(s, run, RUN_KEPT);
		return 0;
	}
	if (run->step->kind != PLAN_ACTION)
		return start_program(s, run, why);
	rc = run->step->action(s->order->vars, why);
	if (rc == 0)
		finish(s, run, RUN_DONE);
	return rc;
}

/* --- the way through ---------------------------------------------------------------------------- */

static int start_beside(struct stage *s, const char *name, char *const *words, unsigned patience_ms,
			struct proc **out, struct fault *why)
{
	const char *box = vars_get(s->order->vars, "BOX");
	struct proc_spec spec = { .kind = PROC_TASK,
				  .argv = words,
				  .root = *box ? box : s->root,
				  .patience_ms = patience_ms };
	int rc = make_proc(s, name, &spec, out, why);
	return rc ? rc : proc_start(*out, why);
}

static int run_once_ready(struct stage *s, struct fault *why)
{
	char shell[] = "/bin/sh", flag[] = "-c";
	AUTO_FREE char *command = strdup(s->order->once_ready);
	if (!command)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	setenv("STAGE_ROOT", s->root, 1);
	setenv("STAGE_PORT", vars_get(s->order->vars, "PORT"), 1);
	setenv("STAGE_HUB_PORT", vars_get(s->order->vars, "HUB_PORT"), 1);
	char *const words[] = { shell, flag, command, NULL };
	return start_beside(s, "once-ready", words, ONCE_MS, &s->once, why);
}

static void say_ready(struct stage *s)
{
	struct fault why;
	s->ready = true;
	if (s->order->facts)
		s->order->facts(s->term, s->order->vars);
	if (s->order->once_ready && run_once_ready(s, &why)) {
		term_note(s->term, "%s", why.text);
		stage_end(s, 1);
	}
}

static void once_changed(struct stage *s)
{
	enum proc_state state = proc_state(s->once);
	if (state == PROC_FAILED)
		term_note(s->term, "the command %s", proc_end(s->once));
	if (state == PROC_FAILED || state == PROC_DONE)
		stage_end(s, state == PROC_DONE ? 0 : 1);
}

static void on_changed(void *data, struct proc *p)
{
	struct stage *s = data;
	struct run *run = NULL;
	for (size_t i = 0; i < s->count; i++)
		if (s->runs[i].proc == p)
			run = &s->runs[i];
	if (run)
		control_changed(s, run);
	if (s->ending)
		stage_end_next(s);
	else if (run)
		run_changed(s, run);
	else if (p == s->once)
		once_changed(s);
	else if (proc_state(p) == PROC_DONE || proc_state(p) == PROC_FAILED)
		say_ready(s); /* the report; without it all is well too */
}

static void all_ready(struct stage *s)
{
	struct fault why;
	if (!s->order->report || s->report)
		return say_ready(s);
	if (start_beside(s, "report", s->order->report, REPORT_MS, &s->report, &why))
		say_ready(s);
}

void stage_advance(struct stage *s)
{
	while (!s->ending && s->at < s->count) {
		struct run *run = &s->runs[s->at];
		struct fault why;
		if (run->state == RUN_NOW)
			return;
		if (run->state == RUN_PENDING && begin(s, run, &why)) {
			fail(s, run, why.text);
			return;
		}
	}
	if (!s->ending && !s->ready && !s->report)
		all_ready(s);
}
