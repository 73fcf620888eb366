// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "provisioning/hub/store.h"
#include "tests/unit/scratch_db.h"

/*
 * Where the suite of the store takes place: an empty store in a folder of its own. SQLite is the engine that this build
 * has; the next one changes store_place.c only.
 */
struct place {
	struct scratch_db at;
	struct store *store;
};
void place_reopen(struct place *p); /* as another process would find it */
int place_setup(void **state);
int place_teardown(void **state);
struct store *place_begin(void **state);
void place_commit(void **state);

#define PLACE_CASE(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
