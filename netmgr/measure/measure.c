// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/measure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "netmgr/book/account.h"
#include "netmgr/probe/measure_key.h"
#include "netmgr/measure/measure_priv.h"
#include "netmgr/probe/probe.h"
#include "netmgr/book/quota.h"

enum { MONTH_S = 30 * 86400, FIRST_MS = 600000, RUN_MS = 30000, LINE_FD = 3, PERCENT_HOLD = 95 };

static void begin_way(struct measure *m);

static const struct uplink_conf *conf_of(const struct measure *m, unsigned i)
{
	return &m->engine->conf->uplinks[i];
}

/* --- how it is with a line --- */

static uint64_t used_bytes(const struct measure *m, unsigned i)
{
	uint64_t rx, tx;
	account_used(m->engine->account, i, &rx, &tx);
	return rx + tx;
}

static struct measure_line look_at(const struct measure *m, unsigned i)
{
	const struct core *c = &m->engine->core;
	const enum uplink_state state = core_state(c, i);
	const uint64_t quota = conf_of(m, i)->quota_bytes, used = used_bytes(m, i);
	const uint64_t hold = quota / 100 * PERCENT_HOLD;
	return (struct measure_line){
		.works = state == UPLINK_UP || state == UPLINK_SUSPECT || state == UPLINK_CAPPED,
		.suspect = state == UPLINK_SUSPECT,
		.hub = c->uplinks[i].layer != UPLINK_LAYER_HUB,
		.metered = net_conf_metered(conf_of(m, i)),
		.quiet = m->lines[i].is_quiet,
		.level = quota_level(used, quota),
		.left_bytes = !quota        ? UINT64_MAX
			      : used < hold ? hold - used
					    : 0,
		.spent_bytes = m->lines[i].spent_bytes,
	};
}

/* --- when --- */

/* Anew after each; what the book knows counts across restarts. */
static void plan_next(struct measure *m, unsigned i, uint64_t now_ms, int64_t wall_s)
{
	struct measure_of_line *l = &m->lines[i];
	const uint64_t wait_ms =
		measure_wait_ms(&m->rules, net_conf_metered(conf_of(m, i)), randombytes_random());
	int64_t last_s = 0;
	struct fault why;
	if (measure_book_spent(m->book, conf_of(m, i)->name, wall_s - MONTH_S, &l->spent_bytes,
			       &last_s, &why) < 0)
		log_fault(LOG_LEVEL_WARN, "measure.book", &why);
	const uint64_t since_ms =
		last_s && wall_s > last_s ? (uint64_t)(wall_s - last_s) * 1000 : 0;
	const uint64_t rest_ms = wait_ms > since_ms ? wait_ms - since_ms : 0;
	l->due_ms = wait_ms == UINT64_MAX ? UINT64_MAX
					  : now_ms + (rest_ms > FIRST_MS ? rest_ms : FIRST_MS);
}

static bool may_begin(struct measure *m, unsigned i, uint64_t now_ms)
{
	const struct measure_line line = look_at(m, i);
	return now_ms >= m->lines[i].due_ms &&
	       measure_may(&m->rules, &line, MEASURE_BY_ITSELF) == MEASURE_GO;
}

/* --- the child --- */

/* In the child: its order, the line and a pipe, and nothing else of ours. */
static void become(const struct measure *m, pid_t parent, int line, int out, char **argv,
		   char **env) __attribute__((noreturn));
static void become(const struct measure *m, pid_t parent, int line, int out, char **argv,
		   char **env)
{
	sigset_t none;
	sigemptyset(&none);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* Out of each other's way first. */
	const int kept_line = fcntl(line, F_DUPFD, 10), kept_out = fcntl(out, F_DUPFD, 10);
	const int null = open("/dev/null", O_RDWR);
	if (getppid() != parent || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(kept_out, STDOUT_FILENO) < 0 || dup2(kept_line, LINE_FD) < 0)
		_exit(127);
	syscall(SYS_close_range, LINE_FD + 1, ~0u, 0);
	execve(m->program, argv, env);
	_exit(127);
}

static int start_child(struct measure *m, int line, int out)
{
	struct measure_line now = look_at(m, m->uplink);
	struct net_check check = { 0 };
	char cap[24], way[16], how[8], name[] = "wasl-ndt", host[sizeof(check.host)];
	char token[sizeof("WASL_NDT_TOKEN=") + NDT_TOKEN_ROOM] = "WASL_NDT_TOKEN=";
	const struct measure_key *key = prober_key(m->engine->prober);
	(void)net_conf_check_url(m->engine->conf->net.check_url, &check, NULL);
	snprintf(host, sizeof(host), "%s", *check.host ? check.host : "hub");
	snprintf(cap, sizeof(cap), "%llu",
		 (unsigned long long)measure_cap(&m->rules, &now, m->how));
	snprintf(way, sizeof(way), "%s", ndt_way_name(m->way));
	snprintf(how, sizeof(how), "%s", m->how == MEASURE_FULL ? "full" : "early");
	if (key->has) {
		uint8_t nonce[HUBECHO_NONCE];
		randombytes_buf(nonce, sizeof(nonce));
		hubecho_ask(key->key, key->device, nonce, m->ask);
		text_hex(m->ask, sizeof(m->ask), token + strlen(token));
	}
	char *argv[] = { name, way, host, how, cap, NULL }, *env[] = { token, NULL };
	const pid_t parent = getpid(), child = fork();
	if (child == 0)
		become(m, parent, line, out, argv, env);
	if (child < 0)
		return -errno;
	m->child = child;
	return 0;
}

static void end_child(struct measure *m)
{
	m->said = sd_event_source_disable_unref(m->said);
	m->ended = sd_event_source_disable_unref(m->ended);
	if (m->child > 0) {
		(void)kill(m->child, SIGKILL);
		(void)waitpid(m->child, NULL, 0);
	}
	m->child = 0;
	if (m->out >= 0)
		close(m->out);
	m->out = -1;
}

/* --- one measurement --- */

/* It was the hub, if it could answer what only the hub can. */
static bool is_proved(const struct measure *m, const struct ndt_result *r)
{
	const struct measure_key *key = prober_key(m->engine->prober);
	uint8_t answer[HUBECHO_ANSWER];
	return key->has && text_unhex(r->proof, answer, sizeof(answer)) == 0 &&
	       hubecho_answers(answer, sizeof(answer), key->key, m->ask) == 0;
}

static void finish(struct measure *m)
{
	const struct ndt_result *down = &m->row.way[NDT_DOWN], *up = &m->row.way[NDT_UP];
	struct fault why;
	const int64_t wall_s = clock_wall_s();
	m->row.at_s = wall_s;
	m->runs = false;
	log_info("event=measured uplink=%s down=%s down_bps=%llu up=%s up_bps=%llu bytes=%llu "
		 "truncated=%d",
		 m->row.uplink, ndt_end_name(down->end), (unsigned long long)down->bps,
		 ndt_end_name(up->end), (unsigned long long)up->bps,
		 (unsigned long long)(down->bytes + up->bytes), measure_row_truncated(&m->row));
	const int64_t keep_s = (int64_t)m->engine->conf->net.keep_days * 86400;
	if (measure_book_add(m->book, &m->row, wall_s - keep_s, &why) < 0)
		log_fault(LOG_LEVEL_ERROR, "measure.book", &why);
	m->last_cursor = m->row.cursor;
	plan_next(m, m->uplink, clock_mono_ms(), wall_s);
}

static void end_way(struct measure *m, enum ndt_end how)
{
	struct ndt_result *r = &m->row.way[m->way];
	end_child(m);
	if (how != NDT_END_RUNS)
		r->end = how;
	if (r->end == NDT_END_RUNS)
		r->end = NDT_END_BROKEN;
	m->row.proved = is_proved(m, r) && (m->way == NDT_DOWN || m->row.proved);
	const bool whole =
		r->end == NDT_END_STABLE || r->end == NDT_END_CAP || r->end == NDT_END_FULL;
	if (m->way == NDT_UP || !whole) {
		finish(m);
		return;
	}
	m->way = NDT_UP;
	begin_way(m);
}

static void hear_lines(struct measure *m)
{
	char *line = m->text;
	for (char *end; (end = memchr(line, '\n', m->len)); line = end + 1) {
		const size_t len = (size_t)(end - line);
		(void)ndt_said_read(line, len, &m->row.way[m->way]);
		m->len -= len + 1;
	}
	memmove(m->text, line, m->len);
	/* Nobody whose lines are so long is understood. */
	if (m->len == sizeof(m->text))
		m->len = 0;
}

static ssize_t hear(struct measure *m)
{
	const ssize_t n = read(m->out, m->text + m->len, sizeof(m->text) - m->len);
	if (n > 0) {
		m->len += (size_t)n;
		hear_lines(m);
	}
	return n;
}

static int on_said(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct measure *m = data;
	(void)fd;
	(void)events;
	if (hear(m) == 0)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int on_ended(sd_event_source *source, const siginfo_t *info, void *data)
{
	struct measure *m = data;
	(void)source;
	while (hear(m) > 0)
		;
	m->child = 0; /* the loop has reaped it */
	if (info->si_code != CLD_EXITED || info->si_status != 0)
		log_warn("event=measure.ended status=%d text=\"'%s' brought no result\"",
			 info->si_status, m->program);
	/* A cable that is out breaks it off before anybody else says so. */
	const bool fell = m->row.way[m->way].end >= NDT_END_BROKEN && !look_at(m, m->uplink).works;
	end_way(m, fell ? NDT_END_LINE : NDT_END_RUNS);
	return 0;
}

static int dial(struct measure *m, int *fd)
{
	union host hub;
	const int r = prober_hub(m->engine->prober, m->uplink, &hub);
	if (r)
		return r;
	hub = host_at(&hub, (uint16_t)m->engine->conf->measure.port);
	return kernel_dial(m->engine->serving.kernel, m->uplink, KERNEL_TCP, &hub, fd);
}

static int try_way(struct measure *m)
{
	int pipe_ends[2];
	AUTO_FD int line = -1;
	int r = dial(m, &line);
	if (r)
		return r;
	if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	AUTO_FD int theirs = pipe_ends[1];
	m->out = pipe_ends[0];
	m->len = 0;
	r = start_child(m, line, theirs);
	if (r == 0)
		r = sd_event_add_child(m->engine->loop, &m->ended, m->child, WEXITED, on_ended, m);
	if (r >= 0)
		r = sd_event_add_io(m->engine->loop, &m->said, m->out, EPOLLIN, on_said, m);
	m->until_ms = clock_mono_ms() + RUN_MS;
	return r < 0 ? r : 0;
}

static void begin_way(struct measure *m)
{
	const int r = try_way(m);
	if (r == 0)
		return;
	log_warn("event=measure.start uplink=%s text=\"%s\"", m->row.uplink, strerror(-r));
	end_way(m, NDT_END_BROKEN);
}

static void begin(struct measure *m, unsigned uplink, enum measure_how how, enum measure_by by)
{
	m->runs = true;
	m->uplink = uplink;
	m->how = how;
	m->way = NDT_DOWN;
	m->row = (struct measure_row){ .by = by };
	memcpy(m->row.uplink, conf_of(m, uplink)->name, sizeof(m->row.uplink));
	begin_way(m);
}

int measure_order(struct measure *m, unsigned uplink, enum measure_how how, struct fault *why)
{
	static const struct {
		int code;
		const char *text;
	} said[MEASURE_NOS] = {
		[MEASURE_DOWN] = { -EAGAIN, "does not work now; wasl net explain says why" },
		[MEASURE_SUSPECT] = { -EAGAIN, "is being looked at, as something did not answer; "
					       "try again in a minute" },
		[MEASURE_NO_HUB] = { -EAGAIN,
				     "works, but the hub does not answer; try again later" },
		[MEASURE_QUOTA] = { -EPERM, "has no bytes left for this: the rest of its plan is "
					    "for people and reports" },
	};
	const struct measure_line line = look_at(m, uplink);
	const enum measure_no no = measure_may(&m->rules, &line, MEASURE_BY_HAND);
	char id[sizeof(why->id)];
	if (m->runs)
		return fault_set(why, -EAGAIN, "measure.runs",
				 "line '%s' is being measured; wait half a minute", m->row.uplink);
	snprintf(id, sizeof(id), "measure.%s", measure_no_name(no));
	if (no != MEASURE_GO)
		return fault_set(why, said[no].code, id, "line '%s' %s", conf_of(m, uplink)->name,
				 said[no].text);
	begin(m, uplink, how, MEASURE_BY_HAND);
	return 0;
}

void measure_tick(struct measure *m, uint64_t now_ms, int64_t wall_s)
{
	const struct engine *e = m->engine;
	for (unsigned i = 0; i < e->conf->uplink_count; i++)
		m->lines[i].is_quiet = measure_is_quiet(&m->lines[i].quiet, used_bytes(m, i),
							account_kbps(e->account, i));
	if (m->runs) {
		if (!look_at(m, m->uplink).works)
			end_way(m, NDT_END_LINE);
		else if (now_ms >= m->until_ms)
			end_way(m, NDT_END_LATE);
		return;
	}
	for (unsigned i = 0; i < e->conf->uplink_count && !m->runs; i++) {
		if (!m->lines[i].due_ms)
			plan_next(m, i, now_ms, wall_s);
		if (may_begin(m, i, now_ms))
			begin(m, i, MEASURE_EARLY, MEASURE_BY_ITSELF);
	}
}

/* --- life --- */

static int find_program(struct measure *m, struct fault *why)
{
	const char *named = m->engine->conf->measure.program;
	char self[PATH_MAX];
	const ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (!*named && len <= 0)
		return fault_set(why, -errno, "measure.program",
				 "/proc/self/exe: %s; name the program in [measure] program",
				 strerror(errno));
	self[len > 0 ? len : 0] = '\0';
	if (*self)
		*strrchr(self, '/') = '\0';
	const int n = *named ? snprintf(m->program, sizeof(m->program), "%s", named)
			     : snprintf(m->program, sizeof(m->program), "%s/wasl-ndt", self);
	return (size_t)n < sizeof(m->program)
		       ? 0
		       : fault_set(why, -ENAMETOOLONG, "measure.program",
				   "'%s' is too long a path; set [measure] program", self);
}

void measure_free(struct measure *m)
{
	if (!m)
		return;
	end_child(m);
	measure_book_close(m->book);
	free(m);
}

CLEAN_FN(measure, struct measure, measure_free)

int measure_new(struct engine *e, struct measure **out, struct fault *why)
{
	CLEANUP(clean_measure) struct measure *m = calloc(1, sizeof(*m));
	if (!m)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	sigset_t ended;
	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	/* The loop hears of it by descriptor. */
	(void)sigprocmask(SIG_BLOCK, &ended, NULL);
	m->engine = e;
	m->out = -1;
	m->rules = (struct measure_rules){ .a_day = (uint32_t)e->conf->measure.a_day,
					   .month_bytes = e->conf->measure.metered_bytes,
					   .most_bytes = e->conf->measure.metered_most };
	int r = find_program(m, why);
	if (r == 0)
		r = measure_book_open(paths_at("/var/lib/wasl/netmgr/measured.db").at, &m->book,
				      why);
	if (r < 0)
		return r;
	*out = MOVE_PTR(m);
	return 0;
}
