// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A writer is killed at moments that chance chooses, many times; half of the deaths are made into power cuts by taking
 * away what was not synced. After each: nothing wrong can be read, and nothing is lost that was acknowledged.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "cache/bits.h"
#include "firmware/base/crc32c.h"
#include "cache/layout.h"
#include "cache/segtab.h"
#include "cache/store.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

enum {
	CHUNK = OBJMAP_CHUNK_BYTES,
	OBJECTS = 3,
	CHUNKS = 24, /* of each object; the last is short */
	SEGMENTS = 40,
	ROUNDS = 48,
	SIZE = (CHUNKS - 1) * CHUNK + 12345,
};

static const struct store_limits unlimited;

/* What the writer said is safe. Read from a pipe, so that it is known even of a dead one. */
struct ledger {
	bool chunk[OBJECTS][CHUNKS];
	bool segment[SEGMENTS + 1];
};

struct ack {
	uint8_t kind, object; /* 'c' a chunk, 's' a segment */
	uint16_t index;
};

static uint64_t dice(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

static size_t chunk_len(uint64_t index)
{
	return index == CHUNKS - 1 ? SIZE - (size_t)index * CHUNK : CHUNK;
}

static size_t segment_len(uint32_t segment)
{
	return 1000 + segment * 997;
}

static void say(int pipe, struct ack ack)
{
	if (write(pipe, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		_exit(3);
}

static void write_some(struct store *s, struct store_object **o, struct store_rendition *r,
		       uint64_t *luck, int pipe)
{
	static uint8_t bytes[CHUNK];
	static struct ack unsynced[OBJECTS * CHUNKS * 4];
	static size_t count;
	const uint8_t which = (uint8_t)(dice(luck) % OBJECTS);
	const uint16_t chunk = (uint16_t)(dice(luck) % CHUNKS);
	sample_fill(which, (uint64_t)chunk * CHUNK, bytes, chunk_len(chunk));
	if (store_object_put(o[which], chunk, bytes, chunk_len(chunk), NULL))
		_exit(4);
	if (count < ARRAY_LEN(unsynced))
		unsynced[count++] = (struct ack){ 'c', which, chunk };
	if (dice(luck) % 8 == 0) {
		if (store_sync(s, NULL))
			_exit(5);
		while (count)
			say(pipe, unsynced[--count]);
	}
	if (dice(luck) % 4 == 0) {
		const uint16_t segment = (uint16_t)(dice(luck) % (SEGMENTS + 1));
		sample_fill(100 + segment, 0, bytes, segment_len(segment));
		if (store_rendition_put(r, segment, 4000, bytes, segment_len(segment), NULL))
			_exit(6);
		say(pipe, (struct ack){ 's', 0, segment });
	}
}

/* The kernel itself ends the writer, wherever it is then. */
static void die_in(long microseconds)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	const struct itimerspec when = { .it_value.tv_nsec = microseconds * 1000 };
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &when, NULL))
		_exit(7);
}

static void writer(const char *dir, struct objmap *const *maps, uint64_t luck, int pipe)
{
	struct store *s;
	struct store_object *o[OBJECTS];
	struct store_rendition *r;
	die_in(200 + (long)(dice(&luck) % 30000));
	if (store_open(dir, &unlimited, &s, NULL))
		_exit(1);
	for (int i = 0; i < OBJECTS; i++)
		if (store_object_open(s, maps[i], "", &o[i], NULL))
			_exit(2);
	if (store_rendition_open(s, "lesson", "g-1", "240p", SEGMENTS, 1 << 20, &r, NULL))
		_exit(2);
	for (;;)
		write_some(s, o, r, &luck, pipe);
}

static void run_writer(const char *dir, struct objmap *const *maps, uint64_t luck,
		       struct ledger *ledger)
{
	int ends[2], status;
	struct ack ack;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(ends[0]);
		writer(dir, maps, luck, ends[1]);
	}
	close(ends[1]);
	while (read(ends[0], &ack, sizeof(ack)) == (ssize_t)sizeof(ack)) {
		if (ack.kind == 'c')
			ledger->chunk[ack.object][ack.index] = true;
		else
			ledger->segment[ack.index] = true;
	}
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		fail_msg("the writer gave up at step %d", WEXITSTATUS(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/*
 * The power goes: what no fdatasync covered is at the disk's mercy. Here a chunk that is not durable loses its bytes or a
 * part of them, or stays; its bit stays or goes; one copy of the durable bitmap may be torn; the table may be of any age.
 */
static void cut_power_object(const char *dir, const struct objmap_id *id, uint64_t *luck)
{
	char bits_path[PATH_MAX], body[PATH_MAX];
	snprintf(bits_path, sizeof(bits_path), "%s/%s", dir, layout_object(id, ".bits").at);
	snprintf(body, sizeof(body), "%s/%s", dir, layout_object(id, "").at);
	struct bits b;
	uint64_t durable[1];
	if (bits_open(AT_FDCWD, bits_path, id, CHUNKS, &b))
		return; /* not made yet, or not in its place yet */
	bits_load_durable(&b, durable);
	int fd = open(body, O_RDWR);
	assert_true(fd >= 0);
	static const uint8_t zeros[CHUNK];
	for (uint64_t c = 0; c < CHUNKS; c++) {
		if (durable[0] >> c & 1)
			continue;
		const uint64_t fate = dice(luck) % 4;
		if (fate < 2)
			assert_true(pwrite(fd, zeros, chunk_len(c) / (fate + 1),
					   (off_t)(c * CHUNK)) > 0);
		if (fate == 3)
			bits_clear(&b, c);
	}
	close(fd);
	memset(b.head->boot, 0xee, sizeof(b.head->boot));
	b.head->crc = crc32c(0, b.head, offsetof(struct bits_header, crc));
	bits_unmap(&b);
}

static void cut_power(const char *dir, struct objmap *const *maps, uint64_t *luck)
{
	for (int i = 0; i < OBJECTS; i++)
		cut_power_object(dir, objmap_get_id(maps[i]), luck);
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/rend", dir);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		const size_t len = strlen(e->d_name);
		if (len < 5 || strcmp(e->d_name + len - 4, ".tab"))
			continue;
		snprintf(path, sizeof(path), "%s/rend/%s", dir, e->d_name);
		const long size = scratch_size(path);
		for (uint64_t n = dice(luck) % 6; n && size > 0; n--)
			scratch_flip(path, (long)(dice(luck) % (uint64_t)size),
				     (uint8_t)(1 + dice(luck) % 255));
	}
	if (d)
		closedir(d);
}

static void check_object(struct store *s, const struct objmap *map, unsigned which,
			 const struct ledger *ledger)
{
	static uint8_t want[CHUNK], got[CHUNK];
	struct store_object *o;
	struct fault why;
	if (store_object_open(s, map, "", &o, &why))
		fail_msg("%s", why.text);
	for (uint64_t c = 0; c < CHUNKS; c++) {
		if (!store_object_has(o, c)) {
			if (ledger->chunk[which][c])
				fail_msg("chunk %d of object %u was acknowledged and is lost",
					 (int)c, which);
			continue;
		}
		sample_fill(which, c * CHUNK, want, chunk_len(c));
		assert_int_equal(pread(store_object_fd(o), got, chunk_len(c), (off_t)(c * CHUNK)),
				 chunk_len(c));
		assert_memory_equal(want, got, chunk_len(c));
	}
	store_object_close(o);
}

static void check_rendition(const char *dir, struct store *s, const struct ledger *ledger)
{
	static uint8_t want[CHUNK], got[CHUNK];
	struct store_rendition *r;
	struct fault why;
	struct segtab t;
	char path[PATH_MAX];
	if (store_rendition_open(s, "lesson", "g-1", "240p", SEGMENTS, 1 << 20, &r, &why))
		fail_msg("%s", why.text);
	const uint64_t number = store_rendition_number(r);
	snprintf(path, sizeof(path), "%s/%s", dir, layout_rendition(number, ".tab").at);
	assert_int_equal(segtab_map(AT_FDCWD, path, number, &t), 0);
	for (uint32_t i = 0; i <= SEGMENTS; i++) {
		struct segtab_segment slot;
		const bool ready = segtab_get(&t, i, &slot) == SEGTAB_READY;
		assert_int_equal(ready, store_rendition_has(r, i));
		if (ledger->segment[i])
			assert_true(ready);
		if (!ready)
			continue;
		assert_int_equal(slot.length, segment_len(i));
		sample_fill(100 + i, 0, want, slot.length);
		assert_int_equal(pread(store_rendition_fd(r), got, slot.length, (off_t)slot.offset),
				 slot.length);
		assert_memory_equal(want, got, slot.length);
	}
	segtab_unmap(&t);
	store_rendition_close(r);
}

static void no_death_loses_or_falsifies(void **state)
{
	struct objmap *maps[OBJECTS];
	static struct ledger ledger;
	uint64_t luck = 0x57a51;
	for (unsigned i = 0; i < OBJECTS; i++) {
		maps[i] = sample_map(i, SIZE);
		assert_non_null(maps[i]);
	}
	for (int round = 0; round < ROUNDS; round++) {
		run_writer(*state, maps, dice(&luck), &ledger);
		if (round % 2)
			cut_power(*state, maps, &luck);
		struct store *s;
		struct fault why;
		if (store_open(*state, &unlimited, &s, &why))
			fail_msg("round %d: %s", round, why.text);
		for (unsigned i = 0; i < OBJECTS; i++)
			check_object(s, maps[i], i, &ledger);
		check_rendition(*state, s, &ledger);
		/* Begin anew before everything is there: an idle writer proves nothing. */
		if (round % 12 == 11) {
			for (unsigned i = 0; i < OBJECTS; i++)
				assert_int_equal(store_object_drop(s, objmap_get_id(maps[i]), NULL),
						 0);
			struct store_rendition *r;
			assert_int_equal(store_rendition_open(s, "lesson", "g-1", "240p", SEGMENTS,
							      0, &r, NULL),
					 0);
			assert_int_equal(store_rendition_drop(s, store_rendition_number(r), NULL),
					 0);
			store_rendition_close(r);
			memset(&ledger, 0, sizeof(ledger));
		}
		store_close(s);
	}
	for (unsigned i = 0; i < OBJECTS; i++)
		objmap_free(maps[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_death_loses_or_falsifies, scratch_make,
						scratch_remove),
	};
	return cmocka_run_group_tests_name("cache/store_crash", tests, NULL, NULL);
}
