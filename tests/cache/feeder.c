// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plays contentd for tests of the nginx module: fills a store with bytes that anyone can make again, answers the want
 * socket as slowly or wrongly as told, and counts what it hears. Commands come as lines on standard input, each is
 * answered by one line; without input it ends.
 *
 *	cache-feeder DIR SOCKET		the feeder
 *	cache-feeder bytes SEED FROM LEN	the bytes of the stream SEED, on standard output
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "tests/cache/feeder.h"
#include "tests/unit/cache/sample.h"

static struct feeder f;

void feeder_die(const char *what, const struct fault *why)
{
	fprintf(stderr, "feeder: %s: %s\n", what, why ? why->text : "");
	exit(1);
}

/* Segment n of any rendition: so many bytes of the stream 1000 + n. */
static size_t segment_len(uint32_t segment)
{
	return segment ? 20000 + segment * 1001 : 700;
}

int feeder_put_segment(struct thing *t, uint32_t segment)
{
	const size_t len = segment_len(segment);
	uint8_t *bytes = malloc(len);
	sample_fill(1000 + segment, 0, bytes, len);
	int rc = store_rendition_put(t->rendition, segment, segment ? SEGMENT_MS : 0, bytes, len,
				     NULL);
	free(bytes);
	return rc;
}

int feeder_put_chunk(struct thing *t, uint64_t chunk)
{
	static uint8_t bytes[CHUNK];
	const uint64_t size = store_object_size(t->object);
	if (chunk * CHUNK >= size)
		return -EINVAL;
	const size_t len = size - chunk * CHUNK < CHUNK ? (size_t)(size - chunk * CHUNK) : CHUNK;
	sample_fill(t->seed, chunk * CHUNK, bytes, len);
	return store_object_put(t->object, chunk, bytes, len, NULL);
}

static struct thing *thing_of(const struct want_msg *m)
{
	for (struct thing *t = f.things; t < f.things + MAX_THINGS; t++) {
		if (m->kind == WANT_SEGMENT && t->rendition &&
		    store_rendition_number(t->rendition) == m->rendition)
			return t;
		if (m->kind == WANT_OBJECT && t->object &&
		    !memcmp(objmap_get_id(store_object_map(t->object)), &m->id, sizeof(m->id)))
			return t;
	}
	return NULL;
}

static bool there(const struct thing *t, const struct want_msg *m)
{
	return m->kind == WANT_SEGMENT ? store_rendition_has(t->rendition, (uint32_t)m->first)
				       : store_object_has(t->object, m->first);
}

static void answer(struct pending *p, const struct want_msg *m)
{
	if (send(p->worker, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof(*m))
		fprintf(stderr, "feeder: an answer was dropped\n");
	p->worker = -1;
}

/* Answers every want whose thing is there by now. */
void feeder_answer_ready(struct feeder *all)
{
	for (struct pending *p = all->pending; p < all->pending + MAX_WANTS; p++) {
		const struct thing *t = p->worker >= 0 ? thing_of(&p->msg) : NULL;
		if (!t || !there(t, &p->msg))
			continue;
		const struct want_msg m = want_ready(&p->msg, p->msg.first, 1);
		answer(p, &m);
	}
}

static void serve_due(uint64_t now)
{
	for (struct pending *p = f.pending; p < f.pending + MAX_WANTS; p++) {
		if (p->worker < 0 || p->due_ms > now || f.mode == MANUAL)
			continue;
		struct thing *t = thing_of(&p->msg);
		if (f.mode == REFUSE || !t) {
			const struct want_msg m = want_failed(&p->msg, -EIO);
			answer(p, &m);
			continue;
		}
		if (f.mode == LIE) {
			const struct want_msg m = want_ready(&p->msg, p->msg.first, 1);
			answer(p, &m);
			continue;
		}
		int rc = p->msg.kind == WANT_SEGMENT ? feeder_put_segment(t, (uint32_t)p->msg.first)
						     : feeder_put_chunk(t, p->msg.first);
		if (rc) {
			const struct want_msg m = want_failed(&p->msg, rc);
			answer(p, &m);
		}
		feeder_answer_ready(&f);
	}
}

void feeder_drop_worker(struct feeder *all, int *worker)
{
	for (struct pending *p = all->pending; p < all->pending + MAX_WANTS; p++)
		if (p->worker == *worker)
			p->worker = -1;
	close(*worker);
	*worker = -1;
}

/* A tally that came before, by whichever worker, is not counted again. */
static bool is_new(const struct want_tally *t)
{
	size_t i = 0;
	while (i < MAX_INSTANCES && f.heard[i].instance && f.heard[i].instance != t->instance)
		i++;
	if (i == MAX_INSTANCES)
		feeder_die("too many instances", NULL);
	if (t->sequence <= f.heard[i].sequence)
		return false;
	f.heard[i].instance = t->instance;
	f.heard[i].sequence = t->sequence;
	return true;
}

static void add_use(const struct want_tally *t)
{
	for (struct use *u = f.uses; u < f.uses + MAX_THINGS; u++) {
		if (u->rung[0] && strcmp(u->rung, t->rung))
			continue;
		snprintf(u->rung, sizeof(u->rung), "%s", t->rung);
		u->starts += t->starts;
		u->completions += t->completions;
		u->devices += t->new_devices;
		u->watched_ms += t->watched_ms;
		u->sent_bytes += t->sent_bytes;
		return;
	}
}

static void hear(int worker, const union want_packet *packet)
{
	const struct want_msg *m = &packet->msg;
	if (packet->type == WANT_TALLY && !f.forgetful) {
		if (is_new(&packet->tally))
			add_use(&packet->tally);
		const struct want_msg ack =
			want_tallied(packet->tally.instance, packet->tally.sequence);
		send(worker, &ack, sizeof(ack), MSG_DONTWAIT | MSG_NOSIGNAL);
	} else if (packet->type == WANT_HELLO) {
		want_send_hello(worker, 0, pass_fd(f.pass));
	} else if (packet->type == WANT_CANCEL) {
		f.cancels++;
		for (struct pending *p = f.pending; p < f.pending + MAX_WANTS; p++)
			if (p->worker == worker && p->msg.token == m->token)
				p->worker = -1;
	} else if (packet->type == WANT_SPOILT) {
		f.spoilt++;
	} else if (packet->type == WANT_WANT) {
		f.wants++;
		for (struct pending *p = f.pending; p < f.pending + MAX_WANTS; p++) {
			if (p->worker >= 0)
				continue;
			*p = (struct pending){ worker, *m, clock_mono_ms() + f.delay_ms };
			return;
		}
		feeder_die("too many wants", NULL);
	}
}

static void read_worker(int *worker)
{
	union want_packet packet;
	for (;;) {
		int got = want_receive(*worker, &packet);
		if (got == 0)
			return;
		if (got < 0) {
			if (got == -EBADMSG)
				fprintf(stderr, "feeder: a worker said what is no message\n");
			feeder_drop_worker(&f, worker);
			return;
		}
		hear(*worker, &packet);
	}
}

static void accept_worker(void)
{
	int fd = accept4(f.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	for (int i = 0; fd >= 0 && i < MAX_WORKERS; i++) {
		if (f.workers[i] >= 0)
			continue;
		f.workers[i] = fd;
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void loop(void)
{
	static char line[4096];
	size_t have = 0;
	for (;;) {
		struct pollfd polls[MAX_WORKERS + 2] = { { .fd = 0, .events = POLLIN },
							 { .fd = f.listener, .events = POLLIN } };
		for (int i = 0; i < MAX_WORKERS; i++)
			polls[i + 2] = (struct pollfd){ .fd = f.workers[i], .events = POLLIN };
		poll(polls, MAX_WORKERS + 2, 5);
		for (int i = 0; i < MAX_WORKERS; i++)
			if (f.workers[i] >= 0 && polls[i + 2].revents)
				read_worker(&f.workers[i]);
		if (polls[1].revents)
			accept_worker();
		serve_due(clock_mono_ms());
		if (!polls[0].revents)
			continue;
		ssize_t n = read(0, line + have, sizeof(line) - 1 - have);
		if (n <= 0)
			return;
		have += (size_t)n;
		for (char *end; (end = memchr(line, '\n', have));) {
			*end = '\0';
			const size_t len = (size_t)(end - line) + 1;
			feeder_command(&f, line);
			have -= len;
			memmove(line, line + len, have);
		}
	}
}

static int print_bytes(char **argv)
{
	uint8_t room[4096];
	uint64_t from = strtoull(argv[3], NULL, 10), left = strtoull(argv[4], NULL, 10);
	while (left) {
		const size_t n = left < sizeof(room) ? (size_t)left : sizeof(room);
		sample_fill(strtoull(argv[2], NULL, 10), from, room, n);
		if (fwrite(room, 1, n, stdout) != n)
			return 1;
		from += n;
		left -= n;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct store_limits unlimited;
	struct fault why = { 0 };
	if (argc == 5 && !strcmp(argv[1], "bytes"))
		return print_bytes(argv);
	if (argc == 4 && !strcmp(argv[3], "forgetful"))
		f.forgetful = true; /* before a worker can have told anything */
	else if (argc != 3)
		return 2;
	for (int i = 0; i < MAX_WORKERS; i++)
		f.workers[i] = -1;
	for (int i = 0; i < MAX_WANTS; i++)
		f.pending[i].worker = -1;
	snprintf(f.index, sizeof(f.index), "%s/names.idx", argv[1]);
	f.names = names_builder_new();
	if (store_open(argv[1], &unlimited, &f.store, &why))
		feeder_die("store", &why);
	if (pass_new((uint64_t)PASS_LEAST_SLOTS * CHUNK, &f.pass, &why))
		feeder_die("memory to pass bytes through", &why);
	f.listener = want_listen(argv[2], 0666, &why);
	if (f.listener < 0)
		feeder_die("socket", &why);
	printf("ready\n");
	fflush(stdout);
	loop();
	return 0;
}
