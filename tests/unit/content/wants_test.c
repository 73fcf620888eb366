// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/wants.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

/* A want server in this process, and workers that speak to it over real sockets. */
struct scene {
	sd_event *loop;
	struct wants *wants;
	char dir[64], path[96];
	int stand; /* what look() answers */
	unsigned changes, tallies, errors, spoilt;
	uint64_t instance;
};

static int look(void *data, const struct want_msg *want)
{
	struct scene *s = data;
	s->errors += want->error == -EIO;
	return s->stand;
}

static void changed(void *data)
{
	((struct scene *)data)->changes++;
}

static uint64_t tally(void *data, uint64_t instance, const struct want_tally *tallies, size_t count)
{
	struct scene *s = data;
	s->tallies += (unsigned)count;
	s->instance = instance;
	return tallies[count - 1].sequence;
}

static void spoilt(void *data)
{
	((struct scene *)data)->spoilt++;
}

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/wasl-wants-XXXXXX");
	if (!mkdtemp(s->dir) || sd_event_new(&s->loop) < 0)
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/want.sock", s->dir);
	const struct wants_calls calls = { look, changed, tally, spoilt, s };
	*state = s;
	return wants_new(s->loop, s->path, 0660, &calls, &s->wants, NULL);
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	wants_free(s->wants);
	sd_event_unref(s->loop);
	unlink(s->path);
	int r = rmdir(s->dir);
	free(s);
	return r;
}

static void turn(const struct scene *s)
{
	while (sd_event_run(s->loop, 0) > 0)
		;
}

static void say(const struct scene *s, int fd, const void *packet, size_t len)
{
	assert_int_equal(send(fd, packet, len, 0), (ssize_t)len);
	turn(s);
}

/* The next answer, or type 0 when there is none. */
static struct want_msg hear(int fd)
{
	struct want_msg m = { 0 };
	if (recv(fd, &m, sizeof(m), MSG_DONTWAIT) != (ssize_t)sizeof(m))
		m.type = 0;
	return m;
}

static int worker(const struct scene *s, uint64_t instance)
{
	int fd = want_connect(s->path);
	assert_true(fd >= 0);
	struct want_msg hello = want_hello(instance);
	say(s, fd, &hello, sizeof(hello));
	assert_int_equal(hear(fd).type, WANT_HELLO);
	return fd;
}

static struct want_msg segment(uint64_t token, uint64_t rendition, uint64_t number,
			       uint32_t priority)
{
	return (struct want_msg){ .type = WANT_WANT,
				  .kind = WANT_SEGMENT,
				  .token = token,
				  .rendition = rendition,
				  .first = number,
				  .count = 1,
				  .priority = priority };
}

/* The store is read for it; not again each time that all wants are looked at. */
static void what_cannot_be_read_is_looked_at_once(void **state)
{
	struct scene *s = *state;
	AUTO_FD int fd = worker(s, 7);
	struct want_msg m = segment(5, 1, 3, 0);
	m.error = -EIO;
	say(s, fd, &m, sizeof(m));
	assert_int_equal(s->errors, 1);
	wants_recheck(s->wants);
	assert_int_equal(s->errors, 1);
	s->stand = 1;
	wants_recheck(s->wants);
	const struct want_msg answer = hear(fd);
	assert_int_equal(answer.type, WANT_READY);
	assert_int_equal(answer.error, 0);
}

static void what_is_there_is_answered_at_once(void **state)
{
	struct scene *s = *state;
	AUTO_FD int fd = worker(s, 7);
	s->stand = 1;
	struct want_msg m = segment(5, 1, 3, 0);
	say(s, fd, &m, sizeof(m));
	struct want_msg answer = hear(fd);
	assert_int_equal(answer.type, WANT_READY);
	assert_int_equal(answer.token, 5);
	s->stand = -ENOENT;
	say(s, fd, &m, sizeof(m));
	answer = hear(fd);
	assert_int_equal(answer.type, WANT_FAILED);
	assert_int_equal(answer.error, -ENOENT);
	const struct want_msg *const *list;
	assert_int_equal(wants_list(s->wants, &list), 0);
}

/* A worker that ends sends its last tally and closes at once, whether or not it read our last answer. */
static void last_words_are_heard(void **state)
{
	struct scene *s = *state;
	int fd = worker(s, 7);
	struct want_tally t = {
		.type = WANT_TALLY, .instance = 7, .sequence = 1, .lesson = "a", .rung = "240p"
	};
	say(s, fd, &t, sizeof(t)); /* its TALLIED stays unread */
	for (t.sequence = 2; t.sequence <= 3; t.sequence++)
		assert_int_equal(send(fd, &t, sizeof(t), 0), (ssize_t)sizeof(t));
	close(fd);
	turn(s);
	assert_int_equal(s->tallies, 3);
}

static void all_who_wait_are_told(void **state)
{
	struct scene *s = *state;
	AUTO_FD int one = worker(s, 7);
	AUTO_FD int two = worker(s, 8);
	struct want_msg m = segment(5, 1, 3, 0);
	say(s, one, &m, sizeof(m));
	m.token = 9;
	say(s, two, &m, sizeof(m));
	m = segment(6, 1, 4, 0);
	say(s, two, &m, sizeof(m));
	assert_true(s->changes > 0);
	wants_segment_here(s->wants, 1, 3);
	assert_int_equal(hear(one).token, 5);
	assert_int_equal(hear(two).token, 9);
	wants_segment_failed(s->wants, 1, 4, -ENODATA);
	struct want_msg answer = hear(two);
	assert_int_equal(answer.token, 6);
	assert_int_equal(answer.error, -ENODATA);
	assert_int_equal(hear(one).type, 0);
	const struct want_msg *const *list;
	assert_int_equal(wants_list(s->wants, &list), 0);
}

static struct want_msg chunks(uint64_t token, uint8_t id, uint64_t first, uint64_t count)
{
	struct want_msg m = { .type = WANT_WANT,
			      .kind = WANT_OBJECT,
			      .token = token,
			      .first = first,
			      .count = count };
	memset(m.id.b, id, sizeof(m.id.b));
	return m;
}

static void a_want_ends_with_the_chunk_it_waits_for(void **state)
{
	struct scene *s = *state;
	AUTO_FD int fd = worker(s, 7);
	const struct want_msg m = chunks(1, 3, 4, 2);
	const struct objmap_id other = { { 4 } };
	say(s, fd, &m, sizeof(m));
	wants_chunk_here(s->wants, &other, 4);
	wants_chunk_here(s->wants, &m.id, 6);
	wants_chunk_here(s->wants, &m.id, 5); /* somebody else's: this one waits for 4 */
	assert_int_equal(hear(fd).type, 0);
	s->stand = 2; /* 5 is there already */
	wants_chunk_here(s->wants, &m.id, 4);
	struct want_msg answer = hear(fd);
	assert_int_equal(answer.type, WANT_READY);
	assert_int_equal(answer.first, 4);
	assert_int_equal(answer.count, 2);
	wants_chunk_here(s->wants, &m.id, 4);
	assert_int_equal(hear(fd).type, 0);
}

/* Between being told and wanting the next chunk a reader keeps its place, and is told nothing. */
static void who_reads_on_keeps_its_place(void **state)
{
	struct scene *s = *state;
	AUTO_FD int fd = worker(s, 7);
	const struct want_msg *const *list;
	struct want_msg m = chunks(1, 3, 4, 10);
	say(s, fd, &m, sizeof(m));
	s->stand = 1;
	wants_chunk_here(s->wants, &m.id, 4);
	assert_int_equal(hear(fd).first, 4);
	assert_int_equal(wants_list(s->wants, &list), 1);
	assert_int_equal(list[0]->first, 5);
	assert_int_equal(list[0]->count, 9);
	wants_chunk_here(s->wants, &m.id, 5);
	wants_recheck(s->wants);
	assert_int_equal(hear(fd).type, 0);
	s->stand = 0;
	m = chunks(2, 3, 7, 7); /* it found 5 and 6 by itself */
	say(s, fd, &m, sizeof(m));
	assert_int_equal(wants_list(s->wants, &list), 1);
	assert_int_equal(list[0]->first, 7);
	/* One that is told at once keeps it too; its end is forgotten after a moment. */
	m = chunks(3, 5, 0, 3);
	s->stand = 1;
	say(s, fd, &m, sizeof(m));
	assert_int_equal(hear(fd).token, 3);
	assert_int_equal(wants_list(s->wants, &list), 2);
	const unsigned before = s->changes;
	for (int n = 0; n < 100 && wants_list(s->wants, &list) == 2; n++)
		sd_event_run(s->loop, 100000);
	assert_int_equal(wants_list(s->wants, &list), 1);
	turn(s);
	assert_true(s->changes > before);
}

static uint64_t at_place(const struct scene *s, size_t place)
{
	const struct want_msg *const *list;
	assert_true(wants_list(s->wants, &list) > place);
	return list[place]->first;
}

/* Who wants a hundred things waits for the second as long as the others wait for their first. */
static void clients_come_in_turn(void **state)
{
	struct scene *s = *state;
	AUTO_FD int fd = worker(s, 7);
	struct want_msg m;
	for (uint64_t n = 0; n < 3; n++) {
		m = chunks(1 + n, 3, 100 + n, 1);
		m.client = 70;
		say(s, fd, &m, sizeof(m));
	}
	m = chunks(9, 3, 4, 10);
	m.client = 71;
	say(s, fd, &m, sizeof(m));
	assert_int_equal(at_place(s, 0), 100);
	assert_int_equal(at_place(s, 1), 4);
	assert_int_equal(at_place(s, 2), 101);
	s->stand = 1;
	wants_chunk_here(s->wants, &m.id, 100);
	assert_int_equal(hear(fd).first, 100);
	assert_int_equal(at_place(s, 0), 4); /* the other one had something last */
	assert_int_equal(at_place(s, 1), 101);
	wants_chunk_here(s->wants, &m.id, 4);
	assert_int_equal(at_place(s, 0), 101);
	assert_int_equal(at_place(s, 1), 5);
	/* 102 is somebody else's, too: the first of the two together. */
	const struct want_msg shared = { .type = WANT_SHARED,
					 .kind = WANT_OBJECT,
					 .token = 3,
					 .first = 102,
					 .count = 1,
					 .client = WANT_SEVERAL | 1 };
	say(s, fd, &shared, sizeof(shared));
	m = chunks(10, 3, 50, 1);
	m.client = 70;
	s->stand = 0;
	say(s, fd, &m, sizeof(m));
	assert_int_equal(at_place(s, 3), 50);
	const struct want_msg gone = {
		.type = WANT_SHARED, .kind = WANT_OBJECT, .token = 1, .first = 100, .count = 1
	};
	say(s, fd, &gone, sizeof(gone)); /* it crossed the answer */
	const struct want_msg *const *list;
	assert_int_equal(wants_list(s->wants, &list), 4);
}

/* Two who ask for the same hundred things have one turn more, not a hundred. */
static void two_together_come_in_turn(void **state)
{
	struct scene *s = *state;
	AUTO_FD int fd = worker(s, 7);
	for (uint64_t n = 0; n < 3; n++) {
		struct want_msg m = chunks(1 + n, 3, 100 + n, 1);
		m.client = 70;
		say(s, fd, &m, sizeof(m));
		m.type = WANT_SHARED;
		m.client = WANT_SEVERAL | 5;
		say(s, fd, &m, sizeof(m));
	}
	struct want_msg m = chunks(9, 3, 4, 10);
	m.client = 71;
	say(s, fd, &m, sizeof(m));
	assert_int_equal(at_place(s, 0), 100);
	assert_int_equal(at_place(s, 1), 4);
	assert_int_equal(at_place(s, 2), 101);
}

static void a_closed_connection_takes_its_wants(void **state)
{
	struct scene *s = *state;
	AUTO_FD int one = worker(s, 7);
	AUTO_FD int two = worker(s, 8);
	struct want_msg m = segment(1, 1, 1, 5);
	say(s, one, &m, sizeof(m));
	m = segment(1, 1, 2, 0);
	say(s, two, &m, sizeof(m));
	m = segment(2, 1, 3, 0);
	say(s, two, &m, sizeof(m));
	const struct want_msg *const *list;
	assert_int_equal(wants_list(s->wants, &list), 3);
	assert_int_equal(list[0]->first, 2);
	assert_int_equal(list[1]->first, 3);
	assert_int_equal(list[2]->first, 1);
	m.type = WANT_CANCEL;
	say(s, two, &m, sizeof(m));
	assert_int_equal(wants_list(s->wants, &list), 2);
	close(MOVE_FD(two));
	turn(s);
	assert_int_equal(wants_list(s->wants, &list), 1);
	assert_int_equal(list[0]->first, 1);
}

static void nonsense_ends_the_connection(void **state)
{
	struct scene *s = *state;
	struct want_msg before_hello = segment(1, 1, 1, 0), old = want_hello(7),
			answer = want_tallied(7, 4), index = want_spoilt();
	old.token = WANT_VERSION + 1;
	const struct {
		const void *bytes;
		size_t len;
	} rows[] = {
		{ "x", 1 },
		{ &before_hello, sizeof(before_hello) },
		{ &before_hello, sizeof(before_hello) - 1 },
		{ &old, sizeof(old) },
		{ &answer, sizeof(answer) },
		{ &index, sizeof(index) }, /* before its hello */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FD int fd = want_connect(s->path);
		say(s, fd, rows[i].bytes, rows[i].len);
		char c;
		assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
	}
	AUTO_FD int fd = worker(s, 7);
	assert_true(fd >= 0);
	assert_int_equal(s->spoilt, 0);
	say(s, fd, &index, sizeof(index));
	assert_int_equal(s->spoilt, 1);
}

static void tallies_are_acknowledged(void **state)
{
	struct scene *s = *state;
	AUTO_FD int fd = worker(s, 70);
	/* Its own, and between them those of a worker that was killed. */
	static const struct {
		uint64_t instance, sequence;
	} rows[] = { { 70, 41 }, { 70, 42 }, { 55, 3 }, { 70, 43 } },
	  told[] = { { 70, 42 }, { 55, 3 }, { 70, 43 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct want_tally t = { .type = WANT_TALLY,
					      .instance = rows[i].instance,
					      .sequence = rows[i].sequence,
					      .lesson = "a",
					      .rung = "240p" };
		assert_int_equal(send(fd, &t, sizeof(t), 0), (ssize_t)sizeof(t));
	}
	turn(s);
	assert_int_equal(s->tallies, 4);
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		struct want_msg answer = hear(fd);
		assert_int_equal(answer.type, WANT_TALLIED);
		assert_int_equal(answer.rendition, told[i].instance);
		assert_int_equal(answer.token, told[i].sequence);
	}
}

static void a_worker_that_does_not_read_blocks_nobody(void **state)
{
	struct scene *s = *state;
	AUTO_FD int deaf = worker(s, 7);
	s->stand = 1;
	struct want_msg m = segment(1, 1, 1, 0);
	for (int i = 0; i < 5000; i++) {
		if (send(deaf, &m, sizeof(m), MSG_DONTWAIT) < 0)
			turn(s);
	}
	turn(s);
	AUTO_FD int fd = worker(s, 8);
	say(s, fd, &m, sizeof(m));
	assert_int_equal(hear(fd).type, WANT_READY);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, drop_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(what_cannot_be_read_is_looked_at_once),
		SCENE(what_is_there_is_answered_at_once),
		SCENE(all_who_wait_are_told),
		SCENE(a_want_ends_with_the_chunk_it_waits_for),
		SCENE(who_reads_on_keeps_its_place),
		SCENE(clients_come_in_turn),
		SCENE(two_together_come_in_turn),
		SCENE(a_closed_connection_takes_its_wants),
		SCENE(nonsense_ends_the_connection),
		SCENE(tallies_are_acknowledged),
		SCENE(last_words_are_heard),
		SCENE(a_worker_that_does_not_read_blocks_nobody),
	};
	return cmocka_run_group_tests_name("content/wants", tests, NULL, NULL);
}
