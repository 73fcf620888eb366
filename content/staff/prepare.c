// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "content/transcoder/publish_status.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

#define LOOK_MS 5000u
enum { SOURCE_FD = 3 };

struct prepare {
	struct prepare_order order;
	sd_event *loop;
	pid_t pid;
	int pidfd, said, errors; /* its standard output and error */
	sd_event_source *on_said, *on_errors, *on_end, *clock;
	uint64_t moved_ms; /* when it last got on */
	bool stuck, stands;
	char line[64], end[1024]; /* of its progress; of its errors, the last of them */
	size_t line_len, end_len;
};

CLEAN_FN(prepare, struct prepare, prepare_stop)

/* --- the child ---------------------------------------------------------------------------------------- */

struct call { /* made before the fork: between fork and exec only what is safe there */
	char out[PATH_MAX], plan[PATH_MAX], poster[PATH_MAX], words[PATH_MAX];
	char *argv[16];
};

static int make_call(struct call *c, const struct prepare_order *o)
{
	static char name[] = "wasl-transcoder", verb[] = "mezzanine", in[] = "--in",
		    source[] = "/proc/self/fd/3", out[] = "--out", plan[] = "--plan",
		    poster[] = "--poster", words[] = "--captions", progress[] = "--progress",
		    straight[] = "--straight", thrifty[] = "--thrifty";
	if ((size_t)snprintf(c->out, PATH_MAX, "%s/%s.mp4", o->folder, o->id) >= PATH_MAX ||
	    (size_t)snprintf(c->plan, PATH_MAX, "%s/%s.pb", o->folder, o->id) >= PATH_MAX ||
	    (size_t)snprintf(c->poster, PATH_MAX, "%s/%s.jpg", o->folder, o->id) >= PATH_MAX ||
	    (size_t)snprintf(c->words, PATH_MAX, "%s/%s.words", o->folder, o->id) >= PATH_MAX)
		return -ENAMETOOLONG;
	char *const argv[] = { name,    verb,   in,        source, out,      c->out,   plan,
			       c->plan, poster, c->poster, words,  c->words, progress, NULL };
	size_t count = ARRAY_LEN(argv) - 1;
	memcpy(c->argv, argv, sizeof(argv));
	if (o->way == PREPARE_STRAIGHT)
		c->argv[count++] = straight;
	if (o->need == PREPARE_THRIFTY)
		c->argv[count++] = thrifty;
	c->argv[count] = NULL;
	return 0;
}

static void become(const struct prepare_order *o, struct call *c, int said, int errors,
		   pid_t parent) __attribute__((noreturn));
static void become(const struct prepare_order *o, struct call *c, int said, int errors,
		   pid_t parent)
{
	static char *const envp[] = { NULL };
	const struct sched_param zero = { 0 };
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0); /* it has a child of its own: both stand, and go on */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	/* Out of the way of 0 to 3 first. */
	const int source = fcntl(o->fd, F_DUPFD, 10), words = fcntl(said, F_DUPFD, 10);
	const int complaints = fcntl(errors, F_DUPFD, 10), null = open("/dev/null", O_RDONLY);
	const int group = o->group < 0 ? -1 : fcntl(o->group, F_DUPFD, 10);
	if (source < 0 || words < 0 || complaints < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(words, STDOUT_FILENO) < 0 || dup2(complaints, STDERR_FILENO) < 0 ||
	    dup2(source, SOURCE_FD) < 0)
		_exit(127);
	/* Before it slows down: nobody waits for what it would hold until then, the store's lock above all. */
	const int kept = group < 0 ? SOURCE_FD : dup2(group, SOURCE_FD + 1);
	syscall(SYS_close_range, kept + 1, ~0u, 0);
	sched_setscheduler(0, SCHED_IDLE, &zero);
	if (kept != SOURCE_FD && write(kept, "0", 1) < 0)
		errno = 0; /* the group is gone: it is slow all the same */
	if (kept != SOURCE_FD)
		close(kept);
	execve(o->program, c->argv, envp);
	_exit(127);
}

/* --- what it says ---------------------------------------------------------------------------------------- */

static void take_line(struct prepare *p)
{
	static const char head[] = "{\"done\":";
	p->line[p->line_len] = '\0';
	if (strncmp(p->line, head, sizeof(head) - 1) == 0) {
		const double done = strtod(p->line + sizeof(head) - 1, NULL);
		if (done >= 0 && done <= 1 && p->order.progress)
			p->order.progress(p->order.data, (unsigned)(done * 1000));
	}
	p->line_len = 0;
}

static int on_said(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)events;
	struct prepare *p = data;
	char bytes[512];
	const ssize_t got = read(fd, bytes, sizeof(bytes));
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		(void)sd_event_source_set_enabled(s, SD_EVENT_OFF);
	if (got > 0)
		p->moved_ms = clock_mono_ms();
	for (ssize_t i = 0; i < got; i++)
		if (bytes[i] == '\n')
			take_line(p);
		else if (p->line_len < sizeof(p->line) - 1)
			p->line[p->line_len++] = bytes[i];
	return 0;
}

static void read_errors(struct prepare *p)
{
	char bytes[512];
	for (ssize_t got; (got = read(p->errors, bytes, sizeof(bytes))) > 0;) {
		const size_t len = (size_t)got, room = sizeof(p->end) - 1;
		const size_t drop = p->end_len + len > room ? p->end_len + len - room : 0;
		memmove(p->end, p->end + drop, p->end_len - drop);
		p->end_len -= drop;
		memcpy(p->end + p->end_len, bytes, len);
		p->end_len += len;
	}
}

static int on_errors(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)fd;
	if (events & (EPOLLHUP | EPOLLERR))
		(void)sd_event_source_set_enabled(s, SD_EVENT_OFF);
	read_errors(data);
	return 0;
}

int prepare_fault(const char *said, struct fault *why)
{
	char line[512];
	const char *last = said;
	for (const char *end; (end = strchr(last, '\n')) && end[1];)
		last = end + 1;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(last, "\n"), last);
	text_mend_utf8(line);
	size_t len = strlen(line);
	char *id = len && line[len - 1] == ')' ? strrchr(line, '(') : NULL;
	if (id)
		line[len - 1] = '\0';
	/* An id has letters, points and dashes: anything else was part of the sentence. */
	if (!id || !id[1] ||
	    strspn(id + 1, "abcdefghijklmnopqrstuvwxyz.-_0123456789") != strlen(id + 1))
		return fault_set(why, -ECHILD, "staff.prepare", "%s",
				 *line ? line : "the film could not be read");
	*id++ = '\0';
	const char *text = strstr(line, "': ");
	return fault_set(why, -EBADMSG, id, "%s", text ? text + 3 : line);
}

/* What it says itself; whose fault it was says its status. */
static int ended_with(const struct prepare *p, int status, struct fault *why)
{
	const int said = prepare_fault(p->end, why), code = publish_code(status);
	if (code == -EBADMSG)
		return said;
	if (code == -ENOMEM)
		snprintf(why->id, sizeof(why->id), "staff.memory");
	why->code = code;
	return code;
}

static void finish(struct prepare *p, const siginfo_t *how)
{
	struct fault why = { 0 };
	int r = 0;
	p->end[p->end_len] = '\0';
	if (p->stuck)
		r = fault_set(&why, -ETIMEDOUT, "staff.stuck",
			      "nothing of the film came out for a long time");
	else if (how->si_code == CLD_EXITED && how->si_status == 127)
		r = fault_set(&why, -ENOEXEC, "staff.program", "'%s' does not start; reinstall it",
			      p->order.program);
	else if (how->si_code != CLD_EXITED && how->si_status == SIGKILL) /* not by us */
		r = fault_set(&why, -ENOMEM, "staff.memory",
			      "reading the film was ended: there is too little memory");
	else if (how->si_code != CLD_EXITED)
		r = fault_set(&why, -ECHILD, "staff.crash",
			      "reading the film ended by signal %d: it is damaged", how->si_status);
	else if (how->si_status != 0)
		r = ended_with(p, how->si_status, &why);
	else if (p->end_len && prepare_fault(p->end, &why) && strncmp(why.id, "probe.", 6) != 0)
		why = (struct fault){ 0 }; /* words for the log alone */
	p->order.done(p->order.data, r, &why);
}

static int on_end(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)fd, (void)events;
	struct prepare *p = data;
	siginfo_t how = { 0 };
	(void)sd_event_source_set_enabled(s, SD_EVENT_OFF);
	while (waitid(P_PID, (id_t)p->pid, &how, WEXITED) < 0 && errno == EINTR)
		;
	p->pid = 0;
	(void)sd_event_source_set_enabled(p->clock, SD_EVENT_OFF);
	read_errors(p);
	finish(p, &how); /* it may be stopped, and freed, in there */
	return 0;
}

static int on_clock(sd_event_source *s, uint64_t usec, void *data)
{
	(void)usec;
	struct prepare *p = data;
	const uint64_t now = clock_mono_ms();
	if (p->stands)
		p->moved_ms = now;
	if (now - p->moved_ms >= p->order.stuck_ms) {
		p->stuck = true;
		(void)syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
	}
	(void)sd_event_source_set_time(s, (now + LOOK_MS) * 1000);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

/* --- beginning and end ------------------------------------------------------------------------------------- */

static int start_child(struct prepare *p, struct fault *why)
{
	int out[2], err[2];
	struct call call;
	if (make_call(&call, &p->order))
		return fault_set(why, -ENAMETOOLONG, "staff.folder", "'%s': too long",
				 p->order.folder);
	if (pipe2(out, O_CLOEXEC) < 0)
		return fault_set(why, -errno, "staff.prepare", "no pipe (%s)", strerror(errno));
	p->said = out[0];
	AUTO_FD int said = out[1];
	if (pipe2(err, O_CLOEXEC) < 0)
		return fault_set(why, -errno, "staff.prepare", "no pipe (%s)", strerror(errno));
	p->errors = err[0];
	AUTO_FD int errors = err[1];
	const pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become(&p->order, &call, said, errors, parent);
	if (pid < 0)
		return fault_set(why, -errno, "staff.prepare", "no process (%s)", strerror(errno));
	(void)setpgid(pid, pid); /* whoever of the two is first */
	p->pid = pid;
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->pidfd < 0 || fcntl(p->said, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(p->errors, F_SETFL, O_NONBLOCK) < 0)
		return fault_set(why, -errno, "staff.prepare", "no process (%s)", strerror(errno));
	return 0;
}

static int watch(struct prepare *p, struct fault *why)
{
	if (sd_event_add_io(p->loop, &p->on_said, p->said, EPOLLIN, on_said, p) < 0 ||
	    sd_event_add_io(p->loop, &p->on_errors, p->errors, EPOLLIN, on_errors, p) < 0 ||
	    sd_event_add_io(p->loop, &p->on_end, p->pidfd, EPOLLIN, on_end, p) < 0 ||
	    sd_event_source_set_priority(p->on_end, SD_EVENT_PRIORITY_IDLE) < 0 ||
	    sd_event_add_time(p->loop, &p->clock, CLOCK_BOOTTIME,
			      (clock_mono_ms() + LOOK_MS) * 1000, 100000, on_clock, p) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return 0;
}

int prepare_start(struct sd_event *loop, const struct prepare_order *order, struct prepare **out,
		  struct fault *why)
{
	CLEANUP(clean_prepare) struct prepare *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	p->order = *order;
	p->pidfd = p->said = p->errors = -1;
	p->loop = sd_event_ref(loop);
	p->moved_ms = clock_mono_ms();
	int r = start_child(p, why);
	if (r == 0)
		r = watch(p, why);
	if (r == 0)
		*out = MOVE_PTR(p);
	return r;
}

void prepare_pace(struct prepare *p, enum prepare_walk walk)
{
	if (!p || !p->pid || p->stands == (walk == PREPARE_STANDS))
		return;
	p->stands = walk == PREPARE_STANDS;
	p->moved_ms = clock_mono_ms();
	(void)kill(-p->pid,
		   p->stands ? SIGSTOP : SIGCONT); /* not reaped yet: the number is still its */
}

void prepare_stop(struct prepare *p)
{
	if (!p)
		return;
	if (p->pid) {
		kill(p->pid, SIGKILL); /* not reaped yet: the number is still its */
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	sd_event_source_disable_unref(p->on_said);
	sd_event_source_disable_unref(p->on_errors);
	sd_event_source_disable_unref(p->on_end);
	sd_event_source_disable_unref(p->clock);
	const int fds[] = { p->pidfd, p->said, p->errors };
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	sd_event_unref(p->loop);
	free(p);
}

void prepare_sweep(const char *folder, const char *id)
{
	static const char *const ends[] = { "mp4",      "pb",      "jpg",      "words",
					    "mp4.part", "pb.part", "jpg.part", "words.part" };
	char path[PATH_MAX];
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if ((size_t)snprintf(path, sizeof(path), "%s/%s.%s", folder, id, ends[i]) <
		    sizeof(path))
			(void)unlink(path);
}
