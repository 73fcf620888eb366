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
	if (store_open(p->file, &p->store, &why))
		fail_msg("%s", why.text);
}

int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	snprintf(p->folder, sizeof(p->folder), "/tmp/wasl-store-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->file, sizeof(p->file), "%s/hub.db", p->folder);
	place_reopen(p);
	*state = p;
	return 0;
}

int place_teardown(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	struct place *p = *state;
	store_close(p->store);
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s%s", p->file, endings[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(p->folder), 0);
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
