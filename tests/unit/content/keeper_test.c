// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/keeper/keeper_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/content/lessons_kit.h"
#include "tests/unit/scratch.h"

/*
 * A keeper over a real store of 400000 bytes, and a library of which a video and a document are in a programme and a reading is
 * not. Three days after the things came.
 */
enum { LIMIT = 400000, READING = 1, ALLOWED = 1u << RUNG_240P | 1u << RUNG_AUDIO };

struct scene {
	char dir[64], socket[80], told[2000];
	unsigned left, changed, poked;
	struct lessons_kit kit;
	struct sd_event *loop;
	struct store *store;
	struct wants *wants;
	struct library *library;
	struct keeper *keeper;
	struct objmap_id stray;
};

static void object_leaves(void *data, size_t object)
{
	(void)data;
	(void)object;
}

static void left(void *data)
{
	((struct scene *)data)->left++;
}

static void changed(void *data)
{
	((struct scene *)data)->changed++;
}

static void poke(void *data)
{
	((struct scene *)data)->poked++;
}

static bool idle(void *data)
{
	(void)data;
	return false;
}

static int look(void *data, const struct want_msg *want)
{
	(void)data;
	(void)want;
	return 0;
}

static void wants_changed(void *data)
{
	(void)data;
}

static uint64_t tally(void *data, uint64_t instance, const struct want_tally *tallies, size_t count)
{
	(void)data;
	(void)instance;
	(void)tallies;
	(void)count;
	return 0;
}

static void tell(void *data, const char *kind, const char *subject, const char *layer,
		 const char *sentence)
{
	struct scene *s = data;
	const size_t len = strlen(s->told);
	assert_string_equal(layer, "store");
	assert_true(strlen(sentence) > 20);
	snprintf(s->told + len, sizeof(s->told) - len, "%s %.12s\n", kind, subject);
}

static int start(struct scene *s)
{
	const struct keeper_calls calls = { object_leaves, left, changed, poke, idle, s };
	const struct report report = { tell, s };
	const struct store_limits limits = { .max_bytes = LIMIT };
	int r = store_open(s->dir, &limits, &s->store, NULL);
	if (r == 0)
		r = library_build(s->store, &s->kit.catalogue, ALLOWED, &s->library, NULL);
	if (r == 0)
		r = keeper_new(s->loop, s->store, s->wants, 0, &calls, &report, &s->keeper, NULL);
	if (r == 0)
		keeper_use(s->keeper, s->library);
	return r;
}

static void stop(struct scene *s)
{
	keeper_free(s->keeper);
	library_free(s->library);
	store_close(s->store);
}

/* A segment of the reading, and an object that no catalogue names. */
static int fill(struct scene *s)
{
	struct store_rendition *r = NULL;
	struct store_object *o = NULL;
	static uint8_t bytes[60000];
	struct objmap *map = sample_map(1, 100000);
	s->stray = *objmap_get_id(map);
	int rc = store_object_open(s->store, map, "a/b", &o, NULL);
	store_object_close(o);
	objmap_free(map);
	if (rc == 0)
		rc = library_open_rung(s->library, READING, RUNG_AUDIO, &r, NULL);
	for (uint32_t i = 0; rc == 0 && i < 2; i++)
		rc = store_rendition_put(r, i, 1000 * i, bytes, i ? sizeof(bytes) : 700, NULL);
	store_rendition_close(r);
	return rc;
}

static int make_scene(void **state)
{
	const struct wants_calls calls = { look, wants_changed, tally, NULL, NULL };
	struct scene *s = calloc(1, sizeof(*s));
	*state = s;
	snprintf(s->dir, sizeof(s->dir), "/tmp/wasl-keeper-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	snprintf(s->socket, sizeof(s->socket), "%s/want.sock", s->dir);
	unsetenv("WASL_CLOCK_OFFSET_S");
	lessons_kit_make(&s->kit);
	if (sd_event_new(&s->loop) < 0 ||
	    wants_new(s->loop, s->socket, 0600, &calls, &s->wants, NULL))
		return -1;
	if (start(s) || fill(s))
		return -1;
	stop(s);
	setenv("WASL_CLOCK_OFFSET_S", "259200", 1);
	s->told[0] = '\0';
	return start(s);
}

static int drop_scene(void **state)
{
	struct scene *s = *state;
	unsetenv("WASL_CLOCK_OFFSET_S");
	stop(s);
	wants_free(s->wants);
	sd_event_unref(s->loop);
	int r = scratch_drop(s->dir);
	free(s);
	return r;
}

/* "stays local" of the first thing that the name means. */
static const char *why(struct scene *s, const char *name)
{
	static char text[200];
	json_t *answer = keeper_why(s->keeper, name, NULL);
	const json_t *thing = json_array_get(json_object_get(answer, "things"), 0);
	const char *state = json_string_value(json_object_get(thing, "state"));
	const char *reason = json_string_value(json_object_get(thing, "reason"));
	snprintf(text, sizeof(text), "%s %s", state ? state : "?", reason ? reason : "?");
	json_decref(answer);
	return text;
}

static void what_does_not_fit_is_held_back(void **state)
{
	struct scene *s = *state;
	const struct library *l = s->library;
	/* The programme's film may take the place of what may go; the other film finds no room then. */
	assert_false(l->objects[l->lessons[0].mezzanine].held);
	assert_false(l->objects[l->lessons[0].poster].held);
	assert_true(l->objects[l->lessons[READING].mezzanine].held);
	assert_string_equal(s->told, "store.full store\n");
	assert_string_equal(why(s, "fractions-1/film"), "absent coming");
	assert_string_equal(why(s, "reading-2/film"), "absent no-room");
}

static void it_goes_in_order_and_is_told(void **state)
{
	struct scene *s = *state;
	struct fault fault = { 0 };
	char hex[65];
	objmap_id_hex(&s->stray, hex);
	s->told[0] = '\0';
	const uint64_t number = s->library->lessons[READING].rungs[RUNG_AUDIO].number;
	assert_true(s->library->lessons[READING].rungs[RUNG_AUDIO].complete);
	/* There is room for so much: nothing goes. */
	assert_int_equal(keeper_make_room(s->keeper, 200000, EVICT_FOR_PUPIL, "x", &fault), 0);
	assert_string_equal(s->told, "");
	assert_int_equal(keeper_make_room(s->keeper, 250000, EVICT_FOR_PUPIL, "x", &fault), 0);
	assert_int_equal(s->left, 1);
	assert_int_equal(s->changed, 0);
	assert_string_equal(why(s, hex), "gone comes-back");
	/* More than all that may go: nothing goes in vain. */
	assert_int_equal(keeper_make_room(s->keeper, LIMIT + 1, EVICT_FOR_PUPIL, "x", &fault),
			 -ENOSPC);
	assert_string_equal(fault.id, "store.full");
	assert_string_equal(why(s, "reading-2/audio"), "may-go fetched"); /* its film is not here */
	assert_int_equal(keeper_make_room(s->keeper, LIMIT, EVICT_FOR_PUPIL, "x", &fault), 0);
	assert_int_equal(s->changed, 1);
	char told[200];
	snprintf(told, sizeof(told), "store.evicted %.12s\nstore.evicted reading-2/au\n", hex);
	assert_string_equal(s->told, told);
	/* The rung has a place of its own again, under another number, and waits for room or for somebody. */
	const struct library_lesson *it = &s->library->lessons[READING];
	assert_false(it->rungs[RUNG_AUDIO].complete);
	assert_true(it->rungs[RUNG_AUDIO].number && it->rungs[RUNG_AUDIO].number != number);
	assert_int_equal(it->made[0] | it->made[1], 0);
	assert_true(it->held & 1u << RUNG_AUDIO);
	size_t lesson;
	enum kitchen_rung rung;
	assert_false(library_find_rendition(s->library, number, &lesson, &rung));
	assert_true(
		library_find_rendition(s->library, it->rungs[RUNG_AUDIO].number, &lesson, &rung));
	stop(s);
	assert_int_equal(start(s), 0);
	assert_true(s->library->lessons[READING].held & 1u << RUNG_AUDIO);
	assert_string_equal(why(s, "/m/reading-2/audio.m4a"), "gone made-room");
}

static void pins_keep_and_last(void **state)
{
	struct scene *s = *state;
	struct fault fault = { 0 };
	json_decref(keeper_pin(s->keeper, "reading-2", &fault));
	assert_string_equal(why(s, "reading-2/audio"), "stays pinned");
	stop(s);
	assert_int_equal(start(s), 0);
	assert_string_equal(why(s, "reading-2/audio"), "stays pinned");
	assert_int_equal(keeper_make_room(s->keeper, LIMIT, EVICT_FOR_PUPIL, "x", &fault), -ENOSPC);
	assert_null(keeper_evict(s->keeper, "reading-2", &fault));
	assert_string_equal(fault.id, "store.pinned");
	json_decref(keeper_unpin(s->keeper, "reading-2", &fault));
	assert_null(keeper_unpin(s->keeper, "reading-2", &fault));
	json_t *went = keeper_evict(s->keeper, "reading-2", &fault);
	assert_int_equal(json_array_size(json_object_get(went, "evicted")), 1);
	json_decref(went);
	assert_string_equal(why(s, "reading-2/audio"), "gone sent-away");
	assert_null(keeper_why(s->keeper, "reading-3", &fault));
	assert_int_equal(fault.code, -ENOENT);
}

/* Lessons are kept whole: who names a part hears so, and nothing is pinned. */
static void no_part_is_pinned(void **state)
{
	static const char *const parts[] = {
		"reading-2/audio",
		"reading-2/film",
		"/m/reading-2/master.m3u8",
	};
	struct scene *s = *state;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct fault fault = { 0 };
		assert_null(keeper_pin(s->keeper, parts[i], &fault));
		assert_string_equal(fault.id, "store.pin");
		assert_non_null(strstr(fault.text, "'wasl store pin reading-2'"));
		assert_null(keeper_unpin(s->keeper, parts[i], &fault));
		assert_non_null(strstr(fault.text, "'wasl store unpin reading-2'"));
	}
	assert_string_equal(why(s, "reading-2/audio"), "may-go fetched");
	json_t *pinned = keeper_pin(s->keeper, "/l/reading-2", NULL);
	assert_non_null(pinned);
	json_decref(pinned);
}

/* Whatever the catalogue says of it: what somebody pinned stays. What is not here cannot. */
static void what_no_catalogue_names_is_pinned_too(void **state)
{
	struct scene *s = *state;
	struct fault fault = { 0 };
	char hex[65], zeros[65] = "";
	objmap_id_hex(&s->stray, hex);
	json_t *pinned = keeper_pin(s->keeper, hex, &fault);
	assert_non_null(pinned);
	json_decref(pinned);
	assert_string_equal(why(s, hex), "stays pinned");
	assert_null(keeper_evict(s->keeper, hex, &fault));
	assert_string_equal(fault.id, "store.pinned");
	pinned = keeper_unpin(s->keeper, hex, &fault);
	assert_non_null(pinned);
	json_decref(pinned);
	memset(zeros, '0', 64);
	assert_null(keeper_pin(s->keeper, zeros, &fault));
	assert_string_equal(fault.id, "store.absent");
}

/* What was sent away by hand and then pinned does not wait for anybody to ask. */
static void a_pin_calls_back(void **state)
{
	struct scene *s = *state;
	struct library_lesson *it = &s->library->lessons[READING];
	json_decref(keeper_evict(s->keeper, "reading-2", NULL));
	assert_string_equal(why(s, "reading-2/audio"), "gone sent-away");
	json_decref(keeper_pin(s->keeper, "reading-2", NULL));
	it->held = 0; /* there is room for it */
	assert_string_equal(why(s, "reading-2/audio"), "gone called-back");
	it->held = 1u << RUNG_AUDIO;
	assert_string_equal(why(s, "reading-2/audio"), "gone pinned-out");
	json_decref(keeper_unpin(s->keeper, "reading-2", NULL));
	assert_string_equal(why(s, "reading-2/audio"), "gone sent-away");
}

static void what_is_watched_stays(void **state)
{
	struct scene *s = *state;
	keeper_used(s->keeper, READING, RUNG_AUDIO);
	assert_string_equal(why(s, "reading-2/audio"), "stays busy");
	/* The clock of use goes on when the wall clock falls back by years. */
	setenv("WASL_CLOCK_OFFSET_S", "-300000000", 1);
	stop(s);
	assert_int_equal(start(s), 0);
	assert_string_equal(why(s, "reading-2/audio"), "stays busy");
	const int64_t before = keeper_clock(s->keeper);
	s->keeper->clock_at_ms -= 1000 * EVICT_BUSY_S;
	assert_true(keeper_clock(s->keeper) >= before + EVICT_BUSY_S);
	assert_string_equal(why(s, "reading-2/audio"), "may-go fetched");
}

static void without_a_catalogue_nothing_goes(void **state)
{
	struct scene *s = *state;
	struct fault fault = { 0 };
	keeper_use(s->keeper, NULL);
	assert_int_equal(keeper_make_room(s->keeper, LIMIT, EVICT_FOR_PERSON, "x", &fault),
			 -ENOSPC);
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, make_scene, drop_scene)
	const struct CMUnitTest tests[] = {
		SCENE(what_does_not_fit_is_held_back),
		SCENE(it_goes_in_order_and_is_told),
		SCENE(pins_keep_and_last),
		SCENE(no_part_is_pinned),
		SCENE(what_no_catalogue_names_is_pinned_too),
		SCENE(a_pin_calls_back),
		SCENE(what_is_watched_stays),
		SCENE(without_a_catalogue_nothing_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
