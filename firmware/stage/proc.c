// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/stage/port.h"
#include "firmware/stage/restart.h"
#include "firmware/stage/spawn.h"

enum { PORT_LOOK_MS = 20, LINE_BYTES = 1024 };

struct proc {
	sd_event *loop;
	struct proc_calls calls;
	enum proc_kind kind;
	char *name, *root, *notify, *address, *log;
	char **argv;
	unsigned patience_ms, watchdog_ms;

	enum proc_state state;
	uint64_t since_ms, ready_ms; /* ready_ms: 0 until it is ready */
	struct restart restart;
	uint64_t log_from;
	pid_t pid;
	bool stop_asked, late;
	sd_event_source *child, *output, *soon;
	sd_event_source
		*deadline;     /* of readiness, of stopping, or the wait before the next start */
	sd_event_source *look; /* PROC_PORT: the next look; PROC_NOTIFY: the watchdog */
	int out_fd, log_fd;
	char line[LINE_BYTES];
	size_t line_len;
	char status[160], end[120];
};

CLEAN_FN(proc, struct proc, proc_free)

static int launch(struct proc *p, struct fault *why);

/* --- states and timers -------------------------------------------------------------------------- */

static void enter(struct proc *p, enum proc_state state)
{
	p->state = state;
	p->since_ms = clock_mono_ms();
	sd_event_source_set_enabled(p->soon, SD_EVENT_ONESHOT);
}

static int on_soon(sd_event_source *s, void *data)
{
	(void)s;
	struct proc *p = data;
	p->calls.changed(p->calls.data, p);
	return 0;
}

static void set_timer(struct proc *p, sd_event_source **timer, uint64_t wait_ms,
		      sd_event_time_handler_t call)
{
	uint64_t now;
	*timer = sd_event_source_disable_unref(*timer);
	sd_event_now(p->loop, CLOCK_MONOTONIC, &now);
	if (sd_event_add_time(p->loop, timer, CLOCK_MONOTONIC, now + wait_ms * 1000, 1000, call,
			      p) < 0)
		*timer = NULL;
}

static void stop_timers(struct proc *p)
{
	p->deadline = sd_event_source_disable_unref(p->deadline);
	p->look = sd_event_source_disable_unref(p->look);
}

static void kill_group(const struct proc *p)
{
	/* Safe while the leader is not collected; its number then still names its group. */
	if (p->pid > 0)
		kill(-p->pid, SIGKILL);
}

static int on_too_late(sd_event_source *s, uint64_t at, void *data)
{
	(void)s, (void)at;
	struct proc *p = data;
	p->late = p->state != PROC_STOPPING;
	kill_group(p);
	return 0;
}

/* --- readiness ---------------------------------------------------------------------------------- */

static int on_silence(sd_event_source *s, uint64_t at, void *data)
{
	(void)s, (void)at;
	struct proc *p = data;
	proc_signal(p, SIGABRT);
	set_timer(p, &p->deadline, 2000, on_too_late);
	return 0;
}

static void become_ready(struct proc *p)
{
	if (p->state != PROC_STARTING)
		return;
	stop_timers(p);
	p->ready_ms = clock_mono_ms();
	p->restart.was_ready = true;
	if (p->kind == PROC_NOTIFY && p->watchdog_ms)
		set_timer(p, &p->look, p->watchdog_ms, on_silence);
	enter(p, PROC_READY);
}

static int on_look(sd_event_source *s, uint64_t at, void *data)
{
	(void)s, (void)at;
	struct proc *p = data;
	if (port_answers(p->address) > 0)
		become_ready(p);
	else
		set_timer(p, &p->look, PORT_LOOK_MS, on_look);
	return 0;
}

void proc_hear(struct proc *p, const struct notify_message *m)
{
	if (p->kind != PROC_NOTIFY)
		return;
	if (m->status[0])
		snprintf(p->status, sizeof(p->status), "%s", m->status);
	if (m->ready)
		become_ready(p);
	if (m->watchdog && p->state == PROC_READY && p->watchdog_ms)
		set_timer(p, &p->look, p->watchdog_ms, on_silence);
}

/* --- output of tasks ---------------------------------------------------------------------------- */

static void end_line(struct proc *p)
{
	p->line[p->line_len] = '\0';
	if (p->line_len && p->calls.line)
		p->calls.line(p->calls.data, p, p->line);
	p->line_len = 0;
}

static void take_output(struct proc *p, const char *bytes, size_t len)
{
	fileio_write_all(p->log_fd, bytes, len);
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r')
			end_line(p);
		else if (p->line_len < sizeof(p->line) - 1)
			p->line[p->line_len++] = bytes[i];
	}
}

/* What is there now; false at the end. */
static bool drain(struct proc *p)
{
	char bytes[4096];
	for (;;) {
		ssize_t n = read(p->out_fd, bytes, sizeof(bytes));
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		take_output(p, bytes, (size_t)n);
	}
}

static int on_output(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)fd, (void)events;
	if (!drain(data))
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
	return 0;
}

static void close_output(struct proc *p)
{
	if (p->out_fd >= 0) {
		drain(p);
		end_line(p);
	}
	p->output = sd_event_source_disable_unref(p->output);
	if (p->out_fd >= 0)
		close(MOVE_FD(p->out_fd));
	if (p->log_fd >= 0)
		close(MOVE_FD(p->log_fd));
}

/* --- the end, and what follows ------------------------------------------------------------------ */

static void describe_end(struct proc *p, const siginfo_t *si)
{
	if (p->late)
		snprintf(p->end, sizeof(p->end), "was not %s after %u s",
			 p->kind == PROC_TASK ? "done" : "ready", p->patience_ms / 1000);
	else if (si->si_code == CLD_EXITED)
		snprintf(p->end, sizeof(p->end), "ended with status %d", si->si_status);
	else
		snprintf(p->end, sizeof(p->end), "was killed by signal %d (%s)", si->si_status,
			 sigabbrev_np(si->si_status) ? sigabbrev_np(si->si_status) : "?");
}

static int on_start_again(sd_event_source *s, uint64_t at, void *data)
{
	(void)s, (void)at;
	struct proc *p = data;
	struct fault why;
	if (launch(p, &why)) {
		snprintf(p->end, sizeof(p->end), "%.*s", (int)sizeof(p->end) - 1, why.text);
		set_timer(p, &p->deadline, RESTART_LAST_MS, on_start_again);
	}
	return 0;
}

static void after_end(struct proc *p, bool good)
{
	if (p->stop_asked) {
		enter(p, PROC_STOPPED);
		return;
	}
	if (p->kind == PROC_TASK) {
		enter(p, good && !p->late ? PROC_DONE : PROC_FAILED);
		return;
	}
	uint64_t well_ms = p->ready_ms ? clock_mono_ms() - p->ready_ms + 1 : 0;
	int64_t wait_ms = restart_after(&p->restart, well_ms);
	if (wait_ms < 0 || (p->late && !p->restart.was_ready)) {
		enter(p, PROC_FAILED);
		return;
	}
	set_timer(p, &p->deadline, (uint64_t)wait_ms, on_start_again);
	enter(p, PROC_WAITING);
}

static int on_child(sd_event_source *s, const siginfo_t *si, void *data)
{
	(void)s;
	struct proc *p = data;
	/* Not collected yet here: the group's number is still ours. Workers of a dead master go with it. */
	kill_group(p);
	p->pid = 0;
	p->child = sd_event_source_disable_unref(p->child);
	stop_timers(p);
	close_output(p);
	describe_end(p, si);
	after_end(p, si->si_code == CLD_EXITED && si->si_status == 0);
	return 0;
}

/* --- starting ----------------------------------------------------------------------------------- */

static int open_outputs(struct proc *p, int *child_out, struct fault *why)
{
	p->log_fd = open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (p->log_fd < 0)
		return fault_set(why, -errno, "stage.log", "'%s': %s", p->log, strerror(errno));
	int ends[2];
	if (p->kind != PROC_TASK) {
		*child_out = fcntl(p->log_fd, F_DUPFD_CLOEXEC, 3);
		return *child_out < 0 ? fault_set(why, -errno, "stage.log", "'%s': %s", p->log,
						  strerror(errno))
				      : 0;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fault_set(why, -errno, "stage.log", "no pipe: %s", strerror(errno));
	p->out_fd = ends[0];
	*child_out = ends[1];
	fcntl(p->out_fd, F_SETFL, O_NONBLOCK);
	int rc = sd_event_add_io(p->loop, &p->output, p->out_fd, EPOLLIN, on_output, p);
	return rc < 0 ? fault_set(why, rc, "stage.log", "no event: %s", strerror(-rc)) : 0;
}

static int launch(struct proc *p, struct fault *why)
{
	AUTO_FD int child_out = -1;
	struct spawn s = { .argv = p->argv, .root = p->root, .watchdog_ms = p->watchdog_ms };
	int rc = open_outputs(p, &child_out, why);
	s.out = child_out;
	s.notify = p->kind == PROC_NOTIFY ? p->notify : NULL;
	if (rc == 0)
		rc = spawn_start(&s, &p->pid, why);
	if (rc == 0) {
		rc = sd_event_add_child(p->loop, &p->child, p->pid, WEXITED, on_child, p);
		if (rc < 0) {
			kill_group(p);
			waitpid(p->pid, NULL, 0);
			fault_set(why, rc, "stage.spawn", "'%s' cannot be watched: %s", p->name,
				  strerror(-rc));
		}
	}
	if (rc < 0) {
		p->pid = 0;
		close_output(p);
		return rc;
	}
	p->stop_asked = p->late = false;
	p->ready_ms = 0;
	p->status[0] = '\0';
	set_timer(p, &p->deadline, p->patience_ms, on_too_late);
	if (p->kind == PROC_PORT)
		set_timer(p, &p->look, PORT_LOOK_MS, on_look);
	enter(p, PROC_STARTING);
	return 0;
}

int proc_start(struct proc *p, struct fault *why)
{
	if (p->pid)
		return 0;
	stop_timers(p);
	struct stat st;
	p->log_from = stat(p->log, &st) == 0 ? (uint64_t)st.st_size : 0;
	p->restart = (struct restart){ .total = p->restart.total, .was_ready = false };
	return launch(p, why);
}

int proc_signal(struct proc *p, int sig)
{
	return p->child ? sd_event_source_send_child_signal(p->child, sig, NULL, 0) : -ESRCH;
}

void proc_stop(struct proc *p, unsigned patience_ms)
{
	p->stop_asked = true;
	p->look = sd_event_source_disable_unref(p->look);
	if (!p->pid) {
		stop_timers(p);
		enter(p, p->state == PROC_DONE ? PROC_DONE : PROC_STOPPED);
		return;
	}
	proc_signal(p, SIGTERM);
	proc_signal(p, SIGCONT); /* one that was halted must hear it too */
	set_timer(p, &p->deadline, patience_ms, on_too_late);
	enter(p, PROC_STOPPING);
}

/* --- life --------------------------------------------------------------------------------------- */

static char *copy(const char *text, bool *bad)
{
	char *made = text ? strdup(text) : NULL;
	*bad = *bad || (text && !made);
	return made;
}

static char **copy_words(char *const *words, bool *bad)
{
	size_t n = 0;
	while (words[n])
		n++;
	char **made = calloc(n + 1, sizeof(*made));
	for (size_t i = 0; made && i < n; i++)
		made[i] = copy(words[i], bad);
	*bad = *bad || !made;
	return made;
}

int proc_new(struct sd_event *loop, const struct proc_spec *spec, const struct proc_calls *calls,
	     struct proc **out, struct fault *why)
{
	CLEANUP(clean_proc) struct proc *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	bool bad = false;
	p->loop = sd_event_ref(loop);
	p->out_fd = p->log_fd = -1;
	p->calls = *calls;
	p->kind = spec->kind;
	p->name = copy(spec->name, &bad);
	p->root = copy(spec->root, &bad);
	p->notify = copy(spec->notify, &bad);
	p->address = copy(spec->address, &bad);
	p->log = copy(spec->log, &bad);
	p->argv = copy_words(spec->argv, &bad);
	p->patience_ms = spec->patience_ms;
	p->watchdog_ms = spec->watchdog_ms;
	if (bad || sd_event_add_defer(loop, &p->soon, on_soon, p) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	sd_event_source_set_enabled(p->soon, SD_EVENT_OFF);
	*out = MOVE_PTR(p);
	return 0;
}

void proc_free(struct proc *p)
{
	if (!p)
		return;
	if (p->pid) {
		kill_group(p);
		sd_event_source_disable_unref(p->child);
		waitpid(p->pid, NULL, 0);
	}
	stop_timers(p);
	close_output(p);
	sd_event_source_disable_unref(p->soon);
	sd_event_unref(p->loop);
	for (size_t i = 0; p->argv && p->argv[i]; i++)
		free(p->argv[i]);
	free(p->argv);
	free(p->name);
	free(p->root);
	free(p->notify);
	free(p->address);
	free(p->log);
	free(p);
}

const char *proc_name(const struct proc *p)
{
	return p->name;
}

enum proc_state proc_state(const struct proc *p)
{
	return p->state;
}

const char *proc_state_name(enum proc_state state)
{
	static const char *const names[] = {
		[PROC_STOPPED] = "stopped", [PROC_STARTING] = "starting",
		[PROC_READY] = "ready",     [PROC_DONE] = "done",
		[PROC_WAITING] = "waiting", [PROC_STOPPING] = "stopping",
		[PROC_FAILED] = "failed",
	};
	return names[state];
}

pid_t proc_pid(const struct proc *p)
{
	return p->pid;
}

unsigned proc_restarts(const struct proc *p)
{
	return p->restart.total;
}

uint64_t proc_since_ms(const struct proc *p)
{
	return p->since_ms;
}

const char *proc_log(const struct proc *p)
{
	return p->log;
}

uint64_t proc_log_from(const struct proc *p)
{
	return p->log_from;
}

const char *proc_status(const struct proc *p)
{
	return p->status;
}

const char *proc_end(const struct proc *p)
{
	return p->end;
}
