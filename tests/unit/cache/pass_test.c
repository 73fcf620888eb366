// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/pass.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { SLOT = PASS_SLOT_BYTES, SLOTS = 16 };

struct scene {
	struct pass *in, *out;
	uint8_t *bytes, *room;
};

static int make_scene(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	*state = s;
	s->bytes = malloc(SLOT * SLOTS);
	s->room = malloc(SLOT * SLOTS);
	return pass_new(SLOT * SLOTS, &s->in, NULL) || pass_map(pass_fd(s->in), &s->out);
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	pass_free(s->out);
	pass_free(s->in);
	free(s->bytes);
	free(s->room);
	free(s);
	return 0;
}

static struct pass_key chunk(uint8_t id, uint64_t number)
{
	struct pass_key key = { .number = number };
	memset(key.id.b, id, sizeof(key.id.b));
	return key;
}

/* Different bytes for each thing. */
static void make(const struct scene *s, uint8_t seed, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->bytes[i] = (uint8_t)(seed + i * 31 + i / 251);
}

static int put(const struct scene *s, struct pass_key key, uint8_t seed, uint64_t len)
{
	const struct pass_about about = { .size = len, .duration_ms = 4000, .segment_count = 9 };
	if (len <= (uint64_t)SLOT * SLOTS)
		make(s, seed, len);
	return pass_put(s->in, &key, &about, s->bytes, 1000);
}

static void check(const struct scene *s, struct pass_key key, uint8_t seed, uint64_t from,
		  size_t len, int64_t want)
{
	memset(s->room, 0xee, len + 1);
	assert_int_equal(pass_read(s->out, &key, 0, from, s->room, len), want);
	make(s, seed, from + len);
	if (want > 0)
		assert_memory_equal(s->room, s->bytes + from, want);
	assert_int_equal(s->room[want > 0 ? want : 0], 0xee);
}

static void what_one_writes_the_other_reads(void **state)
{
	const struct scene *s = *state;
	struct pass_about about;
	struct pass_key key = chunk(3, 7), other = chunk(3, 8);
	assert_false(pass_has(s->out, &key, NULL));
	assert_int_equal(put(s, key, 1, SLOT), 0);
	assert_true(pass_has(s->out, &key, &about));
	assert_int_equal(about.size, SLOT);
	assert_false(pass_has(s->out, &other, NULL));
	check(s, key, 1, 0, SLOT, SLOT);
	check(s, key, 1, 5, 1000, 1000);
	check(s, key, 1, SLOT - 3, 1000, 3);
	check(s, key, 1, SLOT, 10, -EAGAIN);
	check(s, other, 1, 0, 10, -EAGAIN);
	assert_int_equal(put(s, chunk(3, 9), 2, 13), 0); /* an object's last chunk is short */
	check(s, chunk(3, 9), 2, 0, 100, 13);
	check(s, chunk(3, 9), 2, 12, 100, 1);
}

static void a_segment_takes_several_slots(void **state)
{
	const struct scene *s = *state;
	struct pass_about about;
	const struct pass_key key = { .rendition = 77, .number = 3 };
	assert_int_equal(put(s, key, 5, 3 * SLOT + 100), 0);
	assert_true(pass_has(s->out, &key, &about));
	assert_int_equal(about.size, 3 * SLOT + 100);
	assert_int_equal(about.duration_ms, 4000);
	assert_int_equal(about.segment_count, 9);
	check(s, key, 5, 0, 2 * SLOT, SLOT);
	check(s, key, 5, SLOT + 9, SLOT, SLOT - 9);
	check(s, key, 5, 3 * SLOT, SLOT, 100);
	assert_int_equal(put(s, key, 5, 3 * SLOT + 100), 0); /* it is there */
	const struct pass_key long_one = { .rendition = 77, .number = 4 };
	assert_int_equal(put(s, long_one, 5, (uint64_t)SLOT * SLOTS / 2 + 1), -E2BIG);
	assert_int_equal(put(s, long_one, 5, (uint64_t)SLOT * SLOTS / 2), 0);
}

/* Two makings of one segment are told from each other, however long they are, and are never put together. */
static void a_segment_made_anew_is_another(void **state)
{
	const struct scene *s = *state;
	struct pass_about one, two;
	const struct pass_key key = { .rendition = 77, .number = 3 };
	assert_int_equal(put(s, key, 5, 2 * SLOT), 0);
	assert_true(pass_has(s->out, &key, &one));
	assert_int_equal(put(s, key, 6, 2 * SLOT), 0); /* the one that is there stays */
	assert_true(pass_has(s->out, &key, &two));
	assert_true(one.tag == two.tag);
	assert_int_equal(pass_read(s->out, &key, one.tag, SLOT, s->room, 10), 10);
	for (uint64_t i = 0; i < SLOTS - 1; i++) /* its first slot goes */
		assert_int_equal(put(s, chunk(4, i), (uint8_t)i, SLOT), 0);
	assert_false(pass_has(s->out, &key, NULL));
	assert_int_equal(put(s, key, 6, 2 * SLOT), 0);
	assert_true(pass_has(s->out, &key, &two));
	assert_true(one.tag && two.tag && one.tag != two.tag);
	assert_int_equal(pass_read(s->out, &key, one.tag, SLOT, s->room, 10), -EAGAIN);
	check(s, key, 6, SLOT, 100, 100);
	assert_int_equal(pass_read(s->out, &key, two.tag, SLOT, s->room, 10), 10);

	/* A third time, by the same cook: the same bytes are the same. */
	for (uint64_t i = 0; i < SLOTS; i++)
		assert_int_equal(put(s, chunk(5, i), (uint8_t)i, SLOT), 0);
	assert_int_equal(put(s, key, 5, 2 * SLOT), 0);
	assert_true(pass_has(s->out, &key, &two));
	assert_true(one.tag == two.tag);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t misses_ns(const struct pass *p)
{
	const uint64_t began = cpu_ns();
	for (uint64_t i = 0; i < 2000; i++) {
		const struct pass_key key = chunk(9, i);
		assert_false(pass_has(p, &key, NULL));
	}
	return cpu_ns() - began;
}

/* Each request that finds nothing on the disk looks here: in a big area, too, at what may be it, and not at all of it. */
static void looking_costs_the_same_in_a_big_area(void **state)
{
	const struct scene *s = *state;
	struct pass *big = NULL;
	assert_int_equal(pass_new((uint64_t)SLOT * PASS_MOST_SLOTS, &big, NULL), 0);
	for (uint64_t i = 0; i < SLOTS; i++)
		assert_int_equal(put(s, chunk(1, i), 1, SLOT), 0);
	misses_ns(big); /* its pages */
	const uint64_t small_ns = misses_ns(s->in), big_ns = misses_ns(big);
	/* All of it would be a thousand times as much. */
	if (big_ns > 30 * small_ns + 1000000)
		fail_msg("%llu ns, %llu ns in a big area", (unsigned long long)small_ns,
			 (unsigned long long)big_ns);
	pass_free(big);
}

/* Slots come and go between chains: what is there is found, what is not is not. */
static void nothing_is_lost_between_the_chains(void **state)
{
	const struct scene *s = *state;
	for (uint64_t n = 0; n < 40 * SLOTS; n++) {
		assert_int_equal(put(s, chunk((uint8_t)(n % 7), n), (uint8_t)n, 100), 0);
		for (uint64_t back = 0; back <= n && back < 2 * SLOTS; back++) {
			const struct pass_key key = chunk((uint8_t)((n - back) % 7), n - back);
			assert_true(pass_has(s->out, &key, NULL) == (back < SLOTS));
		}
	}
}

static void the_longest_unused_gives_way(void **state)
{
	const struct scene *s = *state;
	for (uint64_t i = 0; i < SLOTS; i++)
		assert_int_equal(put(s, chunk(1, i), (uint8_t)i, SLOT), 0);
	struct pass_key first = chunk(1, 0), second = chunk(1, 1), third = chunk(1, 2);
	pass_touch(s->in, &first, 1000);
	assert_int_equal(put(s, second, 1, SLOT), 0); /* again: of use as well */
	assert_int_equal(put(s, chunk(2, 0), 99, SLOT), 0);
	assert_true(pass_has(s->out, &first, NULL));
	assert_true(pass_has(s->out, &second, NULL));
	assert_false(pass_has(s->out, &third, NULL));
	check(s, chunk(2, 0), 99, 0, SLOT, SLOT);
	/* A segment that lost one of its slots is not there; it may be put again. */
	const struct pass_key segment = { .rendition = 7, .number = 1 };
	assert_int_equal(put(s, segment, 50, 4 * SLOT), 0);
	for (uint64_t i = 0; i < SLOTS - 3; i++)
		assert_int_equal(put(s, chunk(4, i), (uint8_t)i, SLOT), 0);
	assert_false(pass_has(s->out, &segment, NULL));
	assert_int_equal(put(s, segment, 50, 4 * SLOT), 0);
	assert_true(pass_has(s->out, &segment, NULL));
	check(s, segment, 50, 0, SLOT, SLOT);
}

static void what_came_just_now_is_left_to_its_readers(void **state)
{
	const struct scene *s = *state;
	uint64_t next;
	assert_int_equal(pass_room(s->in, 0, &next), SLOTS);
	for (uint64_t i = 0; i < SLOTS - 1; i++)
		assert_int_equal(put(s, chunk(1, i), (uint8_t)i, SLOT), 0);
	assert_int_equal(pass_room(s->in, 1000, &next), 1);
	assert_int_equal(next, 1000 + PASS_REST_MS);
	const struct pass_key first = chunk(1, 0);
	pass_touch(s->in, &first, 1500);
	assert_int_equal(pass_room(s->in, 1000 + PASS_REST_MS, &next), SLOTS - 1);
	assert_int_equal(next, 1500 + PASS_REST_MS);
}

static void what_is_no_area_is_not_mapped(void **state)
{
	const struct scene *s = *state;
	struct pass *p = NULL;
	struct fault why = { 0 };
	assert_int_equal(pass_map(-1, &p), -EBADMSG);
	AUTO_FD int empty = memfd_create("x", MFD_ALLOW_SEALING);
	assert_int_equal(pass_map(empty, &p), -EBADMSG);
	/* The right bytes, in a file that may be cut under the reader. */
	assert_int_equal(ftruncate(empty, lseek(pass_fd(s->in), 0, SEEK_END)), 0);
	uint8_t head[4096];
	assert_int_equal(pread(pass_fd(s->in), head, sizeof(head), 0), sizeof(head));
	assert_int_equal(pwrite(empty, head, sizeof(head), 0), sizeof(head));
	assert_int_equal(pass_map(empty, &p), -EBADMSG);
	assert_int_equal(pass_new(1000, &p, &why), -EINVAL);
	assert_non_null(strstr(why.text, "1000"));
	/* Readers have no way to write. */
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, pass_fd(s->in), 0),
			 MAP_FAILED);
	assert_int_equal(ftruncate(pass_fd(s->in), 0), -1);
}

/* --- a writer in a hurry ------------------------------------------------------------------------- */

struct race {
	const struct scene *s;
	atomic_bool over;
};

/* Chunk n is filled with n: what is read must be of one kind. */
static void *write_on(void *data)
{
	struct race *race = data;
	static uint8_t bytes[SLOT];
	const struct pass_about about = { .size = SLOT };
	for (unsigned n = 0; n < 1500; n++) {
		const struct pass_key key = chunk(6, n % 40);
		memset(bytes, (int)(n % 40), sizeof(bytes));
		pass_put(race->s->in, &key, &about, bytes, n);
	}
	atomic_store(&race->over, true);
	return NULL;
}

static void no_torn_bytes_are_ever_read(void **state)
{
	const struct scene *s = *state;
	struct race race = { .s = s };
	pthread_t writer;
	unsigned had = 0;
	assert_int_equal(pthread_create(&writer, NULL, write_on, &race), 0);
	for (unsigned n = 0; !atomic_load(&race.over) || n < 100; n++) {
		const struct pass_key key = chunk(6, n % 40);
		if (pass_read(s->out, &key, 0, 0, s->room, SLOT) != SLOT)
			continue;
		had++;
		for (size_t i = 0; i < SLOT; i++)
			if (s->room[i] != n % 40)
				fail_msg("byte %zu of chunk %u is %u", i, n % 40, s->room[i]);
	}
	pthread_join(writer, NULL);
	assert_true(had > 0);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, drop_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(what_one_writes_the_other_reads),
		SCENE(a_segment_takes_several_slots),
		SCENE(a_segment_made_anew_is_another),
		SCENE(looking_costs_the_same_in_a_big_area),
		SCENE(nothing_is_lost_between_the_chains),
		SCENE(the_longest_unused_gives_way),
		SCENE(what_came_just_now_is_left_to_its_readers),
		SCENE(what_is_no_area_is_not_mapped),
		SCENE(no_torn_bytes_are_ever_read),
	};
	return cmocka_run_group_tests_name("cache/pass", tests, NULL, NULL);
}
