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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache/names_builder.h"
#include "cache/pass.h"
#include "cache/store.h"
#include "cache/want.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"

enum {
	CHUNK = OBJMAP_CHUNK_BYTES,
	MAX_WORKERS = 16,
	MAX_WANTS = 1024,
	MAX_THINGS = 64,
	MAX_INSTANCES = 64,
	SEGMENT_MS = 4000
};

struct pending {
	int worker; /* descriptor; -1 free */
	struct want_msg msg;
	uint64_t due_ms;
};

struct thing {
	char key[32];
	uint64_t seed;
	uint32_t count;
	struct store_object *object;
	struct store_rendition *rendition;
};

struct use {
	char rung[24];
	uint64_t starts, completions, devices, watched_ms, sent_bytes;
};

static struct feeder {
	struct store *store;
	struct names_builder *names;
	struct pass *pass;
	char index[4096];
	int listener, workers[MAX_WORKERS];
	struct pending pending[MAX_WANTS];
	struct thing things[MAX_THINGS];
	struct use uses[MAX_THINGS];
	struct {
		uint64_t instance, sequence;
	} heard[MAX_INSTANCES]; /* as contentd's book has it */
	enum { MANUAL, AUTO, REFUSE, LIE } mode;
	uint64_t delay_ms, wants, cancels;
	bool forgetful; /* tallies are heard, and lost */
} f;

static void die(const char *what, const struct fault *why)
{
	fprintf(stderr, "feeder: %s: %s\n", what, why ? why->text : "");
	exit(1);
}

/* Segment n of any rendition: so many bytes of the stream 1000 + n. */
static size_t segment_len(uint32_t segment)
{
	return segment ? 20000 + segment * 1001 : 700;
}

static int put_segment(struct thing *t, uint32_t segment)
{
	const size_t len = segment_len(segment);
	uint8_t *bytes = malloc(len);
	sample_fill(1000 + segment, 0, bytes, len);
	int rc = store_rendition_put(t->rendition, segment, segment ? SEGMENT_MS : 0, bytes, len,
				     NULL);
	free(bytes);
	return rc;
}

static int put_chunk(struct thing *t, uint64_t chunk)
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
static void answer_ready(void)
{
	for (struct pending *p = f.pending; p < f.pending + MAX_WANTS; p++) {
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
		int rc = p->msg.kind == WANT_SEGMENT ? put_segment(t, (uint32_t)p->msg.first)
						     : put_chunk(t, p->msg.first);
		if (rc) {
			const struct want_msg m = want_failed(&p->msg, rc);
			answer(p, &m);
		}
		answer_ready();
	}
}

static void drop_worker(int *worker)
{
	for (struct pending *p = f.pending; p < f.pending + MAX_WANTS; p++)
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
		die("too many instances", NULL);
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
	} else if (packet->type == WANT_WANT) {
		f.wants++;
		for (struct pending *p = f.pending; p < f.pending + MAX_WANTS; p++) {
			if (p->worker >= 0)
				continue;
			*p = (struct pending){ worker, *m, clock_mono_ms() + f.delay_ms };
			return;
		}
		die("too many wants", NULL);
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
			drop_worker(worker);
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

static struct thing *by_key(const char *key)
{
	for (struct thing *t = f.things; t < f.things + MAX_THINGS; t++)
		if (!strcmp(t->key, key))
			return t;
	return NULL;
}

static struct thing *new_thing(const char *key)
{
	struct thing *t = by_key(key);
	if (!t)
		t = by_key("");
	if (!t)
		die("too many things", NULL);
	snprintf(t->key, sizeof(t->key), "%s", key);
	return t;
}

static int add_object(char **word)
{
	struct thing *t = new_thing(word[1]);
	struct objmap *map = sample_map(strtoull(word[2], NULL, 10), strtoull(word[3], NULL, 10));
	struct fault why = { 0 };
	t->seed = strtoull(word[2], NULL, 10);
	if (!map || (!t->object && store_object_open(f.store, map, word[5], &t->object, &why)))
		die(word[1], &why);
	int rc =
		names_add_file(f.names, word[4], word[5], NAMES_CACHE_IMMUTABLE, objmap_get_id(map),
			       objmap_size(map), *word[7] ? word[7] : NULL, word[6]);
	objmap_free(map);
	return rc;
}

static int add_rendition(char **word)
{
	struct thing *t = new_thing(word[1]);
	struct fault why = { 0 };
	t->count = (uint32_t)strtoul(word[2], NULL, 10);
	if (!t->rendition && store_rendition_open(f.store, "lesson", "g-1", word[1], t->count, 0,
						  &t->rendition, &why))
		die(word[1], &why);
	return names_add_rendition(f.names, word[3], store_rendition_number(t->rendition), "lesson",
				   word[1], word[4]);
}

/* "HEAD" and then the segments of a rendition that are there, each without its first 100 bytes. */
static int add_virtual(char **word)
{
	struct thing *t = by_key(word[2]);
	struct names_extent extents[64];
	size_t count = 0;
	for (uint32_t i = 1; t && i <= t->count && count < 64; i++) {
		uint64_t offset;
		uint32_t len;
		if (!store_rendition_slot(t->rendition, i, &offset, &len))
			extents[count++] =
				(struct names_extent){ store_rendition_number(t->rendition),
						       offset + 100, len - 100 };
	}
	return names_add_virtual(f.names, word[1], "video/mp4", "lesson", "download", word[3],
				 "HEAD", 4, extents, count);
}

static int do_segment(char **word)
{
	struct thing *t = by_key(word[1]);
	int rc = t ? put_segment(t, (uint32_t)strtoul(word[2], NULL, 10)) : -ENOENT;
	answer_ready();
	return rc;
}

static int do_chunk(char **word)
{
	struct thing *t = by_key(word[1]);
	int rc = t ? put_chunk(t, strtoull(word[2], NULL, 10)) : -ENOENT;
	answer_ready();
	return rc;
}

static int do_fill(char **word)
{
	struct thing *t = by_key(word[1]);
	int rc = t ? 0 : -ENOENT;
	for (uint64_t i = 0; !rc && i * CHUNK < store_object_size(t->object); i++)
		rc = put_chunk(t, i);
	answer_ready();
	return rc;
}

/* A chunk that passes through memory, and is not in the file; nobody is told. */
static int do_pass(char **word)
{
	static uint8_t bytes[CHUNK];
	const struct thing *t = by_key(word[1]);
	const uint64_t chunk = strtoull(word[2], NULL, 10);
	const uint64_t size = t ? store_object_size(t->object) : 0;
	if (chunk * CHUNK >= size)
		return -ENOENT;
	const struct pass_key key = { .id = *objmap_get_id(store_object_map(t->object)),
				      .number = chunk };
	const struct pass_about about = { .size = size - chunk * CHUNK < CHUNK
							  ? size - chunk * CHUNK
							  : CHUNK };
	sample_fill(t->seed, chunk * CHUNK, bytes, about.size);
	return pass_put(f.pass, &key, &about, bytes, clock_mono_ms());
}

/* A chunk that is there and nobody is told of: a READY that found no room. */
static int do_quiet(char **word)
{
	struct thing *t = by_key(word[1]);
	return t ? put_chunk(t, strtoull(word[2], NULL, 10)) : -ENOENT;
}

static int do_fail(char **word)
{
	struct thing *t = by_key(word[1]);
	return t ? store_rendition_fail(t->rendition, (uint32_t)strtoul(word[2], NULL, 10), NULL)
		 : -ENOENT;
}

static int do_drop(char **word)
{
	struct thing *t = by_key(word[1]);
	if (!t)
		return -ENOENT;
	const uint64_t number = store_rendition_number(t->rendition);
	store_rendition_close(t->rendition);
	*t = (struct thing){ 0 };
	return store_rendition_drop(f.store, number, NULL);
}

/* "+" stands for a space, "|" for the end of a line. */
static int do_text(char **word)
{
	for (char *c = word[2]; *c; c++)
		*c = *c == '+' ? ' ' : *c == '|' ? '\n' : *c;
	return names_add_bytes(f.names, word[1], "application/vnd.apple.mpegurl", NAMES_CACHE_SHORT,
			       word[2], strlen(word[2]));
}

static int do_redirect(char **word)
{
	return names_add_redirect(f.names, word[1], word[2]);
}

static int do_publish(char **word)
{
	struct fault why = { 0 };
	(void)word;
	if (names_write(f.names, f.index, &why))
		die("publish", &why);
	return 0;
}

static int do_mode(char **word)
{
	static const char *const modes[] = { "manual", "auto", "refuse", "lie" };
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(word[1], modes[i]))
			f.mode = i;
	f.delay_ms = strtoull(word[2], NULL, 10);
	return 0;
}

static int do_forget(char **word)
{
	f.forgetful = !strcmp(word[1], "on");
	return 0;
}

static int do_hangup(char **word)
{
	(void)word;
	for (int i = 0; i < MAX_WORKERS; i++)
		if (f.workers[i] >= 0)
			drop_worker(&f.workers[i]);
	return 0;
}

static int do_reset(char **word)
{
	(void)word;
	f.wants = f.cancels = 0;
	return 0;
}

static int do_state(char **word)
{
	unsigned open = 0, workers = 0;
	(void)word;
	for (unsigned i = 0; i < MAX_WANTS; i++)
		open += f.pending[i].worker >= 0;
	for (unsigned i = 0; i < MAX_WORKERS; i++)
		workers += f.workers[i] >= 0;
	printf("wants %" PRIu64 " cancels %" PRIu64 " open %u workers %u\n", f.wants, f.cancels,
	       open, workers);
	return 1;
}

static int do_use(char **word)
{
	for (const struct use *u = f.uses; u < f.uses + MAX_THINGS; u++) {
		if (strcmp(u->rung, word[1]))
			continue;
		printf("starts %" PRIu64 " completions %" PRIu64 " devices %" PRIu64
		       " watched %" PRIu64 " sent %" PRIu64 "\n",
		       u->starts, u->completions, u->devices, u->watched_ms, u->sent_bytes);
		return 1;
	}
	printf("none\n");
	return 1;
}

static const struct {
	const char *name;
	int (*run)(char **word); /* 1: it has answered itself */
} commands[] = {
	{ "object", add_object },   { "rendition", add_rendition },
	{ "virtual", add_virtual }, { "segment", do_segment },
	{ "chunk", do_chunk },      { "quiet", do_quiet },
	{ "fail", do_fail },        { "drop", do_drop },
	{ "text", do_text },        { "redirect", do_redirect },
	{ "publish", do_publish },  { "mode", do_mode },
	{ "reset", do_reset },      { "state", do_state },
	{ "use", do_use },          { "forget", do_forget },
	{ "hangup", do_hangup },    { "fill", do_fill },
	{ "pass", do_pass },
};

static void command(char *line)
{
	static char none[] = "";
	char *word[10], *rest = line;
	size_t n = 0;
	for (char *w; n < 9 && (w = strsep(&rest, " \n"));)
		if (*w)
			word[n++] = w;
	while (n < 10)
		word[n++] = none;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word[0], commands[i].name))
			continue;
		int rc = commands[i].run(word);
		if (rc <= 0)
			printf("%s\n", rc ? strerror(-rc) : "ok");
		fflush(stdout);
		return;
	}
	printf("unknown command '%s'\n", word[0]);
	fflush(stdout);
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
			command(line);
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
	if (argc != 3)
		return 2;
	for (int i = 0; i < MAX_WORKERS; i++)
		f.workers[i] = -1;
	for (int i = 0; i < MAX_WANTS; i++)
		f.pending[i].worker = -1;
	snprintf(f.index, sizeof(f.index), "%s/names.idx", argv[1]);
	f.names = names_builder_new();
	if (store_open(argv[1], &unlimited, &f.store, &why))
		die("store", &why);
	if (pass_new((uint64_t)PASS_LEAST_SLOTS * CHUNK, &f.pass, &why))
		die("memory to pass bytes through", &why);
	f.listener = want_listen(argv[2], 0666, &why);
	if (f.listener < 0)
		die("socket", &why);
	printf("ready\n");
	fflush(stdout);
	loop();
	return 0;
}
