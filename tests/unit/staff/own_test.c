// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/own.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/catalogue/catalogue_check.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/web/strings.h"

CLEAN_FN(own, struct own, own_free)

static wasl_Segment segments[] = {
	{ .duration_ticks = 4000, .byte_len = 100 },
	{ .start_ticks = 4000, .duration_ticks = 2000, .byte_from = 90, .byte_len = 100 }
};

/* A film that could be; borrows the segments above. */
static wasl_Item film(void)
{
	wasl_Item item = wasl_Item_init_zero;
	item.has_mezzanine = item.has_plan = true;
	item.mezzanine.id[0] = 7;
	item.mezzanine.size_bytes = 200;
	snprintf(item.mezzanine.media_type, sizeof(item.mezzanine.media_type), "video/mp4");
	snprintf(item.mezzanine.name, sizeof(item.mezzanine.name), "film.mp4");
	item.duration_ms = 6000;
	item.plan.version = 1;
	item.plan.timescale = 1000;
	item.plan.width = 320;
	item.plan.height = 180;
	item.plan.fps_num = 25;
	item.plan.fps_den = 1;
	item.plan.sample_rate = 48000;
	item.plan.head_bytes = 20;
	item.plan.segments = segments;
	item.plan.segments_count = ARRAY_LEN(segments);
	return item;
}

static int make(void **state)
{
	char *dir = strdup("/tmp/wasl-own-XXXXXX");
	*state = dir && mkdtemp(dir) ? dir : NULL;
	return *state ? 0 : -1;
}

static int sweep(void **state)
{
	char command[128];
	(void)snprintf(command, sizeof(command), "%s/list", (char *)*state);
	(void)unlink(command);
	(void)rmdir(*state);
	free(*state);
	return 0;
}

static const struct own_lesson *add(struct own *o, const char *title)
{
	struct own_lesson as = { .state = OWN_WAITING, .language = "ar", .grade = 7 };
	const struct own_lesson *out = NULL;
	snprintf(as.title[STRINGS_AR], sizeof(as.title[STRINGS_AR]), "%s", title);
	snprintf(as.person, sizeof(as.person), "p-1");
	assert_int_equal(own_add(o, &as, &out, NULL), 0);
	return out;
}

static void rows_and_items_outlive_a_restart(void **state)
{
	struct own *o = NULL;
	wasl_Item item = film();
	char id[OWN_ID_BYTES];
	assert_int_equal(own_open(*state, &o, NULL), 0);
	const struct own_lesson *l = add(o, "الكسور");
	memcpy(id, l->id, sizeof(id));
	assert_int_equal(own_set_item(o, id, &item, NULL), 0);
	(void)add(o, "ثان");
	struct own_lesson as = *own_find(o, id);
	as.hidden = true;
	as.offered_s = 77;
	assert_int_equal(own_change(o, id, &as, NULL), 0);
	own_free(o);
	assert_int_equal(own_open(*state, &o, NULL), 0);
	assert_int_equal(own_count(o), 2);
	l = own_find(o, id);
	assert_non_null(l);
	assert_int_equal(l->state, OWN_READY);
	assert_true(l->hidden);
	assert_int_equal(l->offered_s, 77);
	assert_string_equal(own_title(l, STRINGS_FR), "الكسور");
	assert_int_equal(l->item.plan.segments_count, 2);
	assert_int_equal(l->item.plan.segments[1].byte_from, 90);
	assert_int_equal(own_remove(o, id, NULL), 0);
	assert_int_equal(own_remove(o, id, NULL), -ENOENT);
	assert_null(own_find(o, id));
	own_free(o);
}

static void they_stand_before_the_ministrys(void **state)
{
	CLEANUP(clean_own) struct own *o = NULL;
	wasl_Item item = film(), theirs[] = { film() };
	wasl_Programme programme = { .id = "week" };
	static char title[] = "Leur leçon";
	struct fault why = { 0 };
	snprintf(theirs[0].id, sizeof(theirs[0].id), "fractions-1");
	theirs[0].kind = CATALOGUE_VIDEO;
	theirs[0].has_title = programme.has_title = true;
	theirs[0].title.fr = title;
	const wasl_Catalogue ministry = { .version = 5,
					  .items = theirs,
					  .items_count = 1,
					  .programmes = &programme,
					  .programmes_count = 1 };
	assert_int_equal(own_open(*state, &o, NULL), 0);
	assert_null(own_catalogue(o, NULL, &why));
	const wasl_Catalogue *c = own_catalogue(o, &ministry, &why);
	assert_int_equal(c->items_count, 1);
	assert_int_equal(c->programmes_count, 1);

	(void)add(o, "لم يصل بعد");
	const struct own_lesson *first = add(o, "الأول");
	assert_int_equal(own_set_item(o, first->id, &item, NULL), 0);
	const struct own_lesson *second = add(o, "الثاني");
	assert_int_equal(own_set_item(o, second->id, &item, NULL), 0);
	c = own_catalogue(o, &ministry, &why);
	assert_int_equal(why.code, 0);
	assert_int_equal(c->version, 5);
	assert_int_equal(c->items_count, 3);
	assert_string_equal(c->items[0].id, second->id); /* the newest first */
	assert_string_equal(c->items[0].title.ar, "الثاني");
	assert_int_equal(c->items[0].grade, 7);
	assert_string_equal(c->items[2].id, "fractions-1");
	assert_int_equal(c->programmes_count, 2);
	assert_string_equal(c->programmes[0].id, "own");
	assert_int_equal(c->programmes[0].item_ids_count, 2);
	assert_int_equal(catalogue_check(c, NULL), 0);

	struct own_lesson as = *second;
	as.hidden = true;
	assert_int_equal(own_change(o, second->id, &as, NULL), 0);
	c = own_catalogue(o, NULL, &why); /* and where the ministry's has not come yet */
	assert_int_equal(c->items_count, 1);
	assert_string_equal(c->items[0].id, first->id);

	/* Nobody's lesson is in another's place. */
	snprintf(theirs[0].id, sizeof(theirs[0].id), "%s", first->id);
	c = own_catalogue(o, &ministry, &why);
	assert_int_equal(c->items_count, 1);
	assert_string_equal(c->items[0].title.fr, "Leur leçon");
	assert_int_equal(own_remove(o, first->id, NULL), 0);
	assert_int_equal(own_remove(o, second->id, NULL), 0);
}

/* What comes out of a process that has read a stranger's film is looked at like a ministry's. */
static void a_plan_that_cannot_be_is_refused(void **state)
{
	CLEANUP(clean_own) struct own *o = NULL;
	assert_int_equal(own_open(*state, &o, NULL), 0);
	const struct own_lesson *l = add(o, "الكسور");
	for (unsigned i = 0; i < 5; i++) {
		wasl_Item item = film();
		switch (i) {
		case 0:
			item.plan.timescale = 0;
			break;
		case 1:
			item.plan.head_bytes = 201;
			break;
		case 2:
			item.mezzanine.size_bytes = 150; /* the second segment lies outside */
			break;
		case 3:
			item.has_plan = false;
			break;
		default:
			item.has_mezzanine = false;
		}
		assert_int_equal(own_set_item(o, l->id, &item, NULL), -EBADMSG);
		assert_int_equal(l->state, OWN_WAITING);
	}
}

static void what_was_interrupted_begins_again(void **state)
{
	struct own *o = NULL;
	assert_int_equal(own_open(*state, &o, NULL), 0);
	const struct own_lesson *l = add(o, "الكسور");
	struct own_lesson as = *l;
	as.state = OWN_PREPARING;
	as.again = (struct again){ .hungry = 2, .from_ms = 77 };
	assert_int_equal(own_change(o, l->id, &as, NULL), 0);
	own_free(o);
	assert_int_equal(own_open(*state, &o, NULL), 0);
	assert_int_equal(own_at(o, 0)->state, OWN_WAITING);
	assert_int_equal(own_at(o, 0)->again.hungry, 2);
	assert_int_equal(own_at(o, 0)->again.from_ms, 0);
	own_free(o);
}

static void what_the_disk_refuses_has_not_happened(void **state)
{
	CLEANUP(clean_own) struct own *o = NULL;
	char list[128];
	assert_int_equal(own_open(*state, &o, NULL), 0);
	const struct own_lesson *l = add(o, "الكسور");
	const uint32_t stamp = own_stamp(o);
	struct own_lesson as = *l;
	const struct own_lesson *made = NULL;
	wasl_Item item = film();
	snprintf(list, sizeof(list), "%s/list", (char *)*state);
	(void)unlink(list);
	assert_int_equal(mkdir(list, 0700), 0);
	as.grade = 9;
	assert_true(own_change(o, l->id, &as, NULL) < 0);
	assert_true(own_add(o, &as, &made, NULL) < 0);
	assert_true(own_set_item(o, l->id, &item, NULL) < 0);
	assert_true(own_remove(o, l->id, NULL) < 0);
	assert_int_equal(own_count(o), 1);
	assert_int_equal(l->grade, 7);
	assert_int_equal(l->state, OWN_WAITING);
	assert_int_equal(own_stamp(o), stamp);
	/* But what a start would find out by itself: a film that was being made is not for ever "being made". */
	as.state = OWN_PREPARING;
	own_put_back(o, l->id, &as);
	assert_int_equal(l->state, OWN_PREPARING);
	as.grade = 7;
	as.state = OWN_WAITING;
	own_put_back(o, l->id, &as);
	assert_int_equal(l->state, OWN_WAITING);
	own_put_back(o, "own-none", &as);
	(void)rmdir(list);
	assert_int_equal(own_remove(o, l->id, NULL), 0);
	assert_int_not_equal(own_stamp(o), stamp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_and_items_outlive_a_restart, make, sweep),
		cmocka_unit_test_setup_teardown(they_stand_before_the_ministrys, make, sweep),
		cmocka_unit_test_setup_teardown(a_plan_that_cannot_be_is_refused, make, sweep),
		cmocka_unit_test_setup_teardown(what_was_interrupted_begins_again, make, sweep),
		cmocka_unit_test_setup_teardown(what_the_disk_refuses_has_not_happened, make,
						sweep),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("staff/own", tests, NULL, NULL);
}
