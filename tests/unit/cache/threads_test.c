// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What contentd publishes and workers read meanwhile, as threads of one process over one mapping, so that a thread sanitizer
 * sees both ends (make check-tsan): bytes that a bit or a slot speaks of were written before it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/bits.h"
#include "cache/counters.h"
#include "cache/segtab.h"
#include "tests/unit/scratch.h"

enum { THINGS = 5000, READERS = 3, PIECE = 64 };

static const struct objmap_id id = { { 7 } };
static const uint8_t boot[16] = { 1 };

struct scene {
	struct bits bits;
	struct segtab table;
	struct counters counters;
	uint8_t body[(THINGS + 1) * PIECE]; /* plain memory: only bits and slots order its use */
	_Atomic unsigned wrong;
};

static struct scene *scene_new(void) /* counters ask for lines of their own */
{
	const size_t room = (sizeof(struct scene) + 63) / 64 * 64;
	struct scene *s = aligned_alloc(64, room);
	assert_non_null(s);
	return memset(s, 0, room);
}

static void piece_write(struct scene *s, unsigned number)
{
	for (unsigned i = 0; i < PIECE; i++)
		s->body[number * PIECE + i] = (uint8_t)(number * 31 + i);
}

static void piece_check(struct scene *s, unsigned number)
{
	for (unsigned i = 0; i < PIECE; i++)
		if (s->body[number * PIECE + i] != (uint8_t)(number * 31 + i))
			atomic_fetch_add(&s->wrong, 1);
}

/* Runs `reader` in READERS threads while `writer` runs in this one. */
static void play(struct scene *s, void (*writer)(struct scene *), void *(*reader)(void *))
{
	pthread_t threads[READERS];
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, s), 0);
	writer(s);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&s->wrong), 0);
}

/* --- an object ---------------------------------------------------------------------------------------- */

static void fill_object(struct scene *s)
{
	for (unsigned n = 0; n < THINGS; n++) {
		const unsigned chunk = n * 7 % THINGS; /* not in order: 7 divides no power of ten */
		piece_write(s, chunk);
		bits_set(&s->bits, chunk);
	}
}

static void *read_object(void *data)
{
	struct scene *s = data;
	for (unsigned at = 0; at < THINGS;) {
		const uint64_t run = bits_run(&s->bits, at);
		for (unsigned n = 0; n < run; n++)
			piece_check(s, at + n);
		at += (unsigned)run;
	}
	return NULL;
}

static void chunks_are_there_before_their_bits(void **state)
{
	struct scene *s = scene_new();
	const char *path = scratch_path(state, "o.bits");
	assert_int_equal(bits_create(AT_FDCWD, path, &id, THINGS, boot, &s->bits), 0);
	play(s, fill_object, read_object);
	bits_unmap(&s->bits);
	free(s);
}

/* --- a rendition -------------------------------------------------------------------------------------- */

static void publish_segments(struct scene *s)
{
	for (unsigned n = 1; n <= THINGS; n++) {
		piece_write(s, n);
		if (n % 10 == 3) /* a failure that is made good at once: readers may meet either */
			segtab_fail(&s->table, n);
		segtab_publish(&s->table, n,
			       &(struct segtab_segment){ (uint64_t)n * 4096, PIECE, n });
	}
}

static void *read_segments(void *data)
{
	struct scene *s = data;
	for (unsigned n = 1; n <= THINGS;) {
		struct segtab_segment got;
		if (segtab_get(&s->table, n, &got) != SEGTAB_READY)
			continue;
		if (got.offset != (uint64_t)n * 4096 || got.length != PIECE || got.duration_ms != n)
			atomic_fetch_add(&s->wrong, 1);
		piece_check(s, n++);
	}
	return NULL;
}

static void segments_are_there_before_their_slots(void **state)
{
	struct scene *s = scene_new();
	assert_int_equal(segtab_create(AT_FDCWD, scratch_path(state, "1.tab"), 1, THINGS,
				       &s->table),
			 0);
	play(s, publish_segments, read_segments);
	segtab_unmap(&s->table);
	free(s);
}

/* --- counters ----------------------------------------------------------------------------------------- */

static void count_up(struct scene *s)
{
	for (unsigned n = 0; n < THINGS * 10; n++)
		counters_add(&s->counters, COUNTERS_SENT_BYTES, 3);
}

static void *sum_up(void *data)
{
	struct scene *s = data;
	uint64_t before = 0;
	while (before < (uint64_t)THINGS * 30) {
		struct counters sum = { 0 };
		counters_sum(&sum, &s->counters);
		const uint64_t now = atomic_load(&sum.values[COUNTERS_SENT_BYTES]);
		if (now < before || now % 3)
			atomic_fetch_add(&s->wrong, 1);
		before = now;
	}
	return NULL;
}

static void sums_never_go_back(void **state)
{
	(void)state;
	struct scene *s = scene_new();
	play(s, count_up, sum_up);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chunks_are_there_before_their_bits, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(segments_are_there_before_their_slots, scratch_make,
						scratch_remove),
		cmocka_unit_test(sums_never_go_back),
	};
	return cmocka_run_group_tests_name("cache/threads", tests, NULL, NULL);
}
