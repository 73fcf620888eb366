// SPDX-License-Identifier: GPL-2.0-or-later
/* Init sections of a stream that changes them: each is there as long as a piece needs it. The stream is this file. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/live/live_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/http.h"

#define PIECE_MS 10000u

struct request {
	void (*done)(void *data, const struct http_result *result); /* NULL: nobody asks */
	void *data;
	char url[64];
};

struct world {
	char top[64], pieces[160];
	struct live live;
	struct live_class class;
	struct live_track *track;
	struct request list, piece;
	uint64_t now_ms;
};

static struct world *world_of(struct live_class *c)
{
	return (struct world *)((char *)c - offsetof(struct world, class));
}

/* In place of the class and its line. */
int live_ask(struct live_class *c, const char *url, const struct live_part *part,
	     uint64_t limit_bytes, unsigned total_s,
	     void (*done)(void *data, const struct http_result *result), void *data,
	     struct http_transfer **out, struct fault *why)
{
	(void)part;
	(void)limit_bytes;
	(void)total_s;
	(void)why;
	struct world *w = world_of(c);
	struct request *r = strstr(url, ".m3u8") ? &w->list : &w->piece;
	assert_null(r->done);
	*r = (struct request){ .done = done, .data = data };
	snprintf(r->url, sizeof(r->url), "%s", strrchr(url, '/') + 1);
	*out = (struct http_transfer *)r; /* something, until it is answered */
	return 0;
}

void http_cancel(struct http_transfer *t)
{
	if (t)
		*(struct request *)t = (struct request){ 0 };
}

void live_fault(struct live_class *c, const struct fault *why)
{
	(void)c;
	(void)why;
}

void live_review(struct live_class *c)
{
	(void)c;
}

static void answer(struct request *r, const char *body, int code)
{
	struct request it = *r;
	const struct http_result result = { .code = code,
					    .status = code ? 0 : 200,
					    .body = body,
					    .body_len = strlen(body),
					    .error = "" };
	assert_non_null(it.done);
	*r = (struct request){ 0 };
	it.done(it.data, &result);
}

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char folder[80];
	*state = w;
	snprintf(w->top, sizeof(w->top), "/tmp/wasl-track-XXXXXX");
	if (!mkdtemp(w->top))
		return -1;
	snprintf(folder, sizeof(folder), "%s/live", w->top);
	w->class.live = &w->live;
	snprintf(w->class.conf.name, sizeof(w->class.conf.name), "maths");
	snprintf(w->class.session, sizeof(w->class.session), "1");
	snprintf(w->pieces, sizeof(w->pieces), "%s/maths/1", folder);
	w->track = &w->class.main;
	w->now_ms = 1000;
	live_track_init(w->track, &w->class, 'm');
	live_track_use(w->track, "http://stream/main.m3u8", 0);
	w->track->on = true;
	return live_files_open(folder, 1 << 20, &w->live.files, NULL);
}

static int drop_world(void **state)
{
	struct world *w = *state;
	char folder[80];
	live_list_done(&w->track->list);
	free(w->track->init_bytes);
	live_files_close(w->live.files);
	snprintf(folder, sizeof(folder), "%s/live", w->top);
	rmdir(folder);
	rmdir(w->top);
	free(w);
	return 0;
}

/* The stream lists one more segment of ten seconds: 'A3' is its init section and the name of its bytes. */
static void lists(struct world *w, const char *segment, const char *tags)
{
	char text[400];
	snprintf(text, sizeof(text),
		 "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:%s\n"
		 "#EXT-X-MAP:URI=\"%c.mp4\"\n%s#EXTINF:10,\n%s.m4s\n",
		 segment + 1, segment[0], tags, segment);
	w->now_ms += 2 * PIECE_MS;
	w->track->next_list_ms = 0;
	live_track_step(w->track, w->now_ms);
	answer(&w->list, text, 0);
}

/* Its init section comes where it is asked, then it comes itself, or is refused for good. */
static void brings(struct world *w, const char *segment, int code)
{
	lists(w, segment, "");
	if (strstr(w->piece.url, ".mp4"))
		answer(&w->piece, "init", 0);
	assert_memory_equal(w->piece.url, segment, 2);
	answer(&w->piece, "bytes", code);
}

/* How many init sections lie in the folder, and whether each that is listed does. */
static size_t init_sections(const struct world *w)
{
	DIR *d = opendir(w->pieces);
	size_t count = 0;
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		count += strstr(e->d_name, ".mp4") != NULL;
	closedir(d);
	for (size_t i = 0; i < w->track->window.count; i++) {
		char name[LIVE_NAME_BYTES], path[256];
		live_window_init_name(&w->track->window, w->track->window.pieces[i].init, name);
		snprintf(path, sizeof(path), "%s/%s", w->pieces, name);
		assert_int_equal(access(path, F_OK), 0);
	}
	return count;
}

static void one_whose_pieces_never_came_goes(void **state)
{
	struct world *w = *state;
	brings(w, "A1", 0);
	assert_int_equal(init_sections(w), 1);
	brings(w, "B2", -EACCES);
	assert_int_equal(init_sections(w), 2); /* the one after it may come */
	brings(w, "C3", 0);
	assert_int_equal(init_sections(w), 2);
	for (char i = 4; i < 10; i++)
		brings(w, (char[]){ (char)('A' + i), (char)('0' + i), 0 }, -EACCES);
	assert_int_equal(init_sections(w), 3);
}

static void one_whose_pieces_have_left_goes(void **state)
{
	struct world *w = *state;
	brings(w, "A1", 0);
	live_track_clear(w->track);
	assert_int_equal(init_sections(w), 1); /* what comes next may be of it */
	brings(w, "A2", 0);
	assert_int_equal(init_sections(w), 1);
	live_track_clear(w->track);
	brings(w, "B3", 0);
	assert_int_equal(init_sections(w), 1);
}

static void one_that_is_listed_stays(void **state)
{
	struct world *w = *state;
	static const char *const segments[] = { "A1", "B2", "C3", "D4", "E5", "F6", "G7", "H8" };
	size_t most = 0;
	for (size_t i = 0; i < ARRAY_LEN(segments); i++) {
		brings(w, segments[i], 0);
		const size_t here = init_sections(w);
		most = here > most ? here : most;
		assert_int_equal(here, w->track->window.count);
	}
	assert_in_range(most, 2, ARRAY_LEN(segments) - 1); /* they leave with their pieces */
}

static void what_is_wrong_with_it_is_known(void **state)
{
	struct world *w = *state;
	struct live_track *t = w->track;
	brings(w, "A1", 0);
	const uint64_t soon = clock_mono_ms() + 1000, late = soon + 31000; /* three targets */
	assert_int_equal(live_track_ill(t, soon), LIVE_WELL);
	assert_int_equal(live_track_ill(t, late), LIVE_LOST);
	t->seen_ms = late; /* its list comes, and is the same */
	assert_int_equal(live_track_ill(t, late), LIVE_WELL);
	assert_int_equal(live_track_ill(t, late + 10000), LIVE_STILL);
	/* Its list goes on, and nothing of it can be had. */
	brings(w, "A2", -EACCES);
	brings(w, "A3", -EACCES);
	t->seen_ms = t->changed_ms = late + 1000;
	assert_int_equal(live_track_ill(t, soon), LIVE_WELL);
	assert_int_equal(live_track_ill(t, late + 1000), LIVE_STARVED);
	brings(w, "A4", 0);
	t->seen_ms = t->changed_ms = late + 1000;
	assert_int_equal(live_track_ill(t, late + 1000), LIVE_WELL);
	/* So it is when what is listed is a gap. */
	lists(w, "A6", "#EXT-X-GAP\n");
	assert_null(w->piece.done);
	assert_non_null(strstr(t->starved_why, "missing"));
	t->seen_ms = t->changed_ms = late + 1000;
	assert_int_equal(live_track_ill(t, late + 1000), LIVE_STARVED);
	live_track_stop(t);
	assert_int_equal(live_track_ill(t, late), LIVE_WELL);
}

static void one_that_fails_may_have_moved(void **state)
{
	struct world *w = *state;
	struct live_track *t = w->track;
	brings(w, "A1", 0);
	for (unsigned tries = 1; tries < 4; tries++) {
		t->next_list_ms = 0;
		live_track_step(t, w->now_ms);
		answer(&w->list, "", -EIO);
		assert_int_equal(t->lost, tries >= 2);
	}
	/* It is asked there at once, but not without end; it goes on where it was. */
	live_track_use(t, "http://stream/other.m3u8", 0);
	assert_false(t->lost);
	assert_int_equal(t->tries, 3);
	brings(w, "A2", 0);
	assert_int_equal(t->tries, 0);
	assert_int_equal(t->window.count, 2);
	assert_int_equal(t->window.stretch, 0);
	t->tries = 3;
	live_track_use(t, "http://stream/better.m3u8", 1);
	assert_int_equal(t->tries, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_whose_pieces_never_came_goes, make_world,
						drop_world),
		cmocka_unit_test_setup_teardown(one_whose_pieces_have_left_goes, make_world,
						drop_world),
		cmocka_unit_test_setup_teardown(one_that_is_listed_stays, make_world, drop_world),
		cmocka_unit_test_setup_teardown(what_is_wrong_with_it_is_known, make_world,
						drop_world),
		cmocka_unit_test_setup_teardown(one_that_fails_may_have_moved, make_world,
						drop_world),
	};
	return cmocka_run_group_tests_name("content/live_track", tests, NULL, NULL);
}
