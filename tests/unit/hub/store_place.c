// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/hub/store_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

void place_reopen(struct place *p)
{
	struct fault why = { 0 };
	store_close(p->store);
	p->store = NULL;
	if (store_open(p->at.path, &p->store, &why))
		fail_msg("%s", why.text);
}

int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	assert_int_equal(scratch_db_make(&p->at), 0);
	place_reopen(p);
	*state = p;
	return 0;
}

int place_teardown(void **state)
{
	struct place *p = *state;
	store_close(p->store);
	assert_int_equal(scratch_db_remove(&p->at), 0);
	free(p);
	return 0;
}

struct store *place_begin(void **state)
{
	struct place *p = *state;
	struct fault why = { 0 };
	if (store_begin(p->store, &why))
		fail_msg("%s", why.text);
	return p->store;
}

void place_commit(void **state)
{
	struct place *p = *state;
	struct fault why = { 0 };
	if (store_commit(p->store, &why))
		fail_msg("%s", why.text);
}
