// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/wants.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

#define MOST_CLIENTS 64u
#define MOST_WANTS 8192u /* of all workers; a phone has a handful */
#define PACKETS_A_TURN 256u

struct want {
	struct want_msg msg;
	struct client *from;
	uint64_t since;    /* order of arrival */
	uint64_t served;   /* in the same order: when its client was last told of anything */
	size_t turn;       /* how many its client waits for longer; wants_list() */
	uint64_t until_ms; /* 0: waits; else was told, reads on, and is forgotten then */
};

struct client {
	struct wants *of;
	sd_event_source *source;
	int fd;
	uint64_t instance; /* 0: has not said hello */
	struct client *next;
};

struct wants {
	struct wants_calls calls;
	sd_event *loop;
	sd_event_source *listener, *later, *fade;
	int fd;
	struct client *clients;
	size_t client_count;
	struct want *all;
	size_t count, room;
	const struct want_msg **sorted;
	uint64_t arrivals;
	uint32_t patience_ms;
	int passed; /* borrowed; -1: none */
};

static void send_msg(const struct client *c, const struct want_msg *m)
{
	/* A full buffer drops it: the waiter looks again by itself. */
	(void)send(c->fd, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void something_changed(struct wants *w)
{
	sd_event_source_set_enabled(w->later, SD_EVENT_ONESHOT);
}

static int tell_change(sd_event_source *s, void *data)
{
	(void)s;
	struct wants *w = data;
	w->calls.changed(w->calls.data);
	return 0;
}

static void drop_at(struct wants *w, size_t i)
{
	w->all[i] = w->all[--w->count];
	something_changed(w);
}

/* --- readers that were told ------------------------------------------------------------------------ */

static int forget_readers(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s;
	(void)usec;
	struct wants *w = data;
	uint64_t now = clock_mono_ms(), next = 0;
	for (size_t i = w->count; i-- > 0;) {
		const uint64_t until = w->all[i].until_ms;
		if (until && until <= now)
			drop_at(w, i);
		else if (until && (!next || until < next))
			next = until;
	}
	if (next) {
		sd_event_source_set_time(w->fade, next * 1000);
		sd_event_source_set_enabled(w->fade, SD_EVENT_ONESHOT);
	}
	return 0;
}

/* Who is told of one thing is the last to have its turn with the next. */
static void was_served(struct wants *w, uint32_t client)
{
	const uint64_t now = ++w->arrivals;
	for (size_t i = 0; client && i < w->count; i++)
		if (w->all[i].msg.client == client)
			w->all[i].served = now;
}

static uint64_t last_served(const struct wants *w, uint32_t client)
{
	for (size_t i = 0; client && i < w->count; i++)
		if (w->all[i].msg.client == client)
			return w->all[i].served;
	return 0;
}

/* Answers the want; what it means to read behind that stays listed for a moment. */
static void told(struct wants *w, size_t i, uint64_t count)
{
	struct want *want = &w->all[i];
	struct want_msg ready = want_ready(&want->msg, want->msg.first, count);
	send_msg(want->from, &ready);
	was_served(w, want->msg.client);
	if (count >= want->msg.count) {
		drop_at(w, i);
		return;
	}
	want->msg.first += count;
	want->msg.count -= count;
	want->since = ++w->arrivals;
	want->until_ms = clock_mono_ms() + WANTS_READING_MS;
	int enabled = SD_EVENT_OFF;
	sd_event_source_get_enabled(w->fade, &enabled);
	if (enabled == SD_EVENT_OFF) {
		sd_event_source_set_time(w->fade, want->until_ms * 1000);
		sd_event_source_set_enabled(w->fade, SD_EVENT_ONESHOT);
	}
}

/* The reader of whom `m` is the next want: the nearest of this worker at or before it. */
static void reads_on(const struct client *c, const struct want_msg *m)
{
	struct wants *w = c->of;
	size_t found = w->count;
	for (size_t i = 0; i < w->count; i++) {
		const struct want *want = &w->all[i];
		const uint32_t was = want->msg.client, is = m->client;
		const bool another = was && is && !((was | is) & WANT_SEVERAL) && was != is;
		if (want->until_ms && want->from == c && !another && want->msg.first <= m->first &&
		    !memcmp(want->msg.id.b, m->id.b, sizeof(m->id.b)) &&
		    (found == w->count || want->msg.first > w->all[found].msg.first))
			found = i;
	}
	if (found < w->count)
		drop_at(w, found);
}

static void drop_client(struct client *c)
{
	struct wants *w = c->of;
	for (size_t i = w->count; i-- > 0;)
		if (w->all[i].from == c)
			drop_at(w, i);
	struct client **at = &w->clients;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	w->client_count--;
	sd_event_source_disable_unref(c->source);
	close(c->fd);
	free(c);
}

static bool grow(struct wants *w)
{
	if (w->count < w->room)
		return true;
	size_t room = w->room ? w->room * 2 : 64;
	struct want *all = reallocarray(w->all, room, sizeof(*all));
	if (!all)
		return false;
	w->all = all;
	const struct want_msg **sorted = reallocarray(w->sorted, room, sizeof(*sorted));
	if (!sorted)
		return false;
	w->sorted = sorted;
	w->room = room;
	return true;
}

static void take_want(struct client *c, const struct want_msg *m)
{
	struct wants *w = c->of;
	int stand = w->calls.look(w->calls.data, m);
	if (m->kind == WANT_OBJECT)
		reads_on(c, m);
	if (stand >= 0 && (w->count >= MOST_WANTS || !grow(w)))
		stand = -EBUSY;
	if (stand < 0) {
		struct want_msg answer = want_failed(m, stand);
		send_msg(c, &answer);
		return;
	}
	w->all[w->count] = (struct want){
		.msg = *m, .from = c, .since = ++w->arrivals, .served = last_served(w, m->client)
	};
	w->all[w->count++].msg.error = 0; /* it was looked at, once */
	something_changed(w);
	if (stand > 0)
		told(w, w->count - 1, (uint64_t)stand);
}

static void cancel(struct client *c, uint64_t token)
{
	struct wants *w = c->of;
	for (size_t i = w->count; i-- > 0;)
		if (w->all[i].from == c && w->all[i].msg.token == token && !w->all[i].until_ms)
			drop_at(w, i);
}

static void share(const struct client *c, const struct want_msg *m)
{
	struct wants *w = c->of;
	for (size_t i = 0; i < w->count; i++) {
		struct want *want = &w->all[i];
		if (want->from != c || want->msg.token != m->token || want->until_ms)
			continue;
		want->msg.client = m->client;
		something_changed(w);
	}
}

/* What a worker may say after its hello; anything else ends the connection. */
static int take_message(struct client *c, const struct want_msg *m)
{
	switch ((enum want_type)m->type) {
	case WANT_HELLO:
		if (m->token != WANT_VERSION)
			return -EPROTO;
		c->instance = m->rendition;
		return want_send_hello(c->fd, c->of->patience_ms, c->of->passed);
	case WANT_WANT:
		if (!c->instance)
			return -EPROTO;
		take_want(c, m);
		return 0;
	case WANT_CANCEL:
		cancel(c, m->token);
		return 0;
	case WANT_SHARED:
		share(c, m);
		return 0;
	case WANT_SPOILT:
		if (!c->instance)
			return -EPROTO;
		c->of->calls.spoilt(c->of->calls.data);
		return 0;
	case WANT_READY:
	case WANT_FAILED:
	case WANT_TALLY:
	case WANT_TALLIED:
		break;
	}
	return -EPROTO;
}

/* A worker also carries what one that was killed has counted: each instance has its own sequence, and its own answer. */
static void count_tallies(const struct client *c, const struct want_tally *tallies, size_t count)
{
	const struct wants *w = c->of;
	for (size_t from = 0, n; c->instance && from < count; from += n) {
		const uint64_t instance = tallies[from].instance;
		for (n = 1; from + n < count && tallies[from + n].instance == instance;)
			n++;
		uint64_t through = w->calls.tally(w->calls.data, instance, tallies + from, n);
		struct want_msg m = want_tallied(instance, through);
		if (through)
			send_msg(c, &m);
	}
}

/* Reads what is there, tallies of a turn in one commit. */
static int read_client(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)s;
	(void)events;
	struct client *c = data;
	struct want_tally tallies[32];
	size_t count = 0;
	int r = 0;
	for (unsigned n = 0; n < PACKETS_A_TURN && r == 0 && count < ARRAY_LEN(tallies); n++) {
		union want_packet p;
		int got = want_receive(fd, &p);
		if (got == 0)
			break;
		if (got < 0)
			r = got;
		else if (p.type == WANT_TALLY)
			tallies[count++] = p.tally;
		else
			r = take_message(c, &p.msg);
	}
	count_tallies(c, tallies, count);
	if (r)
		drop_client(c);
	return 0;
}

static int accept_client(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)s;
	(void)events;
	struct wants *w = data;
	AUTO_FD int in = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (in < 0 || w->client_count >= MOST_CLIENTS)
		return 0;
	struct client *c = calloc(1, sizeof(*c));
	if (!c)
		return 0;
	c->of = w;
	c->fd = in;
	if (sd_event_add_io(w->loop, &c->source, in, EPOLLIN, read_client, c) < 0) {
		free(c);
		return 0;
	}
	(void)MOVE_FD(in);
	c->next = w->clients;
	w->clients = c;
	w->client_count++;
	return 0;
}

/* The socket that systemd holds for us, or one of our own. */
static int listening_socket(const char *path, mode_t mode, struct fault *why)
{
	char **names = NULL;
	int found = -1;
	int n = sd_listen_fds_with_names(0, &names);
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], "want.sock") == 0)
			found = SD_LISTEN_FDS_START + i;
		free(names[i]);
	}
	free(names);
	return found >= 0 ? found : want_listen(path, mode, why);
}

void wants_free(struct wants *w)
{
	if (!w)
		return;
	while (w->clients)
		drop_client(w->clients);
	sd_event_source_disable_unref(w->listener);
	sd_event_source_disable_unref(w->later);
	sd_event_source_disable_unref(w->fade);
	if (w->fd >= 0)
		close(w->fd);
	free(w->all);
	free(w->sorted);
	free(w);
}

CLEAN_FN(wants, struct wants, wants_free)

int wants_new(struct sd_event *loop, const char *path, mode_t mode, const struct wants_calls *calls,
	      struct wants **out, struct fault *why)
{
	CLEANUP(clean_wants) struct wants *w = calloc(1, sizeof(*w));
	if (!w)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	w->calls = *calls;
	w->loop = loop;
	w->passed = -1;
	w->fd = listening_socket(path, mode, why);
	if (w->fd < 0)
		return w->fd;
	if (sd_event_add_io(loop, &w->listener, w->fd, EPOLLIN, accept_client, w) < 0 ||
	    sd_event_add_defer(loop, &w->later, tell_change, w) < 0 ||
	    sd_event_source_set_enabled(w->later, SD_EVENT_OFF) < 0 ||
	    sd_event_add_time(loop, &w->fade, CLOCK_BOOTTIME, 0, 100000, forget_readers, w) < 0 ||
	    sd_event_source_set_enabled(w->fade, SD_EVENT_OFF) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(w);
	return 0;
}

static int sooner(uint64_t x, uint64_t y)
{
	return x < y ? -1 : x > y;
}

static int by_client(const void *a, const void *b)
{
	const struct want *x = *(const struct want *const *)a, *y = *(const struct want *const *)b;
	int r = sooner(x->msg.client, y->msg.client);
	if (!r)
		r = sooner(x->msg.priority, y->msg.priority);
	return r ? r : sooner(x->since, y->since);
}

static uint64_t waits_since(const struct want *want)
{
	return want->since > want->served ? want->since : want->served;
}

static int more_urgent(const void *a, const void *b)
{
	const struct want *x = *(const struct want *const *)a, *y = *(const struct want *const *)b;
	int r = sooner(x->msg.priority, y->msg.priority);
	if (!r)
		r = sooner(x->turn, y->turn);
	if (!r)
		r = sooner(waits_since(x), waits_since(y));
	return r ? r : sooner(x->since, y->since);
}

/* Of all that a client waits for, its first comes beside the others' first. */
static void number_turns(struct wants *w)
{
	size_t turn = 0;
	uint32_t client = 0;
	qsort(w->sorted, w->count, sizeof(*w->sorted), by_client);
	for (size_t i = 0; i < w->count; i++) {
		struct want *want = &w->all[(const struct want *)w->sorted[i] - w->all];
		turn = want->msg.client && want->msg.client == client ? turn + 1 : 0;
		client = want->msg.client;
		want->turn = turn;
	}
}

void wants_offer(struct wants *w, uint32_t patience_ms, int passed)
{
	w->patience_ms = patience_ms;
	w->passed = passed;
}

size_t wants_list(struct wants *w, const struct want_msg *const **out)
{
	/* `msg` is a want's first member: an array of wants is one of messages. */
	for (size_t i = 0; i < w->count; i++)
		w->sorted[i] = &w->all[i].msg;
	if (w->count) {
		number_turns(w);
		qsort(w->sorted, w->count, sizeof(*w->sorted), more_urgent);
	}
	*out = w->sorted;
	return w->count;
}

void wants_recheck(struct wants *w)
{
	for (size_t i = w->count; i-- > 0;) {
		const struct want *want = &w->all[i];
		int stand = want->until_ms ? 0 : w->calls.look(w->calls.data, &want->msg);
		if (stand > 0) {
			told(w, i, (uint64_t)stand);
		} else if (stand < 0) {
			struct want_msg m = want_failed(&want->msg, stand);
			send_msg(want->from, &m);
			drop_at(w, i);
		}
	}
}

void wants_chunk_here(struct wants *w, const struct objmap_id *id, uint64_t chunk)
{
	for (size_t i = w->count; i-- > 0;) {
		const struct want_msg *m = &w->all[i].msg;
		if (m->kind != WANT_OBJECT || chunk != m->first || w->all[i].until_ms ||
		    memcmp(m->id.b, id->b, sizeof(id->b)) != 0)
			continue;
		int stand = w->calls.look(w->calls.data, m);
		told(w, i, stand > 0 ? (uint64_t)stand : 1);
	}
}

static void answer_segment(struct wants *w, uint64_t rendition, uint32_t segment, int error)
{
	for (size_t i = w->count; i-- > 0;) {
		const struct want_msg *m = &w->all[i].msg;
		if (m->kind != WANT_SEGMENT || m->rendition != rendition || m->first != segment)
			continue;
		struct want_msg answer = error ? want_failed(m, error) : want_ready(m, segment, 1);
		send_msg(w->all[i].from, &answer);
		drop_at(w, i);
	}
}

void wants_segment_here(struct wants *w, uint64_t rendition, uint32_t segment)
{
	answer_segment(w, rendition, segment, 0);
}

void wants_segment_failed(struct wants *w, uint64_t rendition, uint32_t segment, int error)
{
	answer_segment(w, rendition, segment, error);
}
