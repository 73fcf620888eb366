// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/stage/stage_priv.h"

enum { STOP_MS = 10000, UPLINK_MS = 5000 };

CLEAN_FN(json, json_t, json_decref)

/* --- what there is ------------------------------------------------------------------------------ */

static json_t *process_json(const struct run *run)
{
	const struct proc *p = run->proc;
	return json_pack("{s:s, s:i, s:b, s:s, s:i, s:I, s:s, s:s, s:s}", "name", run->step->name,
			 "pid", (int)proc_pid(p), "ready", proc_state(p) == PROC_READY, "state",
			 proc_state_name(proc_state(p)), "restarts", (int)proc_restarts(p),
			 "since_s", (json_int_t)((clock_mono_ms() - proc_since_ms(p)) / 1000),
			 "status", proc_status(p), "last_end", proc_end(p), "log", proc_log(p));
}

static json_t *processes_json(const struct stage *s)
{
	json_t *list = json_array();
	for (size_t i = 0; i < s->count; i++)
		if (s->runs[i].proc && s->runs[i].step->kind == PLAN_SERVICE)
			json_array_append_new(list, process_json(&s->runs[i]));
	return list;
}

static json_t *steps_json(const struct stage *s)
{
	static const char *const states[] = {
		[RUN_PENDING] = "pending", [RUN_NOW] = "running",       [RUN_DONE] = "done",
		[RUN_KEPT] = "kept",       [RUN_LEFT_OUT] = "left out", [RUN_FAILED] = "failed"
	};
	json_t *list = json_array();
	for (size_t i = 0; i < s->count; i++) {
		const struct run *run = &s->runs[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s}", "name",
						      run->step->name, "state", states[run->state],
						      "took_ms", (json_int_t)run->took_ms,
						      "last_line", run->last_line));
	}
	return list;
}

/* Values that others may want: "PORT" becomes ports.portal, and so on. */
static json_t *numbers_json(const struct stage *s)
{
	static const struct {
		const char *key, *var;
	} rows[] = { { "portal", "PORT" }, { "hub", "HUB_PORT" }, { "gate", "GATE_PORT" } };
	json_t *out = json_object();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = vars_get(s->order->vars, rows[i].var);
		if (*value)
			json_object_set_new(out, rows[i].key,
					    json_integer(strtol(value, NULL, 10)));
	}
	return out;
}

static json_t *urls_json(const struct stage *s)
{
	static const struct {
		const char *key, *var;
	} rows[] = { { "portal", "PORTAL_URL" }, { "hub", "HUB_URL" } };
	json_t *out = json_object();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (*vars_get(s->order->vars, rows[i].var))
			json_object_set_new(out, rows[i].key,
					    json_string(vars_get(s->order->vars, rows[i].var)));
	return out;
}

static void serve_status(struct ctl_request *req, void *data)
{
	const struct stage *s = data;
	ctl_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:I, s:b, s:b, s:s, s:o, s:o, s:o, s:o}", "name",
				 "stage", "version", WASL_VERSION, "since_s",
				 (json_int_t)((clock_mono_ms() - s->since_ms) / 1000), "ready",
				 s->ready && !s->ending, "ending", s->ending, "root", s->root,
				 "ports", numbers_json(s), "urls", urls_json(s), "processes",
				 processes_json(s), "steps", steps_json(s)));
}

/* --- what can be done to a process -------------------------------------------------------------- */

static void refuse(struct ctl_request *req, int code, const char *id, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void refuse(struct ctl_request *req, int code, const char *id, const char *fmt, ...)
{
	struct fault why;
	char text[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fault_set(&why, code, id, "%s", text);
	ctl_reply_fault(req, ctl_status_of(code), &why);
}

/* The daemon that is meant; answers the request itself when there is none. */
static struct run *meant(struct stage *s, struct ctl_request *req)
{
	const char *name = ctl_arg(req, "name");
	struct run *run = stage_find(s, name);
	if (run && run->step->kind == PLAN_SERVICE)
		return run;
	refuse(req, -ENOENT, "stage.name",
	       "no daemon here is called '%s'; GET /v1/status lists them", name ? name : "");
	return NULL;
}

/* "9", "KILL" or "SIGKILL"; 0 when it is no signal. */
static int signal_of(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);
	if (!*end)
		return number > 0 && number < SIGRTMIN ? (int)number : 0;
	if (!strncmp(text, "SIG", 3))
		text += 3;
	for (int sig = 1; sig < SIGRTMIN; sig++)
		if (sigabbrev_np(sig) && !strcmp(sigabbrev_np(sig), text))
			return sig;
	return 0;
}

static void serve_kill(struct ctl_request *req, void *data)
{
	struct run *run = meant(data, req);
	if (!run)
		return;
	const char *name = ctl_arg(req, "signal");
	int sig = name && *name ? signal_of(name) : SIGKILL;
	pid_t pid = proc_pid(run->proc);
	if (!sig)
		refuse(req, -EINVAL, "stage.signal", "'%s' is no signal", name);
	else if (proc_signal(run->proc, sig) < 0)
		refuse(req, -ENOENT, "stage.down", "'%s' does not run", run->step->name);
	else
		ctl_reply_json(req, 200, json_pack("{s:i, s:i}", "pid", (int)pid, "signal", sig));
}

static void waiter_left(void *data)
{
	struct run *run = data;
	run->waits = NULL;
}

/* The answer comes when the daemon has got where it was asked to go. */
static void wait_for(struct run *run, struct ctl_request *req)
{
	run->waits = req;
	ctl_on_gone(req, waiter_left, run);
}

static bool taken(struct run *run, struct ctl_request *req)
{
	if (!run->waits)
		return false;
	refuse(req, -EAGAIN, "stage.waits", "'%s' is being stopped or started already",
	       run->step->name);
	return true;
}

static void serve_stop(struct ctl_request *req, void *data)
{
	struct run *run = meant(data, req);
	if (!run || taken(run, req))
		return;
	wait_for(run, req);
	proc_stop(run->proc, STOP_MS);
}

static void serve_start(struct ctl_request *req, void *data)
{
	struct stage *s = data;
	struct run *run = meant(s, req);
	struct fault why;
	if (!run || taken(run, req))
		return;
	if (s->ending)
		refuse(req, -EAGAIN, "stage.ending", "everything is being stopped");
	else if (proc_state(run->proc) == PROC_READY)
		ctl_reply_json(req, 200, process_json(run));
	else if (proc_start(run->proc, &why))
		ctl_reply_fault(req, ctl_status_of(why.code), &why);
	else
		wait_for(run, req);
}

void control_changed(struct stage *s, struct run *run)
{
	(void)s;
	enum proc_state state = proc_state(run->proc);
	bool arrived = state == PROC_READY || state == PROC_STOPPED || state == PROC_FAILED;
	if (!run->waits || !arrived)
		return;
	struct ctl_request *req = MOVE_PTR(run->waits);
	if (state == PROC_FAILED)
		refuse(req, -EIO, "stage.failed", "it %s", proc_end(run->proc));
	else
		ctl_reply_json(req, 200, process_json(run));
}

/* --- uplinks, and the end ----------------------------------------------------------------------- */

static int turn_uplink(const char *socket, const char *what, const char *name, struct fault *why)
{
	char target[160];
	for (const char *c = name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
			    *c))
			return fault_set(why, -EINVAL, "stage.uplink", "'%s' is no uplink", name);
	snprintf(target, sizeof(target), "/v1/sim/%s?uplink=%s", what, name);
	return ctl_call(socket, "POST", target, NULL, UPLINK_MS, NULL, why);
}

static int turn_all(const char *socket, const char *what, struct fault *why)
{
	CLEANUP(clean_json) json_t *got = NULL;
	int rc = ctl_call(socket, "GET", "/v1/uplinks", NULL, UPLINK_MS, &got, why);
	size_t i;
	json_t *row;
	json_array_foreach (json_object_get(got, "uplinks"), i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		if (rc == 0 && name)
			rc = turn_uplink(socket, what, name, why);
	}
	return rc;
}

static void serve_uplink(struct ctl_request *req, struct stage *s, const char *what)
{
	struct fault why;
	const char *name = ctl_arg(req, "uplink");
	const char *socket = vars_get(s->order->vars, "NETMGRD_SOCK");
	int rc;
	if (!*socket || !name || !*name)
		rc = fault_set(&why, -EINVAL, "stage.uplink",
			       "say which uplink: ?uplink=NAME, or all");
	else if (!strcmp(name, "all"))
		rc = turn_all(socket, what, &why);
	else
		rc = turn_uplink(socket, what, name, &why);
	if (rc)
		ctl_reply_fault(req, ctl_status_of(rc), &why);
	else
		ctl_reply_json(req, 200, json_pack("{s:s, s:s}", "uplink", name, "now", what));
}

static void serve_cut(struct ctl_request *req, void *data)
{
	serve_uplink(req, data, "cut");
}

static void serve_restore(struct ctl_request *req, void *data)
{
	serve_uplink(req, data, "restore");
}

static void serve_shutdown(struct ctl_request *req, void *data)
{
	ctl_reply_json(req, 202, json_pack("{s:b}", "ending", 1));
	stage_end(data, 0);
}

static const struct ctl_route routes[] = {
	{ "GET", "/v1/status", serve_status, 0 },      { "POST", "/v1/kill", serve_kill, 0 },
	{ "POST", "/v1/stop", serve_stop, 0 },         { "POST", "/v1/start", serve_start, 0 },
	{ "POST", "/v1/cut", serve_cut, 0 },           { "POST", "/v1/restore", serve_restore, 0 },
	{ "POST", "/v1/shutdown", serve_shutdown, 0 },
};

int control_open(struct stage *s, struct fault *why)
{
	AUTO_FREE char *path = NULL;
	if (asprintf(&path, "%s/stage.sock", s->root) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return ctl_listen(s->loop, path, 0600, routes, ARRAY_LEN(routes), s, &s->ctl, why);
}
