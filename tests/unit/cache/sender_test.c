// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache/layout.h"
#include "cache/store.h"
#include "cache/store_scrub.h"
#include "cache/pass.h"
#include "firmware/base/clean.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

enum { CHUNK = OBJMAP_CHUNK_BYTES };

static const struct store_limits unlimited;

struct house {
	char *dir;
	struct store *store;
	struct view *view;
};

static int build(void **state)
{
	void *dir = NULL;
	struct house *h = calloc(1, sizeof(*h));
	if (!h || scratch_make(&dir) || store_open(dir, &unlimited, &h->store, NULL) ||
	    view_open(dir, 8, &h->view, NULL))
		return -1;
	h->dir = dir;
	*state = h;
	return 0;
}

static int demolish(void **state)
{
	struct house *h = *state;
	void *dir = h->dir;
	view_close(h->view);
	store_close(h->store);
	free(h);
	return scratch_remove(&dir);
}

/* Reads what a step gives; the bytes so far are in `out`. */
static enum sender_step take(struct sender *s, struct view *v, uint8_t *out, size_t *len,
			     struct sender_piece *piece)
{
	enum sender_step step = sender_next(s, v, piece);
	if (step == SENDER_MEMORY)
		memcpy(out + *len, piece->bytes, piece->length);
	else if (step == SENDER_FILE)
		assert_int_equal(pread(piece->file.fd, out + *len, piece->length,
				       (off_t)piece->file.offset),
				 piece->length);
	if (step == SENDER_MEMORY || step == SENDER_FILE)
		*len += piece->length;
	return step;
}

static void sends_bytes_of_the_index(void **state)
{
	struct house *h = *state;
	const struct names_entry e = {
		.kind = NAMES_BYTES, .bytes = "#EXTM3U\n", .bytes_len = 8, .size = 8
	};
	struct sender s;
	struct sender_piece p;
	uint8_t out[16];
	size_t len = 0;
	uint64_t size;
	sender_init(&s, &e);
	assert_int_equal(sender_size(&s, h->view, &size), 0);
	assert_int_equal(size, 8);
	sender_range(&s, 1, 3);
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_MEMORY);
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_DONE);
	assert_int_equal(len, 3);
	assert_memory_equal(out, "EXT", 3);
}

static void sends_an_object_as_it_arrives(void **state)
{
	enum { SIZE = 3 * CHUNK + 10 };
	struct house *h = *state;
	struct objmap *map = sample_map(3, SIZE);
	static uint8_t bytes[CHUNK], out[SIZE], want[SIZE];
	struct store_object *o;
	struct sender s;
	struct sender_piece p;
	size_t len = 0;
	const struct names_entry e = { .kind = NAMES_OBJECT,
				       .size = SIZE,
				       .id = *objmap_get_id(map) };
	sender_init(&s, &e);
	sender_range(&s, CHUNK + 5, 2 * CHUNK); /* into chunk 3 */
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_WAIT);
	assert_memory_equal(&p.want.id, &e.id, sizeof(e.id));
	assert_int_equal(p.want.first, 1);
	assert_int_equal(p.want.count, 3);
	assert_int_equal(store_object_open(h->store, map, "", &o, NULL), 0);
	for (uint64_t c = 1; c < 4; c++) {
		assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_WAIT);
		assert_int_equal(p.want.first, c);
		assert_false(sender_there(h->view, &p.want));
		const struct sender_want want_now = p.want;
		const size_t n = c == 3 ? 10 : CHUNK;
		sample_fill(3, c * CHUNK, bytes, n);
		assert_int_equal(store_object_put(o, c, bytes, n, NULL), 0);
		assert_true(sender_there(h->view, &want_now));
		assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_FILE);
	}
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_DONE);
	assert_int_equal(len, 2 * CHUNK);
	sample_fill(3, CHUNK + 5, want, len);
	assert_memory_equal(out, want, len);
	store_object_close(o);
	objmap_free(map);
}

static void sends_segments_and_virtual_files(void **state)
{
	struct house *h = *state;
	struct store_rendition *r;
	uint8_t bytes[3][5000], out[20000];
	struct sender s;
	struct sender_piece p;
	uint64_t size, offset;
	uint32_t n;
	assert_int_equal(store_rendition_open(h->store, "l", "g", "240p", 3, 0, &r, NULL), 0);
	struct names_entry e = { .kind = NAMES_RENDITION,
				 .rendition = store_rendition_number(r),
				 .segment = 1 };
	sender_init(&s, &e);
	assert_int_equal(sender_size(&s, h->view, &size), -EAGAIN);
	sender_range(&s, 0, 1);
	size_t len = 0;
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_WAIT);
	assert_int_equal(p.want.rendition, e.rendition);
	assert_int_equal(p.want.first, 1);
	assert_int_equal(p.want.count, 1);

	assert_false(sender_there(h->view, &p.want));
	assert_int_equal(store_rendition_fail(r, 1, NULL), 0);
	assert_true(sender_there(h->view, &p.want)); /* no use to wait on */
	assert_int_equal(sender_size(&s, h->view, &size), -ENODATA);

	struct names_extent extents[3];
	for (uint32_t i = 0; i < 3; i++) {
		sample_fill(i + 1, 0, bytes[i], 5000);
		assert_int_equal(store_rendition_put(r, i + 1, 4000, bytes[i], 5000, NULL), 0);
		assert_int_equal(store_rendition_slot(r, i + 1, &offset, &n), 0);
		extents[i] = (struct names_extent){ e.rendition, offset + 100,
						    1000 * i }; /* the first is empty */
	}
	assert_int_equal(sender_size(&s, h->view, &size), 0);
	assert_int_equal(size, 5000);
	sender_range(&s, 4000, 1000);
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_FILE);
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_DONE);
	assert_int_equal(len, 1000);
	assert_memory_equal(out, bytes[0] + 4000, 1000);

	/* Every range of the virtual file, byte by byte where pieces meet. */
	uint8_t whole[4 + 3000];
	memcpy(whole, "head", 4);
	memcpy(whole + 4, bytes[1] + 100, 1000);
	memcpy(whole + 1004, bytes[2] + 100, 2000);
	e = (struct names_entry){ .kind = NAMES_VIRTUAL,
				  .bytes = "head",
				  .bytes_len = 4,
				  .size = sizeof(whole),
				  .extents = extents,
				  .extent_count = 3 };
	static const uint64_t edges[] = { 0, 1, 3, 4, 5, 1003, 1004, 1005, 3003, 3004 };
	for (size_t a = 0; a < ARRAY_LEN(edges); a++) {
		for (size_t z = a; z < ARRAY_LEN(edges); z++) {
			sender_init(&s, &e);
			sender_range(&s, edges[a], edges[z] - edges[a]);
			len = 0;
			enum sender_step step;
			while ((step = take(&s, h->view, out, &len, &p)) != SENDER_DONE)
				assert_true(step == SENDER_MEMORY || step == SENDER_FILE);
			assert_int_equal(len, edges[z] - edges[a]);
			assert_memory_equal(out, whole + edges[a], len);
		}
	}
	/* An index that promises more than its extents have, or what is not there. */
	e.size = sizeof(whole) + 1;
	sender_init(&s, &e);
	sender_range(&s, sizeof(whole), 1);
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_FAIL);
	e.size = sizeof(whole);
	extents[2].offset = 1 << 30;
	sender_init(&s, &e);
	sender_range(&s, 2000, 1);
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_FAIL);
	assert_int_equal(p.error, -EAGAIN);
	store_rendition_close(r);
}

/* Rot is found and the segment made anew, with other bytes: whoever has some of the first kind is told. */
static void tells_a_segment_that_was_made_anew(void **state)
{
	struct house *h = *state;
	struct store_rendition *r;
	struct sender first, again;
	struct sender_piece p;
	struct store_scrub_found found = { 0 };
	uint8_t bytes[5000], out[5000];
	uint64_t size, offset, bad = 0;
	size_t len = 0;
	uint32_t n;
	assert_int_equal(store_rendition_open(h->store, "l", "g", "240p", 2, 0, &r, NULL), 0);
	sample_fill(1, 0, bytes, sizeof(bytes));
	for (uint32_t i = 1; i <= 2; i++)
		assert_int_equal(store_rendition_put(r, i, 4000, bytes, sizeof(bytes), NULL), 0);
	const struct names_entry e = { .kind = NAMES_RENDITION,
				       .rendition = store_rendition_number(r),
				       .segment = 1,
				       .etag = 77,
				       .modified_s = 1000 };
	sender_init(&first, &e);
	assert_int_equal(sender_size(&first, h->view, &size), 0);
	assert_int_equal(first.entry.modified_s, -1);
	const uint64_t tag = first.entry.etag;
	assert_int_equal(sender_size(&first, h->view, &size), 0);
	assert_int_equal(first.entry.etag, tag);
	sender_range(&first, 0, size);

	assert_int_equal(store_rendition_slot(r, 1, &offset, &n), 0);
	AUTO_FD
	int dir = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD
	int fd = openat(dir, layout_rendition(e.rendition, ".mp4").at, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "rot", 3, (off_t)offset + 10), 3);
	struct store_scrub_cursor at = store_scrub_rendition(e.rendition);
	while (at.phase != STORE_SCRUB_DONE && !found.done) {
		assert_int_equal(store_scrub_step(h->store, &at, 1 << 20, &found, NULL), 0);
		bad += found.count;
	}
	assert_int_equal(bad, 1);
	sample_fill(2, 0, bytes, sizeof(bytes));
	assert_int_equal(store_rendition_put(r, 1, 4000, bytes, sizeof(bytes), NULL), 0);

	sender_init(&again, &e);
	assert_int_equal(sender_size(&again, h->view, &size), 0);
	assert_int_equal(size, sizeof(bytes));
	assert_int_not_equal(again.entry.etag, tag);
	assert_int_equal(take(&first, h->view, out, &len, &p), SENDER_FAIL);
	assert_int_equal(p.error, -ESTALE);
	store_rendition_close(r);
}

/* A segment that passes through memory is known by its bytes; another one is not sent on behind it, also not from the disk. */
static void ends_a_passing_segment_with_itself(void **state)
{
	struct house *h = *state;
	struct store_rendition *r;
	struct sender one, two, longer, stored;
	struct landed landed = { 0 };
	struct sender_piece p;
	uint8_t bytes[5000], out[5000];
	uint64_t size;
	size_t len = 0;
	assert_int_equal(store_rendition_open(h->store, "l", "g", "240p", 2, 0, &r, NULL), 0);
	sample_fill(1, 0, bytes, sizeof(bytes));
	const struct names_entry e = { .kind = NAMES_RENDITION,
				       .rendition = store_rendition_number(r),
				       .segment = 1,
				       .etag = 77,
				       .modified_s = 1000 };
	sender_init(&one, &e);
	two = longer = stored = one;
	assert_int_equal(sender_size(&one, h->view, &size), -EAGAIN);
	sender_passes(&one, sizeof(bytes), 5, &landed);
	sender_passes(&two, sizeof(bytes), 6, &landed);
	sender_passes(&longer, sizeof(bytes) + 1, 5, &landed);
	assert_int_equal(one.entry.modified_s, -1);
	assert_true(one.entry.etag != two.entry.etag);
	assert_true(one.entry.etag != longer.entry.etag);
	assert_true(sender_goes_on(&one, 5));
	assert_false(sender_goes_on(&one, 6));
	sender_range(&one, 0, sizeof(bytes));
	assert_int_equal(take(&one, h->view, out, &len, &p), SENDER_WAIT);

	assert_int_equal(store_rendition_put(r, 1, 4000, bytes, sizeof(bytes), NULL), 0);
	assert_int_equal(take(&one, h->view, out, &len, &p), SENDER_CHECK);
	landed_note(&landed, &p.file, 7);
	assert_int_equal(take(&one, h->view, out, &len, &p), SENDER_FAIL);
	assert_int_equal(p.error, -ESTALE);
	/* And the other way round. */
	assert_int_equal(sender_size(&stored, h->view, &size), 0);
	assert_true(stored.entry.etag != one.entry.etag && stored.entry.etag != two.entry.etag);
	assert_false(sender_goes_on(&stored, 5));
	const struct names_entry chunks = { .kind = NAMES_OBJECT, .size = 10, .etag = 3 };
	sender_init(&one, &chunks);
	sender_passes(&one, 10, 1, &landed);
	assert_true(sender_goes_on(&one, 1));
	assert_int_equal(one.entry.etag, 3);
	store_rendition_close(r);
}

/* The disk had room again while a phone was sent the segment from memory: the phone notices nothing. */
static void goes_on_from_the_disk_with_the_same_bytes(void **state)
{
	struct house *h = *state;
	struct store_rendition *r;
	struct sender s, third, other;
	struct landed landed = { 0 };
	struct sender_piece p;
	uint8_t bytes[5000], out[5000];
	uint64_t size, tag;
	size_t len = 2000; /* came from memory */
	assert_int_equal(store_rendition_open(h->store, "l", "g", "240p", 2, 0, &r, NULL), 0);
	sample_fill(1, 0, bytes, sizeof(bytes));
	const struct names_entry e = { .kind = NAMES_RENDITION,
				       .rendition = store_rendition_number(r),
				       .segment = 1,
				       .etag = 77 };
	const int fd = memfd_create("pass", 0);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(pass_file_tag(fd, 0, sizeof(bytes), &tag), 0);
	assert_int_equal(pass_file_tag(fd, 1, sizeof(bytes), &size), -ENODATA);
	close(fd);
	sender_init(&s, &e);
	assert_int_equal(sender_size(&s, h->view, &size), -EAGAIN);
	other = s;
	sender_passes(&s, sizeof(bytes), tag, &landed);
	sender_passes(&other, sizeof(bytes) - 1, tag, &landed);
	sender_range(&s, len, sizeof(bytes) - len);
	sender_range(&other, 0, sizeof(bytes) - 1);
	const uint64_t etag = s.entry.etag;
	assert_int_equal(store_rendition_put(r, 1, 4000, bytes, sizeof(bytes), NULL), 0);
	memcpy(out, bytes, len);
	third = s;
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_CHECK);
	assert_int_equal(p.file.length, sizeof(bytes));
	assert_int_equal(pass_file_tag(p.file.fd, p.file.offset, p.file.length, &tag), 0);
	landed_note(&landed, &p.file, tag);
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_FILE);
	assert_int_equal(take(&s, h->view, out, &len, &p), SENDER_DONE);
	assert_int_equal(len, sizeof(bytes));
	assert_memory_equal(out, bytes, sizeof(bytes));
	assert_int_equal(s.entry.etag, etag);
	/* Who comes next need not look again, until much else was looked at. */
	len = 2000;
	struct sender fourth = third;
	assert_int_equal(take(&third, h->view, out, &len, &p), SENDER_FILE);
	struct view_file elsewhere = { .serial = 1000, .length = 10 };
	for (; elsewhere.offset < LANDED_MOST; elsewhere.offset++)
		landed_note(&landed, &elsewhere, 1);
	assert_int_equal(take(&fourth, h->view, out, &len, &p), SENDER_CHECK);
	assert_int_equal(take(&other, h->view, out, &len, &p), SENDER_FAIL);
	store_rendition_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sends_bytes_of_the_index, build, demolish),
		cmocka_unit_test_setup_teardown(sends_an_object_as_it_arrives, build, demolish),
		cmocka_unit_test_setup_teardown(sends_segments_and_virtual_files, build, demolish),
		cmocka_unit_test_setup_teardown(ends_a_passing_segment_with_itself, build,
						demolish),
		cmocka_unit_test_setup_teardown(goes_on_from_the_disk_with_the_same_bytes, build,
						demolish),
		cmocka_unit_test_setup_teardown(tells_a_segment_that_was_made_anew, build,
						demolish),
	};
	return cmocka_run_group_tests_name("cache/sender", tests, NULL, NULL);
}
