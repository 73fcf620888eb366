// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/edition.h"

#include <errno.h>
#include <pb_decode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static const char *const three[] = { "first", "second", "third" };

static int make(void **state)
{
	struct edition *e = calloc(1, sizeof(*e));
	wasl_Catalogue *c = &e->catalogue;
	c->programmes = calloc(2, sizeof(*c->programmes));
	c->programmes_count = 2;
	c->programmes[0].item_ids = calloc(4, sizeof(char *));
	c->programmes[1].item_ids = calloc(1, sizeof(char *));
	for (size_t i = 0; i < ARRAY_LEN(three); i++) {
		wasl_Item item = wasl_Item_init_zero;
		snprintf(item.id, sizeof(item.id), "%s", three[i]);
		snprintf(item.subject, sizeof(item.subject), "physics");
		assert_int_equal(edition_put(e, &item, NULL), 0);
		c->programmes[0].item_ids[c->programmes[0].item_ids_count++] = strdup(three[i]);
	}
	c->programmes[0].item_ids[c->programmes[0].item_ids_count++] = strdup("second");
	c->programmes[1].item_ids[c->programmes[1].item_ids_count++] = strdup("third");
	e->changed = false;
	*state = e;
	return 0;
}

static int unmake(void **state)
{
	edition_done(*state);
	free(*state);
	return 0;
}

/* "first third": the lessons, in their order. */
static void holds(const struct edition *e, const char *ids)
{
	char all[256] = "";
	for (pb_size_t i = 0; i < e->catalogue.items_count; i++) {
		const size_t n = strlen(all);
		snprintf(all + n, sizeof(all) - n, "%s%s", i ? " " : "", e->catalogue.items[i].id);
	}
	assert_string_equal(all, ids);
}

static void each_goes_alone(void **state)
{
	static const struct {
		const char *goes, *rest;
	} rows[] = { { "first", "second third" }, { "third", "second" }, { "second", "" } };
	struct edition *e = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		e->changed = false;
		assert_true(edition_has(e, rows[i].goes));
		assert_int_equal(edition_remove(e, rows[i].goes, NULL), 0);
		assert_true(e->changed);
		assert_false(edition_has(e, rows[i].goes));
		holds(e, rows[i].rest);
	}
	assert_int_equal(e->catalogue.subjects_id_count, 1);
}

static void programmes_forget_it(void **state)
{
	struct edition *e = *state;
	const wasl_Programme *p = e->catalogue.programmes;
	assert_int_equal(edition_remove(e, "second", NULL), 0);
	assert_int_equal(p[0].item_ids_count, 2);
	assert_string_equal(p[0].item_ids[0], "first");
	assert_string_equal(p[0].item_ids[1], "third");
	assert_int_equal(p[1].item_ids_count, 1);
	assert_int_equal(edition_remove(e, "third", NULL), 0);
	assert_int_equal(p[1].item_ids_count, 0);
}

static void unknown_changes_nothing(void **state)
{
	static const char *const unknown[] = { "fourth", "", "firs", "first2", "First" };
	struct edition *e = *state;
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		struct fault why = { 0 };
		assert_int_equal(edition_remove(e, unknown[i], &why), -ENOENT);
		assert_non_null(strstr(why.text, unknown[i]));
	}
	assert_false(e->changed);
	holds(e, "first second third");
	assert_int_equal(e->catalogue.programmes[0].item_ids_count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_goes_alone, make, unmake),
		cmocka_unit_test_setup_teardown(programmes_forget_it, make, unmake),
		cmocka_unit_test_setup_teardown(unknown_changes_nothing, make, unmake),
	};
	return cmocka_run_group_tests_name("edition", tests, NULL, NULL);
}
